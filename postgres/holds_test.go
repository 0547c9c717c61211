package postgres_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// heldProgram has an entry point for each kind of hold: 2 points for whoever counts, and fields that tell how often what was fired.
const heldProgram = `
name: Shop
locale: en
fields: {points: {type: number}, qualified: {type: number}, voided: {type: number}}
entry_points:
  plain: {flow: welcome}
  stay: {flow: welcome, hold: {for: 7d, until: still_subscribed}}
  trial: {flow: welcome, hold: {for: 7d, until: qualified}}
  vetted: {flow: welcome, hold: {until: approved}}
  both: {flow: welcome, hold: {for: 7d, until: qualified}, approval: manual}
triggers:
  - {on: referred_new_contact, do: [{increment: points, by: 2}, {send: "{{points}} points"}]}
  - {on: referral_qualified, do: [{increment: qualified}]}
  - {on: referral_voided, do: [{increment: voided}, {send: "taken back: {{points}} points"}]}
flows:
  welcome: [{send: welcome}]
`

var opened = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func day(n float64) time.Time { return opened.Add(time.Duration(n * 24 * float64(time.Hour))) }

// openedAt is an opening that came in at a time of the test's choice.
func (b books) openedAt(entryPoint, referrer, person string, when time.Time) referral.Opening {
	b.t.Helper()
	o := b.opening(entryPoint, referrer, person)
	b.exec("UPDATE inbox SET received_at = $1, occurred_at = $1 WHERE event_id = $2", when, o.Event)
	return o
}

// leaves lets a person block the bot, and the relay get to it.
func (b books) leaves(person string, when time.Time) {
	b.t.Helper()
	id := b.blocks(person, when)
	if err := b.ApplyMembership(b.t.Context(), referral.LeasedEvent{Bot: "shop", ID: id}); err != nil {
		b.t.Fatal(err)
	}
}

func (b books) blocks(person string, when time.Time) int64 {
	b.t.Helper()
	e := event(channel.Blocked, b.newID(), person)
	b.add("tg", e)
	id := b.number("SELECT event_id FROM inbox WHERE dedupe_key = $1", e.ID)
	b.exec("UPDATE inbox SET received_at = $1, occurred_at = $1 WHERE event_id = $2", when, id)
	return id
}

func (b books) judge(o referral.Opening, now time.Time) referral.Applied {
	b.t.Helper()
	applied, err := b.Judge(b.t.Context(), referral.Segment{Bot: o.Bot, Run: o.Run, Contact: o.Invitee, Account: "tg", Now: now}, referral.Play)
	if err != nil {
		b.t.Fatal(err)
	}
	return applied
}

func (b books) settleAt(o referral.Opening, now time.Time) referral.Applied {
	b.t.Helper()
	segment := settleOf(o)
	segment.Now = now
	return b.apply(segment)
}

func (b books) idOf(o referral.Opening) int64 {
	b.t.Helper()
	return b.number("SELECT referral_id FROM referrals WHERE run = $1", o.Run)
}

// A fact is something that may happen to a held referral, at a time.
type fact string

const (
	qualify fact = "qualify"
	approve fact = "approve"
	leave   fact = "leave"
	void    fact = "void"
)

func (f fact) needsTheReferral() bool { return f == approve || f == void }

// happen lets a fact come in. One that comes too late to matter is refused, and changes nothing.
func (b books) happen(f fact, o referral.Opening, person string, when time.Time) {
	b.t.Helper()
	var err error
	switch f {
	case qualify:
		err = b.QualifyContact(b.t.Context(), "shop", o.Invitee, "", when)
	case approve:
		err = b.Approve(b.t.Context(), "shop", b.idOf(o), when)
	case void:
		err = b.Void(b.t.Context(), "shop", b.idOf(o), "", when)
	case leave:
		b.leaves(person, when)
	}
	var decided *referral.DecidedError
	if err != nil && !errors.As(err, &decided) {
		b.t.Fatalf("%s: %v", f, err)
	}
}

func circumstances(facts []fact, times []time.Time) referral.Circumstances {
	c := referral.Circumstances{ReceivedAt: opened}
	for i, f := range facts {
		switch f {
		case qualify:
			c.Qualified = times[i]
		case approve:
			if c.Voided.IsZero() {
				c.Approved = times[i]
			}
		case leave:
			c.Left = times[i]
		case void:
			c.Voided = times[i]
		}
	}
	return c
}

// arrivals gives every order in which up to most of the facts can come in.
func arrivals(sofar []fact, most int) [][]fact {
	all := [][]fact{sofar}
	if len(sofar) == most {
		return all
	}
	for _, f := range []fact{qualify, approve, leave, void} {
		if !slices.Contains(sofar, f) {
			all = append(all, arrivals(append(slices.Clone(sofar), f), most)...)
		}
	}
	return all
}

// TestWheneverTheFactsComeInTheBooksEndTheSame enumerates every way in which facts that come in at given times can fall between admit,
// settle and a look of the hold, which something may have woken before settle. The books must end as the facts alone say. Two facts are
// all that any entry point's rules can weigh against each other, but for the one that asks for two.
func TestWheneverTheFactsComeInTheBooksEndTheSame(t *testing.T) {
	t.Parallel()
	for entryPoint, most := range map[string]int{"plain": 2, "stay": 2, "trial": 2, "vetted": 2, "both": 3} {
		t.Run(entryPoint, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, heldProgram)
			rules, err := b.Program(t.Context(), "shop", 0)
			if err != nil {
				t.Fatal(err)
			}
			door, _ := rules.EntryPoint(entryPoint)
			for _, facts := range arrivals(nil, most) {
				var times []time.Time
				for i := range facts {
					times = append(times, day(8/float64(most)*float64(i+1))) // the last is past the hold's end
				}
				c := circumstances(facts, times)
				c.Hold, c.Approval = door.Hold, door.Approval
				want := referral.Judge(c, day(20))
				eachPlacement(facts, func(admit, settle, judge int, judgeFirst bool) {
					b.plays(door, facts, times, [3]int{admit, settle, judge}, judgeFirst, want)
				})
			}
			b.sound()
		})
	}
}

// eachPlacement gives every place among the facts that admit, settle and a look of the hold can have: before the fact of that number.
func eachPlacement(facts []fact, visit func(admit, settle, judge int, judgeFirst bool)) {
	latest := slices.IndexFunc(facts, fact.needsTheReferral)
	if latest < 0 {
		latest = len(facts)
	}
	for admit := range latest + 1 {
		for settle := admit; settle <= len(facts); settle++ {
			for judge := admit; judge <= len(facts); judge++ {
				visit(admit, settle, judge, false)
				if judge == settle {
					visit(admit, settle, judge, true)
				}
			}
		}
	}
}

func (b books) plays(door program.EntryPoint, facts []fact, times []time.Time, places [3]int, judgeFirst bool, want referral.Verdict) {
	b.t.Helper()
	ana, person := b.contact(b.newID()), b.newID()
	o := b.openedAt(door.Name, ana, person, opened)
	for i := range len(facts) + 1 {
		now := opened
		if i > 0 {
			now = times[i-1]
		}
		if places[0] == i {
			b.admit(o)
		}
		if places[2] == i && judgeFirst {
			b.judge(o, now)
		}
		if places[1] == i {
			b.settleAt(o, now)
		}
		if places[2] == i && !judgeFirst {
			b.judge(o, now)
		}
		if i < len(facts) {
			b.happen(facts[i], o, person, times[i])
		}
	}
	b.judge(o, day(20))
	b.judge(o, day(21))
	points, qualified, voided := int64(0), int64(0), int64(1)
	switch want.Status {
	case referral.Credited:
		points, voided = 2, 0
		if door.Hold.Until == program.UntilQualified {
			qualified = 1
		}
	case referral.Pending:
		voided = 0
	}
	expected := fmt.Sprintf("%s/%s %d %d %d", want.Status, want.Reason, points, qualified, voided)
	got := b.text(`SELECT r.status || '/' || r.reason || ' ' || string_agg(coalesce(f.number, 0)::text, ' ' ORDER BY wanted)
		FROM referrals r CROSS JOIN unnest('{points,qualified,voided}'::text[]) WITH ORDINALITY AS w(field, wanted)
		LEFT JOIN fields f ON f.contact_id = r.referrer_id AND f.field = w.field
		WHERE r.run = $1 GROUP BY r.status, r.reason`, o.Run)
	if got != expected {
		b.t.Errorf("%s, facts %v, admit, settle and hold before %v (hold first: %v): %s, want %s", door.Name, facts, places, judgeFirst, got, expected)
	}
}

// sound counts what must never be, in books with holds and voids.
func (b books) sound() {
	b.t.Helper()
	for complaint, query := range map[string]string{
		"a field isn't the sum of its ledger": invariants["a field isn't the sum of its ledger"],
		"two referrals hold one attribution": `
			SELECT count(*) FROM (SELECT FROM referrals WHERE status IN ('pending', 'credited') GROUP BY attribution_key HAVING count(*) > 1) AS twice`,
		"a voided referral still adds points": `
			SELECT count(*) FROM referrals r WHERE r.status = 'voided' AND 0 <> (
				SELECT coalesce(sum(l.delta), 0) FROM ledger l WHERE l.referral_id = r.referral_id AND l.field = 'points')`,
		"a referral waits for a time and isn't pending": `SELECT count(*) FROM referrals WHERE hold_until IS NOT NULL AND status <> 'pending'`,
	} {
		if broken := b.number(query); broken != 0 {
			b.t.Errorf("%d times %s", broken, complaint)
		}
	}
}

func TestAHeldReferralBringsNothingUntilItCounts(t *testing.T) {
	t.Parallel()
	b := withProgram(t, heldProgram)
	o := b.openedAt("stay", b.contact("ana"), "eva", opened)
	b.admit(o)
	applied := b.settleAt(o, opened)
	if applied.Status != referral.Pending || applied.Until == nil || !applied.Until.Equal(day(7)) || applied.Deliveries() != 1 || applied.Points != 0 {
		t.Errorf("settled: %+v", applied)
	}
	expect(b, 1, "SELECT count(*)::int FROM referrals WHERE hold_until = $1 AND settled_at IS NULL", day(7))
	if got := b.judge(o, day(6)); got.Status != referral.Pending || !got.Until.Equal(day(7)) {
		t.Errorf("too early: %+v", got)
	}
	first := b.judge(o, day(7))
	if first.Status != referral.Credited || first.Points != 2 || first.Summary != "points +2 → 2, 1 to send" {
		t.Errorf("at its end: %+v", first)
	}
	if again := b.judge(o, day(8)); fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("again: %+v, before %+v", again, first)
	}
	b.sound()
}

func TestAWaitInTheWelcomeCreditsNobodyWhoIsHeld(t *testing.T) {
	t.Parallel()
	b := withProgram(t, strings.Replace(heldProgram, "welcome: [{send: welcome}]", "welcome: [{send: welcome}, {wait: 1h}, {send: again}]", 1))
	o := b.openedAt("vetted", b.contact("ana"), "eva", opened)
	b.admit(o)
	waits := b.settleAt(o, opened).Waits
	later := settleOf(o)
	later.Name, later.From = "settle.0", []program.Cursor{waits[0].Cursor}
	if got := b.apply(later); got.Status != referral.Pending || got.Deliveries() != 1 {
		t.Errorf("%+v", got)
	}
	expect(b, "pending", "SELECT status FROM referrals")
}

func TestEveryFactWakesTheHoldOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]func(b books, o referral.Opening) error{
		"approved": func(b books, o referral.Opening) error { return b.Approve(b.t.Context(), "shop", b.idOf(o), day(1)) },
		"qualified": func(b books, o referral.Opening) error {
			return b.QualifyReferral(b.t.Context(), "shop", b.idOf(o), day(1))
		},
		"voided": func(b books, o referral.Opening) error {
			return b.Void(b.t.Context(), "shop", b.idOf(o), "fake", day(1))
		},
		"left": func(b books, _ referral.Opening) error {
			return b.ApplyMembership(b.t.Context(), referral.LeasedEvent{Bot: "shop", ID: b.number("SELECT max(event_id) FROM inbox WHERE kind = 'blocked'")})
		},
	}
	for name, happens := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, heldProgram)
			o := b.openedAt("both", b.contact("ana"), "eva", opened)
			b.admit(o)
			b.settleAt(o, opened)
			b.blocks("eva", day(1))
			atOnce(5, func(int) {
				if err := happens(b, o); err != nil {
					t.Error(err)
				}
			})
			expect(b, 1, "SELECT count(*)::int FROM inbox WHERE kind = 'wake' AND target = 'hold/' || $1 AND body = 'tg' AND done_at IS NULL", o.Run)
		})
	}
}

func TestTheFirstFactOfAKindCounts(t *testing.T) {
	t.Parallel()
	b := withProgram(t, heldProgram)
	o := b.openedAt("both", b.contact("ana"), "eva", opened)
	b.admit(o)
	id := b.idOf(o)
	for n := range 2 {
		for _, err := range []error{
			b.QualifyReferral(t.Context(), "shop", id, day(float64(n+1))),
			b.Approve(t.Context(), "shop", id, day(float64(n+1))),
			b.Void(t.Context(), "shop", id, fmt.Sprint("note ", n), day(float64(n+3))),
		} {
			var decided *referral.DecidedError
			if err != nil && (n == 0 || !errors.As(err, &decided)) {
				t.Error(err)
			}
		}
	}
	detail, err := b.Referral(t.Context(), "shop", id)
	if err != nil {
		t.Fatal(err)
	}
	if !detail.QualifiedAt.Equal(day(1)) || !detail.ApprovedAt.Equal(day(1)) || !detail.VoidedAt.Equal(day(3)) || detail.VoidNote != "note 0" {
		t.Errorf("%+v", detail.View)
	}
}

func TestADecidedReferralRefusesFacts(t *testing.T) {
	t.Parallel()
	b := withProgram(t, heldProgram)
	ana := b.contact("ana")
	rejected, voided := b.opening("plain", ana, "ana"), b.opening("plain", ana, "eva")
	b.admit(rejected)
	b.admit(voided)
	b.settleAt(voided, opened)
	if err := b.Void(t.Context(), "shop", b.idOf(voided), "", day(1)); err != nil {
		t.Fatal(err)
	}
	b.judge(voided, day(1))
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"approving a rejected one":  {b.Approve(t.Context(), "shop", b.idOf(rejected), day(2)), "the referral is rejected: self_referral"},
		"qualifying a rejected one": {b.QualifyReferral(t.Context(), "shop", b.idOf(rejected), day(2)), "the referral is rejected: self_referral"},
		"voiding a rejected one":    {b.Void(t.Context(), "shop", b.idOf(rejected), "", day(2)), "the referral is rejected: self_referral"},
		"approving a voided one":    {b.Approve(t.Context(), "shop", b.idOf(voided), day(2)), "the referral is voided: voided_by_operator"},
		"qualifying a voided one":   {b.QualifyReferral(t.Context(), "shop", b.idOf(voided), day(2)), "the referral is voided: voided_by_operator"},
	} {
		var decided *referral.DecidedError
		if !errors.As(test.err, &decided) || decided.Error() != test.want {
			t.Errorf("%s: %v", name, test.err)
		}
	}
	if err := b.Void(t.Context(), "shop", b.idOf(voided), "", day(2)); err != nil {
		t.Errorf("voiding a voided one: %v", err)
	}
	for _, err := range []error{b.Approve(t.Context(), "shop", 99, day(1)), b.Void(t.Context(), "shop", 99, "", day(1)), b.QualifyContact(t.Context(), "shop", "nobody", "", day(1))} {
		if !errors.Is(err, referral.ErrNotFound) {
			t.Errorf("of nobody: %v", err)
		}
	}
}

func TestWhoLeftCountsFromWhenItCameIn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		happens func(b books, o referral.Opening)
		want    referral.Status
	}{
		"before the relay got to it": {func(b books, _ referral.Opening) { b.blocks("eva", day(3)) }, referral.Voided},
		"by a platform's refusal": {func(b books, o referral.Opening) {
			delivery := b.number("SELECT min(delivery_id) FROM deliveries WHERE external_id = 'eva'")
			attempt, _, err := b.Begin(b.t.Context(), "shop", delivery, time.Minute)
			if err != nil {
				b.t.Fatal(err)
			}
			if _, err := b.Finish(b.t.Context(), attempt, channel.Outcome{Failure: &channel.SendError{Class: channel.Gone}}); err != nil {
				b.t.Fatal(err)
			}
			expect(b, 1, "SELECT count(*)::int FROM inbox WHERE kind = 'wake' AND target = 'hold/' || $1", o.Run)
			b.exec("UPDATE referrals SET left_at = $1 WHERE left_at IS NOT NULL", day(3)) // as if it had been then
		}, referral.Voided},
		"before they came, told afterwards": {func(b books, _ referral.Opening) {
			id := b.blocks("eva", day(3))
			b.exec("UPDATE inbox SET occurred_at = $1 WHERE event_id = $2", day(-1), id)
			if err := b.ApplyMembership(b.t.Context(), referral.LeasedEvent{Bot: "shop", ID: id}); err != nil {
				b.t.Fatal(err)
			}
		}, referral.Credited},
		"after the hold": {func(b books, _ referral.Opening) { b.leaves("eva", day(8)) }, referral.Credited},
		"on another account": {func(b books, _ referral.Opening) {
			b.exec("UPDATE inbox SET account = 'wa' WHERE event_id = $1", b.blocks("eva", day(3)))
		}, referral.Credited},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, heldProgram)
			o := b.openedAt("stay", b.contact("ana"), "eva", opened)
			b.admit(o)
			b.settleAt(o, opened)
			test.happens(b, o)
			if got := b.judge(o, day(9)); got.Status != test.want {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestHoldsThatNobodyEndedAreFound(t *testing.T) {
	t.Parallel()
	b := withProgram(t, heldProgram)
	ana := b.contact("ana")
	over, waiting, open := b.openedAt("stay", ana, "eva", opened), b.openedAt("stay", ana, "leo", time.Now()), b.openedAt("vetted", ana, "mia", opened)
	for _, o := range []referral.Opening{over, waiting, open} {
		b.admit(o)
		b.settleAt(o, opened)
	}
	got, err := b.OverdueHolds(t.Context(), time.Minute, 10)
	if err != nil || !slices.Equal(got, []referral.HeldReferral{{Bot: "shop", Run: over.Run, Account: "tg"}}) {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestAFactAtTheSameMomentIsNeverLost lets a fact come in just while the referral is admitted and settled: either it is seen, or it
// finds the referral waiting and wakes its hold.
func TestAFactAtTheSameMomentIsNeverLost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fact       fact
		entryPoint string
		want       referral.Status
	}{{qualify, "trial", referral.Credited}, {approve, "vetted", referral.Credited}, {leave, "stay", referral.Voided}, {void, "vetted", referral.Voided}} {
		t.Run(string(test.fact), func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, heldProgram)
			ana := b.contact("ana")
			for range 30 {
				person := b.newID()
				o := b.openedAt(test.entryPoint, ana, person, opened)
				if test.fact.needsTheReferral() {
					b.admit(o)
				}
				blocked := b.blocks(person, day(1))
				b.exec("UPDATE inbox SET kind = 'message' WHERE event_id = $1 AND $2", blocked, test.fact != leave)
				errs := make([]error, 2)
				atOnce(2, func(i int) {
					if i == 0 {
						errs[0] = b.whole(o)
						return
					}
					switch test.fact {
					case qualify:
						errs[1] = b.QualifyContact(t.Context(), "shop", o.Invitee, "", day(1))
					case approve:
						errs[1] = b.Approve(t.Context(), "shop", b.idOf(o), day(1))
					case void:
						errs[1] = b.Void(t.Context(), "shop", b.idOf(o), "", day(1))
					case leave:
						errs[1] = b.ApplyMembership(t.Context(), referral.LeasedEvent{Bot: "shop", ID: blocked})
					}
				})
				if err := errors.Join(errs...); err != nil {
					t.Fatal(err)
				}
				expect(b, true, `SELECT status <> 'pending' OR EXISTS (SELECT FROM inbox WHERE kind = 'wake' AND target = 'hold/' || run) FROM referrals WHERE run = $1`, o.Run)
				if got := b.judge(o, day(1)); got.Status != test.want {
					t.Errorf("%+v", got)
				}
			}
		})
	}
}
