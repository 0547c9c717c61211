package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/internal/pgtest"
	"github.com/millenniumm/referrals/postgres"
	"github.com/millenniumm/referrals/referral"
)

// shop's program, unless a test writes another: 2 points for a new contact, 1 for an existing one, a coffee at 4.
const shopProgram = `
name: Shop
locale: en
fields:
  points: {type: number}
entry_points:
  campaign1: {flow: welcome, attribution: first_touch}
  club: {flow: welcome, attribution: per_referrer}
  friends: {flow: welcome, attribution: first_touch, allow_mutual: true}
triggers:
  - on: referred_new_contact
    do: [{increment: points, by: 2}, {run_flow: check}]
  - on: referred_existing_contact
    do: [{increment: points, by: 1}, {run_flow: check}]
flows:
  check:
    - if: {field: points, reaches: 4}
      then: [{grant_reward: coffee}, {send: "Your code: {{reward.code}}"}]
      else: [{send: "{{invitee.first_name|Somebody}} joined: {{points}} points"}]
  welcome:
    - send: "Welcome, {{first_name|you}}"
rewards:
  coffee: {title: A coffee, codes: pool}
`

// books is a store of a test's own with a bot "shop" on two accounts, its inbox running, and a way in beside it.
type books struct {
	*postgres.Store
	t     *testing.T
	url   string
	sql   *pgxpool.Pool
	inbox *postgres.Inbox
	ids   *atomic.Int64 // numbers events that need no name of their own
}

func newBooks(t *testing.T) books {
	t.Helper()
	url := pgtest.New(t)
	b := books{Store: pgtest.Open(t, url), t: t, url: url, sql: pgtest.Pool(t, url), ids: &atomic.Int64{}}
	b.inbox = startInbox(t, b.Store)
	b.makeBot("shop")
	return b
}

func (b books) makeBot(bot string) {
	b.t.Helper()
	if _, _, err := b.CreateBot(b.t.Context(), bot, bot); err != nil {
		b.t.Fatal(err)
	}
	for account, name := range map[string]string{"tg": "telegram", "wa": "whatsapp"} {
		err := b.PutAccount(b.t.Context(), channel.Account{
			Bot: bot, Name: account, Channel: name, ExternalID: bot + "_on_" + account,
			Credentials: map[string]string{"token": "secret"}, Settings: map[string]string{},
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// withProgram is newBooks with a program in force.
func withProgram(t *testing.T, source string) books {
	t.Helper()
	b := newBooks(t)
	b.saveProgram(source)
	return b
}

func (b books) saveProgram(source string) {
	b.t.Helper()
	if _, err := b.SaveProgram(b.t.Context(), "shop", source); err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.Program(b.t.Context(), "shop", 0); err != nil {
		b.t.Fatal(err)
	}
}

// startInbox runs an inbox until the test ends.
func startInbox(t *testing.T, store *postgres.Store) *postgres.Inbox {
	t.Helper()
	inbox := postgres.NewInbox(store, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { inbox.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return inbox
}

// add takes events in that must all be fit to store.
func (b books) add(account string, events ...channel.Event) []channel.Arrived {
	b.t.Helper()
	arrived, err := b.inbox.Add(b.t.Context(), "shop", account, events)
	if err != nil {
		b.t.Fatal(err)
	}
	return arrived
}

func event(kind channel.Kind, id, person string) channel.Event {
	return channel.Event{ID: id, Kind: kind, From: channel.Sender{ExternalID: person}}
}

func at(e channel.Event, when time.Time) channel.Event {
	e.OccurredAt = when
	return e
}

func (b books) newID() string { return fmt.Sprintf("event-%d", b.ids.Add(1)) }

// contact makes a person known who writes on telegram, and gives their public id.
func (b books) contact(person string) string {
	b.t.Helper()
	return b.add("tg", event(channel.Text, b.newID(), person))[0].UserID
}

// opening is person's coming in through a referrer's link.
func (b books) opening(entryPoint, referrer, person string) referral.Opening {
	b.t.Helper()
	e := event(channel.Opening, b.newID(), person)
	e.Ref = referral.Ref{EntryPoint: entryPoint, Referrer: referrer}.String()
	invitee := b.add("tg", e)[0].UserID
	id := b.number("SELECT event_id FROM inbox WHERE bot_id = 'shop' AND dedupe_key = $1", e.ID)
	return referral.Opening{
		Bot: "shop", Run: fmt.Sprintf("referral/shop/%s/%s/%s/%d", entryPoint, referrer, invitee, id), Event: id,
		EntryPoint: entryPoint, Referrer: referrer, Invitee: invitee,
	}
}

func (b books) admit(o referral.Opening) referral.Admission {
	b.t.Helper()
	admission, err := b.Admit(b.t.Context(), o, referral.Admit)
	if err != nil {
		b.t.Fatal(err)
	}
	return admission
}

func settleOf(o referral.Opening) referral.Segment {
	return referral.Segment{Bot: o.Bot, Run: o.Run, Name: "settle", Contact: o.Invitee, Account: "tg"}
}

func (b books) apply(segment referral.Segment) referral.Applied {
	b.t.Helper()
	applied, err := b.Apply(b.t.Context(), segment, referral.Play)
	if err != nil {
		b.t.Fatal(err)
	}
	return applied
}

// refer is a whole referral: opened, admitted, settled.
func (b books) refer(entryPoint, referrer, person string) referral.Applied {
	b.t.Helper()
	o := b.opening(entryPoint, referrer, person)
	b.admit(o)
	return b.apply(settleOf(o))
}

func (b books) number(query string, arguments ...any) int64 {
	b.t.Helper()
	return value[int64](b, query, arguments...)
}

func (b books) text(query string, arguments ...any) string {
	b.t.Helper()
	return value[string](b, query, arguments...)
}

func value[T any](b books, query string, arguments ...any) T {
	b.t.Helper()
	var got T
	if err := b.sql.QueryRow(b.t.Context(), query, arguments...).Scan(&got); err != nil {
		b.t.Fatalf("%s: %v", query, err)
	}
	return got
}

func (b books) exec(statement string, arguments ...any) {
	b.t.Helper()
	if _, err := b.sql.Exec(b.t.Context(), statement, arguments...); err != nil {
		b.t.Fatalf("%s: %v", statement, err)
	}
}

// expect compares what a query gives with what it should.
func expect[T comparable](b books, want T, query string, arguments ...any) {
	b.t.Helper()
	if got := value[T](b, query, arguments...); got != want {
		b.t.Errorf("%s: got %v, want %v", query, got, want)
	}
}

// awaitLockWait waits until a session of this database waits for a lock, or until done is closed.
func (b books) awaitLockWait(done <-chan struct{}) {
	b.t.Helper()
	b.awaitWaiters(1, done)
}

// awaitWaiters waits until so many sessions of this database wait for a lock, or until done is closed.
func (b books) awaitWaiters(count int64, done <-chan struct{}) {
	b.t.Helper()
	const waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
	for b.number(waiting) < count {
		select {
		case <-done:
			return
		case <-b.t.Context().Done():
			b.t.Fatal("nobody waits for a lock")
		default:
		}
	}
}

// atOnce runs work for each number below count, all started together, and waits for them.
func atOnce(count int, work func(i int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range count {
		group.Go(func() { <-start; work(i) })
	}
	close(start)
	group.Wait()
}
