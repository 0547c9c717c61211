package webchat_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/channeltest"
	"github.com/millenniumm/referrals/channel/webchat"
)

const (
	secret  = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
	visitor = "abcdefghijklmnopqrstuvwxyz"
	base    = "https://bot.example.com"
)

func account() channel.Account {
	return channel.Account{
		Bot: "demo", Name: "web", Channel: webchat.Name, Credentials: map[string]string{"secret": secret},
		Settings: map[string]string{"title": "Invita y gana", "origins": "https://shop.example.com"},
	}
}

// transcript is a strict one in memory.
type transcript struct {
	mu     sync.Mutex
	lines  []channel.Line
	chats  []channel.Chat
	faults []string
	broken error
}

func (k *transcript) Append(ctx context.Context, chat channel.Chat, line channel.Line) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := errors.Join(ctx.Err(), k.broken); err != nil {
		return err
	}
	if chat.Bot != "demo" || chat.Account != "web" || line.Key == "" || line.Number != 0 || !line.At.IsZero() {
		k.faults = append(k.faults, "a line of another chat, without a key, or counted by somebody else")
	}
	if !slices.ContainsFunc(k.lines, func(kept channel.Line) bool { return kept.Key == line.Key }) {
		k.lines, k.chats = append(k.lines, line), append(k.chats, chat)
	}
	return nil
}

func (k *transcript) ServeHTTP(http.ResponseWriter, *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.faults = append(k.faults, "called, though nothing is to be called")
}

func (k *transcript) Accepted() []channeltest.Accepted {
	k.mu.Lock()
	defer k.mu.Unlock()
	accepted := make([]channeltest.Accepted, len(k.lines))
	for i, line := range k.lines {
		accepted[i] = channeltest.Accepted{Recipient: k.chats[i].Visitor, Text: line.Text, Picture: line.Picture, QuickReplies: line.QuickReplies}
		if line.Author != channel.ByBot {
			k.faults = append(k.faults, "the bot's line is "+string(line.Author)+"'s")
		}
	}
	return accepted
}

func (k *transcript) Faults() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.faults)
}

func said(values map[string]string) string {
	body := map[string]string{"visitor": visitor, "id": "m1", "kind": "message"}
	for name, value := range values {
		body[name] = value
	}
	text, _ := json.Marshal(body) // strings always can be
	return string(text)
}

func cookie(account channel.Account, visitor string, now time.Time) http.Header {
	made := webchat.Cookie(account, visitor, webchat.PlaceOf(base), now)
	return http.Header{"Cookie": {made.Name + "=" + made.Value}}
}

func TestConformance(t *testing.T) {
	kept := &transcript{}
	event := func(id string, kind channel.Kind) channel.Event {
		return channel.Event{ID: visitor + "/" + id, Kind: kind, From: channel.Sender{ExternalID: visitor}}
	}
	wrote := event("m1", channel.Text)
	wrote.Text, wrote.From.Locale, wrote.Line = "referir ☕", "es-MX", true
	opened := event("ref-1", channel.Opening)
	opened.Ref = "campaign1-cabcdefghij"
	channeltest.Run(t, channeltest.Suite{
		New:      func(*http.Client) channel.Adapter { return webchat.Adapter{BaseURL: base, Transcript: kept} },
		Account:  account(),
		Required: []string{"credentials.secret"},
		Checks:   checks(),
		Webhook: &channeltest.Webhook{
			Secret: "secret",
			Body:   said(map[string]string{"text": "anywhere"}),
			Sign:   func(account channel.Account, _ []byte) http.Header { return cookie(account, visitor, time.Now()) },
			Golden: []channeltest.Golden{
				{
					Topic: channeltest.OpeningWithRef,
					Body:  said(map[string]string{"id": "ref-1", "kind": "opening", "ref": "campaign1-cabcdefghij"}), Want: []channel.Event{opened},
				},
				{
					Topic: channeltest.OpeningWithoutRef,
					Body:  said(map[string]string{"id": "open", "kind": "opening", "text": "not looked at"}), Want: []channel.Event{event("open", channel.Opening)},
				},
				{
					Topic: channeltest.Writing,
					Body:  said(map[string]string{"text": "referir ☕", "name": "nobody's to choose", "locale": "es-MX", "ref": "not looked at"}),
					Want:  []channel.Event{wrote},
				},
			},
			Opening: func(ref string) []byte { return []byte(said(map[string]string{"kind": "opening", "ref": ref})) },
			Unreadable: map[string]string{
				"a visitor that is none":    said(map[string]string{"visitor": "ana", "text": "hi"}),
				"an id that breaks its key": said(map[string]string{"id": "a/b", "text": "hi"}),
				"an id that is too long":    said(map[string]string{"id": strings.Repeat("a", 65), "text": "hi"}),
				"no id":                     said(map[string]string{"id": "", "text": "hi"}),
				"another kind":              said(map[string]string{"kind": "blocked"}),
				"a message without words":   said(map[string]string{"text": " \n"}),
				"a message of 2,001":        said(map[string]string{"text": strings.Repeat("ñ", 2001)}),
				"a locale that is none":     said(map[string]string{"text": "hi", "locale": strings.Repeat("e", 36)}),
				"more than a page sends":    said(map[string]string{"kind": "opening", "ref": strings.Repeat("a", 64<<10)}),
			},
			Lacks: map[channeltest.Topic]string{
				channeltest.Pressing:    "a quick reply is written",
				channeltest.Membership:  "nobody can block a page",
				channeltest.Echo:        "our messages don't come back",
				channeltest.NotOurs:     "the page is ours",
				channeltest.UnknownType: "the page is ours: what it wasn't made to send is a mistake",
				channeltest.LargeID:     "its ids are text",
				channeltest.Batch:       "the page says one thing at a time",
			},
		},
		Link: channeltest.Link{
			Want:   base + "/chat/demo/web?ref=campaign1-cabcdefghij",
			Ref:    refParameter,
			Broken: func(account *channel.Account) { account.Settings["page"] = "shop.example.com" },
		},
		Sending: channeltest.Sending{
			Platform:   func() channeltest.Platform { kept = &transcript{}; return kept },
			Recipient:  visitor,
			Refused:    map[string]string{"empty": "", "a number": "1001", "nearly one": visitor[1:], "capitals": strings.ToUpper(visitor), "a call": "call:abcdefghij"},
			Kept:       true,
			Idempotent: true,
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
	setting := func(name, value string) func(*channel.Account) {
		return func(account *channel.Account) { account.Settings[name] = value }
	}
	page, title, origins := []string{"settings.page"}, []string{"settings.title"}, []string{"settings.origins"}
	list := []channeltest.Check{
		{Name: "no settings at all", Change: func(account *channel.Account) { account.Settings = nil }},
		{Name: "a page", Change: setting("page", "https://shop.example.com/help?lang=es#chat")},
		{Name: "a page that isn't whole", Change: setting("page", "shop.example.com"), Fields: page},
		{Name: "a page that runs a script", Change: setting("page", "javascript:alert(1)"), Fields: page},
		{Name: "a page with a password", Change: setting("page", "https://me:pass@shop.example.com"), Fields: page},
		{Name: "a page with a ref", Change: setting("page", "https://shop.example.com/?ref=me"), Fields: page},
		{Name: "the longest title", Change: setting("title", strings.Repeat("ñ", 60))},
		{Name: "too long a title", Change: setting("title", strings.Repeat("ñ", 61)), Fields: title},
		{Name: "a short secret", Change: func(a *channel.Account) { a.Credentials["secret"] = secret[:40] }, Fields: []string{"credentials.secret"}},
		{Name: "twenty sites", Change: setting("origins", strings.Repeat("https://a.example ", 20))},
		{Name: "too many sites", Change: setting("origins", strings.Repeat("https://a.example ", 21)), Fields: origins},
	}
	for _, fine := range []string{
		"*", "https://shop.example.com:8443 https://xn--caf-dma.example", " https://a.example  https://b.example ", "https://[2001:db8::1]:8443",
		"http://localhost:3000", "http://127.0.0.1",
	} {
		list = append(list, channeltest.Check{Name: "sites " + fine, Change: setting("origins", fine)})
	}
	for _, wrong := range []string{
		"shop.example.com", "https://shop.example.com/", "https://shop.example.com/help", "http://shop.example.com", "https://SHOP.example.com", "https://",
		"https://a.example;script-src", "https://a.example, https://b.example", "https://*.example.com", "https://me@a.example", "https://café.example",
		"http://localhost.evil.example", "http://127.0.0.1.evil.example", "'self'", "https://a.example:port", "ftp://a.example",
	} {
		list = append(list, channeltest.Check{Name: "sites " + wrong, Change: setting("origins", wrong), Fields: origins})
	}
	return list
}

func TestLinksLeadToThePageTheChatStandsIn(t *testing.T) {
	for page, want := range map[string]string{
		"https://shop.example.com":                     "https://shop.example.com?ref=a",
		"https://shop.example.com/help/":               "https://shop.example.com/help/?ref=a",
		"https://shop.example.com/?utm=b%20c&x=1#chat": "https://shop.example.com/?utm=b%20c&x=1&ref=a#chat",
	} {
		own := account()
		own.Settings["page"] = page
		link, err := webchat.Adapter{BaseURL: base}.Link(own, "a")
		if err != nil || link != want {
			t.Errorf("page %s: link %s, error %v, want %s", page, link, err, want)
		}
	}
}

func TestASecretIsMadeOnlyWhereThereIsNone(t *testing.T) {
	adapter := webchat.Adapter{}
	own := account()
	if got := adapter.Complete(own); !reflect.DeepEqual(got, own) {
		t.Errorf("it changed %+v to %+v", own, got)
	}
	bare := channel.Account{Settings: map[string]string{"title": "x"}}
	one, other := adapter.Complete(bare), adapter.Complete(bare)
	if one.Credentials["secret"] == other.Credentials["secret"] || len(adapter.Check(one)) > 0 || bare.Credentials != nil {
		t.Errorf("secrets %v and %v, problems %v", one.Credentials, other.Credentials, adapter.Check(one))
	}
}

func TestACookieIsTheVisitorOfItsAccountOnlyAndForItsTime(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	own := account()
	change := func(changes func(*channel.Account)) channel.Account {
		other := account()
		changes(&other)
		return other
	}
	valid := cookie(own, visitor, now).Get("Cookie")
	name, value, _ := strings.Cut(valid, "=")
	for example, test := range map[string]struct {
		account channel.Account
		header  string
		at      time.Time
		want    string
	}{
		"fresh":                      {own, valid, now, visitor},
		"a moment before it is over": {own, valid, now.Add(400*24*time.Hour - time.Second), visitor},
		"over":                       {own, valid, now.Add(400 * 24 * time.Hour), ""},
		"beside others' cookies":     {own, "a=b; __Host-chat.demo.other=x; " + valid, now, visitor},
		"behind a forged one":        {own, name + "=forged; " + valid, now, visitor},
		"for another account":        {change(func(a *channel.Account) { a.Name = "other" }), strings.Replace(valid, name, "__Host-chat.demo.other", 1), now, ""},
		"for another bot":            {change(func(a *channel.Account) { a.Bot = "other" }), strings.Replace(valid, name, "__Host-chat.other.web", 1), now, ""},
		"by another secret":          {change(func(a *channel.Account) { a.Credentials["secret"] = "X" + secret[1:] }), valid, now, ""},
		"without a secret":           {change(func(a *channel.Account) { a.Credentials = nil }), valid, now, ""},
		"of another visitor":         {own, strings.Replace(valid, visitor, strings.Repeat("b", 26), 1), now, ""},
		"made to live longer":        {own, strings.Replace(valid, ".1", ".2", 1), now, ""},
		"without its signature":      {own, name + "=" + value[:strings.LastIndex(value, ".")+1], now, ""},
		"planted by a neighbour":     {own, strings.TrimPrefix(valid, "__Host-"), now, ""},
		"none":                       {own, "", now, ""},
		"cut":                        {own, name + "=" + visitor, now, ""},
	} {
		if got := webchat.Visitor(test.account, webchat.PlaceOf(base), http.Header{"Cookie": {test.header}}, test.at); got != test.want {
			t.Errorf("%s: visitor %q, want %q", example, got, test.want)
		}
	}
}

func TestAccountsWhoseNamesRunTogetherHaveCookiesOfTheirOwn(t *testing.T) {
	names := map[string]bool{}
	for _, each := range [][2]string{{"a_b", "c"}, {"a", "b_c"}, {"a-b", "c"}, {"a", "b-c"}, {"a", "b"}} {
		names[webchat.Cookie(channel.Account{Bot: each[0], Name: each[1]}, visitor, webchat.Place{}, time.Now()).Name] = true
	}
	if len(names) != 5 {
		t.Errorf("two accounts share a cookie: %v", names)
	}
}

func TestACookieGoesWhereTheChatIsShown(t *testing.T) {
	for name, test := range map[string]struct {
		place       webchat.Place
		same        http.SameSite
		partitioned bool
		name        string
	}{
		"own page on a desk":         {webchat.Place{}, http.SameSiteLaxMode, false, "chat.demo.web"},
		"own page over https":        {webchat.Place{Secure: true}, http.SameSiteLaxMode, false, "__Host-chat.demo.web"},
		"another site's over https":  {webchat.Place{Secure: true, Embedded: true}, http.SameSiteNoneMode, true, "__Host-chat.demo.web"},
		"another site's without TLS": {webchat.Place{Embedded: true}, http.SameSiteLaxMode, false, "chat.demo.web"},
	} {
		made := webchat.Cookie(account(), visitor, test.place, time.Now())
		if made.SameSite != test.same || made.Partitioned != test.partitioned || made.Secure != test.place.Secure || !made.HttpOnly || made.MaxAge != 400*24*3600 ||
			made.Name != test.name || made.Path != "/" || made.Domain != "" {
			t.Errorf("%s: %s", name, made)
		}
		header := http.Header{"Cookie": {made.Name + "=" + made.Value}}
		if got := webchat.Visitor(account(), test.place, header, time.Now()); got != visitor {
			t.Errorf("%s: read as %q", name, got)
		}
	}
}

func TestAPostIsTakenFromOurOwnPageOnly(t *testing.T) {
	for name, test := range map[string]struct {
		headers map[string]string
		base    string
		want    bool
	}{
		"no browser at all":                      {nil, base, true},
		"our page":                               {map[string]string{"Origin": base, "Sec-Fetch-Site": "same-origin"}, base, true},
		"our page under a name of this machine":  {map[string]string{"Origin": "http://localhost:8080", "Sec-Fetch-Site": "same-origin"}, "http://127.0.0.1:8080", true},
		"our page in an old browser":             {map[string]string{"Origin": base}, base, true},
		"our page behind a path":                 {map[string]string{"Origin": base}, base + "/bots", true},
		"another site":                           {map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, base, false},
		"a neighbour under the same domain":      {map[string]string{"Origin": "https://evil.example.com", "Sec-Fetch-Site": "same-site"}, base, false},
		"another site in an old browser":         {map[string]string{"Origin": "https://evil.example"}, base, false},
		"our host without TLS in an old browser": {map[string]string{"Origin": "http://bot.example.com"}, base, false},
		"a hidden origin":                        {map[string]string{"Origin": "null"}, base, false},
	} {
		made := webchat.Cookie(account(), visitor, webchat.PlaceOf(test.base), time.Now())
		header := http.Header{"Cookie": {made.Name + "=" + made.Value}}
		for key, value := range test.headers {
			header.Set(key, value)
		}
		err := webchat.Adapter{BaseURL: test.base}.Verify(account(), header, []byte(said(map[string]string{"text": "hi"})))
		if (err == nil) != test.want || err != nil && !errors.Is(err, channel.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNobodyWritesForAnotherVisitor(t *testing.T) {
	header := cookie(account(), strings.Repeat("b", 26), time.Now())
	if err := (webchat.Adapter{}).Verify(account(), header, []byte(said(map[string]string{"text": "hi"}))); !errors.Is(err, channel.ErrSignature) {
		t.Errorf("error %v", err)
	}
}

func TestWhatABrowserIsRefusedItIsToldInBothLanguages(t *testing.T) {
	for body, kind := range map[string]string{
		said(map[string]string{"text": strings.Repeat("a", 2001)}): "text_too_long",
		said(map[string]string{"text": " "}):                       "text_missing",
		said(map[string]string{"kind": "poke"}):                    "not_understood",
		"no JSON":                                                  "not_understood",
		strings.Repeat(" ", 1<<20):                                 "too_large",
	} {
		_, err := webchat.Adapter{}.Parse(account(), []byte(body))
		var refused *channel.Refusal
		if !errors.As(err, &refused) || refused.Kind != kind || refused.Spanish == "" || refused.English == "" || refused.Spanish == refused.English {
			t.Errorf("%.60s: %v", body, err)
		}
	}
}

func TestTheLongestMessageFits(t *testing.T) {
	events, err := webchat.Adapter{}.Parse(account(), []byte(said(map[string]string{"text": strings.Repeat("😀", 2000)})))
	if err != nil || len(events) != 1 {
		t.Errorf("events %v, error %v", events, err)
	}
}

// The inbox writes the lines, each with its event.
func TestWhatAVisitorWritesIsALineAndAnOpeningIsNothingSaid(t *testing.T) {
	for kind, want := range map[string]bool{"message": true, "opening": false} {
		events, err := webchat.Adapter{}.Parse(account(), []byte(said(map[string]string{"kind": kind, "text": "hi"})))
		if err != nil || len(events) != 1 || events[0].Line != want {
			t.Errorf("%s: %+v, error %v", kind, events, err)
		}
	}
}

func TestAMessageIsKeptWithItsPictureAndQuickReplies(t *testing.T) {
	kept := &transcript{}
	message := channel.Message{Text: "¿Café?", Picture: "https://shop.example/a.png", QuickReplies: []string{"Sí ☕", "No"}, Key: "delivery-1"}
	if _, err := (webchat.Adapter{Transcript: kept}).Send(t.Context(), account(), visitor, message); err != nil {
		t.Fatal(err)
	}
	want := []channel.Line{{Key: "delivery-1", Author: channel.ByBot, Text: "¿Café?", Picture: message.Picture, QuickReplies: message.QuickReplies}}
	if !reflect.DeepEqual(kept.lines, want) {
		t.Errorf("kept %+v", kept.lines)
	}
}

func TestATranscriptThatIsAwayIsTriedAgain(t *testing.T) {
	adapter := webchat.Adapter{Transcript: &transcript{broken: errors.New("away")}}
	_, err := adapter.Send(t.Context(), account(), visitor, channel.Message{Text: "hi", Key: "delivery-1"})
	if failed := channel.Classify(err); failed.Class != channel.Retry || !strings.Contains(failed.Detail, "away") {
		t.Errorf("error %v", err)
	}
	for _, key := range []string{"", "a/b"} {
		_, err := adapter.Send(t.Context(), account(), visitor, channel.Message{Text: "hi", Key: key})
		if failed := channel.Classify(err); failed.Class != channel.Bad {
			t.Errorf("key %q: %v", key, err)
		}
	}
}

func TestTitle(t *testing.T) {
	if got := webchat.Title(account()); got != "Invita y gana" {
		t.Errorf("title %q", got)
	}
	if got := webchat.Title(channel.Account{}); got != "" {
		t.Errorf("title %q", got)
	}
}
