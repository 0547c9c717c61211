// Package signed hands things over to somebody else's server: one POST of a JSON envelope, signed by the Standard Webhooks
// specification. Channels whose other side is a server share it. It makes one attempt and classifies its result.
package signed

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/millenniumm/referrals/channel"
)

// Credential is the name of the secret in an account's credentials.
const Credential = "secret"

// Bounds of a decoded secret in bytes, from the specification.
const (
	minSecret = 24
	maxSecret = 64
)

const secretPrefix = "whsec_"

// Codes of posts refused before any call.
const (
	codeAccount = "account"
	codeMessage = "message"
)

// A Sender makes the calls. Its zero value works.
type Sender struct {
	// HTTP makes the calls; nil is a client with a timeout of 10 s. Addresses are the account owner's choice: where
	// owners aren't trusted, give a client that doesn't dial private networks.
	HTTP *http.Client
	// Now dates the signatures; nil is time.Now.
	Now func() time.Time
}

// An envelope is the body of the POST, in the form the specification recommends.
type envelope struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"` // of this attempt, UTC
	Data      any       `json:"data"`
}

// CheckSecret gives what is wrong with an account's secret: nothing when posts can be signed with it.
func CheckSecret(account channel.Account) []channel.Problem {
	encoded, prefixed := strings.CutPrefix(account.Credentials[Credential], secretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if prefixed && err == nil && len(key) >= minSecret && len(key) <= maxSecret {
		return nil
	}
	return []channel.Problem{{
		Field:  "credentials." + Credential,
		Detail: "must be a Standard Webhooks secret, whsec_ and 24 to 64 random bytes in base64: what goes to api_base_url is signed with it",
	}}
}

// NewSecret makes a secret of a key, which must be random and 24 to 64 bytes long.
func NewSecret(key []byte) string { return secretPrefix + base64.StdEncoding.EncodeToString(key) }

// Post makes one attempt to hand data to the account's api_base_url. The id is the same in every attempt: by the specification the
// other side recognises a repetition by it, so an attempt that may have arrived (5xx, a lost answer) is Retry, never Unknown.
func (s Sender) Post(ctx context.Context, account channel.Account, kind, id string, data any) *channel.SendError {
	request, failed := s.newRequest(ctx, account, kind, id, data)
	if failed != nil {
		return failed
	}
	answer, failed := channel.Do(s.HTTP, request, request.URL.RawQuery) // which may hold a key of the owner's
	if failed != nil {
		failed.Class = channel.Retry
		return failed
	}
	if answer.Status/100 == 2 {
		return nil
	}
	return s.failure(answer)
}

func (s Sender) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s Sender) newRequest(ctx context.Context, account channel.Account, kind, id string, data any) (*http.Request, *channel.SendError) {
	if channel.CheckRef(id) != nil { // a key has a ref's alphabet and length
		return nil, &channel.SendError{Class: channel.Bad, Code: codeMessage, Detail: "the message's key can't be a webhook-id"}
	}
	now := s.now().UTC()
	body, err := json.Marshal(envelope{Type: kind, Timestamp: now, Data: data})
	if err != nil {
		return nil, &channel.SendError{Class: channel.Bad, Code: codeMessage, Detail: "the message can't be written as JSON"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, account.APIBaseURL, bytes.NewReader(body))
	if err != nil || account.APIBaseURL == "" || len(account.CheckBaseURL()) > 0 {
		return nil, misconfigured("its api_base_url can't be used")
	}
	request.Header.Set("Content-Type", "application/json")
	return request, sign(request.Header, account, id, now, body)
}

// sign refuses a secret that Check would: signing with an empty key would let anybody write in our name.
func sign(header http.Header, account channel.Account, id string, now time.Time, body []byte) *channel.SendError {
	if len(CheckSecret(account)) > 0 {
		return misconfigured("its secret isn't a Standard Webhooks secret")
	}
	signer, err := webhooks.NewWebhook(account.Credentials[Credential])
	if err != nil {
		return misconfigured("its secret can't be read")
	}
	signature, err := signer.Sign(id, now, body)
	if err != nil {
		return misconfigured("its secret can't sign")
	}
	header.Set(webhooks.HeaderWebhookID, id)
	header.Set(webhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	header.Set(webhooks.HeaderWebhookSignature, signature)
	return nil
}

func misconfigured(why string) *channel.SendError {
	return &channel.SendError{Class: channel.Config, Code: codeAccount, Detail: "the account can't send: " + why}
}

// failure keeps to the status: the body is a stranger's and may repeat the message.
func (s Sender) failure(answer channel.Answer) *channel.SendError {
	failed := &channel.SendError{
		Class:  classify(answer.Status),
		Code:   strconv.Itoa(answer.Status),
		Detail: "api_base_url answered " + strconv.Itoa(answer.Status) + " " + http.StatusText(answer.Status),
	}
	if failed.Class == channel.Throttle {
		failed.RetryAfter = channel.RetryAfter(answer.Header, s.now())
	}
	return failed
}

func classify(status int) channel.Class {
	switch {
	case status == http.StatusTooManyRequests:
		return channel.Throttle
	case status == http.StatusGone:
		return channel.Gone
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
		return channel.Config
	case status/100 == 3: // redirects aren't followed: the address itself has to be put right
		return channel.Config
	case status/100 == 4:
		return channel.Bad
	}
	return channel.Retry
}
