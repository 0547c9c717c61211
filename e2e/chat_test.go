package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A browser is somebody in the demo bot's web chat.
type browser struct {
	*house
	visitor string
	cookie  *http.Cookie
	posts   int
	last    string // the last line seen
}

// visits loads a chat's page, as a link or nothing at all leads there.
func (h *house) visits(address string) *browser {
	h.t.Helper()
	request, err := http.NewRequestWithContext(background(h.t), "GET", address, nil)
	h.check(err)
	answer, err := http.DefaultClient.Do(request)
	h.check(err)
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK || len(answer.Cookies()) != 1 {
		h.t.Fatalf("%s: %d with %d cookies", address, answer.StatusCode, len(answer.Cookies()))
	}
	cookie := answer.Cookies()[0]
	visitor, _, _ := strings.Cut(cookie.Value, ".")
	return &browser{house: h, visitor: visitor, cookie: cookie}
}

func (b *browser) posted(values map[string]string) {
	b.t.Helper()
	b.posts++
	values["visitor"], values["id"] = b.visitor, fmt.Sprint(b.posts)
	body, err := json.Marshal(values)
	b.check(err)
	request, err := http.NewRequestWithContext(background(b.t), "POST", "http://"+b.address+"/webhooks/webchat/demo/web", strings.NewReader(string(body)))
	b.check(err)
	request.AddCookie(b.cookie)
	if status, answer := b.do(request); status != http.StatusOK {
		b.t.Fatalf("%d %s", status, answer)
	}
}

// reads goes on in the stream until a line of the bot's holds some words, and gives that line.
func (b *browser) reads(words string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), soon)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", "http://"+b.address+"/chat/demo/web/stream?visitor="+b.visitor, nil)
	b.check(err)
	request.AddCookie(b.cookie)
	if b.last != "" {
		request.Header.Set("Last-Event-ID", b.last)
	}
	answer, err := http.DefaultClient.Do(request)
	b.check(err)
	defer func() { _ = answer.Body.Close() }()
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		if id, found := strings.CutPrefix(lines.Text(), "id: "); found {
			b.last = id
		}
		var line struct{ Author, Text string }
		if data, found := strings.CutPrefix(lines.Text(), "data: "); found {
			b.check(json.Unmarshal([]byte(data), &line))
		}
		if line.Author == "bot" && strings.Contains(line.Text, words) {
			return line.Text
		}
	}
	b.t.Fatalf("the stream ended without %q: %v", words, lines.Err())
	return ""
}

// Two people in the demo bot's chat, which `seed` makes: one sends the other her link and hears of it at once, from whichever api.
func TestAReferralInTheWebChat(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.runToEnd("seed")
	h.runToEnd("seed") // changes nothing
	h.startWorker()

	anas := h.visits("http://" + h.address + "/chat/demo")
	anas.posted(map[string]string{"kind": "message", "text": "referir"})
	link := regexp.MustCompile(`http://\S+`).FindString(anas.reads("/chat/demo/web?ref=campaign1-c"))
	address, err := url.Parse(link)
	h.check(err)

	luises := h.visits(link)
	started := time.Now()
	luises.posted(map[string]string{"kind": "opening", "ref": address.Query().Get("ref")})
	if got := anas.reads("se unió"); got != "Alguien se unió. Tienes 2 puntos." {
		t.Errorf("Ana read %q", got)
	}
	t.Logf("from Luis' click to Ana's screen: %s", time.Since(started))
	luises.reads("¡Hola, qué gusto verte!")

	h.api.stop()
	h.startAPI()
	luises.posted(map[string]string{"kind": "message", "text": "referir"})
	luises.reads("/chat/demo/web?ref=campaign1-c")
	if again := h.visitsAgain(anas); again != anas.visitor {
		t.Errorf("Ana became %s after the api came back", again)
	}
	h.sound()
}

func (h *house) visitsAgain(b *browser) (visitor string) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(background(h.t), "GET", "http://"+h.address+"/chat/demo/web", nil)
	h.check(err)
	request.AddCookie(b.cookie)
	answer, err := http.DefaultClient.Do(request)
	h.check(err)
	defer func() { _ = answer.Body.Close() }()
	visitor, _, _ = strings.Cut(answer.Cookies()[0].Value, ".")
	return visitor
}
