package api_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/api"
	"github.com/millenniumm/referrals/referral"
)

// keyFor makes a key of cafe's with these scopes and gives the header that shows it.
func (f *front) keyFor(scopes ...referral.Scope) string {
	f.t.Helper()
	_, text, err := f.books.CreateKey(f.t.Context(), "cafe", "a test", scopes)
	f.check(err)
	return "Authorization: Bearer " + text
}

func TestAKeyDoesWhatItsScopesSayAndNothingElse(t *testing.T) {
	t.Parallel()
	operations := eachOperation(t)
	for _, scope := range referral.KeyScopes {
		t.Run(string(scope), func(t *testing.T) {
			t.Parallel()
			f := newStory(t)
			f.parkEvent()
			key := f.keyFor(scope)
			for id, requests := range calls {
				needed, _ := operations[id].Extensions["x-scope"].(string)
				request := requests[0]
				if id == "createKey" { // nobody gives what they haven't
					request.body = `{"name":"x","scopes":["manage"]}`
				}
				got := f.send(t, request.method, request.path, request.body, append([]string{key}, request.headers...)...)
				switch {
				case needed == string(scope):
					if got.status == http.StatusUnauthorized || got.status == http.StatusForbidden {
						t.Errorf("%s: %d %s", id, got.status, got.body)
					}
				case needed == "admin":
					if said := refused(t, got, http.StatusForbidden, "forbidden"); !strings.Contains(said.Detail, "admin token") {
						t.Errorf("%s: it doesn't say who may: %s", id, said.Detail)
					}
				default:
					if said := refused(t, got, http.StatusForbidden, "forbidden"); !strings.Contains(said.Detail, "`"+needed+"`") {
						t.Errorf("%s: it doesn't name the scope %s: %s", id, needed, said.Detail)
					}
				}
			}
		})
	}
}

func TestAKeyOpensNoOtherBot(t *testing.T) {
	t.Parallel()
	f := newStory(t)
	f.parkEvent()
	key := f.keyFor(referral.KeyScopes...)
	_, _, err := f.books.CreateBot(t.Context(), "bar", "Bar")
	f.check(err)
	for operation, requests := range calls {
		request := requests[0]
		if !request.ofCafe() {
			continue
		}
		for _, other := range []string{"/bar", "/nosuch", "/cafe%2Fx", "/cafe%2F..%2Fbar"} {
			path := strings.Replace(request.path, "/cafe", other, 1)
			said := refused(t, f.send(t, request.method, path, request.body, append([]string{key}, request.headers...)...), http.StatusForbidden, "forbidden")
			if !strings.Contains(said.Detail, "another bot's") {
				t.Errorf("%s of %s: %s", operation, other, said.Detail)
			}
		}
	}
}

func TestWhatIsNoKeyOpensNothing(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	right := strings.TrimPrefix(f.keyFor(referral.ScopeRead), "Authorization: Bearer ")
	id, _ := referral.KeyID(right)
	_, unknown := referral.NewKeyText()
	for name, key := range map[string]string{
		"another secret":    "mk_" + id + "_" + strings.Repeat("a", 32),
		"one nobody made":   unknown,
		"half of one":       right[:30],
		"a longer one":      right + "a",
		"in capitals":       strings.ToUpper(right),
		"its id":            id,
		"with a NUL":        right + "\x00",
		"nothing":           "",
		"of another scheme": "mk__",
	} {
		t.Run(name, func(t *testing.T) {
			got := f.send(t, "GET", "/v1/bots/cafe", "", "Authorization: Bearer "+key)
			said := refused(t, got, http.StatusUnauthorized, "unauthorized")
			if !strings.Contains(said.Detail, "/keys") || got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("it doesn't say where keys come from: %s %v", said.Detail, got.header)
			}
		})
	}
	if got := f.send(t, "GET", "/v1/bots/cafe", "", "Authorization: bearer "+right); got.status != http.StatusOK {
		t.Errorf("the right one: %d %s", got.status, got.body)
	}
}

func TestARevokedKeyOpensNothingFromThenOn(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	key := f.keyFor(referral.ScopeRead)
	id, _ := referral.KeyID(strings.TrimPrefix(key, "Authorization: Bearer "))
	if got := f.send(t, "GET", "/v1/bots/cafe", "", key); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := f.send(t, "DELETE", "/v1/bots/cafe/keys/"+id, ""); got.status != http.StatusNoContent || len(got.body) != 0 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	refused(t, f.send(t, "GET", "/v1/bots/cafe", "", key), http.StatusUnauthorized, "unauthorized")
	if got := f.send(t, "GET", "/v1/bots/cafe/keys", ""); strings.Contains(string(got.body), id) {
		t.Errorf("it is still listed: %s", got.body)
	}
}

func TestAKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	var made struct{ ID, Key string }
	f.send(t, "POST", "/v1/bots/cafe/keys", `{"name":"The till","scopes":["read"]}`).into(t, &made)
	if !regexp.MustCompile(`^mk_` + made.ID + `_[a-z2-7]{32}$`).MatchString(made.Key) {
		t.Fatalf("the key is %q", made.Key)
	}
	if got := f.send(t, "GET", "/v1/bots/cafe/keys", "", "Authorization: Bearer "+adminToken); strings.Contains(string(got.body), made.Key[12:]) {
		t.Errorf("it is shown again: %s", got.body)
	}
	if strings.Contains(f.log.String(), made.Key[12:]) {
		t.Errorf("it is in the log: %s", f.log)
	}
	if got := f.send(t, "GET", "/v1/bots/cafe", "", "Authorization: Bearer "+made.Key); got.status != http.StatusOK {
		t.Errorf("it opens nothing: %d %s", got.status, got.body)
	}
}

func TestAKeyGivesOnlyScopesItHas(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	key := f.keyFor(referral.ScopeManage, referral.ScopeRead)
	got := f.send(t, "POST", "/v1/bots/cafe/keys", `{"name":"x","scopes":["read","write"]}`, key)
	if said := refused(t, got, http.StatusForbidden, "forbidden"); !strings.Contains(said.Detail, "`write`") {
		t.Errorf("it doesn't name the scope: %s", said.Detail)
	}
	if got := f.send(t, "POST", "/v1/bots/cafe/keys", `{"name":"x","scopes":["read","manage"]}`, key); got.status != http.StatusCreated {
		t.Errorf("%d %s", got.status, got.body)
	}
	if keys, err := f.books.Keys(t.Context(), "cafe"); err != nil || len(keys) != 3 {
		t.Errorf("there are %d keys: %v", len(keys), err)
	}
}

func TestAnOperationWithoutAScopeKeepsTheAPIFromStarting(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, scope := range map[string]string{"none": "", "an unknown one": "x-scope: everybody"} {
		broken := strings.Replace(string(source), "x-scope: manage", scope, 1)
		if err := api.LoadContract([]byte(broken)); err == nil || !strings.Contains(err.Error(), "x-scope") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := api.LoadContract(source); err != nil {
		t.Error(err)
	}
}
