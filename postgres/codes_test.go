package postgres_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// couponProgram gives every contact who asks a coupon from the pool.
const couponProgram = `
name: Coupons
locale: en
entry_points: {campaign1: {flow: coupon}}
flows: {coupon: [{grant_reward: coupon}, {send: "Code {{reward.code}}, yes {{reward.code}}"}]}
rewards: {coupon: {title: A coupon, codes: pool}}
`

// coupon runs the flow for a contact, in a run of its own.
func coupon(user, run string) referral.Segment {
	return referral.Segment{
		Bot: "shop", Run: run, Name: "flow", Contact: user, Account: "tg",
		From: []program.Cursor{{For: program.Contact, At: "flows.coupon[0]"}},
	}
}

func (b books) importCodes(codes ...string) referral.Import {
	b.t.Helper()
	done, err := b.ImportCodes(b.t.Context(), "shop", "coupon", codes)
	if err != nil {
		b.t.Fatal(err)
	}
	return done
}

func TestAnEmptyPoolHoldsTheMessageUntilAnImport(t *testing.T) {
	t.Parallel()
	b := withProgram(t, couponProgram)
	b.exec("UPDATE inbox SET done_at = now()")
	for _, person := range []string{"ana", "bob", "eva"} {
		applied := b.apply(coupon(b.contact(person), "run-"+person))
		if len(applied.Held) != 1 || len(applied.Lanes) != 0 || len(applied.Grants) != 1 {
			t.Fatalf("%s: %+v", person, applied)
		}
	}
	b.exec("UPDATE inbox SET done_at = now()")
	expect(b, int64(3), "SELECT count(*) FROM deliveries WHERE state = 'waiting' AND waiting_for = 'stock'")
	if done := b.importCodes("X", "Y"); done != (referral.Import{Added: 2, Served: 2}) {
		t.Errorf("the import: %+v", done)
	}
	expect(b, "ana: Code X, yes X; bob: Code Y, yes Y",
		"SELECT string_agg(external_id || ': ' || body, '; ' ORDER BY delivery_id) FROM deliveries WHERE state = 'queued' AND waiting_for = ''")
	expect(b, "eva", "SELECT external_id FROM deliveries WHERE state = 'waiting'")
	woken := b.lease(10)
	if len(woken) != 2 || woken[0].Kind != "wake" || woken[0].Target != b.text("SELECT min(delivery_id)::text FROM deliveries") {
		t.Errorf("woken: %+v", woken)
	}
	if done := b.importCodes("Y", "X", "Y"); done != (referral.Import{}) {
		t.Errorf("the same import again: %+v", done)
	}
	if done := b.importCodes("X", "Z", "W"); done != (referral.Import{Added: 2, Served: 1}) {
		t.Errorf("the next import: %+v", done)
	}
	if stock, err := b.Stock(t.Context(), "shop", "coupon"); err != nil || stock != (referral.Stock{Free: 1, Taken: 3}) {
		t.Errorf("stock %+v, %v", stock, err)
	}
}

func TestCodesLeaveInTheOrderOfTheirImport(t *testing.T) {
	t.Parallel()
	b := withProgram(t, couponProgram)
	b.importCodes("C", "A")
	b.importCodes("B")
	for i, want := range []string{"C", "A", "B"} {
		b.apply(coupon(b.contact(fmt.Sprint(i)), fmt.Sprint("run-", i)))
		expect(b, "Code "+want+", yes "+want, "SELECT body FROM deliveries ORDER BY delivery_id DESC LIMIT 1")
	}
}

func TestARewardGivenBeforeIsGivenNoSecondCode(t *testing.T) {
	t.Parallel()
	b := withProgram(t, couponProgram)
	b.importCodes("A", "B")
	ana := b.contact("ana")
	b.apply(coupon(ana, "first"))
	again := b.apply(coupon(ana, "second"))
	if len(again.Grants) != 0 {
		t.Errorf("granted again: %+v", again)
	}
	expect(b, "Code A, yes A", "SELECT body FROM deliveries WHERE run = 'second'")
	expect(b, int64(1), "SELECT count(*) FROM reward_codes WHERE grant_id IS NOT NULL")
	expect(b, int64(1), "SELECT count(*) FROM grants")
}

func TestOfTwoTakersOfTheLastCodeOneWaits(t *testing.T) {
	t.Parallel()
	b := withProgram(t, couponProgram)
	for round := range 20 {
		code := fmt.Sprint("code-", round)
		b.importCodes(code)
		users := []string{b.contact(fmt.Sprint("a", round)), b.contact(fmt.Sprint("b", round))}
		held := make([]int, 2)
		atOnce(2, func(i int) {
			applied, err := b.Apply(t.Context(), coupon(users[i], "run-"+users[i]), referral.Play)
			if err != nil {
				t.Error(err)
			}
			held[i] = len(applied.Held)
		})
		if held[0]+held[1] != 1 {
			t.Errorf("round %d: held %v", round, held)
		}
		if done := b.importCodes(code + "-more"); done.Served != 1 {
			t.Errorf("round %d: the next import served %d", round, done.Served)
		}
	}
}

// TestATakerTakesWhatAnotherGivesBack holds the last code in a transaction that is then rolled back.
func TestATakerTakesWhatAnotherGivesBack(t *testing.T) {
	t.Parallel()
	b := withProgram(t, couponProgram)
	b.importCodes("A")
	ana := b.contact("ana")
	other, err := b.sql.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), "SELECT FROM reward_codes FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var applied referral.Applied
	go func() {
		defer close(done)
		applied, err = b.Apply(t.Context(), coupon(ana, "run"), referral.Play)
	}()
	b.awaitLockWait(done)
	if err := other.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-done
	if err != nil || len(applied.Held) != 0 {
		t.Errorf("applied %+v, %v", applied, err)
	}
}

func TestNoGrantStaysWithoutACodeWhileOneIsFree(t *testing.T) {
	t.Parallel()
	b := withProgram(t, couponProgram)
	const people = 60
	users := make([]string, people)
	for i := range users {
		users[i] = b.contact(fmt.Sprint("person-", i))
	}
	atOnce(people+12, func(i int) {
		if i < people {
			if _, err := b.Apply(t.Context(), coupon(users[i], fmt.Sprint("run-", i)), referral.Play); err != nil {
				t.Error(err)
			}
			return
		}
		codes := make([]string, 6)
		for j := range codes {
			codes[j] = fmt.Sprintf("code-%d-%d", i, j)
		}
		if _, err := b.ImportCodes(t.Context(), "shop", "coupon", codes); err != nil {
			t.Error(err)
		}
	})
	expect(b, int64(people), "SELECT count(*) FROM grants")
	expect(b, int64(people), "SELECT count(*) FROM reward_codes WHERE grant_id IS NOT NULL")
	expect(b, int64(people), "SELECT count(*) FROM deliveries WHERE state = 'queued' AND body LIKE 'Code code-%'")
}

// duringImport applies a segment while an import of two codes is under way, has the pool, and has found what waited for it.
func (b books) duringImport(segment referral.Segment) {
	b.t.Helper()
	holder, err := b.sql.Begin(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	// Whoever waited first has a message that the import will want to complete: it goes no further than that.
	if _, err := holder.Exec(b.t.Context(), "SELECT FROM deliveries FOR UPDATE"); err != nil {
		b.t.Fatal(err)
	}
	var both sync.WaitGroup
	both.Go(func() {
		if _, err := b.ImportCodes(b.t.Context(), "shop", "coupon", []string{"A", "B"}); err != nil {
			b.t.Error(err)
		}
	})
	b.awaitLockWait(nil)
	applied := make(chan struct{})
	both.Go(func() {
		defer close(applied)
		if _, err := b.Apply(b.t.Context(), segment, referral.Play); err != nil {
			b.t.Error(err)
		}
	})
	b.awaitWaiters(2, applied)
	if err := holder.Rollback(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	both.Wait()
}

func TestAnImportAndANewGrantDoNotMissEachOther(t *testing.T) {
	t.Parallel()
	b := withProgram(t, couponProgram)
	ana := b.contact("ana")
	b.apply(coupon(b.contact("bob"), "first"))
	b.duringImport(coupon(ana, "second"))
	expect(b, "Code A, yes A; Code B, yes B", "SELECT string_agg(body, '; ' ORDER BY delivery_id) FROM deliveries WHERE state = 'queued'")
}

func TestAnImportAndASecondMessageDoNotMissEachOther(t *testing.T) {
	t.Parallel()
	b := withProgram(t, couponProgram)
	ana := b.contact("ana")
	b.apply(coupon(ana, "first"))
	b.duringImport(coupon(ana, "second"))
	expect(b, int64(2), "SELECT count(*) FROM deliveries WHERE state = 'queued' AND body = 'Code A, yes A'")
}

func TestARewardThatHadNoCodesWhenGrantedWaitsForNone(t *testing.T) {
	t.Parallel()
	const codeless = `
name: Coupons
locale: en
entry_points: {campaign1: {flow: coupon}}
flows: {coupon: [{grant_reward: coupon}, {send: "Yours"}]}
rewards: {coupon: {title: A coupon}}
`
	b := withProgram(t, codeless)
	ana := b.contact("ana")
	b.apply(coupon(ana, "first"))
	b.saveProgram(couponProgram)
	if applied := b.apply(coupon(ana, "second")); len(applied.Held) != 0 {
		t.Errorf("held for a code that never comes: %+v", applied)
	}
}
