package channel

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	maxAnswer      = 64 << 10 // bytes of an answer that are read: the platforms' are under 4 KiB
	maxDetail      = 300      // characters of a platform's words that are kept
	maxWait        = 24 * time.Hour
	defaultTimeout = 10 * time.Second
)

// Codes of the failures in which no platform had its say.
const (
	CodeNotSent  = "not_sent"        // nothing was written: no connection, no name, no TLS
	CodePrivate  = "private_network" // refused before anything was written
	CodeNoAnswer = "no_answer"       // the request was written, and then the connection or the time ran out
)

// An Answer is what a platform said to a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // what could be read of it, at most 64 KiB: an answer cut off in the middle still has a status
}

// Do makes one request of a platform and reads its answer; nil is a client with a timeout of 10 s. It follows no
// redirect, since a message would go where nobody sent it. A failure is a Retry when nothing was written for sure and
// Unknown when the platform may have acted; its text holds neither the address (which may carry a token) nor a secret.
func Do(client *http.Client, request *http.Request, secrets ...string) (Answer, *SendError) {
	if err := request.Context().Err(); err != nil {
		return Answer{}, transportError(err, true, secrets)
	}
	var sent progress
	request = request.WithContext(httptrace.WithClientTrace(request.Context(), sent.trace()))
	response, err := withoutRedirects(client).Do(request)
	if err != nil {
		return Answer{}, transportError(err, sent.surelyNot(), secrets)
	}
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	return Answer{Status: response.StatusCode, Header: response.Header, Body: body}, nil
}

// progress is how far a request got. Headers precede the body on the wire and no platform acts on a POST without its
// body, so a request whose headers weren't written has surely not been acted upon. A transport that reports nothing
// at all (somebody's own RoundTripper) proves nothing.
type progress struct{ begun, written atomic.Bool }

func (p *progress) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:      func(string) { p.begun.Store(true) },
		WroteHeaders: func() { p.written.Store(true) },
	}
}

func (p *progress) surelyNot() bool { return p.begun.Load() && !p.written.Load() }

func withoutRedirects(client *http.Client) *http.Client {
	if client == nil {
		client = &http.Client{Timeout: defaultTimeout}
	}
	strict := *client
	strict.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &strict
}

func transportError(err error, surelyNotSent bool, secrets []string) *SendError {
	var addressed *url.Error
	if errors.As(err, &addressed) {
		err = addressed.Err
	}
	if errors.Is(err, ErrPrivateNetwork) {
		return &SendError{Class: Config, Code: CodePrivate, Detail: "its address is on a private network, which this server doesn't call " +
			"(MILLENNIUM_PRIVATE_NETWORKS)"}
	}
	detail := Redact(err.Error(), secrets...)
	if surelyNotSent {
		return &SendError{Class: Retry, Code: CodeNotSent, Detail: detail}
	}
	return &SendError{Class: Unknown, Code: CodeNoAnswer, Detail: detail}
}

// Redact makes a platform's words fit for a SendError: without the secrets, plain or percent-encoded, without what
// Postgres can't store, and at most 300 characters.
func Redact(text string, secrets ...string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.NewReplacer(secret, "[secret]", url.QueryEscape(secret), "[secret]").Replace(text)
		}
	}
	words := []rune(CleanText(text))
	return string(words[:min(len(words), maxDetail)])
}

// Wait is a platform's wish to be left alone for so many seconds, held between nothing and a day: longer ones are asked
// again then, and a senseless number can't park a message for ever.
func Wait(seconds int64) time.Duration {
	return time.Duration(max(0, min(seconds, int64(maxWait/time.Second)))) * time.Second
}

// RetryAfter reads the Retry-After header, seconds or a date; zero when there is none that can be read. Who has no clock
// gives a zero now, and only seconds are read.
func RetryAfter(header http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil {
		return Wait(seconds)
	}
	at, err := http.ParseTime(value)
	if err != nil || now.IsZero() {
		return 0
	}
	return max(0, min(at.Sub(now), maxWait))
}
