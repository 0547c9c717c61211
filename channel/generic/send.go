package generic

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/millenniumm/referrals/channel"
)

// Codes of sends refused before any call.
const (
	codeAccount = "account"
	codeMessage = "message"
)

// An envelope is the body of the POST, in the form Standard Webhooks recommends.
type envelope struct {
	Type      string    `json:"type"`      // "message"
	Timestamp time.Time `json:"timestamp"` // of this attempt, UTC
	Data      outgoing  `json:"data"`
}

type outgoing struct {
	Delivery string `json:"delivery"` // the same in every attempt, and the webhook-id
	Bot      string `json:"bot"`
	Account  string `json:"account"`
	To       string `json:"to"` // the contact's external id, as its events named it
	Text     string `json:"text"`
}

// Send hands a message to the bot. Without an api_base_url it is accepted at once, since the bot reads its deliveries
// itself. With one, it is one signed POST whose webhook-id is the message's key: by the specification a consumer
// recognises a repetition by it, so an attempt that may have arrived (5xx, a lost answer) is Retry here, not Unknown.
func (a Adapter) Send(ctx context.Context, account channel.Account, recipient string, message channel.Message) (channel.Receipt, error) {
	if account.APIBaseURL == "" {
		return channel.Receipt{}, nil
	}
	request, failed := a.newRequest(ctx, account, recipient, message)
	if failed != nil {
		return channel.Receipt{}, failed
	}
	answer, failed := channel.Do(a.HTTP, request, request.URL.RawQuery) // which may hold a key of the owner's
	if failed != nil {
		failed.Class = channel.Retry
		return channel.Receipt{}, failed
	}
	if answer.Status/100 == 2 {
		return channel.Receipt{}, nil
	}
	return channel.Receipt{}, a.failure(answer)
}

func (a Adapter) newRequest(ctx context.Context, account channel.Account, recipient string, message channel.Message) (*http.Request, *channel.SendError) {
	if channel.CheckRef(message.Key) != nil { // a key has a ref's alphabet and length
		return nil, &channel.SendError{Class: channel.Bad, Code: codeMessage, Detail: "the message's key can't be a webhook-id"}
	}
	now := a.now().UTC()
	body, err := json.Marshal(envelope{
		Type:      "message",
		Timestamp: now,
		Data:      outgoing{Delivery: message.Key, Bot: account.Bot, Account: account.Name, To: recipient, Text: message.Text},
	})
	if err != nil {
		return nil, &channel.SendError{Class: channel.Bad, Code: codeMessage, Detail: "the message can't be written as JSON"}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, account.APIBaseURL, bytes.NewReader(body))
	if err != nil || len(account.CheckBaseURL()) > 0 {
		return nil, misconfigured("its api_base_url can't be used")
	}
	request.Header.Set("Content-Type", "application/json")
	return request, sign(request.Header, account.Credentials[credentialSecret], message.Key, now, body)
}

// sign refuses a secret that Check would: signing with an empty key would let anybody write in our name.
func sign(header http.Header, secret, id string, now time.Time, body []byte) *channel.SendError {
	if len(checkSecret(secret)) > 0 {
		return misconfigured("its secret isn't a Standard Webhooks secret")
	}
	signer, err := webhooks.NewWebhook(secret)
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
func (a Adapter) failure(answer channel.Answer) *channel.SendError {
	failed := &channel.SendError{
		Class:  classify(answer.Status),
		Code:   strconv.Itoa(answer.Status),
		Detail: "api_base_url answered " + strconv.Itoa(answer.Status) + " " + http.StatusText(answer.Status),
	}
	if failed.Class == channel.Throttle {
		failed.RetryAfter = channel.RetryAfter(answer.Header, a.now())
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
