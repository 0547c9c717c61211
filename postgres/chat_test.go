package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
)

var anasChat = channel.Chat{Bot: "shop", Account: "tg", Visitor: "ana"}

func (b books) say(chat channel.Chat, key, text string) {
	b.t.Helper()
	if err := b.Append(b.t.Context(), chat, channel.Line{Key: key, Author: channel.ByBot, Text: text}); err != nil {
		b.t.Fatal(err)
	}
}

// texts gives what a chat's lines say.
func (b books) texts(lines []channel.Line, err error) []string {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	texts := make([]string, len(lines))
	for i, line := range lines {
		texts[i] = line.Text
	}
	return texts
}

func TestALineComesBackAsItWasSaid(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	before := time.Now().Add(-time.Minute)
	said := channel.Line{
		Key: "k", Author: channel.ByBot, Text: "¿Café? ☕", Picture: "https://shop.example/a.png", QuickReplies: []string{"Sí ☕", "No"},
	}
	if err := b.Append(t.Context(), anasChat, said); err != nil {
		t.Fatal(err)
	}
	lines, err := b.LatestLines(t.Context(), anasChat, 10)
	if err != nil || len(lines) != 1 || lines[0].Number == 0 || lines[0].At.Before(before) {
		t.Fatalf("lines %+v, error %v", lines, err)
	}
	said.Number, said.At = lines[0].Number, lines[0].At
	if !reflect.DeepEqual(lines[0], said) {
		t.Errorf("got %+v, want %+v", lines[0], said)
	}
}

func TestALineSaidAgainIsKeptOnce(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.say(anasChat, "first", "hello")
	atOnce(20, func(i int) {
		err := b.Append(t.Context(), anasChat, channel.Line{Key: "same", Author: channel.ByBot, Text: "a code"})
		if err != nil {
			t.Error(err)
		}
	})
	b.say(anasChat, "same", "another text")
	b.say(anasChat, "last", "bye")
	if got := b.texts(b.LatestLines(t.Context(), anasChat, 10)); !reflect.DeepEqual(got, []string{"hello", "a code", "bye"}) {
		t.Errorf("the chat says %q", got)
	}
}

// Whoever goes on from the last line they saw must miss none: a line that becomes visible after a later one would be lost to them.
func TestAReaderGoingOnFromTheLastLineMissesNone(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	const writers, each = 8, 40
	var writing sync.WaitGroup
	for writer := range writers {
		writing.Go(func() {
			for i := range each {
				err := b.Append(t.Context(), anasChat, channel.Line{Key: fmt.Sprintf("%d-%d", writer, i), Author: channel.ByVisitor, Text: "x"})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() { writing.Wait(); close(ended) }()
	seen, after := map[string]bool{}, int64(0)
	for over := false; ; {
		lines, err := b.Lines(t.Context(), anasChat, after, 7)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if line.Number <= after || seen[line.Key] {
				t.Fatalf("line %d (%s) comes after line %d", line.Number, line.Key, after)
			}
			seen[line.Key], after = true, line.Number
		}
		if over && len(lines) == 0 {
			break
		}
		select {
		case <-ended:
			over = true
		default:
		}
	}
	if len(seen) != writers*each {
		t.Errorf("the reader saw %d lines of %d", len(seen), writers*each)
	}
}

func TestAChatIsReadFromItsEndOrFromALineOn(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	for i := range 5 {
		b.say(anasChat, fmt.Sprint(i), fmt.Sprint(i))
	}
	latest, err := b.LatestLines(t.Context(), anasChat, 3)
	if got := b.texts(latest, err); !reflect.DeepEqual(got, []string{"2", "3", "4"}) {
		t.Errorf("its end is %q", got)
	}
	if got := b.texts(b.Lines(t.Context(), anasChat, latest[0].Number, 1)); !reflect.DeepEqual(got, []string{"3"}) {
		t.Errorf("the line after is %q", got)
	}
	if got := b.texts(b.Lines(t.Context(), anasChat, latest[2].Number, 10)); len(got) > 0 {
		t.Errorf("after the last comes %q", got)
	}
}

func TestAChatHoldsNobodyElsesLines(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.makeBot("cafe")
	for _, other := range []channel.Chat{
		{Bot: "cafe", Account: "tg", Visitor: "ana"},
		{Bot: "shop", Account: "wa", Visitor: "ana"},
		{Bot: "shop", Account: "tg", Visitor: "eva"},
	} {
		b.say(other, "1", "not yours")
	}
	b.say(anasChat, "1", "yours")
	for _, read := range []func() ([]channel.Line, error){
		func() ([]channel.Line, error) { return b.Lines(t.Context(), anasChat, 0, 10) },
		func() ([]channel.Line, error) { return b.LatestLines(t.Context(), anasChat, 10) },
	} {
		if got := b.texts(read()); !reflect.DeepEqual(got, []string{"yours"}) {
			t.Errorf("the chat says %q", got)
		}
	}
}

// What visitors write comes with its event, in batches, while the bot writes: the order stays that in which it came.
func TestLinesOfEventsAreWrittenOnceInTheirOrder(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	const visitors, each = 6, 20
	atOnce(visitors, func(visitor int) {
		for i := range each {
			said := event(channel.Text, fmt.Sprintf("%d/%d", visitor, i), fmt.Sprint(visitor))
			said.Text, said.Line = fmt.Sprint(i), true
			pressed := event(channel.Postback, fmt.Sprintf("%d/button%d", visitor, i), fmt.Sprint(visitor))
			for range 2 { // delivered again
				if _, err := b.inbox.Add(t.Context(), "shop", "tg", []channel.Event{said, pressed}); err != nil {
					t.Error(err)
				}
			}
			answer := channel.Line{Key: fmt.Sprint("d", i), Author: channel.ByBot, Text: fmt.Sprint("re ", i)}
			if err := b.Append(t.Context(), channel.Chat{Bot: "shop", Account: "tg", Visitor: fmt.Sprint(visitor)}, answer); err != nil {
				t.Error(err)
			}
		}
	})
	var want []string
	for i := range each {
		want = append(want, fmt.Sprint(i), fmt.Sprint("re ", i))
	}
	for visitor := range visitors {
		chat := channel.Chat{Bot: "shop", Account: "tg", Visitor: fmt.Sprint(visitor)}
		if got := b.texts(b.LatestLines(t.Context(), chat, 100)); !reflect.DeepEqual(got, want) {
			t.Errorf("chat %d says %q", visitor, got)
		}
	}
	expect(b, int64(2*visitors*each), "SELECT count(*) FROM inbox")
	expect(b, int64(visitors*each), "SELECT count(*) FROM chat_lines WHERE author = 'visitor'")
}

func TestAnEventWhoseLineCanNotBeWrittenIsNotStored(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	said := event(channel.Text, "1", "ana")
	said.Text, said.Line = "hello", true
	for _, table := range []string{"chat_lines", "inbox"} {
		b.exec("ALTER TABLE " + table + " RENAME TO away")
		if _, err := b.inbox.Add(t.Context(), "shop", "tg", []channel.Event{said}); err == nil {
			t.Errorf("without %s the event is taken", table)
		}
		b.exec("ALTER TABLE away RENAME TO " + table)
		expect(b, int64(0), "SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM chat_lines)")
	}
	b.add("tg", said)
	expect(b, int64(2), "SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM chat_lines)")
}

func TestOnlyChatsWithUnseenLinesHaveNews(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	evas, nobodys := anasChat, anasChat
	evas.Visitor, nobodys.Visitor = "eva", "nobody"
	b.say(anasChat, "1", "one")
	b.say(anasChat, "2", "two")
	b.say(evas, "1", "one")
	for name, test := range map[string]struct {
		seen map[channel.Chat]int64
		want []channel.Chat
	}{
		"nothing is open":       {nil, []channel.Chat{}},
		"all is seen":           {map[channel.Chat]int64{anasChat: 2, evas: 1, nobodys: 0}, []channel.Chat{}},
		"one has seen too few":  {map[channel.Chat]int64{anasChat: 1, evas: 1, nobodys: 0}, []channel.Chat{anasChat}},
		"one has seen nothing":  {map[channel.Chat]int64{anasChat: 2, evas: 0}, []channel.Chat{evas}},
		"another bot's account": {map[channel.Chat]int64{{Bot: "cafe", Account: "tg", Visitor: "ana"}: 0}, []channel.Chat{}},
	} {
		got, err := b.News(t.Context(), test.seen)
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %v, error %v", name, got, err)
		}
	}
}

func TestListeningHearsWhichChatWasWrittenAndRingsForAllWhenItMayHaveMissed(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	rung := make(chan channel.Chat, 100)
	ctx, cancel := context.WithCancel(t.Context())
	var listening sync.WaitGroup
	listening.Go(func() { b.ListenChats(ctx, func(chat channel.Chat) { rung <- chat }, slog.New(slog.DiscardHandler)) })
	defer listening.Wait()
	defer cancel()
	wantRing(t, rung, channel.Chat{})
	b.say(anasChat, "1", "hello")
	wantRing(t, rung, anasChat)
	odd := channel.Chat{Bot: "shop", Account: "tg", Visitor: "a/b c"}
	b.say(odd, "1", "hello")
	wantRing(t, rung, odd)
	said := event(channel.Text, "2", "ana")
	said.Text, said.Line = "hello, too", true
	b.add("tg", said)
	wantRing(t, rung, anasChat)
	b.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%chat%'`)
	wantRing(t, rung, channel.Chat{})
}

func wantRing(t *testing.T, rung <-chan channel.Chat, want channel.Chat) {
	t.Helper()
	select {
	case got := <-rung:
		if got != want {
			t.Fatalf("rung for %+v, want %+v", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatalf("not rung for %+v", want)
	}
}
