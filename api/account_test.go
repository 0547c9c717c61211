package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/millenniumm/referrals/api"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/webchat"
	webhooks "github.com/millenniumm/referrals/channel/webhook"
)

func TestAnAccountKeepsTheCredentialsThatAreNotGivenAnew(t *testing.T) {
	t.Parallel()
	const given = "67890:BBBBBBBBBBBBBBBBBBBBBBBB"
	for name, test := range map[string]struct {
		body string
		want map[string]string
	}{
		"none given":  {`{"channel":"telegram","external_id":"new_name"}`, map[string]string{"token": botToken, "secret_token": webhookSecret}},
		"one given":   {fmt.Sprintf(`{"channel":"telegram","external_id":"new_name","credentials":{"token":%q}}`, given), map[string]string{"token": given, "secret_token": webhookSecret}},
		"empty given": {`{"channel":"telegram","external_id":"new_name","credentials":{}}`, map[string]string{"token": botToken, "secret_token": webhookSecret}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newCafe(t)
			got := f.send(t, "PUT", "/v1/bots/cafe/accounts/tg", test.body)
			if got.status != http.StatusOK || !strings.Contains(string(got.body), `"external_id":"new_name"`) {
				t.Fatalf("%d %s", got.status, got.body)
			}
			if strings.Contains(string(got.body), given) {
				t.Errorf("the new token comes back: %s", got.body)
			}
			account, err := f.books.Account(t.Context(), "cafe", "tg")
			f.check(err)
			if fmt.Sprint(account.Credentials) != fmt.Sprint(test.want) {
				t.Errorf("the credentials are %v", account.Credentials)
			}
		})
	}
}

func TestStoredCredentialsAreNotSentToANewHost(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	const elsewhere = `{"channel":"telegram","external_id":"cafe_bot","api_base_url":"https://thief.example"%s}`
	refused(t, f.send(t, "PUT", "/v1/bots/cafe/accounts/tg", fmt.Sprintf(elsewhere, "")), http.StatusConflict, "credentials_needed")
	one := fmt.Sprintf(elsewhere, `,"credentials":{"secret_token":"s"}`)
	refused(t, f.send(t, "PUT", "/v1/bots/cafe/accounts/tg", one), http.StatusConflict, "credentials_needed")
	others := fmt.Sprintf(elsewhere, `,"credentials":{"a":"1","b":"2","c":"3"}`)
	refused(t, f.send(t, "PUT", "/v1/bots/cafe/accounts/tg", others), http.StatusConflict, "credentials_needed")
	both := fmt.Sprintf(elsewhere, `,"credentials":{"secret_token":"s","token":"12345:BBBBBBBBBBBBBBBBBBBBBBBB"}`)
	if got := f.send(t, "PUT", "/v1/bots/cafe/accounts/tg", both); got.status != http.StatusOK {
		t.Errorf("with all of them: %d %s", got.status, got.body)
	}
}

func TestWhatAChangeLeavesOutIsKept(t *testing.T) {
	t.Parallel()
	f := newCafe(t, func(c *api.Config) { c.Channels["webchat"] = webchat.Adapter{BaseURL: c.PublicURL} })
	const address = "/v1/bots/cafe/accounts/web"
	f.send(t, "PUT", address, `{"channel":"webchat","settings":{"title":"Café","origins":"https://a.example"}}`)
	secret := func() string {
		accounts, err := f.books.Accounts(t.Context(), "cafe")
		f.check(err)
		return accounts[slices.IndexFunc(accounts, func(a channel.Account) bool { return a.Name == "web" })].Credentials["secret"]
	}
	before := secret()
	got := f.send(t, "PUT", address, `{"channel":"webchat","settings":{"page":"https://b.example/","origins":""}}`)
	if !strings.Contains(string(got.body), `"settings":{"page":"https://b.example/","title":"Café"}`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if before == "" || secret() != before {
		t.Error("every visitor is a stranger now")
	}
	refused(t, f.send(t, "PUT", address, `{"channel":"webchat","credentials":{"secret":""}}`), http.StatusUnprocessableEntity, "bad_account")
	if secret() != before {
		t.Error("an emptied secret was replaced by another one")
	}
}

// A secret that is shown is the one that is in force, however many connect the same account at once.
func TestOfManyFirstConnectionsEachIsShownASecretThatIsInForce(t *testing.T) {
	t.Parallel()
	f := newCafe(t, func(c *api.Config) { c.Channels[webhooks.Name] = webhooks.Adapter{} })
	answers := make([]answer, 8)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answers[i] = f.send(t, "PUT", "/v1/bots/cafe/accounts/crm", `{"channel":"webhook","api_base_url":"https://crm.example.com/"}`)
		})
	}
	all.Wait()
	account, err := f.books.Account(t.Context(), "cafe", "crm")
	f.check(err)
	shown := 0
	for _, got := range answers {
		var view struct {
			Made map[string]string `json:"made_credentials"`
		}
		f.check(json.Unmarshal(got.body, &view))
		if secret, was := view.Made["secret"]; was {
			shown++
			if secret != account.Credentials["secret"] {
				t.Error("somebody was shown a secret that is not in force")
			}
		}
	}
	if shown != 1 {
		t.Errorf("%d were shown one", shown)
	}
}

func TestARefusedAccountIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	before, err := f.books.Account(t.Context(), "cafe", "tg")
	f.check(err)
	for name, body := range map[string]string{
		"a bad token":                  `{"channel":"telegram","external_id":"cafe_bot","credentials":{"token":"nonsense-nonsense"}}`,
		"a secret emptied":             `{"channel":"telegram","external_id":"cafe_bot","credentials":{"secret_token":""}}`,
		"an address with a password":   `{"channel":"telegram","external_id":"cafe_bot","api_base_url":"https://me:hunter2@a.example"}`,
		"an address of another scheme": `{"channel":"telegram","external_id":"cafe_bot","api_base_url":"file:///etc/passwd"}`,
		"no user name":                 `{"channel":"telegram"}`,
	} {
		t.Run(name, func(t *testing.T) {
			got := f.send(t, "PUT", "/v1/bots/cafe/accounts/tg", body)
			refused(t, got, http.StatusUnprocessableEntity, "bad_account")
			for _, secret := range []string{"nonsense-nonsense", "hunter2"} {
				if strings.Contains(string(got.body)+f.log.String(), secret) {
					t.Errorf("what was given comes back: %s", got.body)
				}
			}
			after, err := f.books.Account(t.Context(), "cafe", "tg")
			f.check(err)
			if fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("it is %v now", after)
			}
		})
	}
}

// The secrets of an account must not come back in whatever tells of it; send looks for them in every answer of every test.
func TestCredentialsNeverComeBack(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	body := fmt.Sprintf(`{"channel":"telegram","external_id":"cafe_bot","credentials":{"token":%q,"secret_token":%q}}`, botToken, webhookSecret)
	for _, request := range []struct{ method, path, body string }{
		{"PUT", "/v1/bots/cafe/accounts/tg", body},
		{"PUT", "/v1/bots/cafe/accounts/tg", strings.Replace(body, `"telegram"`, `"generic"`, 1)},
		{"PUT", "/v1/bots/cafe/accounts/tg", strings.Replace(body, `"telegram"`, `7`, 1)},
		{"PUT", "/v1/bots/cafe/accounts/tg", strings.Replace(body, `"credentials"`, `"credential"`, 1)},
		{"PUT", "/v1/bots/cafe/accounts/tg", strings.Replace(body, fmt.Sprintf("%q", botToken), fmt.Sprintf("[%q]", botToken), 1)},
		{"PUT", "/v1/bots/cafe/accounts/tg", body[:len(body)-3]},
		{"PUT", "/v1/bots/nosuch/accounts/tg", body},
		{"PUT", "/v1/bots/cafe/accounts/tg", strings.Replace(body, "cafe_bot", "@cafe_bot", 1)},
		{"GET", "/v1/bots/cafe/accounts/tg", ""},
		{"GET", "/v1/bots/cafe/accounts", ""},
	} {
		got := f.send(t, request.method, request.path, request.body)
		if strings.Contains(string(got.body), `"credentials":`) {
			t.Errorf("%s: %s", request.path, got.body)
		}
	}
}

func TestAnAccountIsReadAnewAfterAChange(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	if got := f.send(t, "POST", webhook, string(update(1, "hi")), signed); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	f.send(t, "PUT", "/v1/bots/cafe/accounts/tg", `{"channel":"telegram","external_id":"cafe_bot","credentials":{"secret_token":"another"}}`)
	refused(t, f.send(t, "POST", webhook, string(update(2, "hi")), signed), http.StatusUnauthorized, "bad_signature")
	if got := f.send(t, "POST", webhook, string(update(3, "hi")), "X-Telegram-Bot-Api-Secret-Token: another"); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestAccountsOfAChannelThisBinaryDoesNotSpeak(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	f.check(f.books.PutAccount(t.Context(), channel.Account{Bot: "cafe", Name: "wa", Channel: "whatsapp", Settings: map[string]string{}}))
	if got := f.send(t, "GET", "/v1/bots/cafe/accounts", ""); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	refused(t, f.send(t, "POST", "/webhooks/whatsapp/cafe/wa", "{}"), http.StatusNotFound, "unknown_account")
	f.check(startInbox(t, f.books).Park(t.Context(), "cafe", "wa", []byte("{}"), "nobody speaks it"))
	parked, err := f.books.Parked(t.Context(), "cafe", 0, 1)
	f.check(err)
	got := f.send(t, "POST", fmt.Sprintf("/v1/bots/cafe/parked/%d/replay", parked[0].ID), "")
	refused(t, got, http.StatusConflict, "still_unreadable")
}
