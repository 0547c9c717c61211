package postgres_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/referral"
)

func TestAKeyIsKeptAsItsHashOnly(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	key, text, err := b.CreateKey(t.Context(), "shop", "the till", []referral.Scope{referral.ScopeRead})
	if err != nil {
		t.Fatal(err)
	}
	row := b.text("SELECT api_keys::text FROM api_keys WHERE key_id = $1", key.ID)
	if strings.Contains(row, text[12:]) || !strings.Contains(row, "the till") {
		t.Errorf("the row is %s", row)
	}
	holder, err := b.HolderOfKey(t.Context(), text)
	if err != nil || holder.Bot != "shop" || len(holder.Scopes) != 1 || holder.Scopes[0] != referral.ScopeRead {
		t.Errorf("it is held by %+v, %v", holder, err)
	}
}

func TestTheUseOfAKeyIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	key, text, err := b.CreateKey(t.Context(), "shop", "the till", []referral.Scope{referral.ScopeRead})
	if err != nil {
		t.Fatal(err)
	}
	wrong := "mk_" + key.ID + "_" + strings.Repeat("a", 32)
	if _, err := b.HolderOfKey(t.Context(), wrong); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("a wrong one is held: %v", err)
	}
	expect(b, true, "SELECT last_used_at IS NULL FROM api_keys")
	use := func() {
		t.Helper()
		if _, err := b.HolderOfKey(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	use()
	expect(b, true, "SELECT last_used_at > now() - interval '1 minute' FROM api_keys")
	b.exec("UPDATE api_keys SET last_used_at = now() - interval '50 seconds'")
	use()
	expect(b, true, "SELECT last_used_at < now() - interval '49 seconds' FROM api_keys")
	b.exec("UPDATE api_keys SET last_used_at = now() - interval '2 minutes'")
	use()
	expect(b, true, "SELECT last_used_at > now() - interval '1 minute' FROM api_keys")
}

func TestOnlyItsOwnBotRevokesAKey(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.makeBot("other")
	key, text, err := b.CreateKey(t.Context(), "shop", "the till", []referral.Scope{referral.ScopeRead})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.RevokeKey(t.Context(), "other", key.ID); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("another bot revokes it: %v", err)
	}
	if keys, err := b.Keys(t.Context(), "other"); err != nil || len(keys) != 0 {
		t.Errorf("another bot sees %v, %v", keys, err)
	}
	if err := b.RevokeKey(t.Context(), "shop", key.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.HolderOfKey(t.Context(), text); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("it is still held: %v", err)
	}
}
