package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millenniumm/referrals/api"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/webchat"
	"github.com/millenniumm/referrals/internal/pgtest"
	"github.com/millenniumm/referrals/postgres"
)

func TestAStreamTellsWhatWasSaidAndThenWhatIs(t *testing.T) {
	t.Parallel()
	ana := newChatHouse(t).visit()
	ana.say(map[string]string{"id": "m1", "text": "referir"})
	ana.told("d1", "Tu enlace")
	stream := ana.open()
	if stream.status != http.StatusOK || stream.header.Get("Content-Type") != "text/event-stream" ||
		stream.header.Get("Cache-Control") != "no-store" || stream.header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("%d, headers %v", stream.status, stream.header)
	}
	if first, _ := stream.next(); first.kind != "retry" {
		t.Errorf("it begins with %+v", first)
	}
	stream.want("referir", "Tu enlace", "ready")
	ana.told("d2", "¡Ganaste!")
	stream.want("¡Ganaste!")
	ana.say(map[string]string{"id": "m2", "text": "gracias"})
	stream.want("gracias")
}

func TestALineIsWrittenAsThePageReadsIt(t *testing.T) {
	t.Parallel()
	ana := newChatHouse(t).visit()
	line := channel.Line{Key: "d1", Author: channel.ByBot, Text: "a\nb", Picture: "https://shop.example/a.png", QuickReplies: []string{"Sí"}}
	if err := ana.books.Append(t.Context(), ana.chat(), line); err != nil {
		t.Fatal(err)
	}
	ana.say(map[string]string{"id": "m1", "text": "hola"})
	stream := ana.open()
	stream.next()
	for _, want := range []string{
		`{"line":1,"key":"d1","author":"bot","text":"a\nb","picture":"https://shop.example/a.png","quick_replies":["Sí"],"at":`,
		`{"line":2,"key":"` + ana.visitor + `/m1","author":"visitor","text":"hola","picture":"","quick_replies":[],"at":`,
	} {
		got, _ := stream.next()
		var read struct {
			Line int64
			At   time.Time
		}
		if err := json.Unmarshal([]byte(got.data), &read); err != nil || !strings.HasPrefix(got.data, want) {
			t.Errorf("got %s (%v), want %s…", got.data, err, want)
		}
		if fmt.Sprint(read.Line) != got.id || time.Since(read.At).Abs() > time.Hour || read.At.Location() != time.UTC {
			t.Errorf("line %d has the id %s and the time %s", read.Line, got.id, read.At)
		}
	}
	if got, _ := stream.next(); got != (sent{kind: "ready", data: `{"last":2,"beat":3600000}`}) {
		t.Errorf("got %+v", got)
	}
}

func TestAnEmptyChatIsReadyAtOnce(t *testing.T) {
	t.Parallel()
	stream := newChatHouse(t).visit().open()
	stream.next()
	if got, _ := stream.next(); got != (sent{kind: "ready", data: `{"last":0,"beat":3600000}`}) {
		t.Errorf("got %+v", got)
	}
}

// A page comes back to another process, after a restart say: it gets what it hasn't seen, each line once, and what is said anywhere.
func TestAPageThatComesBackGetsExactlyTheRest(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	ana := house.visit()
	ana.told("d1", "1")
	stream := ana.open()
	last := stream.want("1", "ready")
	stream.close()
	ana.told("d2", "2")
	ana.told("d1", "1 again")
	ana.told("d3", "3")
	second := openChatHouse(t, house.url)
	back := ana.at(second).open("Last-Event-ID: " + last)
	last = back.want("2", "3", "ready")
	ana.told("d4", "4")
	last4 := back.want("4")
	for name, stream := range map[string]*opened{
		"by the page's own word":           ana.at(second).openAt(ana.stream() + "&after=" + last),
		"by its browser's, which is newer": ana.at(second).openAt(ana.stream()+"&after=1", "Last-Event-ID: "+last),
	} {
		if got := stream.want("4", "ready"); got != last4 {
			t.Errorf("%s: line %s, want %s", name, got, last4)
		}
	}
}

func TestNothingIsLostOrRepeatedHoweverOftenAPageComesBack(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	ana := house.visit()
	houses := []*chatHouse{house, openChatHouse(t, house.url)}
	const lines = 60
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 1; i <= lines; i++ {
			if err := house.books.Append(t.Context(), ana.chat(), channel.Line{Key: fmt.Sprint(i), Author: channel.ByBot, Text: fmt.Sprint(i)}); err != nil {
				t.Error(err)
			}
		}
	})
	defer writing.Wait()
	last, seen := "0", 0
	for back := 0; seen < lines; back++ {
		stream := ana.at(houses[back%2]).open("Last-Event-ID: " + last)
		for range 7 {
			if seen == lines {
				break
			}
			got, ok := stream.next()
			if !ok {
				t.Fatal("the stream ended")
			}
			if got.kind != "line" {
				continue
			}
			seen++
			last = got.id
			if !strings.Contains(got.data, fmt.Sprintf(`"text":"%d"`, seen)) {
				t.Fatalf("got %s, want line %d", got.data, seen)
			}
		}
		stream.close()
	}
}

func TestALongConversationBeginsWithItsEndAndGoesOnWithAllOfIt(t *testing.T) {
	t.Parallel()
	ana := newChatHouse(t).visit()
	_, err := ana.sql.Exec(t.Context(), `INSERT INTO chat_lines (bot_id, account, visitor, line, key, author, body)
		SELECT 'cafe', 'web', $1, n, 'k' || n, 'bot', n FROM generate_series(1, 450) n`, ana.visitor)
	if err != nil {
		t.Fatal(err)
	}
	ana.open().want(append(numbered(251, 450), "ready")...)
	ana.open("Last-Event-ID: 10").want(append(numbered(11, 450), "ready")...)
}

func TestAStreamIsItsVisitorsOnly(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	ana, eva := house.visit(), house.visit()
	ana.told("d1", "for Ana")
	evas := eva.open()
	evas.want("ready")
	ana.told("d2", "for Ana")
	eva.told("d3", "for Eva")
	evas.want("for Eva")
	over := webchat.Cookie(house.account("web"), ana.visitor, webchat.PlaceOf("https://"), time.Now().Add(-500*24*time.Hour))
	for name, header := range map[string]string{
		"no cookie":                      "X-None: 1",
		"another's name before own word": strings.Replace(eva.cookie, eva.visitor, ana.visitor, 1),
		"a word cut short":               ana.cookie[:len(ana.cookie)-1],
		"a cookie that is over":          "Cookie: " + over.Name + "=" + over.Value,
		"the admin token":                "Authorization: Bearer " + adminToken,
		"another visitor's":              eva.cookie, // her browser got a new one, while this page stood open
		"planted by a neighbour":         strings.Replace(ana.cookie, "__Host-", "", 1),
	} {
		got := house.do("GET", ana.stream(), "", header)
		if refused(t, got, http.StatusUnauthorized, "unknown_visitor"); strings.Contains(string(got.body), "for Ana") {
			t.Errorf("%s: %s", name, got.body)
		}
	}
	refused(t, house.do("GET", "/chat/cafe/web/stream", "", ana.cookie), http.StatusUnauthorized, "unknown_visitor")
	both := ana.openAt(ana.stream(), "Cookie: "+strings.TrimPrefix(eva.cookie, "Cookie: ")+"; "+strings.TrimPrefix(ana.cookie, "Cookie: "))
	both.want("for Ana", "for Ana", "ready")
	renamed := strings.Replace(ana.cookie, "chat.cafe.web", "chat.cafe.other", 1)
	refused(t, house.do("GET", "/chat/cafe/other/stream?visitor="+ana.visitor, "", renamed), http.StatusUnauthorized, "unknown_visitor")
}

func (h *chatHouse) account(name string) channel.Account {
	h.t.Helper()
	account, err := h.books.Account(h.t.Context(), "cafe", name)
	if err != nil {
		h.t.Fatal(err)
	}
	return account
}

func TestAStreamThatCanNotBe(t *testing.T) {
	t.Parallel()
	ana := newChatHouse(t).visit()
	for path, test := range map[string]struct {
		status int
		kind   string
	}{
		"/chat/cafe/nosuch/stream":                   {404, "unknown_chat"},
		"/chat/nosuch/web/stream":                    {404, "unknown_chat"},
		"/chat/cafe/tg/stream":                       {404, "unknown_chat"},
		ana.stream() + "&after=x":                    {400, "bad_request"},
		ana.stream() + "&after=-1":                   {400, "bad_request"},
		ana.stream() + "&after=99999999999999999999": {400, "bad_request"},
	} {
		refused(t, ana.do("GET", path, "", ana.cookie), test.status, test.kind)
	}
}

// unread are books that can't be reached.
type unread struct{ api.Books }

func (unread) Account(context.Context, string, string) (channel.Account, error) {
	return channel.Account{}, errors.New("away")
}

// Browsers take every answer but 200 as final.
func TestAStreamThatCanNotBeginForOurSakeIsAskedForAgain(t *testing.T) {
	t.Parallel()
	ana := newChatHouse(t).visit()
	away := openChatHouse(t, ana.url, func(c *api.Config) { c.Books = unread{c.Books} })
	stream := ana.at(away).open()
	if got, _ := stream.next(); stream.status != http.StatusOK || got.kind != "retry" {
		t.Errorf("%d, %+v", stream.status, got)
	}
	stream.wantEnd()
}

// flaky are books whose chats can't be read at first.
type flaky struct {
	api.Books
	failures *sync.Once
}

func (f flaky) LatestLines(ctx context.Context, chat channel.Chat, most int) (lines []channel.Line, err error) {
	f.failures.Do(func() { err = errors.New("away") })
	if err != nil {
		return nil, err
	}
	return f.Books.LatestLines(ctx, chat, most)
}

func TestAStreamOutlivesBooksThatAreAway(t *testing.T) {
	t.Parallel()
	house := newPollingChatHouse(t, 10*time.Millisecond, func(c *api.Config) { c.Books = flaky{c.Books, &sync.Once{}} })
	ana := house.visit()
	ana.told("d1", "1")
	ana.open().want("1", "ready")
	if !strings.Contains(house.log.String(), "a chat can't be read") {
		t.Errorf("the log doesn't tell: %s", house.log)
	}
}

func TestALineWhoseAnnouncementGotLostIsFoundByPolling(t *testing.T) {
	t.Parallel()
	house := newPollingChatHouse(t, 10*time.Millisecond)
	ana := house.visit()
	stream := ana.open()
	stream.want("ready")
	_, err := house.sql.Exec(t.Context(), `INSERT INTO chat_lines (bot_id, account, visitor, line, key, author, body)
		VALUES ('cafe', 'web', $1, 1, 'k', 'bot', 'unannounced')`, ana.visitor)
	if err != nil {
		t.Fatal(err)
	}
	stream.want("unannounced")
}

func TestWhatWasMissedWhileNobodyListenedComesWhenSomebodyDoesAgain(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	ana := house.visit()
	stream := ana.open()
	stream.want("ready")
	_, err := house.sql.Exec(t.Context(), `INSERT INTO chat_lines (bot_id, account, visitor, line, key, author, body)
		VALUES ('cafe', 'web', $1, 1, 'k', 'bot', 'unheard')`, ana.visitor)
	if err == nil {
		_, err = house.sql.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
	}
	if err != nil {
		t.Fatal(err)
	}
	stream.want("unheard")
}

func TestAStreamLastsLongerThanAnyOtherRequestMay(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	house.api.SetPace(never, 20*time.Millisecond, longest)
	hasty := httptest.NewUnstartedServer(house.api)
	hasty.Config.ReadTimeout = 100 * time.Millisecond
	hasty.Start()
	defer hasty.Close()
	defer house.api.EndStreams()
	ana := house.visit()
	house.api.SetAnswerWithin(100 * time.Millisecond)
	house.server.URL = hasty.URL
	stream := ana.open()
	stream.want("ready")
	for range 20 {
		if got, ok := stream.next(); !ok || got.kind != "beat" {
			t.Fatalf("got %+v (%t), want it to go on", got, ok)
		}
	}
	ana.told("d1", "still here")
	for {
		got, ok := stream.next()
		if ok && got.kind == "beat" {
			continue
		}
		if !ok || !strings.Contains(got.data, "still here") {
			t.Fatalf("got %+v (%t)", got, ok)
		}
		return
	}
}

func TestAServerThatShutsDownEndsItsStreams(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	ana := house.visit()
	server := &http.Server{Handler: house.api}
	server.RegisterOnShutdown(house.api.EndStreams)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	before := house.server.URL
	house.server.URL = "http://" + listener.Addr().String()
	streams := []*opened{ana.open(), ana.open()}
	for _, stream := range streams {
		stream.want("ready")
	}
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	for _, stream := range streams {
		stream.wantEnd()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	house.server.URL = before
	ana.open().wantEnd() // one that comes too late
}

func TestTheOldestOfTooManyStreamsEnds(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	ana, eva := house.visit(), house.visit()
	evas := eva.open()
	evas.want("ready")
	var anas []*opened
	for range 11 {
		stream := ana.open()
		stream.want("ready")
		anas = append(anas, stream)
	}
	anas[0].wantEnd()
	ana.told("d1", "still here")
	for _, stream := range anas[1:] {
		stream.want("still here")
	}
	eva.told("d2", "you, too")
	evas.want("you, too")
}

func TestAReaderWhoTakesNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	house.api.SetPace(never, never, 50*time.Millisecond)
	ana := house.visit()
	_, err := house.sql.Exec(t.Context(), `INSERT INTO chat_lines (bot_id, account, visitor, line, key, author, body)
		SELECT 'cafe', 'web', $1, n, n, 'bot', repeat('x', 300000) FROM generate_series(1, 60) n`, ana.visitor)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	watched := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		house.api.ServeHTTP(w, r)
		close(ended)
	}))
	defer watched.Close()
	connection, err := net.Dial("tcp", watched.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	if _, err := fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", ana.stream(), ana.cookie); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(longest):
		t.Error("the stream goes on for nobody")
	}
}

func TestStreamsThatWaitHoldNoConnectionToTheBooks(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	narrow, err := postgres.Open(t.Context(), postgres.Config{URL: house.url, MaxConns: 1, Key: pgtest.Key, Link: pgtest.Link})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(narrow.Close)
	second := openChatHouse(t, house.url, func(c *api.Config) { c.Books = narrow })
	var streams []*opened
	ana := house.visit()
	for range 5 {
		stream := ana.at(second).open()
		stream.want("ready")
		streams = append(streams, stream)
	}
	ana.told("d1", "hello")
	for _, stream := range streams {
		stream.want("hello")
	}
}

// A page that was told that nothing had been said shows everything that is said from then on, however much comes at once.
func TestABurstAfterAnEmptyBeginningIsToldWhole(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	ana := house.visit()
	stream := ana.open()
	stream.want("ready")
	_, err := house.sql.Exec(t.Context(), `INSERT INTO chat_lines (bot_id, account, visitor, line, key, author, body)
		SELECT 'cafe', 'web', $1, n, 'k' || n, 'bot', n FROM generate_series(1, 450) n`, ana.visitor)
	if err == nil {
		_, err = house.sql.Exec(t.Context(), `SELECT pg_notify('chat', 'cafe/web/' || $1)`, ana.visitor)
	}
	if err != nil {
		t.Fatal(err)
	}
	stream.want(numbered(1, 450)...)
}

func TestPagesComeBackAtMomentsOfTheirOwn(t *testing.T) {
	t.Parallel()
	ana := newChatHouse(t).visit()
	pauses := map[int]bool{}
	for range 10 {
		stream := ana.open()
		got, _ := stream.next()
		pause, err := strconv.Atoi(got.data)
		if err != nil || got.kind != "retry" || pause < 1000 || pause >= 3000 {
			t.Errorf("it begins with %+v", got)
		}
		pauses[pause] = true
		stream.close()
	}
	if len(pauses) < 2 {
		t.Errorf("they all come back after the same pause: %v", pauses)
	}
}

func TestAProcessThatIsFullOfStreamsSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	house := newChatHouse(t)
	house.api.SetMostStreams(2)
	ana, eva, luz := house.visit(), house.visit(), house.visit()
	first, second := ana.open(), eva.open()
	first.want("ready")
	second.want("ready")
	got := house.do("GET", luz.stream(), "", luz.cookie)
	refused(t, got, http.StatusServiceUnavailable, "too_many_streams")
	if seconds, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || seconds < 5 || seconds > 7 {
		t.Errorf("come back after %q", got.header.Get("Retry-After"))
	}
	first.close()
	for began := time.Now(); ; { // the server learns of it in its own time
		stream := luz.open()
		if stream.status == http.StatusOK {
			stream.want("ready")
			return
		}
		if time.Since(began) > longest {
			t.Fatal("the place of a stream that ended is never free")
		}
		stream.close()
	}
}

// counting are books that count what they are asked.
type counting struct {
	api.Books
	polls, looks *atomic.Int32
}

func (c counting) News(ctx context.Context, seen map[channel.Chat]int64) ([]channel.Chat, error) {
	defer c.polls.Add(1)
	return c.Books.News(ctx, seen)
}

func (c counting) Lines(ctx context.Context, chat channel.Chat, after int64, most int) ([]channel.Line, error) {
	c.looks.Add(1)
	return c.Books.Lines(ctx, chat, after, most)
}

func TestStreamsThatWaitAreAskedForTogether(t *testing.T) {
	t.Parallel()
	polls, looks := &atomic.Int32{}, &atomic.Int32{}
	house := newPollingChatHouse(t, 10*time.Millisecond, func(c *api.Config) { c.Books = counting{c.Books, polls, looks} })
	visitors := []browser{house.visit(), house.visit(), house.visit()}
	var streams []*opened
	for i, visitor := range visitors {
		visitor.told("d1", "before")
		streams = append(streams, visitor.open())
		streams[i].want("before", "ready")
	}
	looked := looks.Load()
	for enough := polls.Load() + 5; polls.Load() < enough; {
		runtime.Gosched()
	}
	if more := looks.Load() - looked; more > int32(len(streams)) { // announced while they began
		t.Errorf("idle streams looked %d times", more)
	}
	_, err := house.sql.Exec(t.Context(), `INSERT INTO chat_lines (bot_id, account, visitor, line, key, author, body)
		VALUES ('cafe', 'web', $1, 9, 'k', 'bot', 'unannounced')`, visitors[1].visitor)
	if err != nil {
		t.Fatal(err)
	}
	streams[1].want("unannounced")
	visitors[0].told("d2", "after")
	streams[0].want("after")
}
