package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

const gatedProgram = `
name: Shop
locale: en
fields: {points: {type: number}}
entry_points:
  plain: {flow: welcome}
  launch: {flow: welcome, active: {from: 2026-03-01, until: 2026-03-10}}
  closed: {flow: welcome, paused: true}
  phones: {flow: welcome, channels: [whatsapp]}
  daily: {flow: welcome, caps: {per_day: 2}}
  few: {flow: welcome, caps: {per_referrer: 2}}
  scarce: {flow: welcome, caps: {total: 3}}
  calm: {flow: welcome, velocity: {at_most: 2, within: 10m}}
  typed: {flow: welcome, typed_code: 7d}
triggers:
  - {on: referred_new_contact, do: [{increment: points, by: 2}]}
  - {on: referred_existing_contact, do: [{increment: points, by: 1}]}
flows:
  welcome: [{send: welcome}]
`

func TestWhatAnEntryPointKeepsOut(t *testing.T) {
	t.Parallel()
	many := func(door string, apart time.Duration, count int) func(b books, ana string) {
		return func(b books, ana string) {
			for n := range count {
				b.admit(b.openedAt(door, ana, b.newID(), opened.Add(-time.Duration(n+1)*apart)))
			}
		}
	}
	tests := map[string]struct {
		door   string
		before func(b books, ana string)
		at     time.Time
		want   referral.Reason
	}{
		"before the window":                           {door: "launch", at: time.Date(2026, 2, 28, 23, 59, 59, 0, time.UTC), want: referral.EntryPointInactive},
		"within the window, though it is over by now": {door: "launch", at: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)},
		"after the window":                            {door: "launch", at: time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC), want: referral.EntryPointInactive},
		"paused":                                      {door: "closed", want: referral.EntryPointInactive},
		"on another channel":                          {door: "phones", want: referral.ChannelExcluded},
		"one below the day's cap":                     {door: "daily", before: many("daily", time.Hour, 1)},
		"at the day's cap":                            {door: "daily", before: many("daily", time.Hour, 2), want: referral.CapReached},
		"a day after the cap":                         {door: "daily", before: many("daily", 24*time.Hour, 5)},
		"at the day's cap of another entry point":     {door: "plain", before: many("daily", time.Hour, 2)},
		"at the cap by a referral that came in later": {door: "daily", before: many("daily", -time.Hour, 2), want: referral.CapReached},
		"one below the referrer's cap":                {door: "few", before: many("few", 1000*time.Hour, 1)},
		"at the referrer's cap":                       {door: "few", before: many("few", 1000*time.Hour, 2), want: referral.CapReached},
		"at another referrer's cap":                   {door: "few", before: func(b books, _ string) { many("few", time.Hour, 2)(b, b.contact("bob")) }},
		"at the entry point's cap": {door: "scarce", before: func(b books, ana string) {
			many("scarce", time.Hour, 2)(b, b.contact("bob"))
			many("scarce", time.Hour, 1)(b, ana)
		}, want: referral.CapReached},
		"below the cap again after one was taken back": {door: "few", before: func(b books, ana string) {
			many("few", time.Hour, 2)(b, ana)
			b.exec("UPDATE referrals SET status = 'voided' WHERE referral_id = 1")
		}},
		"below the cap, since refusals don't count": {door: "few", before: func(b books, ana string) {
			many("few", time.Hour, 1)(b, ana)
			b.admit(b.openedAt("few", ana, "ana", opened))
		}},
		"one below the speed limit":                          {door: "calm", before: many("calm", time.Minute, 1)},
		"at the speed limit":                                 {door: "calm", before: many("calm", time.Minute, 2), want: referral.VelocityExceeded},
		"at the speed limit, though the others were refused": {door: "calm", before: many("calm", time.Minute, 9), want: referral.VelocityExceeded},
		"slow enough":                                        {door: "calm", before: many("calm", 10*time.Minute, 9)},
		"one's own openings are no speed": {door: "calm", before: func(b books, ana string) {
			for range 5 {
				b.admit(b.openedAt("calm", ana, "ana", opened))
			}
		}},
		"the same friend's openings are no speed": {door: "calm", before: func(b books, ana string) {
			for range 5 {
				b.admit(b.openedAt("calm", ana, "luis", opened))
			}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, gatedProgram)
			ana := b.contact("ana")
			if test.before != nil {
				test.before(b, ana)
			}
			if test.at.IsZero() {
				test.at = opened
			}
			want := referral.Pending
			if test.want != "" {
				want = referral.Rejected
			}
			if got := b.admit(b.openedAt(test.door, ana, "eva", test.at)); got.Status != want || got.Reason != test.want {
				t.Errorf("got %+v, want %s %q", got, want, test.want)
			}
		})
	}
}

// TestOfTwoHundredAtOnceACapLetsInAsManyAsItSays: different referrers and invitees have nothing in common but the entry point.
func TestOfTwoHundredAtOnceACapLetsInAsManyAsItSays(t *testing.T) {
	t.Parallel()
	b := withProgram(t, `
name: Shop
fields: {points: {type: number}}
entry_points: {rare: {flow: welcome, caps: {total: 50}}}
triggers: [{on: referred_new_contact, do: [{increment: points}]}]
flows: {welcome: [{send: welcome}]}
`)
	const openings = 200
	var all []referral.Opening
	for n := range openings {
		all = append(all, b.opening("rare", b.contact(fmt.Sprint("referrer-", n%20)), fmt.Sprint("invitee-", n)))
	}
	atOnce(openings, func(i int) {
		if err := b.whole(all[i]); err != nil {
			t.Error(err)
		}
	})
	expect(b, 50, "SELECT count(*)::int FROM referrals WHERE status = 'credited'")
	expect(b, 150, "SELECT count(*)::int FROM referrals WHERE status = 'rejected' AND reason = 'cap_reached'")
	expect(b, 50, "SELECT sum(number)::int FROM fields")
}

func TestATypedCodeIsAReferralOfSomebodyNew(t *testing.T) {
	t.Parallel()
	b := withProgram(t, gatedProgram)
	ana := b.contact("ana")
	b.contact("eva") // she wrote before
	typed := func(person string) referral.Opening {
		e := event(channel.Text, b.newID(), person)
		e.Text = "typed-c" + ana
		invitee := b.add("tg", e)[0].UserID
		id := b.number("SELECT event_id FROM inbox WHERE dedupe_key = $1", e.ID)
		return referral.Opening{Bot: "shop", Run: fmt.Sprint("run-", id), Event: id, EntryPoint: "typed", Referrer: ana, Invitee: invitee}
	}
	for name, test := range map[string]struct {
		person string
		late   bool
		sent   int
	}{"after a first word": {"eva", true, 0}, "as the first word": {"leo", false, 1}} {
		o := typed(test.person)
		if got := b.admit(o); got.Status != referral.Pending || got.Kind != referral.New {
			t.Errorf("%s: %+v", name, got)
		}
		if got := b.apply(settleOf(o)); got.Status != referral.Credited || got.Points != 2 || got.Deliveries() != test.sent {
			t.Errorf("%s: %+v", name, got)
		}
		expect(b, test.late, "SELECT late FROM referrals WHERE run = $1", o.Run)
		if again := b.admit(typed(test.person)); again.Reason != referral.AlreadyReferred {
			t.Errorf("%s, again: %+v", name, again)
		}
	}
}

func TestWhatIsKeptOfAFirstInteraction(t *testing.T) {
	t.Parallel()
	b := withProgram(t, gatedProgram)
	e := event(channel.Opening, "1", "eva")
	e.Ref = "plain"
	later := event(channel.Text, "3", "eva")
	later.Ref = "launch"
	b.add("tg", event(channel.Blocked, "0", "eva"), e, event(channel.Text, "2", "eva"))
	b.add("tg", later)
	expect(b, "plain", "SELECT first_ref FROM contacts")
	expect(b, true, "SELECT first_at = received_at FROM contacts, inbox WHERE dedupe_key = '1'")
}

func TestLinksCarryTheProgramsSuffix(t *testing.T) {
	t.Parallel()
	b := withProgram(t, "link_suffix: _ref\nentry_points: {plain: {flow: f}}\nflows: {f: [{send: \"{{link.plain}}\"}]}\nkeywords: [{match: x, flow: f}]\n")
	ana := b.contact("ana")
	_, ref, _, err := b.Link(t.Context(), "shop", ana, "plain", "")
	if want := "plain_ref" + ana; err != nil || ref != want {
		t.Errorf("%s, %v", ref, err)
	}
	if err := b.whole(b.opening("plain", ana, "eva")); err != nil {
		t.Fatal(err)
	}
	b.apply(referral.Segment{
		Bot: "shop", Run: "flow/shop/1", Name: "flow", Contact: ana, Account: "tg", From: []program.Cursor{{For: program.Contact, At: "flows.f[0]"}},
	})
	expect(b, true, "SELECT body LIKE '%plain_ref'||$1 FROM deliveries WHERE run = 'flow/shop/1'", ana)
}
