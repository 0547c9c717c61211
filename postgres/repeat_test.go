package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/millenniumm/referrals/postgres"
	"github.com/millenniumm/referrals/referral"
)

var errWork = errors.New("the work failed")

func ask(key, fingerprint string) referral.Request {
	return referral.Request{Bot: "shop", Key: key, Fingerprint: []byte(fingerprint)}
}

// importing is work that adds a code and says so.
func importing(ctx context.Context, code string) func(*postgres.Store) (referral.Answer, error) {
	return func(books *postgres.Store) (referral.Answer, error) {
		_, err := books.ImportCodes(ctx, "shop", "coffee", []string{code})
		return referral.Answer{Status: 200, Body: []byte(`{"added":"` + code + `"}`)}, err
	}
}

func (b books) once(request referral.Request, work func(*postgres.Store) (referral.Answer, error), wantReplayed bool) referral.Answer {
	b.t.Helper()
	answer, replayed, err := b.Once(b.t.Context(), request, work)
	if err != nil || replayed != wantReplayed {
		b.t.Fatalf("replayed: %t, %v", replayed, err)
	}
	return answer
}

const codes = "SELECT count(*) FROM reward_codes"

func TestARequestIsDoneOnce(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	first := b.once(ask("k", "one"), importing(t.Context(), "A"), false)
	second := b.once(ask("k", "one"), importing(t.Context(), "B"), true)
	if first.Status != second.Status || !bytes.Equal(first.Body, second.Body) {
		t.Errorf("the answers are %s and %s", first.Body, second.Body)
	}
	if _, _, err := b.Once(t.Context(), ask("k", "another"), importing(t.Context(), "C")); !errors.Is(err, referral.ErrOtherRequest) {
		t.Errorf("the key served for another request: %v", err)
	}
	expect(b, int64(1), codes)
}

func TestWhatFailsLeavesNothing(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	for name, end := range map[string]func(*postgres.Store) error{
		"the work fails": func(*postgres.Store) error { return errWork },
		"the connection dies before the answer is kept": func(*postgres.Store) error {
			b.exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'")
			return nil
		},
	} {
		_, _, err := b.Once(t.Context(), ask("k", "one"), func(books *postgres.Store) (referral.Answer, error) {
			answer, err := importing(t.Context(), "A")(books)
			return answer, errors.Join(err, end(books))
		})
		if err == nil {
			t.Errorf("%s: nobody was told", name)
		}
		expect(b, int64(0), codes)
		expect(b, int64(0), "SELECT count(*) FROM repeatable_requests")
	}
	func() {
		defer func() { _ = recover() }()
		_, _, _ = b.Once(t.Context(), ask("k", "one"), func(books *postgres.Store) (referral.Answer, error) {
			_, _ = importing(t.Context(), "A")(books)
			panic("a bug")
		})
	}()
	expect(b, int64(0), codes)
	b.once(ask("k", "one"), importing(t.Context(), "A"), false)
	expect(b, int64(1), codes)
}

// A transaction of the work's own that fails undoes itself only.
func TestATransactionWithinARequestIsItsOwn(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	b.once(ask("k", "one"), func(books *postgres.Store) (referral.Answer, error) {
		stale := int64(9)
		var refused *referral.StaleError
		if _, err := books.Revise(t.Context(), "shop", referral.Revision{Source: shopProgram, MadeFrom: &stale}); !errors.As(err, &refused) || refused.InForce != 1 {
			t.Errorf("it was not refused: %v", err)
		}
		return importing(t.Context(), "A")(books)
	}, false)
	expect(b, int64(1), codes)
	expect(b, int64(1), "SELECT count(*) FROM programs")
}

// A version that never came to be must not be met in the cache under the number another gets.
func TestAProgramThatWasRolledBackIsForgotten(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	_, _, err := b.Once(t.Context(), ask("k", "one"), func(books *postgres.Store) (referral.Answer, error) {
		if _, err := books.SaveProgram(t.Context(), "shop", "name: Ghost\n"+shopProgram[len("\nname: Shop\n"):]); err != nil {
			t.Fatal(err)
		}
		if ghost, err := books.Program(t.Context(), "shop", 0); err != nil || ghost.Name != "Ghost" {
			t.Errorf("within, it is %+v, %v", ghost, err)
		}
		return referral.Answer{}, errWork
	})
	if !errors.Is(err, errWork) {
		t.Fatal(err)
	}
	b.saveProgram(shopProgram)
	if rules, err := b.Program(t.Context(), "shop", 2); err != nil || rules.Name != "Shop" {
		t.Errorf("version 2 is %s, %v", rules.Name, err)
	}
}

func TestARequestUnderWayIsWaitedForSoLong(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	b.once(ask("k", "one"), func(books *postgres.Store) (referral.Answer, error) {
		if _, _, err := b.Once(t.Context(), ask("k", "one"), importing(t.Context(), "B")); !errors.Is(err, referral.ErrUnderWay) {
			t.Errorf("it wasn't refused: %v", err)
		}
		return importing(t.Context(), "A")(books)
	}, false)
	expect(b, int64(1), codes)
}

func TestAnswersAreSealed(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	b.once(ask("k", "one"), importing(t.Context(), "SECRET"), false)
	expect(b, int64(0), "SELECT count(*) FROM repeatable_requests WHERE position('SECRET'::bytea IN answer) > 0")
	b.exec("INSERT INTO repeatable_requests SELECT bot_id, 'copied', fingerprint, status, answer FROM repeatable_requests")
	if _, _, err := b.Once(t.Context(), ask("copied", "one"), importing(t.Context(), "A")); err == nil {
		t.Error("an answer opens for another request")
	}
}

func TestAKeyLastsADay(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	age := func(hours int) {
		b.exec("UPDATE repeatable_requests SET created_at = now() - make_interval(hours => $1)", hours)
	}
	b.once(ask("k", "one"), importing(t.Context(), "A"), false)
	age(23)
	b.once(ask("k", "one"), importing(t.Context(), "B"), true)
	if pruned, err := b.PruneRequests(t.Context(), 10); err != nil || pruned != 0 {
		t.Errorf("%d pruned, %v", pruned, err)
	}
	age(25)
	b.once(ask("k", "another"), importing(t.Context(), "C"), false)
	age(25)
	if pruned, err := b.PruneRequests(t.Context(), 10); err != nil || pruned != 1 {
		t.Errorf("%d pruned, %v", pruned, err)
	}
	expect(b, int64(2), codes)
}
