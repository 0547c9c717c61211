package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// prizes has both sides rewarded, a reward for every two points, and one of which there are fifty.
const prizes = `
name: Shop
locale: en
fields: {points: {type: number}}
entry_points: {plain: {flow: welcome}}
triggers:
  - on: referred_new_contact
    do:
      - {increment: points}
      - {increment: points, by: 5, for: invitee}
      - {if: {field: points, reaches_every: 2}, then: {grant_reward: coffee}}
      - {grant_reward: mug, for: invitee}
  - on: reward_granted
    reward: mug
    do: {send: "A mug until {{reward.expires}}"}
flows: {welcome: [{send: "Ask {{referrer.first_name|them}}"}]}
rewards:
  coffee: {title: A coffee, valid: 30d, redeem: once}
  mug: {title: A mug, limit: {total: 50}, valid: 10d}
`

func TestBothSidesAreRewardedAndEachMultipleOnce(t *testing.T) {
	t.Parallel()
	b := withProgram(t, prizes)
	ana := b.contact("ana")
	for i := range 5 {
		b.refer("plain", ana, fmt.Sprint("friend-", i))
	}
	expect(b, "1:2 2:4", "SELECT string_agg(occurrence || ':' || basis_threshold, ' ' ORDER BY occurrence) FROM grants WHERE reward = 'coffee'")
	expect(b, int64(5), "SELECT number FROM fields WHERE contact_id = (SELECT contact_id FROM identities WHERE external_id = 'friend-3')")
	expect(b, int64(5), "SELECT count(*) FROM grants WHERE reward = 'mug' AND expires_at::date = (now() + interval '10 days')::date")
	day := time.Now().UTC().Add(10 * 24 * time.Hour).Format(time.DateOnly)
	expect(b, int64(5), "SELECT count(*) FROM deliveries WHERE body = $1 AND external_id LIKE 'friend-%'", "A mug until "+day)
}

func TestThreeHundredAtOnceGetFiftyOfWhatThereAreFiftyOf(t *testing.T) {
	t.Parallel()
	b := withProgram(t, strings.NewReplacer("      - {increment: points}\n", "").Replace(prizes))
	const people = 300
	openings := make([]referral.Opening, people)
	for i := range openings {
		openings[i] = b.opening("plain", b.contact(fmt.Sprint("referrer-", i)), fmt.Sprint("friend-", i))
	}
	refused := make([]bool, people)
	atOnce(people, func(i int) {
		if _, err := b.Admit(t.Context(), openings[i], referral.Admit); err != nil {
			t.Error(err)
			return
		}
		applied, err := b.Apply(t.Context(), settleOf(openings[i]), referral.Play)
		if err != nil {
			t.Error(err)
		}
		refused[i] = strings.Contains(applied.Summary, "reward:mug: limit of 50 reached")
	})
	expect(b, int64(50), "SELECT count(*) FROM grants WHERE reward = 'mug'")
	expect(b, int64(50), "SELECT count(*) FROM deliveries WHERE body LIKE 'A mug until%'")
	expect(b, int64(people-50), "SELECT count(*) FROM segments WHERE checks @> '[{\"Operator\": \"limit_reached\", \"Field\": \"reward:mug\"}]'")
	count := 0
	for _, each := range refused {
		if each {
			count++
		}
	}
	if count != people-50 {
		t.Errorf("%d were told to be refused", count)
	}
}

func TestAThousandReferralsOfOnePersonReachEachTierOnce(t *testing.T) {
	t.Parallel()
	b := withProgram(t, `
fields: {points: {type: number}}
entry_points: {plain: {flow: welcome}}
triggers: [{on: referred_new_contact, do: [{increment: points}, {run_flow: tiers}]}]
flows:
  tiers:
    - {if: {field: points, reaches: 10}, then: {grant_reward: bronze}}
    - {if: {field: points, reaches: 100}, then: {grant_reward: silver}}
    - {if: {field: points, reaches: 1000}, then: {grant_reward: gold}}
  welcome: [{add_tag: in}]
rewards: {bronze: {title: Bronze}, silver: {title: Silver, limit: {total: 5}}, gold: {title: Gold}}
`)
	ana := b.contact("ana")
	const people, atATime = 1000, 100
	for batch := range people / atATime {
		openings := make([]referral.Opening, atATime)
		for i := range openings {
			openings[i] = b.opening("plain", ana, fmt.Sprintf("friend-%d-%d", batch, i))
		}
		atOnce(atATime, func(i int) {
			if err := b.whole(openings[i]); err != nil {
				t.Error(err)
			}
		})
	}
	expect(b, int64(people), "SELECT number FROM fields WHERE field = 'points'")
	expect(b, "bronze:10 gold:1000 silver:100", "SELECT string_agg(reward || ':' || basis_threshold, ' ' ORDER BY reward) FROM grants")
}

func TestAGrantIsRedeemedOnceWithinItsTime(t *testing.T) {
	t.Parallel()
	b := withProgram(t, prizes)
	ana := b.contact("ana")
	b.refer("plain", ana, "bob")
	b.refer("plain", ana, "eva")
	grants, err := b.RewardGrants(t.Context(), "shop", "coffee", ana, 0, 10)
	if err != nil || len(grants) != 1 || grants[0].UserID != ana || grants[0].ExpiresAt == nil {
		t.Fatalf("%+v, %v", grants, err)
	}
	id, now := grants[0].ID, time.Now().UTC().Truncate(time.Millisecond)
	done := make([]error, 10)
	atOnce(len(done), func(i int) { _, done[i] = b.Redeem(t.Context(), "shop", "coffee", id, now) })
	redeemed := 0
	for _, err := range done {
		var used *referral.UsedUpError
		switch {
		case err == nil:
			redeemed++
		case !errors.As(err, &used) || !used.Grant.RedeemedAt.Equal(now):
			t.Error(err)
		}
	}
	if redeemed != 1 {
		t.Errorf("redeemed %d times", redeemed)
	}
	mugs, _ := b.RewardGrants(t.Context(), "shop", "mug", "", 0, 10)
	if len(mugs) != 2 {
		t.Fatalf("%+v", mugs)
	}
	if _, err := b.Redeem(t.Context(), "shop", "mug", mugs[0].ID, now.Add(11*24*time.Hour)); err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("after its time: %v", err)
	}
	if _, err := b.Redeem(t.Context(), "shop", "coffee", mugs[0].ID, now); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("under another reward's name: %v", err)
	}
	counts, err := b.RewardCounts(t.Context(), "shop")
	if err != nil || counts["coffee"] != (referral.RewardCount{Held: 1, Redeemed: 1}) || counts["mug"] != (referral.RewardCount{Held: 2}) {
		t.Errorf("%+v, %v", counts, err)
	}
}

func TestWhatAnOperatorRevokesMayBeEarnedAgain(t *testing.T) {
	t.Parallel()
	b := withProgram(t, couponProgram)
	ana := b.contact("ana")
	b.apply(coupon(ana, "run-1")) // waits for a code
	grants, err := b.RewardGrants(t.Context(), "shop", "coupon", "", 0, 10)
	if err != nil || len(grants) != 1 || grants[0].Stocked {
		t.Fatalf("%+v, %v", grants, err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	for i, note := range []string{"fraud", "again"} { // again changes nothing
		revoked, err := b.Revoke(t.Context(), "shop", "coupon", grants[0].ID, note, now.Add(time.Duration(i)*time.Hour))
		if err != nil || revoked.RevokedAt == nil || !revoked.RevokedAt.Equal(now) || revoked.RevokeNote != "fraud" {
			t.Fatalf("%+v, %v", revoked, err)
		}
	}
	expect(b, "expired", "SELECT state FROM deliveries")
	if done := b.importCodes("A"); done != (referral.Import{Added: 1}) {
		t.Errorf("the import serves what was revoked: %+v", done)
	}
	if _, err := b.Redeem(t.Context(), "shop", "coupon", grants[0].ID, now); err == nil || !strings.Contains(err.Error(), "taken back") {
		t.Errorf("redeemed: %v", err)
	}
	if again := b.apply(coupon(ana, "run-2")); len(again.Grants) != 1 {
		t.Errorf("earned again: %+v", again)
	}
	expect(b, "A", "SELECT code FROM reward_codes WHERE grant_id = (SELECT grant_id FROM grants WHERE revoked_at IS NULL)")
}

func TestAPoolThatRunsLowIsNotedOnceUntilItIsFilled(t *testing.T) {
	t.Parallel()
	b := withProgram(t, strings.Replace(couponProgram, "codes: pool}", "codes: pool, low_stock: 2}", 1))
	b.importCodes("A", "B", "C", "D")
	noted := "SELECT count(*) FROM low_stocks"
	for i, want := range []int64{0, 1, 1} { // 3, 2 and 1 are left
		b.apply(coupon(b.contact(fmt.Sprint("p", i)), fmt.Sprint("run-", i)))
		expect(b, want, noted)
	}
	b.importCodes("E") // still only 2
	expect(b, int64(1), noted)
	b.importCodes("F")
	expect(b, int64(0), noted)
	b.apply(coupon(b.contact("p9"), "run-9"))
	expect(b, int64(1), noted)
}

func TestARewardHeldBeforeAWaitOrARunIsKnown(t *testing.T) {
	t.Parallel()
	b := withProgram(t, `
entry_points: {plain: {flow: f}}
triggers: [{on: reward_granted, do: {send: "Yours: {{reward.title}}"}}]
flows: {f: [{grant_reward: hat}, {send: "{{reward.title}}"}]}
rewards: {hat: {title: A hat}}
`)
	ana := b.contact("ana")
	for i := range 2 {
		b.apply(referral.Segment{
			Bot: "shop", Run: fmt.Sprint("run-", i), Name: "flow", Contact: ana, Account: "tg", From: []program.Cursor{{For: program.Contact, At: "flows.f[0]"}},
		})
	}
	expect(b, "Yours: A hat, A hat, A hat", "SELECT string_agg(body, ', ' ORDER BY delivery_id) FROM deliveries")
}
