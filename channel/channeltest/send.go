package channeltest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
)

// patience bounds a test that went wrong; none waits for it when all is well.
const patience = 20 * time.Second

func (s Suite) testSend(t *testing.T) {
	t.Run("accepted", s.testAccepted)
	t.Run("many at once", s.testManyAtOnce)
	for _, row := range s.Sending.Table {
		t.Run("answer "+row.Name, func(t *testing.T) { s.testRow(t, row) })
	}
	for name, recipient := range s.Sending.Refused {
		t.Run("recipient "+name, func(t *testing.T) { s.testRefused(t, recipient) })
	}
	t.Run("account without credentials", s.testNoCredentials)
	if s.Sending.Kept {
		t.Run("kept once", s.testKeptOnce)
		return
	}
	t.Run("redirect isn't followed", s.testRedirect)
	t.Run("answer without end", s.testEndless)
	t.Run("transport", s.testTransport)
	t.Run("secrets stay out of errors", s.testQuotedSecrets)
}

func (s Suite) testAccepted(t *testing.T) {
	platform := s.Sending.Platform()
	server := serve(t, platform)
	for i, sent := range acceptable() {
		sent.Key = message(i, "").Key
		receipt, err := s.send(t, server.Client(), server.URL, s.Sending.Recipient, sent)
		if err != nil {
			t.Fatalf("send %+v: %v", sent, err)
		}
		accepted := platform.Accepted()
		if len(accepted) != i+1 {
			t.Fatalf("%d messages taken, want %d", len(accepted), i+1)
		}
		want := Accepted{
			Recipient: s.Sending.Recipient, Text: sent.Text, Picture: sent.Picture, QuickReplies: sent.QuickReplies, PlatformID: receipt.PlatformID,
		}
		if !same(accepted[i], want) {
			t.Errorf("taken %+v, want %+v", accepted[i], want)
		}
	}
	wantNoFaults(t, platform)
}

// acceptable are messages that every platform takes as they are, with what programs may put into them at most.
func acceptable() []channel.Message {
	const picture = "https://example.com/pictures/caf%C3%A9.png?size=large&v=2"
	emoji := []string{"☕", "Sí, ¡quiero! 🎁", "👩🏽‍💻 A&B <b>", "\"no\"", "🇲🇽🇲🇽🇲🇽🇲🇽🇲🇽🇲🇽🇲🇽🇲🇽🇲🇽🇲🇽"}
	var many []string
	for place := range 13 {
		many = append(many, fmt.Sprintf("%02d%s", 13-place, strings.Repeat("ñ", 18)))
	}
	long := strings.Repeat("ñ", 1000)
	return []channel.Message{
		{Text: "hello"},
		{Text: "¡Ganaste un café! ☕\nTu código: \"A&B\" <b>\\n</b> {{x}}"},
		{Text: long},
		{Text: "look", Picture: picture},
		{Text: long + long, Picture: picture},
		{Text: "choose", QuickReplies: many},
		{Text: "one", QuickReplies: []string{"only"}},
		{Text: "both", Picture: picture, QuickReplies: emoji},
		{Text: long + long, Picture: picture, QuickReplies: many},
		{Text: "neither any more"},
	}
}

func same(one, other Accepted) bool {
	quick := slices.Equal(one.QuickReplies, other.QuickReplies) // none is none, nil or not
	one.QuickReplies, other.QuickReplies = nil, nil
	return quick && reflect.DeepEqual(one, other)
}

// testManyAtOnce is for the race detector: one adapter serves a whole process.
func (s Suite) testManyAtOnce(t *testing.T) {
	platform := s.Sending.Platform()
	server := serve(t, platform)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := s.send(t, server.Client(), server.URL, s.Sending.Recipient, message(i, "hello")); err != nil {
				t.Errorf("send: %v", err)
			}
		})
	}
	all.Wait()
	if got := len(platform.Accepted()); got != 8 {
		t.Errorf("%d messages taken, want 8", got)
	}
	wantNoFaults(t, platform)
}

// testKeptOnce makes an attempt again whose outcome nobody learnt, and one after its time was up.
func (s Suite) testKeptOnce(t *testing.T) {
	platform := s.Sending.Platform()
	for range 3 {
		if _, err := s.send(t, http.DefaultClient, "", s.Sending.Recipient, message(1, "hello")); err != nil {
			t.Fatalf("send: %v", err)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.New(http.DefaultClient).Send(over, s.account(), s.Sending.Recipient, message(2, "too late"))
	s.wantClass(t, err, channel.Retry)
	if got := len(platform.Accepted()); got != 1 {
		t.Errorf("%d messages kept, want 1", got)
	}
	wantNoFaults(t, platform)
}

func (s Suite) testRow(t *testing.T, row Row) {
	server := serve(t, answering(row.Answer))
	_, err := s.send(t, server.Client(), server.URL, s.Sending.Recipient, message(1, "hello"))
	if row.Want.Class == "" {
		if err != nil {
			t.Errorf("error %v, want the message accepted", err)
		}
		return
	}
	failed := s.wantClass(t, err, row.Want.Class)
	if failed.RetryAfter != row.Want.RetryAfter {
		t.Errorf("retry after %s, want %s", failed.RetryAfter, row.Want.RetryAfter)
	}
	if row.Want.Code != "" && failed.Code != row.Want.Code {
		t.Errorf("code %q, want %q", failed.Code, row.Want.Code)
	}
}

func (s Suite) testRefused(t *testing.T, recipient string) {
	server := serve(t, untouched(t))
	_, err := s.send(t, server.Client(), server.URL, recipient, message(1, "hello"))
	s.wantClass(t, err, channel.Bad)
}

func (s Suite) testNoCredentials(t *testing.T) {
	server := serve(t, untouched(t))
	account := s.account()
	account.Credentials, account.APIBaseURL = nil, server.URL
	_, err := s.New(server.Client()).Send(patient(t), account, s.Sending.Recipient, message(1, "hello"))
	s.wantClass(t, err, channel.Config)
}

func (s Suite) testRedirect(t *testing.T) {
	elsewhere := serve(t, untouched(t))
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect} {
		answer := Answer{Status: status, Header: http.Header{"Location": {elsewhere.URL + "/bot"}}}
		server := serve(t, answering(answer))
		if _, err := s.send(t, server.Client(), server.URL, s.Sending.Recipient, message(1, "hello")); err == nil {
			t.Errorf("%d: accepted, want a failure", status)
		}
	}
}

// testEndless fails by running out of patience.
func (s Suite) testEndless(t *testing.T) {
	server := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		for err := error(nil); err == nil; {
			_, err = io.WriteString(w, strings.Repeat(" ", 4096))
		}
	}))
	ctx := patient(t)
	account := s.at(server.URL)
	_, err := s.New(server.Client()).Send(ctx, account, s.Sending.Recipient, message(1, "hello"))
	if ctx.Err() != nil || err == nil {
		t.Errorf("error %v after reading until %v, want a failure after a bounded read", err, ctx.Err())
	}
}

func (s Suite) testTransport(t *testing.T) {
	lost := channel.Unknown
	if s.Sending.Idempotent {
		lost = channel.Retry
	}
	t.Run("connection refused", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		server.Close()
		_, err := s.send(t, &http.Client{Transport: &http.Transport{}}, server.URL, s.Sending.Recipient, message(1, "hello"))
		s.wantClass(t, err, channel.Retry)
	})
	t.Run("name not found", func(t *testing.T) {
		_, err := s.send(t, nowhere(), "http://platform.invalid", s.Sending.Recipient, message(1, "hello"))
		s.wantClass(t, err, channel.Retry)
	})
	t.Run("certificate not trusted", func(t *testing.T) {
		address := serveUntrusted(t, untouched(t))
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}}}
		_, err := s.send(t, client, address, s.Sending.Recipient, message(1, "hello"))
		s.wantClass(t, err, channel.Retry)
	})
	t.Run("given up before the call", func(t *testing.T) {
		server := serve(t, untouched(t))
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.New(server.Client()).Send(ctx, s.at(server.URL), s.Sending.Recipient, message(1, "hello"))
		s.wantClass(t, err, channel.Retry)
	})
	t.Run("connection cut in place of an answer", func(t *testing.T) {
		server := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			panic(http.ErrAbortHandler)
		}))
		_, err := s.send(t, server.Client(), server.URL, s.Sending.Recipient, message(1, "hello"))
		s.wantClass(t, err, lost)
	})
	t.Run("time runs out once the request is there", func(t *testing.T) { s.testSilence(t, lost) })
}

// testSilence ends the caller's time at the moment the platform has the whole request, which no clock is needed for.
func (s Suite) testSilence(t *testing.T, want channel.Class) {
	ctx, cancel := context.WithCancel(patient(t))
	server := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))
	_, err := s.New(server.Client()).Send(ctx, s.at(server.URL), s.Sending.Recipient, message(1, "hello"))
	s.wantClass(t, err, want)
}

// testQuotedSecrets has the platform repeat what it got, in an answer of its own kind and in one that isn't HTTP.
func (s Suite) testQuotedSecrets(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"in a refusal": func(w http.ResponseWriter, r *http.Request) {
			answering(s.Sending.Quote(quote(r))).ServeHTTP(w, r)
		},
		"in place of HTTP": func(w http.ResponseWriter, r *http.Request) {
			connection, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Errorf("hijack: %v", err)
				return
			}
			_, _ = io.WriteString(connection, quote(r)+"\r\n\r\n")
			_ = connection.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, handler)
			_, err := s.send(t, server.Client(), server.URL, s.Sending.Recipient, message(1, "hello"))
			if err == nil {
				t.Fatal("accepted, want a failure")
			}
			s.wantClass(t, err, channel.Classify(err).Class)
		})
	}
}

func quote(r *http.Request) string {
	return fmt.Sprint(r.RequestURI, " ", r.URL.Path, " ", r.Header)
}

func (s Suite) at(address string) channel.Account {
	account := s.account()
	account.APIBaseURL = address
	return account
}

func (s Suite) send(t *testing.T, client *http.Client, address, recipient string, message channel.Message) (channel.Receipt, error) {
	t.Helper()
	return s.New(client).Send(patient(t), s.at(address), recipient, message)
}

// wantClass holds every failure to being a *SendError with words that can be kept and shown.
func (s Suite) wantClass(t *testing.T, err error, want channel.Class) *channel.SendError {
	t.Helper()
	var failed *channel.SendError
	if !errors.As(err, &failed) || failed == nil {
		t.Fatalf("error %v (%T), want a *SendError", err, err)
	}
	if failed.Class != want {
		t.Errorf("class %s, want %s: %v", failed.Class, want, err)
	}
	if failed.Code == "" || failed.Detail == "" || channel.CleanText(failed.Detail) != failed.Detail || len(failed.Detail) > 2000 {
		t.Errorf("code %q and detail %q can't be kept and shown", failed.Code, failed.Detail)
	}
	s.wantNoSecret(t, s.Account, fmt.Sprintf("%v %+v", err, *failed))
	return failed
}

func wantNoFaults(t *testing.T, platform Platform) {
	t.Helper()
	for _, fault := range platform.Faults() {
		t.Errorf("the platform objects: %s", fault)
	}
}

func message(number int, text string) channel.Message {
	return channel.Message{Text: text, Key: fmt.Sprintf("delivery-%d", number)}
}

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func serve(t *testing.T, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

func serveUntrusted(t *testing.T, handler http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of the handshakes that are meant to fail
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// nowhere is a client whose every dial fails as an unknown name does, without asking a real name server.
func nowhere() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "platform.invalid", IsNotFound: true}
		},
	}}
}

func answering(answer Answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for name, values := range answer.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Status)
		_, _ = io.WriteString(w, answer.Body)
		if answer.Cut {
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	})
}

func untouched(t *testing.T) http.Handler {
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called, want no call") })
}
