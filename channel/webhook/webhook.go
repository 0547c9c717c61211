// Package webhook is the channel of calls: an account is an endpoint of somebody else's server, which a program tells things
// through call_webhook. Nobody chats there: it has no inbound, no links and no contacts. It knows nothing of programs, points or
// storage.
package webhook

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/signed"
)

// Name is the channel's name in accounts.
const Name = "webhook"

// newKey is the length of the keys made here, in bytes.
const newKey = 32

// Adapter is somebody else's server as a channel. An account needs an api_base_url and credentials.secret, a Standard Webhooks
// secret, which is made when it is left out. Its zero value works.
type Adapter struct {
	// HTTP makes the calls; nil is a client with a timeout of 10 s. Addresses are the account owner's choice: where
	// owners aren't trusted, give a client that doesn't dial private networks.
	HTTP *http.Client
	// Now dates the signatures; nil is time.Now.
	Now func() time.Time
}

var (
	_ channel.Adapter   = Adapter{}
	_ channel.Completer = Adapter{}
)

// Complete makes the secret of an account that has none. One that was given is left alone, whatever it is.
func (Adapter) Complete(account channel.Account) channel.Account {
	if _, given := account.Credentials[signed.Credential]; given {
		return account
	}
	key := make([]byte, newKey)
	_, _ = rand.Read(key) // never fails: the program ends where there is no randomness
	account.Credentials = maps.Clone(account.Credentials)
	if account.Credentials == nil {
		account.Credentials = map[string]string{}
	}
	account.Credentials[signed.Credential] = signed.NewSecret(key)
	return account
}

// Check says everything an account lacks to be called.
func (Adapter) Check(account channel.Account) []channel.Problem {
	problems := signed.CheckSecret(account)
	if account.APIBaseURL == "" {
		return append(problems, channel.Problem{
			Field: "api_base_url", Detail: "is missing: give the address of the server that is called, as in https://example.com/hooks/referrals",
		})
	}
	return append(problems, account.CheckBaseURL()...)
}

// Verify authenticates nothing: the channel has no inbound.
func (Adapter) Verify(channel.Account, http.Header, []byte) error { return channel.ErrSignature }

// Parse reads nothing, for the same reason.
func (Adapter) Parse(channel.Account, []byte) ([]channel.Event, error) {
	return nil, errors.New("a webhook account is called and sends nothing: report events for an account of another channel")
}

// Link fails: nobody can open a bot through a webhook.
func (Adapter) Link(channel.Account, string) (string, error) {
	return "", errors.New("a webhook account has no link: nobody chats there")
}

// Send makes one call. The message's text is a JSON object, the call's data; it is told which delivery, bot and webhook it comes from
// and goes out as one signed POST of type "call" whose webhook-id is the message's key.
func (a Adapter) Send(ctx context.Context, account channel.Account, _ string, message channel.Message) (channel.Receipt, error) {
	var told map[string]json.RawMessage // passed on as it is written: no number is rounded
	if err := json.Unmarshal([]byte(message.Text), &told); err != nil || told == nil {
		return channel.Receipt{}, &channel.SendError{Class: channel.Bad, Code: "message", Detail: "the call isn't a JSON object"}
	}
	data := make(map[string]any, len(told))
	for name, value := range told {
		data[name] = value
	}
	data["delivery"], data["bot"], data["webhook"] = message.Key, account.Bot, account.Name
	sender := signed.Sender{HTTP: a.HTTP, Now: a.Now}
	if failed := sender.Post(ctx, account, "call", message.Key, data); failed != nil {
		return channel.Receipt{}, failed
	}
	return channel.Receipt{}, nil
}
