package channeltest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/channeltest"
	"github.com/millenniumm/referrals/channel/generic"
)

const signatureHeader = "X-Line-Signature"

// batches stands for the platforms that sign the body and put several events into one; what it sends is the generic
// channel's. It keeps the suite honest about what Telegram hasn't.
type batches struct{ generic.Adapter }

func (batches) Verify(account channel.Account, header http.Header, body []byte) error {
	secret := account.Credentials["secret"]
	if secret == "" || !hmac.Equal([]byte(header.Get(signatureHeader)), []byte(sign(secret, body))) {
		return channel.ErrSignature
	}
	return nil
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write(body) // never fails
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (batches) Parse(_ channel.Account, body []byte) ([]channel.Event, error) {
	var batch struct {
		Events []struct {
			ID   json.Number `json:"id"`
			From string      `json:"from"`
			Ref  string      `json:"ref"`
			Text *string     `json:"text"`
			Echo bool        `json:"echo"`
		} `json:"events"`
	}
	if err := json.Unmarshal(body, &batch); err != nil || batch.Events == nil {
		return nil, errors.New("no events")
	}
	var events []channel.Event
	for _, incoming := range batch.Events {
		event := channel.Event{ID: incoming.ID.String(), Kind: channel.Opening, From: channel.Sender{ExternalID: incoming.From}, Ref: incoming.Ref}
		if incoming.Text != nil {
			event.Kind, event.Ref, event.Text = channel.Text, "", *incoming.Text
		}
		if event.ID != "" && event.From.ExternalID != "" && !incoming.Echo {
			events = append(events, event)
		}
	}
	return events, nil
}

func TestSuiteFitsPlatformsThatSignBodiesAndBatchEvents(t *testing.T) {
	opened := func(id, ref string) channel.Event {
		return channel.Event{ID: id, Kind: channel.Opening, From: channel.Sender{ExternalID: "u1"}, Ref: ref}
	}
	wrote := channel.Event{ID: "3", Kind: channel.Text, From: channel.Sender{ExternalID: "u2"}, Text: "hola"}
	channeltest.Run(t, channeltest.Suite{
		New: func(client *http.Client) channel.Adapter {
			return batches{generic.Adapter{HTTP: client, Now: time.Now}}
		},
		Account: channel.Account{
			Credentials: map[string]string{"secret": "whsec_aW52ZW50ZWQgZm9yIHRoZXNlIHRlc3Rz"},
			Settings:    map[string]string{"link": "https://example.com/?ref={ref}"},
			APIBaseURL:  "https://example.com/hook",
		},
		Required: []string{"settings.link", "credentials.secret"},
		Webhook: &channeltest.Webhook{
			Secret:    "secret",
			SignsBody: true,
			Sign: func(account channel.Account, body []byte) http.Header {
				return signature(sign(account.Credentials["secret"], body))
			},
			Vectors: []channeltest.Vector{{
				Name: "a recorded one", Secret: "testsecret",
				Header: signature("ELnyFCUVWa5oREVSj/VI6gaCRZNQ+63oBuDec55Hs/A="),
				Body:   `{"destination":"U00000000000000000000000000000000","events":[]}`,
			}},
			Golden: []channeltest.Golden{
				{Topic: channeltest.OpeningWithRef, Body: `{"events":[{"id":1,"from":"u1","ref":"a"}]}`, Want: []channel.Event{opened("1", "a")}},
				{Topic: channeltest.OpeningWithoutRef, Body: `{"events":[{"id":2,"from":"u1"}]}`, Want: []channel.Event{opened("2", "")}},
				{Topic: channeltest.Writing, Body: `{"events":[{"id":3,"from":"u2","text":"hola"}]}`, Want: []channel.Event{wrote}},
				{Topic: channeltest.Echo, Body: `{"events":[{"id":4,"from":"u1","text":"hola","echo":true}]}`},
				{Topic: channeltest.UnknownType, Name: "a verification ping", Body: `{"events":[]}`},
				{
					Topic: channeltest.LargeID, Body: `{"events":[{"id":9007199254740993,"from":"u1"}]}`,
					Want: []channel.Event{opened("9007199254740993", "")},
				},
				{
					Topic: channeltest.Batch,
					Body:  `{"events":[{"id":1,"from":"u1","ref":"a"},{"type":"read"},{"id":3,"from":"u2","text":"hola"}]}`,
					Want:  []channel.Event{opened("1", "a"), wrote},
				},
			},
			Opening: func(ref string) []byte {
				words, _ := json.Marshal(ref) // a string always can be
				return []byte(`{"events":[{"id":1,"from":"u1","ref":` + string(words) + `}]}`)
			},
			Lacks: map[channeltest.Topic]string{
				channeltest.Pressing:   "it has no buttons",
				channeltest.Membership: "it says nothing of them",
				channeltest.NotOurs:    "it has no groups",
			},
		},
		Link: channeltest.Link{
			Want:   "https://example.com/?ref=campaign1-cabcdefghij",
			Ref:    refParameter,
			Broken: func(account *channel.Account) { account.Settings = nil },
		},
		Sending: channeltest.Sending{
			Platform:   func() channeltest.Platform { return &platform{} },
			Recipient:  "u1",
			Idempotent: true,
			Quote:      func(words string) channeltest.Answer { return channeltest.Answer{Status: 400, Body: words} },
		},
	})
}

func signature(value string) http.Header {
	header := http.Header{}
	header.Set(signatureHeader, value)
	return header
}

func refParameter(link string) string {
	parsed, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return parsed.Query().Get("ref")
}
