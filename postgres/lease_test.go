package postgres_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/referral"
)

const leaseFor = time.Minute

func (b books) lease(most int) []referral.LeasedEvent { return b.leaseFor(most, leaseFor) }

func (b books) leaseFor(most int, duration time.Duration) []referral.LeasedEvent {
	b.t.Helper()
	events, err := b.Lease(b.t.Context(), most, duration)
	if err != nil {
		b.t.Fatal(err)
	}
	return events
}

func (b books) finish(events ...referral.LeasedEvent) {
	b.t.Helper()
	if err := b.FinishEvents(b.t.Context(), events); err != nil {
		b.t.Fatal(err)
	}
}

func (b books) flood(bot string, events int) {
	b.t.Helper()
	var all []channel.Event
	for i := range events {
		all = append(all, event(channel.Text, fmt.Sprintf("%s-%d", bot, i), "ana"))
	}
	if _, err := b.inbox.Add(b.t.Context(), bot, "tg", all); err != nil {
		b.t.Fatal(err)
	}
}

func TestABotsFloodKeepsNoOtherBotWaiting(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.makeBot("zoo")
	b.flood("shop", 1000)
	b.flood("zoo", 1)
	leased := b.lease(10)
	if len(leased) != 10 || !slices.ContainsFunc(leased, func(e referral.LeasedEvent) bool { return e.Bot == "zoo" }) {
		t.Errorf("the first lease of ten is %d events, without the other bot's: %v", len(leased), leased)
	}
	if !slices.IsSortedFunc(leased, func(a, b referral.LeasedEvent) int { return int(a.ID - b.ID) }) {
		t.Error("the events aren't in order of arrival")
	}
}

func TestMoreBusyBotsThanALeaseHoldsStarveNone(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.makeBot("cafe")
	b.makeBot("zoo")
	b.flood("cafe", 200)
	b.flood("shop", 200)
	b.flood("zoo", 1)
	for range 150 { // in a fair drawing, the odds against it are more than 10^26
		leased := b.lease(1)
		if leased[0].Bot == "zoo" {
			return
		}
	}
	t.Error("the last bot by name was passed over 150 times")
}

func TestTwoLeasesShareNoEvent(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.flood("shop", 200)
	leases := make([][]referral.LeasedEvent, 8)
	atOnce(len(leases), func(i int) { leases[i] = b.lease(50) })
	seen := map[int64]bool{}
	for _, leased := range leases {
		for _, event := range leased {
			if seen[event.ID] {
				t.Errorf("event %d was leased twice", event.ID)
			}
			seen[event.ID] = true
		}
	}
}

func TestAnOldLeaseChangesNothing(t *testing.T) {
	t.Parallel()
	steps := map[string]func(b books, old referral.LeasedEvent) error{
		"finish": func(b books, old referral.LeasedEvent) error {
			return b.FinishEvents(b.t.Context(), []referral.LeasedEvent{old})
		},
		"park": func(b books, old referral.LeasedEvent) error { return b.ParkEvent(b.t.Context(), old, "no") },
		"release": func(b books, old referral.LeasedEvent) error {
			return b.ReleaseEvent(b.t.Context(), old, time.Hour, true)
		},
	}
	for name, step := range steps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBooks(t)
			b.flood("shop", 1)
			old := b.leaseFor(1, 0)[0]
			held := b.lease(1)[0]
			if old.ID != held.ID || old.Lease == held.Lease {
				t.Fatalf("leased %+v, then %+v", old, held)
			}
			before := b.text("SELECT inbox::text FROM inbox")
			if err := step(b, old); err != nil {
				t.Fatal(err)
			}
			expect(b, before, "SELECT inbox::text FROM inbox")
			b.finish(held)
			expect(b, true, "SELECT done_at IS NOT NULL FROM inbox")
		})
	}
}

func TestALeaseTellsWhatTheRelayNeeds(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	e := at(event(channel.Opening, "1", "ana"), noon)
	e.Ref, e.Text = "campaign1-cabc", "hello"
	user := b.add("tg", e)[0].UserID
	got := b.lease(1)[0]
	got.OccurredAt = got.OccurredAt.UTC()
	if got.ReceivedAt.IsZero() || got.From.FirstAt != got.ReceivedAt {
		t.Errorf("received %s, first %s", got.ReceivedAt, got.From.FirstAt)
	}
	want := referral.LeasedEvent{
		Bot: "shop", ID: got.ID, Lease: got.Lease, Account: "tg", Kind: "opening", Contact: got.Contact, UserID: user,
		IsNew: true, Ref: "campaign1-cabc", Text: "hello", OccurredAt: noon, ProgramVersion: 1,
		ReceivedAt: got.ReceivedAt, From: referral.Stranger{FirstRef: "campaign1-cabc", FirstAt: got.ReceivedAt},
	}
	if got != want || got.Contact == 0 || got.Lease == 0 {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAReleasedEventRestsAndOnlyItsOwnFailuresCount(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.flood("shop", 1)
	for _, counted := range []bool{true, false, true} {
		if err := b.ReleaseEvent(t.Context(), b.lease(1)[0], 0, counted); err != nil {
			t.Fatal(err)
		}
	}
	again := b.lease(1)
	if len(again) != 1 || again[0].Attempts != 2 {
		t.Fatalf("after two failures of its own: %+v", again)
	}
	if err := b.ReleaseEvent(t.Context(), again[0], time.Hour, false); err != nil {
		t.Fatal(err)
	}
	if leased := b.lease(1); len(leased) != 0 {
		t.Errorf("leased during its pause: %+v", leased)
	}
}

func TestAParkedEventWaitsToBeReplayed(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.flood("shop", 1)
	leased := b.lease(1)[0]
	if err := b.ReleaseEvent(t.Context(), leased, 0, true); err != nil {
		t.Fatal(err)
	}
	leased = b.leaseFor(1, 0)[0]
	if err := b.ParkEvent(t.Context(), leased, "it can't be done"); err != nil {
		t.Fatal(err)
	}
	if leased := b.lease(1); len(leased) != 0 {
		t.Fatalf("leased while parked: %+v", leased)
	}
	parked, err := b.Parked(t.Context(), "shop", 0, 10)
	if err != nil || len(parked) != 1 || parked[0].Reason != "it can't be done" || parked[0].Kind != "message" {
		t.Fatalf("parked: %+v, %v", parked, err)
	}
	if err := b.Replay(t.Context(), "shop", parked[0].ID); err != nil {
		t.Fatal(err)
	}
	if again := b.lease(1); len(again) != 1 || again[0].Attempts != 0 {
		t.Errorf("after the replay: %+v", again)
	}
}

func TestTheFirstProgramTakesUpWhatWaitedForIt(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.flood("shop", 2)
	events := b.leaseFor(2, 0)
	for i, reason := range []string{referral.ErrNoProgram.Error(), "something else"} {
		if err := b.ParkEvent(t.Context(), events[i], reason); err != nil {
			t.Fatal(err)
		}
	}
	b.saveProgram(shopProgram)
	if leased := b.lease(10); len(leased) != 1 || leased[0].ID != events[0].ID {
		t.Errorf("taken up: %+v", leased)
	}
}

func TestOnlyOldFinishedEventsArePruned(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.flood("shop", 4)
	b.exec("UPDATE inbox SET done_at = now() - interval '40 days' WHERE event_id IN (SELECT event_id FROM inbox ORDER BY event_id LIMIT 2)")
	b.exec("UPDATE inbox SET done_at = now() WHERE event_id = (SELECT max(event_id) FROM inbox)")
	pruned, err := b.Prune(t.Context(), 30, 100)
	if err != nil || pruned != 2 {
		t.Errorf("pruned %d, %v", pruned, err)
	}
	expect(b, int64(2), "SELECT count(*) FROM inbox")
	if pending, _, err := b.Backlog(t.Context()); err != nil || pending != 1 {
		t.Errorf("backlog %d, %v", pending, err)
	}
}
