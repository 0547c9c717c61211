package postgres_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

func TestSettlingCreditsOnce(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	ana := b.contact("ana")
	opening := b.opening("campaign1", ana, "eva")
	b.admit(opening)
	applied := b.apply(settleOf(opening))
	if applied.Status != referral.Credited || applied.Points != 2 || applied.Deliveries() != 2 || !strings.Contains(applied.Summary, "points +2 → 2") {
		t.Errorf("applied %+v", applied)
	}
	again := make([]referral.Applied, 8)
	atOnce(len(again), func(i int) {
		var err error
		if again[i], err = b.Apply(t.Context(), settleOf(opening), referral.Play); err != nil {
			t.Error(err)
		}
	})
	for _, each := range again {
		if !reflect.DeepEqual(each, applied) {
			t.Errorf("applied again: %+v, before %+v", each, applied)
		}
	}
	expect(b, int64(1), "SELECT count(*) FROM ledger")
	expect(b, int64(2), "SELECT number FROM fields WHERE field = 'points'")
	expect(b, int64(2), "SELECT count(*) FROM deliveries")
	expect(b, "credited", "SELECT status FROM referrals")
	expect(b, true, "SELECT settled_at IS NOT NULL FROM referrals")
	expect(b, "Somebody joined: 2 points", "SELECT body FROM deliveries ORDER BY delivery_id LIMIT 1")
}

func TestTwoHundredReferralsAtOnceCrossTheThresholdOnce(t *testing.T) {
	t.Parallel()
	b := withProgram(t, strings.NewReplacer("reaches: 4", "reaches: 100").Replace(shopProgram))
	if _, err := b.ImportCodes(t.Context(), "shop", "coffee", []string{"A", "B", "C"}); err != nil {
		t.Fatal(err)
	}
	ana := b.contact("ana")
	const invitees = 200
	atOnce(invitees, func(i int) {
		opening := b.opening("campaign1", ana, fmt.Sprintf("friend-%d", i))
		if _, err := b.Admit(t.Context(), opening, referral.Admit); err != nil {
			t.Error(err)
			return
		}
		if _, err := b.Apply(t.Context(), settleOf(opening), referral.Play); err != nil {
			t.Error(err)
		}
	})
	expect(b, int64(2*invitees), "SELECT sum(delta)::bigint FROM ledger WHERE field = 'points'")
	expect(b, int64(2*invitees), "SELECT number FROM fields WHERE field = 'points'")
	expect(b, int64(invitees), "SELECT count(DISTINCT balance) FROM ledger")
	expect(b, int64(1), "SELECT count(*) FROM grants")
	expect(b, "A", "SELECT string_agg(code, ',') FROM reward_codes WHERE grant_id IS NOT NULL")
	expect(b, int64(1), "SELECT count(*) FROM deliveries WHERE body = 'Your code: A'")
	expect(b, int64(100), "SELECT l.balance FROM grants g JOIN ledger l ON l.run = g.run")
}

func TestARefusedReferralWelcomesAndPaysNothing(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	eva := b.contact("eva")
	applied := b.refer("campaign1", eva, "eva")
	if applied.Status != referral.Rejected || applied.Reason != referral.SelfReferral || applied.Points != 0 || applied.Deliveries() != 1 {
		t.Errorf("applied %+v", applied)
	}
	if applied.Summary != "1 to send" {
		t.Errorf("in words: %q", applied.Summary)
	}
	expect(b, int64(0), "SELECT count(*) FROM ledger")
	expect(b, "Welcome, you", "SELECT body FROM deliveries")
	expect(b, "rejected", "SELECT status FROM referrals")

	unknown := b.refer("campaign1", "nobodyhere", "leo")
	if unknown.Reason != referral.UnknownReferrer || unknown.Deliveries() != 1 {
		t.Errorf("with nobody as referrer: %+v", unknown)
	}
}

func TestAMessageToWhomeverBlockedTheBotFailsAtOnce(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	ana := b.contact("ana")
	b.exec("UPDATE identities SET blocked = true, membership_at = now() WHERE external_id = 'ana'")
	applied := b.refer("campaign1", ana, "eva")
	if applied.Points != 2 || applied.Deliveries() != 1 {
		t.Errorf("applied %+v", applied)
	}
	expect(b, "failed unreachable the contact blocked the bot",
		"SELECT state || ' ' || error_class || ' ' || error FROM deliveries WHERE external_id = 'ana'")
}

func TestAMessageToSomebodyWithoutIdentityFailsAtOnce(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	ana := b.contact("ana")
	b.exec("DELETE FROM identities WHERE external_id = 'ana'")
	b.refer("campaign1", ana, "eva")
	expect(b, int64(1), "SELECT count(*) FROM deliveries WHERE state = 'failed' AND account = '' AND error_class = 'unreachable'")
}

func TestWhereMessagesGo(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	tests := map[string]struct {
		tg, wa        time.Duration // when they last wrote there, after noon
		blocked, want string        // "tg" or "wa"
		asInvitee     bool          // they came in on telegram
	}{
		"a referrer is written to where they wrote last": {tg: 1 * hour, wa: 2 * hour, want: "wa"},
		"and nowhere else":                                       {tg: 2 * hour, wa: 1 * hour, want: "tg"},
		"unless they blocked that":                               {tg: 1 * hour, wa: 2 * hour, blocked: "wa", want: "tg"},
		"an invitee is answered where they came in":              {tg: 1 * hour, wa: 2 * hour, want: "tg", asInvitee: true},
		"unless they blocked that, when another account is left": {tg: 2 * hour, wa: 1 * hour, blocked: "tg", want: "wa", asInvitee: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, shopProgram)
			user := b.add("tg", at(event(channel.Text, b.newID(), "person"), noon))[0].UserID
			b.add("wa", at(event(channel.Text, b.newID(), "person"), noon))
			b.exec("UPDATE identities SET contact_id = (SELECT contact_id FROM contacts WHERE user_id = $1)", user)
			other := b.contact("other")
			opening := b.opening("campaign1", user, "friend")
			if test.asInvitee {
				opening = b.opening("campaign1", other, "person")
			}
			for account, after := range map[string]time.Duration{"tg": test.tg, "wa": test.wa} {
				b.exec("UPDATE identities SET last_inbound_at = $1, blocked = $2 WHERE external_id = 'person' AND account = $3",
					noon.Add(after), account == test.blocked, account)
			}
			b.admit(opening)
			b.apply(settleOf(opening))
			expect(b, test.want, "SELECT d.account FROM deliveries d JOIN contacts c USING (bot_id, contact_id) WHERE c.user_id = $1", user)
		})
	}
}

// checkedTwice sends a coffee's and a cake's message from thresholds that one change crosses both.
const checkedTwice = `
name: Twice
locale: en
fields: {points: {type: number}}
entry_points: {campaign1: {flow: welcome}}
triggers:
  - on: referred_new_contact
    do:
      - increment: points
        by: 10
      - if: {field: points, reaches: 4}
        then: [{grant_reward: coffee}, {send: "coffee"}]
      - if: {field: points, reaches: 10}
        then: [{grant_reward: cake}, {send: "cake"}]
      - if: {field: points, reaches: 11}
        then: [{send: "never"}]
flows: {welcome: [{send: "hello"}]}
rewards: {coffee: {title: A coffee}, cake: {title: A cake}}
`

func TestOneChangeMayCrossTwoThresholds(t *testing.T) {
	t.Parallel()
	b := withProgram(t, checkedTwice)
	applied := b.refer("campaign1", b.contact("ana"), "eva")
	if !reflect.DeepEqual(applied.Grants, []string{"coffee", "cake"}) {
		t.Errorf("granted %v", applied.Grants)
	}
	if len(applied.Lanes) != 2 || len(applied.Lanes[0].Deliveries) != 2 {
		t.Errorf("lanes %+v: want ana's two in one, eva's welcome in another", applied.Lanes)
	}
	expect(b, "coffee,cake,hello", "SELECT string_agg(body, ',' ORDER BY ordinal) FROM deliveries")
	expect(b, "coffee:4,cake:10", "SELECT string_agg(reward || ':' || basis_threshold, ',' ORDER BY grant_id) FROM grants WHERE basis_field = 'points'")
	expect(b, int64(3), "SELECT jsonb_array_length(checks) FROM segments WHERE segment = 'settle'")
}

// everything uses every operation there is, in a flow of a contact's own.
const everything = `
name: Everything
locale: en
fields: {points: {type: number}, city: {type: text}}
entry_points: {campaign1: {flow: all}}
flows:
  all:
    - {increment: points, by: 7}
    - {set: points, to: 3}
    - {set: city, to: Lima}
    - add_tag: vip
    - add_tag: gone
    - remove_tag: gone
    - send: "{{points}} in {{city}}: {{link.campaign1}}"
    - wait: 2h
    - {increment: points, by: -1}
    - send: "after the wait: {{points}}"
`

func TestAFlowOfAContactsOwnGoesOnAfterItsWait(t *testing.T) {
	t.Parallel()
	b := withProgram(t, everything)
	ana := b.contact("ana")
	segment := referral.Segment{
		Bot: "shop", Run: "flow/shop/1", Name: "flow", Contact: ana, Account: "tg", Version: 1,
		From: []program.Cursor{{For: program.Contact, At: "flows.all[0]"}},
	}
	applied := b.apply(segment)
	if applied.Status != "" || len(applied.Waits) != 1 || applied.Waits[0].For != 2*time.Hour || applied.Deliveries() != 1 {
		t.Fatalf("applied %+v", applied)
	}
	if again := b.apply(segment); !reflect.DeepEqual(again, applied) {
		t.Errorf("its memo: %+v, want %+v", again, applied)
	}
	expect(b, "3 in Lima: https://telegram.example/shop_on_tg?ref=campaign1-c"+ana, "SELECT body FROM deliveries")
	expect(b, "7,-4", "SELECT string_agg(delta::text, ',' ORDER BY entry_id) FROM ledger")
	expect(b, int64(7), "SELECT earned FROM fields WHERE field = 'points'")
	expect(b, "vip", "SELECT string_agg(tag, ',') FROM tags")

	b.saveProgram(strings.Replace(everything, "after the wait", "another version", 1))
	segment.Name, segment.From = "flow.1", []program.Cursor{applied.Waits[0].Cursor}
	b.apply(segment)
	expect(b, "after the wait: 2", "SELECT body FROM deliveries WHERE segment = 'flow.1'")
	expect(b, int64(2), "SELECT sum(delta)::bigint FROM ledger")
	expect(b, int64(2), "SELECT number FROM fields WHERE field = 'points'")
}

func TestAReferralKeepsTheProgramThatAdmittedIt(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	opening := b.opening("campaign1", b.contact("ana"), "eva")
	b.admit(opening)
	b.saveProgram(strings.Replace(shopProgram, "by: 2", "by: 50", 1))
	if applied := b.apply(settleOf(opening)); applied.Points != 2 {
		t.Errorf("applied %+v", applied)
	}
}

func TestApplySaysWhatIsMissingAndLeavesNoTrace(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	ana := b.contact("ana")
	segment := referral.Segment{Bot: "shop", Run: "flow/shop/1", Name: "flow", Contact: ana, From: []program.Cursor{{For: program.Contact, At: "flows.welcome[0]"}}}
	if _, err := b.Apply(t.Context(), segment, referral.Play); !errors.Is(err, referral.ErrNoProgram) {
		t.Errorf("without a program: %v", err)
	}
	b.saveProgram(shopProgram)
	nobody := segment
	nobody.Contact = "nobody"
	if _, err := b.Apply(t.Context(), nobody, referral.Play); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("for nobody: %v", err)
	}
	expect(b, int64(0), "SELECT count(*) FROM segments")
	if applied := b.apply(segment); applied.Deliveries() != 1 {
		t.Errorf("tried again: %+v", applied)
	}
}
