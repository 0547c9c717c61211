package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/referral"
)

// tiers are three rewards by points; the first two go with what earned them. A mug needs a code.
const tiers = `
name: Shop
locale: en
fields: {points: {type: number}, level: {type: number}}
entry_points: {plain: {flow: welcome}, club: {flow: welcome, attribution: per_referrer}}
keywords: [{match: spend, flow: spend}]
triggers:
  - on: referred_new_contact
    do: [{increment: points, by: 2}, {set: level, to: 7}, {run_flow: check}]
  - on: referral_voided
    do: [{send: "{{points}} points are left"}]
flows:
  check:
    - {if: {field: points, reaches: 4}, then: [{grant_reward: mug}, {send: "Your code: {{reward.code}}"}]}
    - {if: {field: points, reaches: 6}, then: [{grant_reward: shirt}, {send: "A shirt!"}]}
    - {if: {field: points, reaches: 4}, then: [{grant_reward: badge}]}
  spend: [{increment: points, by: -4}]
  welcome: [{send: welcome}]
rewards:
  mug: {title: A mug, codes: pool, on_void: revoke}
  shirt: {title: A shirt, on_void: revoke}
  badge: {title: A badge}
`

func (b books) takeBack(o referral.Opening) referral.Applied {
	b.t.Helper()
	if err := b.Void(b.t.Context(), "shop", b.idOf(o), "fake", day(1)); err != nil {
		b.t.Fatal(err)
	}
	return b.judge(o, day(1))
}

// brings lets people come through a link, credited.
func (b books) brings(referrer string, people ...string) []referral.Opening {
	b.t.Helper()
	var all []referral.Opening
	for _, person := range people {
		o := b.opening("plain", referrer, person)
		if err := b.whole(o); err != nil {
			b.t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

func (b books) granted() string {
	b.t.Helper()
	return b.text("SELECT coalesce(string_agg(reward, ' ' ORDER BY reward), '') FROM grants WHERE revoked_at IS NULL")
}

func TestTakingBackUndoesWhatAReferralAdded(t *testing.T) {
	t.Parallel()
	b := withProgram(t, tiers)
	came := b.brings(b.contact("ana"), "eva", "leo")
	applied := b.takeBack(came[0])
	if applied.Status != referral.Voided || applied.Reason != referral.VoidedByOperator || applied.Points != -2 || applied.Deliveries() != 1 {
		t.Errorf("%+v", applied)
	}
	if want := "points -2 → 2, revoked mug, 1 to send"; applied.Summary != want {
		t.Errorf("%q, want %q", applied.Summary, want)
	}
	expect(b, "2 points are left", "SELECT body FROM deliveries WHERE segment = 'void'")
	expect(b, "-2 2 reversal", "SELECT concat_ws(' ', delta, balance, cause) FROM ledger ORDER BY entry_id DESC LIMIT 1")
	expect(b, "2 2", "SELECT concat_ws(' ', number, earned) FROM fields WHERE field = 'points'")
	expect(b, int64(7), "SELECT number FROM fields WHERE field = 'level'") // what was set stays
	if again := b.judge(came[0], day(2)); fmt.Sprint(again) != fmt.Sprint(applied) {
		t.Errorf("again: %+v", again)
	}
	board, err := b.Leaderboard(t.Context(), "shop", "points", 5)
	if err != nil || board[0].Points != 2 || board[0].Referrals != 1 {
		t.Errorf("%+v, %v", board, err)
	}
	if again := b.admit(b.opening("plain", came[0].Referrer, "eva")); again.Reason != referral.AlreadyReferred {
		t.Errorf("the same pair counts again: %+v", again)
	}
	if other := b.admit(b.opening("plain", b.contact("bob"), "eva")); other.Status != referral.Pending {
		t.Errorf("another referrer: %+v", other)
	}
	b.sound()
}

func TestWhatBecomesOfRewardsWhenReferralsAreTakenBack(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		bring, void int
		after       func(b books, ana string)
		before      func(b books, ana string)
		want        string
	}{
		"still earned":               {bring: 3, void: 0, want: "badge mug shirt"},
		"the highest goes first":     {bring: 3, void: 1, want: "badge mug"},
		"all that may go":            {bring: 3, void: 2, want: "badge"},
		"spending takes nothing":     {bring: 3, void: 0, before: func(b books, ana string) { b.spends(ana) }, want: "badge mug shirt"},
		"of what was spent, too":     {bring: 4, void: 1, before: func(b books, ana string) { b.spends(ana) }, want: "badge mug shirt"},
		"earned again honestly":      {bring: 2, void: 1, after: func(b books, ana string) { b.brings(ana, "mia") }, want: "badge mug"},
		"a number that was set":      {bring: 3, void: 3, before: func(b books, _ string) { b.exec("UPDATE fields SET number = 100 WHERE field = 'points'") }, want: "badge mug shirt"},
		"one that was never reached": {bring: 1, void: 1, want: ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, tiers)
			ana := b.contact("ana")
			came := b.brings(ana, []string{"eva", "leo", "luis", "zoe"}[:test.bring]...)
			if test.before != nil {
				test.before(b, ana)
			}
			for _, o := range came[:test.void] {
				b.takeBack(o)
			}
			if test.after != nil {
				test.after(b, ana)
			}
			if got := b.granted(); got != test.want {
				t.Errorf("granted %q, want %q", got, test.want)
			}
		})
	}
}

func (b books) spends(user string) {
	b.t.Helper()
	rules, err := b.Program(b.t.Context(), "shop", 0)
	if err != nil {
		b.t.Fatal(err)
	}
	cursor, _ := rules.Keyword("spend")
	segment := settleOf(referral.Opening{Bot: "shop", Run: "flow/shop/" + b.newID(), Invitee: user})
	segment.Name, segment.From = "flow", append(segment.From, cursor)
	b.apply(segment)
}

func TestACodeStaysTakenAndAMessageThatWaitedForOneNeverLeaves(t *testing.T) {
	t.Parallel()
	b := withProgram(t, tiers)
	if _, err := b.ImportCodes(t.Context(), "shop", "mug", []string{"MUG-1"}); err != nil {
		t.Fatal(err)
	}
	first, second := b.brings(b.contact("ana"), "eva", "leo"), b.brings(b.contact("bob"), "luis", "zoe")
	b.takeBack(first[0])
	b.takeBack(second[0])
	expect(b, int64(1), "SELECT count(*) FROM reward_codes WHERE grant_id IS NOT NULL")
	expect(b, "expired", "SELECT state FROM deliveries WHERE body LIKE 'Your code: %' AND body NOT LIKE '%MUG-1'")
	if done, err := b.ImportCodes(t.Context(), "shop", "mug", []string{"MUG-2"}); err != nil || done.Served != 0 {
		t.Errorf("%+v, %v", done, err)
	}
	b.brings(second[0].Referrer, "mia")
	expect(b, "Your code: MUG-2", "SELECT body FROM deliveries WHERE body LIKE 'Your code: %' ORDER BY delivery_id DESC LIMIT 1")
}

// TestAThousandReferralsAtOnceGrantEachTierOnce is the issue's own measure: one referrer, tiers at 10, 100 and 1000.
func TestAThousandReferralsAtOnceGrantEachTierOnce(t *testing.T) {
	t.Parallel()
	source := `
name: Shop
fields: {points: {type: number}}
entry_points: {plain: {flow: welcome}}
triggers:
  - {on: referred_new_contact, do: [{increment: points}, {run_flow: check}]}
flows:
  welcome: [{send: welcome}]
  check: [IFS]
rewards: {at10: {title: A}, at100: {title: B}, at1000: {title: C}}
`
	var ifs []string
	for _, tier := range []int{10, 100, 1000} {
		ifs = append(ifs, fmt.Sprintf("{if: {field: points, reaches: %d}, then: [{grant_reward: at%d}]}", tier, tier))
	}
	b := withProgram(t, strings.Replace(source, "IFS", strings.Join(ifs, ", "), 1))
	ana := b.contact("ana")
	const count = 1000
	all := make([]referral.Opening, count)
	for i := range all {
		all[i] = b.opening("plain", ana, fmt.Sprint("friend-", i))
	}
	const workers = 16 // as a worker does, which lets one step at a time work for a referrer: more would only wait for the lock
	atOnce(workers, func(w int) {
		for i := w; i < count; i += workers {
			if err := b.whole(all[i]); err != nil {
				t.Error(err)
			}
		}
	})
	expect(b, int64(count), "SELECT number FROM fields")
	expect(b, "at10 at100 at1000", "SELECT string_agg(reward, ' ' ORDER BY reward) FROM grants")
	expect(b, int64(count), "SELECT count(*) FROM ledger")
}
