package postgres_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/internal/pgtest"
	"github.com/millenniumm/referrals/referral"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func TestTheSameEventAHundredTimesAtOnceIsOneRow(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	arrived := make([]channel.Arrived, 100)
	atOnce(len(arrived), func(i int) {
		got, err := b.inbox.Add(t.Context(), "shop", "tg", []channel.Event{event(channel.Text, "same", "ana")})
		if err != nil {
			t.Error(err)
			return
		}
		arrived[i] = got[0]
	})
	stored := 0
	for _, each := range arrived {
		if each.Stored {
			stored++
		}
		if each.UserID != arrived[0].UserID {
			t.Errorf("two public ids for one contact: %s and %s", each.UserID, arrived[0].UserID)
		}
	}
	if stored != 1 {
		t.Errorf("%d callers were told that theirs is the one stored", stored)
	}
	expect(b, int64(1), "SELECT count(*) FROM inbox")
	expect(b, int64(1), "SELECT count(*) FROM contacts")
	expect(b, true, "SELECT is_new FROM inbox")
}

func TestCopiesInOneCallAreStoredOnceTheFirstOfThem(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	first, second := event(channel.Text, "same", "ana"), event(channel.Text, "same", "ana")
	first.Text, second.Text = "first", "second"
	arrived := b.add("tg", first, second)
	if !arrived[0].Stored || arrived[1].Stored {
		t.Errorf("stored: %t, %t; want the first only", arrived[0].Stored, arrived[1].Stored)
	}
	expect(b, "first", "SELECT body FROM inbox")
}

func TestABatchHoldsManyPeopleAndBots(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.makeBot("cafe")
	const people = 20
	atOnce(people*2, func(i int) {
		bot := []string{"shop", "cafe"}[i%2]
		events := []channel.Event{event(channel.Opening, fmt.Sprintf("open-%d", i), fmt.Sprint(i/2)), event(channel.Text, fmt.Sprintf("text-%d", i), fmt.Sprint(i/2))}
		arrived, err := b.inbox.Add(t.Context(), bot, "tg", events)
		if err != nil || arrived[0].UserID != arrived[1].UserID || !arrived[0].Stored || !arrived[1].Stored {
			t.Errorf("%s: %v, %v", bot, arrived, err)
		}
	})
	expect(b, int64(people*2), "SELECT count(*) FROM contacts")
	expect(b, int64(people*2), "SELECT count(DISTINCT user_id) FROM contacts")
	expect(b, int64(people*2), "SELECT count(*) FROM inbox WHERE is_new AND kind = 'opening'")
	expect(b, int64(people*2), "SELECT count(*) FROM inbox WHERE NOT is_new AND kind = 'message'")
	expect(b, int64(people), "SELECT count(*) FROM contacts WHERE bot_id = 'cafe'")
}

func TestFirstContactThroughTwoProcessesIsOneContactNewToOneEvent(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	inboxes := []interface {
		Add(context.Context, string, string, []channel.Event) ([]channel.Arrived, error)
	}{b.inbox, startInbox(t, pgtest.Open(t, b.url))}
	const people = 25
	for person := range people {
		name := fmt.Sprintf("person-%d", person)
		atOnce(2, func(i int) {
			_, err := inboxes[i].Add(t.Context(), "shop", "tg", []channel.Event{event(channel.Opening, fmt.Sprintf("%s-%d", name, i), name)})
			if err != nil {
				t.Error(err)
			}
		})
	}
	expect(b, int64(people), "SELECT count(*) FROM contacts")
	expect(b, int64(people), "SELECT count(*) FROM inbox WHERE is_new")
	expect(b, int64(people), "SELECT count(DISTINCT contact_id) FROM inbox WHERE is_new")
	expect(b, int64(2*people), "SELECT count(*) FROM inbox")
}

func TestWhatMakesAContactNew(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before []channel.Kind
		isNew  bool
	}{
		"nothing before":       {nil, true},
		"a block":              {[]channel.Kind{channel.Blocked}, true},
		"a follow":             {[]channel.Kind{channel.Unblocked}, true},
		"a follow and a block": {[]channel.Kind{channel.Unblocked, channel.Blocked}, true},
		"a message":            {[]channel.Kind{channel.Text}, false},
		"a pressed button":     {[]channel.Kind{channel.Postback}, false},
		"a bare opening":       {[]channel.Kind{channel.Opening}, false},
		"a follow, a message":  {[]channel.Kind{channel.Unblocked, channel.Text}, false},
	}
	b := newBooks(t)
	for name, test := range tests {
		for _, together := range []bool{true, false} {
			person := fmt.Sprint(name, together)
			var events []channel.Event
			for i, kind := range test.before {
				events = append(events, event(kind, fmt.Sprint(person, i), person))
			}
			events = append(events, event(channel.Opening, person+"opening", person))
			if together {
				b.add("tg", events...)
			} else {
				for _, each := range events {
					b.add("tg", each)
				}
			}
			t.Run(fmt.Sprintf("%s, together %t", name, together), func(t *testing.T) {
				b := b
				b.t = t
				expect(b, test.isNew, "SELECT is_new FROM inbox WHERE dedupe_key = $1", person+"opening")
			})
		}
	}
}

func TestARedeliveryChangesNothingAboutWhoIsNew(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	opening := event(channel.Opening, "opening", "ana")
	first := b.add("tg", opening)[0]
	b.add("tg", event(channel.Text, "later", "ana"))
	again := b.add("tg", opening)[0]
	if again.Stored || again.UserID != first.UserID {
		t.Errorf("the redelivery: %+v after %+v", again, first)
	}
	expect(b, true, "SELECT is_new FROM inbox WHERE dedupe_key = 'opening'")
	expect(b, false, "SELECT is_new FROM inbox WHERE dedupe_key = 'later'")
}

func TestTextsPostgresCannotHoldAreMended(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	odd := event(channel.Text, "id\x00", "an\x00a")
	odd.Text, odd.From.FirstName = "a\x00b\xff", "\xffAna"
	b.add("tg", odd)
	expect(b, "a\uFFFDb\uFFFD", "SELECT body FROM inbox")
	expect(b, "\uFFFDAna", "SELECT first_name FROM identities")
	if b.add("tg", odd)[0].Stored {
		t.Error("its redelivery was stored again")
	}
}

// tooLong is more than an index entry holds, and can't be compressed.
func tooLong() string {
	raw := make([]byte, 8000)
	_, _ = rand.Read(raw)
	return hex.EncodeToString(raw)
}

func TestABadEventIsRefusedToItsCallerOnly(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	const callers = 20
	long := tooLong()
	atOnce(callers, func(i int) {
		id := fmt.Sprintf("good-%d", i)
		if i == 7 {
			id = long
		}
		_, err := b.inbox.Add(t.Context(), "shop", "tg", []channel.Event{event(channel.Text, id, fmt.Sprint(i))})
		if errors.Is(err, channel.ErrBadEvent) != (i == 7) {
			t.Errorf("caller %d: %v", i, err)
		}
	})
	expect(b, int64(callers-1), "SELECT count(*) FROM inbox")

	arrived, err := b.inbox.Add(t.Context(), "shop", "tg", []channel.Event{
		event(channel.Text, "before", "eva"), event(channel.Text, long, "eva"), event(channel.Text, "after", "eva"),
	})
	if !errors.Is(err, channel.ErrBadEvent) || !arrived[0].Stored || !arrived[2].Stored {
		t.Errorf("neighbours in the same call: %v, %v", arrived, err)
	}
	expect(b, int64(2), "SELECT count(*) FROM inbox WHERE dedupe_key IN ('before', 'after')")
}

func TestAnUnknownAccountIsBadDataAndNoOutage(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	_, err := b.inbox.Add(t.Context(), "shop", "nowhere", []channel.Event{event(channel.Text, "1", "ana")})
	if !errors.Is(err, channel.ErrBadEvent) {
		t.Errorf("got %v", err)
	}
}

func TestNamesFollowWhatComesInAndEmptyOnesKeepWhatIsKnown(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	named := func(first, locale string) channel.Event {
		e := event(channel.Text, b.newID(), "ana")
		e.From.FirstName, e.From.Locale = first, locale
		return e
	}
	b.add("tg", named("Ana", "es"))
	b.add("tg", named("", "en"))
	expect(b, "Ana en", "SELECT first_name || ' ' || locale FROM identities")
	b.add("tg", named("Anita", ""), named("", ""))
	expect(b, "Anita en", "SELECT first_name || ' ' || locale FROM identities")
}

func TestBlocksFollowThePlatformsClockAndWritingUnblocks(t *testing.T) {
	t.Parallel()
	type step struct {
		kind  channel.Kind
		after time.Duration
	}
	tests := map[string]struct {
		steps   []step
		blocked bool
	}{
		"a block":                {[]step{{channel.Blocked, 1}}, true},
		"a block and an unblock": {[]step{{channel.Blocked, 1}, {channel.Unblocked, 2}}, false},
		"an unblock that came before its earlier block": {[]step{{channel.Unblocked, 2}, {channel.Blocked, 1}}, false},
		"a block that came before its earlier unblock":  {[]step{{channel.Blocked, 2}, {channel.Unblocked, 1}}, true},
		"writing after a block":                         {[]step{{channel.Blocked, 1}, {channel.Text, 2}}, false},
		"writing before a block, coming after it":       {[]step{{channel.Blocked, 2}, {channel.Text, 1}}, true},
		"a block that is older than the last writing":   {[]step{{channel.Text, 2}, {channel.Blocked, 1}}, false},
		"a block, writing, and another block":           {[]step{{channel.Blocked, 1}, {channel.Text, 2}, {channel.Blocked, 3}}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBooks(t)
			b.add("tg", at(event(channel.Unblocked, "first", "ana"), noon.Add(-time.Hour)))
			for i, step := range test.steps {
				b.add("tg", at(event(step.kind, fmt.Sprint(i), "ana"), noon.Add(step.after*time.Minute)))
				for _, leased := range b.lease(10) {
					if kind := channel.Kind(leased.Kind); kind == channel.Blocked || kind == channel.Unblocked {
						if err := b.ApplyMembership(t.Context(), leased); err != nil {
							t.Fatal(err)
						}
					}
					b.finish(leased)
				}
			}
			expect(b, test.blocked, "SELECT blocked FROM identities")
		})
	}
}

func TestNothingHappenedLaterThanNow(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.add("tg", at(event(channel.Text, "from a clock that runs ahead", "ana"), time.Now().Add(time.Hour)), event(channel.Text, "without a time", "bob"))
	expect(b, int64(2), "SELECT count(*) FROM inbox WHERE occurred_at BETWEEN now() - interval '5 minutes' AND now() + interval '1 minute'")
	expect(b, int64(2), "SELECT count(*) FROM identities WHERE last_inbound_at < now() + interval '1 minute'")
}

func TestAParkedWebhookIsKeptOnce(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	body := []byte("{\x00not json")
	for range 2 {
		if err := b.inbox.Park(t.Context(), "shop", "tg", body, "bad\x00 body"); err != nil {
			t.Fatal(err)
		}
	}
	parked, err := b.Parked(t.Context(), "shop", 0, 10)
	if err != nil || len(parked) != 1 {
		t.Fatalf("parked: %v, %v", parked, err)
	}
	if !strings.HasPrefix(parked[0].Reason, "bad") || int(parked[0].RawBytes) != len(body) {
		t.Errorf("parked as %+v", parked[0])
	}
	account, raw, err := b.ParkedWebhook(t.Context(), "shop", parked[0].ID)
	if err != nil || account != "tg" || string(raw) != string(body) {
		t.Errorf("its body: %q of %s, %v", raw, account, err)
	}
	if leased := b.lease(10); len(leased) != 0 {
		t.Errorf("a parked webhook was leased: %v", leased)
	}
	if _, _, err := b.ParkedWebhook(t.Context(), "shop", parked[0].ID+1); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("a webhook that isn't there: %v", err)
	}
}
