package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/api"
	webhooks "github.com/millenniumm/referrals/channel/webhook"
)

// newCalled is a café whose server also speaks to webhooks.
func newCalled(t *testing.T) *front {
	t.Helper()
	return newCafe(t, func(c *api.Config) { c.Channels[webhooks.Name] = webhooks.Adapter{} })
}

const ownSecret = "whsec_aW52ZW50ZWQgZm9yIHRoZXNlIHRlc3Rz"

type called struct {
	Channel         string            `json:"channel"`
	Webhook         string            `json:"webhook"`
	CredentialsSet  []string          `json:"credentials_set"`
	MadeCredentials map[string]string `json:"made_credentials"`
}

func (f *front) putCRM(t *testing.T, body string) called {
	t.Helper()
	got := f.send(t, "PUT", "/v1/bots/cafe/accounts/crm", body)
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	var view called
	got.into(t, &view)
	return view
}

func TestASecretThatWasMadeIsShownOnce(t *testing.T) {
	t.Parallel()
	f := newCalled(t)
	const body = `{"channel":"webhook","api_base_url":"https://crm.example.com/hooks"}`
	view := f.putCRM(t, body)
	secret := view.MadeCredentials["secret"]
	account, err := f.books.Account(t.Context(), "cafe", "crm")
	f.check(err)
	if account.Credentials["secret"] != secret || len(webhooks.Adapter{}.Check(account)) > 0 || len(view.MadeCredentials) != 1 {
		t.Fatalf("stored %q, shown %v", account.Credentials["secret"], view.MadeCredentials)
	}
	if view.Webhook != "" || len(view.CredentialsSet) != 1 || view.CredentialsSet[0] != "secret" {
		t.Errorf("shown %+v", view)
	}
	if again := f.putCRM(t, body); again.MadeCredentials != nil {
		t.Errorf("shown again: %+v", again)
	}
	for _, path := range []string{"/v1/bots/cafe/accounts/crm", "/v1/bots/cafe/accounts"} {
		got := string(f.send(t, "GET", path, "").body)
		if strings.Contains(got+f.log.String(), secret) || strings.Contains(got, "made_credentials") {
			t.Errorf("%s gives it away: %s", path, got)
		}
	}
	account, err = f.books.Account(t.Context(), "cafe", "crm")
	f.check(err)
	if account.Credentials["secret"] != secret {
		t.Error("another secret was made although there was one")
	}
}

func TestASecretThatWasGivenIsNotShown(t *testing.T) {
	t.Parallel()
	f := newCalled(t)
	view := f.putCRM(t, `{"channel":"webhook","api_base_url":"https://crm.example.com/hooks","credentials":{"secret":"`+ownSecret+`"}}`)
	if view.MadeCredentials != nil {
		t.Errorf("shown %+v", view)
	}
	account, err := f.books.Account(t.Context(), "cafe", "crm")
	f.check(err)
	if account.Credentials["secret"] != ownSecret {
		t.Errorf("stored %q", account.Credentials["secret"])
	}
}

func TestAWebhookThatCantBeCalledIsRefused(t *testing.T) {
	t.Parallel()
	f := newCalled(t)
	for name, test := range map[string]struct{ body, place string }{
		"no address":            {`{"channel":"webhook"}`, "api_base_url"},
		"address that is none":  {`{"channel":"webhook","api_base_url":"ftp://crm.example.com"}`, "api_base_url"},
		"secret that is none":   {`{"channel":"webhook","api_base_url":"https://crm.example.com","credentials":{"secret":"mine"}}`, "credentials.secret"},
		"secret that was empty": {`{"channel":"webhook","api_base_url":"https://crm.example.com","credentials":{"secret":""}}`, "credentials.secret"},
	} {
		t.Run(name, func(t *testing.T) {
			said := refused(t, f.send(t, "PUT", "/v1/bots/cafe/accounts/crm", test.body), http.StatusUnprocessableEntity, "bad_account")
			if len(said.Problems) != 1 || said.Problems[0].Path != test.place {
				t.Errorf("problems %+v, want one of %s", said.Problems, test.place)
			}
			refused(t, f.send(t, "GET", "/v1/bots/cafe/accounts/crm", ""), http.StatusNotFound, "unknown_account")
		})
	}
}

// Nobody may come to be known on a webhook: people could be written to there.
func TestNothingComesInFromAWebhook(t *testing.T) {
	t.Parallel()
	f := newCalled(t)
	f.putCRM(t, `{"channel":"webhook","api_base_url":"https://crm.example.com/hooks"}`)
	event := `{"id":"1","account":"crm","contact":{"external_id":"ana"}}`
	refused(t, f.send(t, "POST", "/v1/bots/cafe/events", event), http.StatusConflict, "not_generic")
	refused(t, f.send(t, "POST", "/webhooks/webhook/cafe/crm", "{}"), http.StatusUnauthorized, "bad_signature")
}

func TestAChannelThisServerDoesNotSpeakIsRefusedByName(t *testing.T) {
	t.Parallel()
	f := newCafe(t, func(c *api.Config) { delete(c.Channels, "telegram") })
	got := f.send(t, "PUT", "/v1/bots/cafe/accounts/new", `{"channel":"telegram"}`)
	said := refused(t, got, http.StatusUnprocessableEntity, "bad_account")
	if len(said.Problems) != 1 || said.Problems[0].Path != "channel" || !strings.Contains(said.Problems[0].Detail, "telegram: it has generic") {
		t.Errorf("problems %+v", said.Problems)
	}
}
