package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/api"
)

func TestTheChatsPageMakesItsReaderAVisitorAndTheSameOneAgain(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	ana, eva := house.visit(), house.visit()
	if ana.visitor == eva.visitor || len(ana.visitor) != 26 {
		t.Errorf("visitors %q and %q", ana.visitor, eva.visitor)
	}
	for name, test := range map[string]struct {
		path, cookie string
		same         bool
	}{
		"back":                          {"/chat/cafe/web", ana.cookie, true},
		"back inside another site":      {"/chat/cafe/web?embed=1", ana.cookie, true},
		"with a forged cookie":          {"/chat/cafe/web", strings.Replace(eva.cookie, eva.visitor, ana.visitor, 1), false},
		"at another chat":               {"/chat/cafe/other", strings.Replace(ana.cookie, "chat.cafe.web", "chat.cafe.other", 1), false},
		"at the bot's first, the other": {"/chat/cafe", ana.cookie, false},
	} {
		got := house.do("GET", test.path, "", test.cookie)
		set := got.header.Get("Set-Cookie")
		if got.status != http.StatusOK || strings.Contains(set, ana.visitor) != test.same || strings.Contains(string(got.body), ana.visitor) != test.same {
			t.Errorf("%s: %d, cookie %q", name, got.status, set)
		}
		for _, want := range []string{"HttpOnly", "Path=/", "Max-Age=34560000", "Secure"} {
			if !strings.Contains(set, want) {
				t.Errorf("%s: no %s in %q", name, want, set)
			}
		}
		if across := strings.Contains(set, "SameSite=None") && strings.Contains(set, "Partitioned"); across != strings.Contains(test.path, "embed") {
			t.Errorf("%s: cookie %q", name, set)
		}
	}
}

func TestTheChatsPageKnowsItsAddressesAndTakesNoHarmFromThem(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	ana := house.visit()
	got := house.do("GET", "/chat/cafe/web?lang=es&ref=%22%3E%3Cscript%3Ex&name=Stupid", "", ana.cookie)
	page := string(got.body)
	for _, want := range []string{
		`lang="es"`, "Gana &lt;café&gt;", `"/chat/cafe/web/stream?visitor=` + ana.visitor + `"`, `"/webhooks/webchat/cafe/web?lang=es"`, "&#34;&gt;&lt;script&gt;x",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
	if strings.Contains(page, `"><script>x`) || strings.Contains(page, "Stupid") {
		t.Errorf("the page takes what comes with the link as it is:\n%s", page)
	}
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src https: data:; connect-src 'self'; " +
			"frame-ancestors 'self' https://shop.example.com https://b.example; base-uri 'none'; form-action 'self'",
		"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8",
	} {
		if got.header.Get(name) != want {
			t.Errorf("%s: %s", name, got.header.Get(name))
		}
	}
	own := house.do("GET", "/chat/cafe/other", "", "Accept-Language: en")
	if policy := own.header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'self';") {
		t.Errorf("a chat of no site: %s", policy)
	}
	if page := string(own.body); !strings.Contains(page, "Café") || !strings.Contains(page, `lang="en"`) {
		t.Errorf("a chat without a title is not called like its bot, in its reader's language:\n%s", page)
	}
}

func TestAChatThatIsNotThereSaysSoToAPerson(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	away := openChatHouse(t, house.url, func(c *api.Config) { c.Books = unread{c.Books} })
	for _, test := range []struct {
		house      *chatHouse
		path, want string
		status     int
	}{
		{house, "/chat/cafe/nosuch?lang=es", "Aquí no hay ningún chat", 404},
		{house, "/chat/cafe/nosuch?lang=en", "There is no chat here", 404},
		{house, "/chat/cafe/tg?lang=en", "There is no chat here", 404},
		{house, "/chat/nosuch?lang=es", "Aquí no hay ningún chat", 404},
		{away, "/chat/cafe/web?lang=es", "El chat no está disponible", 503},
		{away, "/chat/cafe/web?lang=en", "The chat isn’t available", 503},
	} {
		got := test.house.do("GET", test.path, "")
		if got.status != test.status || !strings.Contains(string(got.body), test.want) || got.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d, %s", test.path, got.status, got.body)
		}
	}
}

func TestThePagesFilesAreServedAndKeptWhileTheyAreTheSame(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	for _, path := range []string{"/assets/chat.js", "/assets/widget.js", "/chat.js"} {
		got := house.do("GET", path, "")
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/javascript; charset=utf-8" || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d, %v", path, got.status, got.header)
		}
		if again := house.do("GET", path, "", "If-None-Match: "+got.header.Get("ETag")); again.status != http.StatusNotModified || len(again.body) > 0 {
			t.Errorf("%s again: %d", path, again.status)
		}
		if other := house.do("GET", path, "", `If-None-Match: "another"`); other.status != http.StatusOK {
			t.Errorf("%s of another release: %d", path, other.status)
		}
	}
	for _, path := range []string{"/assets/", "/assets/nosuch.js", "/assets/..%2fapi.go", "/assets/../api.go"} {
		if got := house.do("GET", path, ""); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
}

// counts gives how much is in the books of what browsers said.
func (h *chatHouse) counts() (events, parked, lines int) {
	h.t.Helper()
	err := h.sql.QueryRow(h.t.Context(), `SELECT (SELECT count(*) FROM inbox WHERE parked_at IS NULL),
		(SELECT count(*) FROM inbox WHERE parked_at IS NOT NULL), (SELECT count(*) FROM chat_lines)`).Scan(&events, &parked, &lines)
	if err != nil {
		h.t.Fatal(err)
	}
	return events, parked, lines
}

func TestWhatABrowserSays(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	ana, eva := house.visit(), house.visit()
	for name, test := range map[string]struct {
		said          map[string]string
		headers       []string
		status        int
		kind, words   string
		events, lines int
	}{
		"a message is stored and kept":      {said: map[string]string{"id": "a"}, status: 200, events: 1, lines: 1},
		"an opening is stored":              {said: map[string]string{"id": "b", "kind": "opening", "text": "", "ref": "campaign1-cabcdefghij"}, status: 200, events: 1},
		"from our page":                     {said: map[string]string{"id": "c"}, headers: []string{"Origin: https://bot.example.com"}, status: 200, events: 1, lines: 1},
		"from another site's page":          {said: map[string]string{"id": "d"}, headers: []string{"Origin: https://evil.example"}, status: 401, kind: "bad_signature"},
		"without a cookie":                  {said: map[string]string{"id": "e"}, headers: []string{"Cookie: a=b"}, status: 401, kind: "bad_signature"},
		"for another visitor":               {said: map[string]string{"id": "f", "visitor": eva.visitor}, status: 401, kind: "bad_signature"},
		"too much, to a Spanish reader":     {said: map[string]string{"id": "g", "text": strings.Repeat("a", 2001)}, status: 413, kind: "text_too_long", words: "demasiado largo"},
		"nothing at all":                    {said: map[string]string{"id": "h", "text": ""}, status: 400, kind: "text_missing", words: "escribe algo"},
		"what no page of ours sends":        {said: map[string]string{"id": "i", "kind": "poke"}, status: 400, kind: "not_understood", words: "recárgala"},
		"what Postgres can't store, mended": {said: map[string]string{"id": "j", "text": "a\x00b"}, status: 200, events: 1, lines: 1},
	} {
		events, parked, lines := house.counts()
		got := ana.say(test.said, test.headers...)
		if test.kind != "" {
			if said := refused(t, got, test.status, test.kind); !strings.Contains(said.Detail, test.words) {
				t.Errorf("%s: it says %q", name, said.Detail)
			}
		} else if got.status != test.status || len(got.body) > 0 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		eventsNow, parkedNow, linesNow := house.counts()
		if eventsNow-events != test.events || linesNow-lines != test.lines || parkedNow != parked {
			t.Errorf("%s: %d events, %d lines and %d parked are stored", name, eventsNow-events, linesNow-lines, parkedNow-parked)
		}
	}
	english := house.do("POST", "/webhooks/webchat/cafe/web", fmt.Sprintf(`{"visitor":%q,"id":"k","kind":"message"}`, ana.visitor), ana.cookie, "Accept-Language: en")
	if said := refused(t, english, http.StatusBadRequest, "text_missing"); !strings.Contains(said.Detail, "write something") {
		t.Errorf("an English reader reads %q", said.Detail)
	}
}

func TestWhatABrowserSaysTwiceIsSaidOnce(t *testing.T) {
	t.Parallel()
	ana := newChatHouse(t).visit()
	for range 3 {
		if got := ana.say(nil); got.status != http.StatusOK {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if events, parked, lines := ana.counts(); events != 1 || parked != 0 || lines != 1 {
		t.Errorf("%d events, %d parked, %d lines", events, parked, lines)
	}
}

// A bot must not answer what its reader doesn't see, and nothing may be shown as said that the bot never gets: the page says it again.
func TestWhatCanNotBeStoredWholeIsNotStoredAtAll(t *testing.T) {
	t.Parallel()
	for _, table := range []string{"chat_lines", "inbox"} {
		t.Run("without "+table, func(t *testing.T) {
			t.Parallel()
			house := newChatHouse(t)
			ana := house.visit()
			house.exec("ALTER TABLE " + table + " RENAME TO away")
			refused(t, ana.say(nil), http.StatusServiceUnavailable, "unavailable")
			house.exec("ALTER TABLE away RENAME TO " + table)
			if events, parked, lines := house.counts(); events+parked+lines > 0 {
				t.Errorf("%d events, %d parked and %d lines are stored", events, parked, lines)
			}
			if got := ana.say(nil); got.status != http.StatusOK {
				t.Errorf("%d %s", got.status, got.body)
			}
			if events, _, lines := house.counts(); events != 1 || lines != 1 {
				t.Errorf("%d events and %d lines", events, lines)
			}
		})
	}
}

func (h *chatHouse) exec(statement string) {
	h.t.Helper()
	if _, err := h.sql.Exec(h.t.Context(), statement); err != nil {
		h.t.Fatal(err)
	}
}

func TestABotsFirstChatIsFoundWithoutOpeningItsOtherAccounts(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	house.exec(`UPDATE accounts SET credentials = 'sealed with another key' WHERE account IN ('tg', 'web')`)
	if got := house.do("GET", "/chat/cafe", ""); got.status != http.StatusOK || !strings.Contains(string(got.body), "/chat/cafe/other/stream") {
		t.Errorf("%d %s", got.status, got.body)
	}
}
