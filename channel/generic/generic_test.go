package generic_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	"github.com/millenniumm/referrals/channel/generic"
)

const secret = "whsec_aW52ZW50ZWQgZm9yIHRoZXNlIHRlc3Rz"

func now() time.Time { return time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC) }

func account() channel.Account {
	return channel.Account{
		Bot:         "demo",
		Name:        "shop",
		Channel:     generic.Name,
		Credentials: map[string]string{"secret": secret},
		Settings:    map[string]string{"link": "https://shop.example.com/chat?ref={ref}&lang=es"},
		APIBaseURL:  "https://shop.example.com/hooks",
	}
}

func TestConformance(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		New:      func(client *http.Client) channel.Adapter { return generic.Adapter{HTTP: client, Now: now} },
		Account:  account(),
		Required: []string{"settings.link", "credentials.secret"},
		Checks:   checks(),
		Link: channeltest.Link{
			Want:   "https://shop.example.com/chat?ref=campaign1-cabcdefghij&lang=es",
			Ref:    refParameter,
			Broken: func(account *channel.Account) { account.Settings["link"] = "https://shop.example.com" },
		},
		Sending: channeltest.Sending{
			Platform:   func() channeltest.Platform { return &consumer{} },
			Recipient:  "customer 42 / ñ",
			Idempotent: true,
			Table:      table(),
			Quote:      func(words string) channeltest.Answer { return channeltest.Answer{Status: 400, Body: words} },
		},
	})
}

func refParameter(link string) string {
	parsed, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return parsed.Query().Get("ref")
}

func checks() []channeltest.Check {
	link := func(template string) func(*channel.Account) {
		return func(account *channel.Account) { account.Settings["link"] = template }
	}
	key := func(secret string) func(*channel.Account) {
		return func(account *channel.Account) { account.Credentials["secret"] = secret }
	}
	wrongLink, wrongKey := []string{"settings.link"}, []string{"credentials.secret"}
	return []channeltest.Check{
		{Name: "link with the ref in its path", Change: link("https://shop.example.com/r/{ref}")},
		{Name: "link with the ref twice", Change: link("https://shop.example.com/{ref}?ref={ref}")},
		{Name: "link of an app", Change: link("viber://pa?chatURI=shop&context={ref}")},
		{Name: "link of an app without slashes", Change: link("shop:open?ref={ref}")},
		{Name: "link without a ref", Change: link("https://shop.example.com"), Fields: wrongLink},
		{Name: "link that isn't whole", Change: link("shop.example.com/{ref}"), Fields: wrongLink},
		{Name: "link without a host", Change: link("https:///{ref}"), Fields: wrongLink},
		{Name: "link with the ref for a scheme", Change: link("{ref}://shop.example.com"), Fields: wrongLink},
		{Name: "link of an app with the ref for a scheme", Change: link("{ref}:open"), Fields: wrongLink},
		{Name: "link with the ref in its host", Change: link("https://{ref}.example.com/"), Fields: wrongLink},
		{Name: "link with the ref glued to its host", Change: link("https://shop.example.com{ref}"), Fields: wrongLink},
		{Name: "link with the ref for a port", Change: link("https://shop.example.com:{ref}"), Fields: wrongLink},
		{Name: "link that runs a script", Change: link("javascript:alert('{ref}')"), Fields: wrongLink},
		{Name: "link that runs a script, in capitals", Change: link("JavaScript://x/%0aalert('{ref}')"), Fields: wrongLink},
		{Name: "link to data", Change: link("data:text/html,{ref}"), Fields: wrongLink},
		{Name: "longest secret", Change: key("whsec_" + encoded(64))},
		{Name: "too long a secret", Change: key("whsec_" + encoded(65)), Fields: wrongKey},
		{Name: "too short a secret", Change: key("whsec_" + encoded(23)), Fields: wrongKey},
		{Name: "secret without its prefix", Change: key(encoded(32)), Fields: wrongKey},
		{Name: "secret that isn't base64", Change: key("whsec_not base64 at all, though long enough"), Fields: wrongKey},
		{Name: "no address and no secret", Change: func(account *channel.Account) { account.APIBaseURL, account.Credentials = "", nil }},
		{
			Name:   "no address and a secret that is none",
			Change: func(account *channel.Account) { account.APIBaseURL, account.Credentials["secret"] = "", "hunter2" },
			Fields: wrongKey,
		},
	}
}

func encoded(bytes int) string {
	text, _ := json.Marshal(make([]byte, bytes)) // Go writes bytes as base64
	return string(text[1 : len(text)-1])
}

func table() []channeltest.Row {
	var rows []channeltest.Row
	for status, want := range map[int]channel.Class{
		200: "", 201: "", 202: "", 204: "",
		304: channel.Config, 401: channel.Config, 403: channel.Config, 404: channel.Config,
		400: channel.Bad, 405: channel.Bad, 409: channel.Bad, 413: channel.Bad, 422: channel.Bad,
		410: channel.Gone,
		500: channel.Retry, 502: channel.Retry, 503: channel.Retry, 504: channel.Retry,
	} {
		name := strconv.Itoa(status)
		rows = append(rows, channeltest.Row{
			Name: name, Answer: channeltest.Answer{Status: status},
			Want: channel.SendError{Class: want, Code: name},
		})
	}
	cut := channeltest.Answer{Status: 200, Body: "thank y", Cut: true}
	rows = append(rows, channeltest.Row{Name: "200 cut off, which is a word all the same", Answer: cut})
	for value, wait := range map[string]time.Duration{
		"": 0, "35": 35 * time.Second, " 35 ": 35 * time.Second, "-1": 0, "soon": 0, "1.5": 0,
		"99999999999":                   24 * time.Hour,
		"Sun, 01 Mar 2026 12:00:35 GMT": 35 * time.Second,
		"Sun, 01 Mar 2026 11:00:00 GMT": 0,
		"Sun, 01 Mar 2099 12:00:00 GMT": 24 * time.Hour,
	} {
		rows = append(rows, channeltest.Row{
			Name:   "429 with Retry-After " + strconv.Quote(value),
			Answer: channeltest.Answer{Status: 429, Header: http.Header{"Retry-After": {value}}},
			Want:   channel.SendError{Class: channel.Throttle, Code: "429", RetryAfter: wait},
		})
	}
	return rows
}

// consumer is a strict bot on the other side: it believes nothing that isn't rightly signed.
type consumer struct {
	mu       sync.Mutex
	accepted []channeltest.Accepted
	faults   []string
}

type posted struct {
	Type      string         `json:"type"`
	Timestamp string         `json:"timestamp"`
	Data      map[string]any `json:"data"`
}

func (c *consumer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = c.take(r, body)
	}
	if err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.faults = append(c.faults, err.Error())
		http.Error(w, "no", http.StatusBadRequest)
	}
}

func (c *consumer) take(r *http.Request, body []byte) error {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
		return errors.New("not a POST of JSON")
	}
	verifier, err := webhooks.NewWebhook(secret)
	if err != nil {
		return err
	}
	if err := verifier.VerifyIgnoringTimestamp(body, r.Header); err != nil { // the adapter's clock stands still
		return err
	}
	if r.Header.Get(webhooks.HeaderWebhookTimestamp) != strconv.FormatInt(now().Unix(), 10) {
		return errors.New("signed at another time")
	}
	var said posted
	if err := json.Unmarshal(body, &said); err != nil {
		return err
	}
	return c.accept(said, r.Header.Get(webhooks.HeaderWebhookID))
}

func (c *consumer) accept(said posted, id string) error {
	want := posted{Type: "message", Timestamp: "2026-03-01T12:00:00Z", Data: map[string]any{
		"delivery": id, "bot": "demo", "account": "shop", "to": said.Data["to"], "text": said.Data["text"],
	}}
	var message channeltest.Accepted
	message.Recipient, _ = said.Data["to"].(string)
	message.Text, _ = said.Data["text"].(string)
	if picture, given := said.Data["picture"].(string); given && picture != "" {
		want.Data["picture"], message.Picture = picture, picture
	}
	if replies, given := said.Data["quick_replies"].([]any); given && len(replies) > 0 {
		want.Data["quick_replies"] = replies
		for _, reply := range replies {
			message.QuickReplies = append(message.QuickReplies, fmt.Sprint(reply))
		}
	}
	if !reflect.DeepEqual(said, want) {
		return errors.New("another body than the documented one")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accepted = append(c.accepted, message)
	return nil
}

func (c *consumer) Accepted() []channeltest.Accepted {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.accepted)
}

func (c *consumer) Faults() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.faults)
}

func TestSendWithoutAnAddressLeavesTheMessageToBeRead(t *testing.T) {
	quiet := account()
	quiet.APIBaseURL, quiet.Credentials = "", nil
	receipt, err := generic.Adapter{}.Send(t.Context(), quiet, "customer", channel.Message{Text: "hola", Key: "delivery-1"})
	if err != nil || receipt != (channel.Receipt{}) {
		t.Errorf("receipt %+v, error %v, want it accepted", receipt, err)
	}
}

func TestSendIsDatedByTheRealClockUnlessGivenAnother(t *testing.T) {
	verifier, err := webhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := verifier.Verify(body, r.Header); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	to := account()
	to.APIBaseURL = server.URL
	if _, err := (generic.Adapter{}).Send(t.Context(), to, "customer", channel.Message{Text: "hola", Key: "delivery-1"}); err != nil {
		t.Errorf("send: %v", err)
	}
}

func TestSendRefusesWhatCantBeSigned(t *testing.T) {
	for _, example := range []struct {
		name   string
		change func(*channel.Account, *channel.Message)
		want   channel.Class
	}{
		{"no key", func(_ *channel.Account, m *channel.Message) { m.Key = "" }, channel.Bad},
		{"key that isn't one", func(_ *channel.Account, m *channel.Message) { m.Key = "a.b\n" }, channel.Bad},
		{"empty secret", func(a *channel.Account, _ *channel.Message) { a.Credentials["secret"] = "" }, channel.Config},
		{"secret without a key", func(a *channel.Account, _ *channel.Message) { a.Credentials["secret"] = "whsec_" }, channel.Config},
		{"address that is none", func(a *channel.Account, _ *channel.Message) { a.APIBaseURL = "ftp://x" }, channel.Config},
	} {
		t.Run(example.name, func(t *testing.T) {
			to, message := account(), channel.Message{Text: "hola", Key: "delivery-1"}
			example.change(&to, &message)
			_, err := generic.Adapter{}.Send(t.Context(), to, "customer", message)
			if got := channel.Classify(err).Class; got != example.want {
				t.Errorf("class %s, want %s: %v", got, example.want, err)
			}
		})
	}
}

// Owners put keys into the addresses of their hooks, and a broken server may repeat the request.
func TestSendKeepsTheQueryOfTheAddressOutOfErrors(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("hijack: %v", err)
			return
		}
		_, _ = io.WriteString(connection, r.RequestURI+"\r\n\r\n")
		_ = connection.Close()
	}))
	defer server.Close()
	to := account()
	to.APIBaseURL = server.URL + "/hook?key=hunter2"
	_, err := generic.Adapter{}.Send(t.Context(), to, "customer", channel.Message{Text: "hola", Key: "delivery-1"})
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v, want one without the key", err)
	}
}
