package api_test

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A chatFake is the server half of the web chat as its page sees it: strict about what it is told, and as unwell as a test
// wants it to be.
type chatFake struct {
	t      *testing.T
	server *httptest.Server
	page   *template.Template

	mu     sync.Mutex
	lines  []chatLine
	said   []said
	loads  int           // of the page
	opened int           // streams
	busy   bool          // a message is being taken
	bell   chan struct{} // closed when something changed for the streams
	closed bool

	// say decides about the next message; nil takes it. unwell is the status of every stream, 0 for a good one.
	say    func(said) (status int, detail string)
	unwell int
	mute   bool // what is said is taken and not echoed
	beat   int  // how often a page hears something, in milliseconds; 0 for hardly ever
	silent bool // streams stay open and say no more, like a connection whose other end is gone
	later  int  // Retry-After of the answers while unwell
}

// chatPage is what the template gets.
type chatPage struct {
	Bot, Account, Title, Visitor, Language string
	Embedded, Waiting                      bool
	Stream, Say, Ref                       string
}

type chatLine struct {
	Line         int       `json:"line"`
	Key          string    `json:"key"`
	Author       string    `json:"author"`
	Text         string    `json:"text"`
	Picture      string    `json:"picture"`
	QuickReplies []string  `json:"quick_replies"`
	At           time.Time `json:"at"`
}

// said is what a page POSTs.
type said struct {
	Visitor string `json:"visitor"`
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Text    string `json:"text"`
	Ref     string `json:"ref"`
	Locale  string `json:"locale"`
}

// hardlyEver is a beat that no test waits for, in milliseconds.
const hardlyEver = 3600000

const chatPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src https: data:; connect-src 'self'; " +
	"frame-ancestors *; base-uri 'none'; form-action 'self'"

func newChatFake(t *testing.T, lines ...chatLine) *chatFake {
	t.Helper()
	page, err := template.ParseFiles("pages/chat.html")
	if err != nil {
		t.Fatal(err)
	}
	f := &chatFake{t: t, page: page, bell: make(chan struct{})}
	for _, line := range lines {
		f.append(line)
	}
	assets := http.StripPrefix("/assets/", http.FileServer(http.Dir("assets")))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /chat/demo/web", f.servePage)
	mux.HandleFunc("GET /chat/demo/web/stream", f.serveStream)
	mux.HandleFunc("GET /another", func(w http.ResponseWriter, _ *http.Request) { // as if another tab had been given another cookie
		http.SetCookie(w, &http.Cookie{Name: "visitor", Value: "another", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	})
	mux.HandleFunc("POST /webhooks/webchat/demo/web", f.serveSay)
	mux.Handle("GET /assets/", assets)
	mux.HandleFunc("GET /chat.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "assets/widget.js") })
	f.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		f.change(func() { f.closed = true })
		f.server.Close()
	})
	return f
}

// address is the page's.
func (f *chatFake) address(query string) string { return f.server.URL + "/chat/demo/web?" + query }

// change does something to the fake and wakes its streams.
func (f *chatFake) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	close(f.bell)
	f.bell = make(chan struct{})
}

// botSays adds a line of the bot's.
func (f *chatFake) botSays(text string, quickReplies ...string) {
	f.change(func() { f.append(botLine(text, quickReplies...)) })
}

func botLine(text string, quickReplies ...string) chatLine {
	return chatLine{Author: "bot", Text: text, QuickReplies: quickReplies}
}

func visitorLine(text string) chatLine { return chatLine{Author: "visitor", Text: text} }

func (f *chatFake) append(line chatLine) {
	line.Line = len(f.lines) + 1
	if line.Key == "" {
		line.Key = "key-" + strconv.Itoa(line.Line)
	}
	if line.QuickReplies == nil {
		line.QuickReplies = []string{}
	}
	if line.At.IsZero() {
		line.At = time.Now().UTC()
	}
	f.lines = append(f.lines, line)
}

// heard gives what was said in posts of a kind, attempts that failed included.
func (f *chatFake) heard(kind string) []said {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.said), func(s said) bool { return s.Kind != kind })
}

func (f *chatFake) servePage(w http.ResponseWriter, r *http.Request) {
	visitor := rand.Text()
	if cookie, err := r.Cookie("visitor"); err == nil {
		visitor = cookie.Value
	}
	f.change(func() { f.loads++ })
	http.SetCookie(w, &http.Cookie{Name: "visitor", Value: visitor, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	w.Header().Set("Content-Security-Policy", chatPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	query := r.URL.Query()
	err := f.page.Execute(w, chatPage{
		Bot: "demo", Account: "web", Title: "Invita y gana", Visitor: visitor, Language: query.Get("lang"), Embedded: query.Get("embed") == "1",
		Stream: "/chat/demo/web/stream?visitor=" + visitor, Say: "/webhooks/webchat/demo/web", Ref: query.Get("ref"),
	})
	if err != nil {
		f.t.Error(err)
	}
}

func (f *chatFake) serveStream(w http.ResponseWriter, r *http.Request) {
	f.change(func() { f.opened++ })
	f.mu.Lock()
	unwell, later := f.unwell, f.later
	f.mu.Unlock()
	if unwell != 0 {
		if later > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(later))
		}
		w.WriteHeader(unwell)
		return
	}
	if cookie, err := r.Cookie("visitor"); err != nil || cookie.Value != r.URL.Query().Get("visitor") {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Header.Get("Accept") != "text/event-stream" {
		f.t.Errorf("a stream was asked for as %q", r.Header.Get("Accept"))
	}
	cursor, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
	if cursor == 0 {
		cursor, _ = strconv.Atoi(r.URL.Query().Get("after"))
	}
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, "retry: 50\n\n")
	dead := false
	for first := true; ; first = false {
		f.mu.Lock()
		lines, bell, over, beat := f.lines[min(cursor, len(f.lines)):], f.bell, f.closed || f.unwell != 0, cmp.Or(f.beat, hardlyEver)
		dead = dead || f.silent
		f.mu.Unlock()
		if over {
			return
		}
		if dead {
			lines = nil
		}
		for _, line := range lines {
			data, _ := json.Marshal(line)
			_, _ = fmt.Fprintf(w, "id: %d\nevent: line\ndata: %s\n\n", line.Line, data)
			cursor = line.Line
		}
		if first {
			_, _ = fmt.Fprintf(w, "event: ready\ndata: {\"last\":%d,\"beat\":%d}\n\n", cursor, beat)
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-bell:
		case <-time.After(time.Duration(beat) * time.Millisecond):
			if !dead {
				_, _ = io.WriteString(w, "event: beat\ndata: {}\n\n")
			}
		case <-r.Context().Done():
			return
		}
	}
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func (f *chatFake) serveSay(w http.ResponseWriter, r *http.Request) {
	heard := f.read(r)
	f.mu.Lock()
	if f.busy {
		f.t.Error("a message came while another was being taken")
	}
	f.busy = true
	f.said = append(f.said, heard)
	decide := f.say
	f.mu.Unlock()
	status, detail := http.StatusOK, ""
	if decide != nil {
		status, detail = decide(heard)
	}
	f.change(func() {
		f.busy = false
		if status == http.StatusOK && !f.mute {
			f.echo(heard)
		}
	})
	if detail != "" {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]any{"status": status, "detail": detail})
		return
	}
	w.WriteHeader(status)
}

// read checks what a page may say.
func (f *chatFake) read(r *http.Request) said {
	var heard said
	body := json.NewDecoder(r.Body)
	body.DisallowUnknownFields()
	if err := body.Decode(&heard); err != nil {
		f.t.Errorf("what was said can't be read: %v", err)
	}
	cookie, err := r.Cookie("visitor")
	switch {
	case err != nil || cookie.Value != heard.Visitor:
		f.t.Errorf("said by %q with cookie %v", heard.Visitor, cookie)
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		f.t.Errorf("said as %q", r.Header.Get("Content-Type"))
	case !idPattern.MatchString(heard.ID):
		f.t.Errorf("said with id %q", heard.ID)
	case heard.Kind != "opening" && heard.Kind != "message":
		f.t.Errorf("said as a %q", heard.Kind)
	case (heard.Kind == "message") != (strings.TrimSpace(heard.Text) != ""):
		f.t.Errorf("a %s said %q", heard.Kind, heard.Text)
	case heard.Locale == "":
		f.t.Error("said without a locale")
	}
	return heard
}

// echo adds the visitor's own line, once.
func (f *chatFake) echo(heard said) {
	key := heard.Visitor + "/" + heard.ID
	known := slices.ContainsFunc(f.lines, func(line chatLine) bool { return line.Key == key })
	if heard.Kind == "message" && !known {
		f.append(chatLine{Key: key, Author: "visitor", Text: heard.Text})
	}
}
