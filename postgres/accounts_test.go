package postgres_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/internal/pgtest"
	"github.com/millenniumm/referrals/postgres"
	"github.com/millenniumm/referrals/referral"
)

const token = "123456:a-very-secret-token"

func withToken(b books) {
	b.t.Helper()
	err := b.PutAccount(b.t.Context(), channel.Account{
		Bot: "shop", Name: "tg", Channel: "telegram", ExternalID: "shop_bot", Credentials: map[string]string{"token": token},
		Settings: map[string]string{"username": "shop"}, APIBaseURL: "https://api.example",
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func TestAnAccountComesBackAsItWasSaved(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	if _, err := b.Account(t.Context(), "shop", "tg"); err != nil { // now it is remembered
		t.Fatal(err)
	}
	withToken(b)
	got, err := b.Account(t.Context(), "shop", "tg")
	if err != nil {
		t.Fatal(err)
	}
	want := channel.Account{
		Bot: "shop", Name: "tg", Channel: "telegram", ExternalID: "shop_bot", Credentials: map[string]string{"token": token},
		Settings: map[string]string{"username": "shop"}, APIBaseURL: "https://api.example", UpdatedAt: got.UpdatedAt,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	all, err := b.Accounts(t.Context(), "shop")
	if err != nil || len(all) != 2 || all[0].Name != "tg" || all[1].Name != "wa" || all[0].Credentials["token"] != token {
		t.Errorf("all of them: %v, %v", all, err)
	}
	if _, err := b.Account(t.Context(), "shop", "nowhere"); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("one that isn't there: %v", err)
	}
}

func TestCredentialsAreSealedInTheTable(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	withToken(b)
	sealed := value[[]byte](b, "SELECT credentials FROM accounts WHERE account = 'tg'")
	if len(sealed) == 0 || bytes.Contains(sealed, []byte(token)) || bytes.Contains(sealed, []byte("token")) {
		t.Errorf("the table holds %q", sealed)
	}
	withToken(b)
	if again := value[[]byte](b, "SELECT credentials FROM accounts WHERE account = 'tg'"); bytes.Equal(sealed, again) {
		t.Error("the same credentials seal to the same bytes")
	}
}

func TestAnotherKeyOpensNothingAndSaysWhy(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	withToken(b)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: b.url, Key: []byte("another key of thirty-two bytes."), Link: pgtest.Link})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	_, err = store.Account(t.Context(), "shop", "tg")
	if err == nil || !strings.Contains(err.Error(), "MILLENNIUM_ENCRYPTION_KEY") || strings.Contains(err.Error(), token) {
		t.Errorf("got %v", err)
	}
}

func TestCredentialsMovedToAnotherAccountOrBotDoNotOpen(t *testing.T) {
	t.Parallel()
	b := newBooks(t)
	b.makeBot("thief")
	withToken(b)
	for _, place := range [][2]string{{"shop", "wa"}, {"thief", "tg"}} {
		b.exec("UPDATE accounts SET credentials = (SELECT credentials FROM accounts WHERE bot_id = 'shop' AND account = 'tg') WHERE bot_id = $1 AND account = $2",
			place[0], place[1])
		if account, err := b.Account(t.Context(), place[0], place[1]); err == nil {
			t.Errorf("opened in %v: %v", place, account)
		}
	}
}

func TestAnAccountThatCanNotBeReadIsNotOverwritten(t *testing.T) {
	t.Parallel()
	b := withProgram(t, shopProgram)
	b.exec(`UPDATE accounts SET credentials = '\x00' WHERE account = 'tg'`)
	asked := false
	_, err := b.ChangeAccount(t.Context(), "shop", "tg", func(*channel.Account) (channel.Account, error) {
		asked = true
		return channel.Account{Bot: "shop", Name: "tg", Channel: "telegram"}, nil
	})
	if err == nil || asked || b.number(`SELECT count(*) FROM accounts WHERE account = 'tg' AND credentials = '\x00'`) != 1 {
		t.Errorf("it was changed: %v", err)
	}
}

func TestAStoreIsOpenedOnlyWithAUsableKeyAndAddress(t *testing.T) {
	t.Parallel()
	url := pgtest.New(t)
	tests := map[string]struct {
		config postgres.Config
		want   string
	}{
		"no key":          {postgres.Config{URL: url}, "MILLENNIUM_ENCRYPTION_KEY"},
		"a short key":     {postgres.Config{URL: url, Key: []byte("short")}, "MILLENNIUM_ENCRYPTION_KEY"},
		"no such address": {postgres.Config{URL: "nonsense://", Key: pgtest.Key}, "DATABASE_URL"},
	}
	for name, test := range tests {
		store, err := postgres.Open(t.Context(), test.config)
		if err == nil {
			store.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
