package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millenniumm/referrals/api"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/webchat"
	"github.com/millenniumm/referrals/internal/pgtest"
	"github.com/millenniumm/referrals/postgres"
)

const (
	// never is a pace at which nothing happens within a test.
	never = time.Hour
	// longest bounds a wait that goes wrong; none lasts as long when all is well.
	longest = 20 * time.Second

	chatSecret = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
)

// A chatHouse is one api process with the chat of the bot "cafe": accounts "web" and "other" of the web chat, "tg" of Telegram.
type chatHouse struct {
	t      *testing.T
	url    string // of the database, for more processes on it
	api    *api.Handler
	books  *postgres.Store
	server *httptest.Server
	sql    *pgxpool.Pool
	log    *textLog
}

// newChatHouse makes the first process, in which nothing but announcements moves a stream.
func newChatHouse(t *testing.T, changes ...func(*api.Config)) *chatHouse {
	t.Helper()
	return newPollingChatHouse(t, never, changes...)
}

// newPollingChatHouse makes one that asks the books for news, too.
func newPollingChatHouse(t *testing.T, poll time.Duration, changes ...func(*api.Config)) *chatHouse {
	t.Helper()
	h := openPollingChatHouse(t, pgtest.New(t), poll, changes...)
	if _, _, err := h.books.CreateBot(t.Context(), "cafe", "Café"); err != nil {
		t.Fatal(err)
	}
	for _, account := range []channel.Account{
		{Name: "other", Channel: webchat.Name},
		{Name: "tg", Channel: "telegram", Credentials: map[string]string{}},
		{Name: "web", Channel: webchat.Name, Settings: map[string]string{"title": "Gana <café>", "origins": "https://shop.example.com https://b.example"}},
	} {
		account.Bot = "cafe"
		if account.Channel == webchat.Name {
			account.Credentials = map[string]string{"secret": chatSecret}
		}
		if err := h.books.PutAccount(t.Context(), account); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// openChatHouse makes one more process on a database.
func openChatHouse(t *testing.T, url string, changes ...func(*api.Config)) *chatHouse {
	t.Helper()
	return openPollingChatHouse(t, url, never, changes...)
}

func openPollingChatHouse(t *testing.T, url string, poll time.Duration, changes ...func(*api.Config)) *chatHouse {
	t.Helper()
	books := pgtest.Open(t, url)
	f := newFacade(t, append([]func(*api.Config){func(c *api.Config) {
		c.Books, c.Inbox = books, startInbox(t, books)
		c.Channels[webchat.Name] = webchat.Adapter{BaseURL: c.PublicURL, Transcript: books}
	}}, changes...)...)
	h := &chatHouse{t: t, url: url, api: f.handler.(*api.Handler), books: books, sql: pgtest.Pool(t, url), log: f.log}
	h.api.SetPace(poll, never, longest)
	ctx, cancel := context.WithCancel(context.Background())
	var listening sync.WaitGroup
	listening.Go(func() { h.api.Listen(ctx) })
	t.Cleanup(func() { cancel(); listening.Wait() })
	h.server = httptest.NewServer(h.api)
	t.Cleanup(func() { h.api.EndStreams(); h.server.Close() })
	return h
}

// do makes a request of the process. Headers are "Name: value".
func (h *chatHouse) do(method, path, body string, headers ...string) answer {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), longest)
	defer cancel()
	response := h.begin(ctx, method, path, body, headers...)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if strings.Contains(string(text), chatSecret) || strings.Contains(h.log.String(), chatSecret) {
		h.t.Errorf("%s %s gives the secret away", method, path)
	}
	return answer{response.StatusCode, response.Header, text}
}

func (h *chatHouse) begin(ctx context.Context, method, path, body string, headers ...string) *http.Response {
	h.t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, h.server.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ":")
		request.Header.Set(name, strings.TrimSpace(value))
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		h.t.Fatal(err)
	}
	return response
}

// A browser is somebody who has loaded the chat's page.
type browser struct {
	*chatHouse
	visitor string
	cookie  string // a header
}

func (h *chatHouse) visit() browser {
	h.t.Helper()
	got := h.do("GET", "/chat/cafe/web", "")
	if got.status != http.StatusOK {
		h.t.Fatalf("%d %s", got.status, got.body)
	}
	value, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
	_, signed, _ := strings.Cut(value, "=")
	visitor, _, _ := strings.Cut(signed, ".")
	return browser{h, visitor, "Cookie: " + value}
}

// at is the same browser at another process.
func (b browser) at(h *chatHouse) browser { return browser{h, b.visitor, b.cookie} }

func (b browser) chat() channel.Chat {
	return channel.Chat{Bot: "cafe", Account: "web", Visitor: b.visitor}
}

// say posts what the page would, with the values that a test wants.
func (b browser) say(values map[string]string, headers ...string) answer {
	b.t.Helper()
	body := map[string]string{"visitor": b.visitor, "id": "m1", "kind": "message", "text": "hola"}
	for name, value := range values {
		body[name] = value
	}
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do("POST", "/webhooks/webchat/cafe/web?lang=es", string(text), append([]string{"Content-Type: application/json", b.cookie}, headers...)...)
}

// told has the bot say something to the browser's visitor, as a worker would.
func (b browser) told(key, text string) {
	b.t.Helper()
	account, err := b.books.Account(b.t.Context(), "cafe", "web")
	if err == nil {
		_, err = webchat.Adapter{Transcript: b.books}.Send(b.t.Context(), account, b.visitor, channel.Message{Key: key, Text: text})
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// A sent is one event of a stream. Its kind is "comment" for a comment and "retry" for the time to come back.
type sent struct{ id, kind, data string }

// An opened is a stream as a browser reads it.
type opened struct {
	t      *testing.T
	status int
	header http.Header
	body   *bufio.Reader
	close  func()
}

// open opens the visitor's stream.
func (b browser) open(headers ...string) *opened {
	return b.openAt(b.stream(), headers...)
}

func (b browser) stream() string { return "/chat/cafe/web/stream?visitor=" + b.visitor }

func (b browser) openAt(path string, headers ...string) *opened {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), longest)
	response := b.begin(ctx, "GET", path, "", append([]string{b.cookie}, headers...)...)
	stop := func() { cancel(); _ = response.Body.Close() }
	b.t.Cleanup(stop)
	return &opened{b.t, response.StatusCode, response.Header, bufio.NewReader(response.Body), stop}
}

// next gives the next event; ok is false when the stream has ended.
func (o *opened) next() (sent, bool) {
	o.t.Helper()
	var got sent
	for {
		line, err := o.body.ReadString('\n')
		if err == io.EOF {
			return sent{}, false
		}
		if err != nil {
			o.t.Fatalf("the stream broke off: %v", err)
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			return got, true
		case name == "":
			got.kind = "comment"
		case name == "id":
			got.id = value
		case name == "event":
			got.kind = value
		case name == "data":
			got.data = value
		case name == "retry":
			got.kind, got.data = "retry", value
		default:
			o.t.Fatalf("no line of an event: %q", line)
		}
	}
}

// want reads the texts of the next lines, and the last line's number where the page is told that it is ready (as "ready").
func (o *opened) want(texts ...string) (last string) {
	o.t.Helper()
	for _, want := range texts {
		got, ok := o.next()
		for ok && (got.kind == "comment" || got.kind == "retry") {
			got, ok = o.next()
		}
		var line struct{ Text string }
		if got.kind == "line" {
			if err := json.Unmarshal([]byte(got.data), &line); err != nil {
				o.t.Fatal(err)
			}
			last = got.id
		} else {
			line.Text = got.kind
		}
		if !ok || line.Text != want {
			o.t.Fatalf("got %+v (%t), want %q", got, ok, want)
		}
	}
	return last
}

// wantEnd reads on until the stream ends.
func (o *opened) wantEnd() {
	o.t.Helper()
	for {
		got, ok := o.next()
		if !ok {
			return
		}
		if got.kind == "line" {
			o.t.Fatalf("got %+v, want the end", got)
		}
	}
}

func numbered(from, to int) []string {
	var texts []string
	for i := from; i <= to; i++ {
		texts = append(texts, fmt.Sprint(i))
	}
	return texts
}
