package webhook_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/channeltest"
	"github.com/millenniumm/referrals/channel/webhook"
)

const secret = "whsec_aW52ZW50ZWQgZm9yIHRoZXNlIHRlc3Rz"

func now() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) }

func account() channel.Account {
	return channel.Account{
		Bot: "demo", Name: "crm", Channel: webhook.Name,
		Credentials: map[string]string{"secret": secret}, Settings: map[string]string{}, APIBaseURL: "https://crm.example.com/hooks?key=1",
	}
}

// told calls with the suite's messages as data: what a channel must bring over, a call brings over within its JSON.
type told struct{ webhook.Adapter }

func (a told) Send(ctx context.Context, account channel.Account, recipient string, message channel.Message) (channel.Receipt, error) {
	data, err := json.Marshal(map[string]any{"contact": recipient, "with": message})
	if err != nil {
		return channel.Receipt{}, err
	}
	return a.Adapter.Send(ctx, account, recipient, channel.Message{Text: string(data), Key: message.Key})
}

func TestConformance(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		New:      func(client *http.Client) channel.Adapter { return told{webhook.Adapter{HTTP: client, Now: now}} },
		Account:  account(),
		Required: []string{"credentials.secret"},
		Checks: []channeltest.Check{
			{Name: "no address", Change: func(a *channel.Account) { a.APIBaseURL = "" }, Fields: []string{"api_base_url"}},
			{
				Name:   "neither address nor secret",
				Change: func(a *channel.Account) { a.APIBaseURL, a.Credentials = "", nil },
				Fields: []string{"api_base_url", "credentials.secret"},
			},
			{
				Name:   "secret that is none",
				Change: func(a *channel.Account) { a.Credentials["secret"] = "hunter2" },
				Fields: []string{"credentials.secret"},
			},
		},
		Sending: channeltest.Sending{
			Platform:   func() channeltest.Platform { return &server{} },
			Recipient:  "abcdefghij",
			Idempotent: true,
			Table:      table(),
			Quote:      func(words string) channeltest.Answer { return channeltest.Answer{Status: 400, Body: words} },
		},
	})
}

func table() []channeltest.Row {
	var rows []channeltest.Row
	for status, want := range map[int]channel.Class{
		200: "", 202: "", 204: "", 302: channel.Config, 401: channel.Config, 404: channel.Config, 400: channel.Bad, 422: channel.Bad,
		410: channel.Gone, 429: channel.Throttle, 500: channel.Retry, 503: channel.Retry,
	} {
		rows = append(rows, channeltest.Row{
			Name: strconv.Itoa(status), Answer: channeltest.Answer{Status: status}, Want: channel.SendError{Class: want, Code: strconv.Itoa(status)},
		})
	}
	return rows
}

// server is a strict one on the other side: it believes nothing that isn't rightly signed.
type server struct {
	mu       sync.Mutex
	accepted []channeltest.Accepted
	faults   []string
}

type posted struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      struct {
		Delivery string          `json:"delivery"`
		Bot      string          `json:"bot"`
		Webhook  string          `json:"webhook"`
		Contact  string          `json:"contact"`
		With     channel.Message `json:"with"`
	} `json:"data"`
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	said, err := believed(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.faults = append(s.faults, err.Error())
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	message := said.Data.With
	s.accepted = append(s.accepted, channeltest.Accepted{
		Recipient: said.Data.Contact, Text: message.Text, Picture: message.Picture, QuickReplies: message.QuickReplies,
	})
}

func believed(r *http.Request) (posted, error) {
	var said posted
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return said, err
	}
	verifier, err := webhooks.NewWebhook(secret)
	if err != nil {
		return said, err
	}
	if err := verifier.VerifyIgnoringTimestamp(body, r.Header); err != nil { // the adapter's clock stands still
		return said, err
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return said, err
	}
	id := r.Header.Get(webhooks.HeaderWebhookID)
	if r.Method != http.MethodPost || said.Type != "call" || said.Timestamp != "2026-03-01T12:00:00Z" ||
		said.Data.Delivery != id || said.Data.Bot != "demo" || said.Data.Webhook != "crm" {
		return said, errors.New("another call than the documented one")
	}
	return said, nil
}

func (s *server) Accepted() []channeltest.Accepted {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.accepted)
}

func (s *server) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

func TestTheDataIsPassedOnAsItIsAndCantSpeakForTheEngine(t *testing.T) {
	var body []byte
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { body, _ = io.ReadAll(r.Body) }))
	defer other.Close()
	to := account()
	to.APIBaseURL = other.URL
	const data = `{"contact":{"fields":{"points":9007199254740993,"city":"<Ñ>"}},"bot":"another","with":{}}`
	if _, err := (webhook.Adapter{Now: now}).Send(t.Context(), to, "abcdefghij", channel.Message{Text: data, Key: "demo-7"}); err != nil {
		t.Fatal(err)
	}
	const want = `{"type":"call","timestamp":"2026-03-01T12:00:00Z","data":{"bot":"demo",` +
		`"contact":{"fields":{"points":9007199254740993,"city":"\u003cÑ\u003e"}},"delivery":"demo-7","webhook":"crm","with":{}}}`
	if string(body) != want {
		t.Errorf("posted %s\nwant   %s", body, want)
	}
}

func TestWhatIsNoCallIsNotPosted(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("called") }))
	defer other.Close()
	to := account()
	to.APIBaseURL = other.URL
	for _, text := range []string{"", "hola", "null", `["a"]`, `"a"`, `{"a":1} {"b":2}`} {
		_, err := webhook.Adapter{}.Send(t.Context(), to, "abcdefghij", channel.Message{Text: text, Key: "demo-7"})
		if channel.Classify(err).Class != channel.Bad {
			t.Errorf("%q: %v, want a bad request", text, err)
		}
	}
}

func TestAnAccountWithoutAnAddressWaitsForAnOperator(t *testing.T) {
	to := account()
	to.APIBaseURL = ""
	_, err := webhook.Adapter{}.Send(t.Context(), to, "abcdefghij", channel.Message{Text: "{}", Key: "demo-7"})
	if channel.Classify(err).Class != channel.Config {
		t.Errorf("%v, want a configuration problem", err)
	}
}

func TestASecretIsMadeWhenItIsLeftOut(t *testing.T) {
	made := map[string]bool{}
	for range 20 {
		bare := account()
		bare.Credentials = nil
		complete := webhook.Adapter{}.Complete(bare)
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(complete.Credentials["secret"], "whsec_"))
		if err != nil || len(key) < 24 || len(webhook.Adapter{}.Check(complete)) > 0 || bare.Credentials != nil {
			t.Fatalf("%d bytes, %v, problems %v", len(key), err, webhook.Adapter{}.Check(complete))
		}
		made[string(key)] = true
	}
	if len(made) != 20 {
		t.Errorf("%d secrets of 20", len(made))
	}
}

func TestASecretThatWasGivenIsLeftAlone(t *testing.T) {
	for _, given := range []string{secret, "", "hunter2"} {
		before := account()
		before.Credentials["secret"] = given
		after := webhook.Adapter{}.Complete(before)
		if !reflect.DeepEqual(after, before) || !maps.Equal(after.Credentials, map[string]string{"secret": given}) {
			t.Errorf("%q became %v", given, after.Credentials)
		}
	}
}
