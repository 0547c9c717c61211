package api_test

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/api"
)

// ofCafe says whether an operation belongs to a bot.
func (c call) ofCafe() bool { return strings.HasPrefix(c.path, "/v1/bots/cafe") }

// takesJSON says whether an operation has a body that the contract describes. A program is read by its own parser.
func (c call) takesJSON() bool {
	return c.body != "" && !slices.Equal(c.headers, yaml) && !strings.HasSuffix(c.path, "/program")
}

func TestEveryOperationAsksForTheAdminToken(t *testing.T) {
	t.Parallel()
	f := newStory(t)
	f.parkEvent()
	for operation, request := range working() {
		for name, header := range map[string]string{
			"no token":          "Authorization:",
			"a wrong token":     "Authorization: Bearer " + adminToken[:len(adminToken)-1],
			"a longer token":    "Authorization: Bearer " + adminToken + "x",
			"an empty token":    "Authorization: Bearer ",
			"another scheme":    "Authorization: Basic " + adminToken,
			"no scheme":         "Authorization: " + adminToken,
			"a token elsewhere": "Authorization:",
		} {
			t.Run(operation+", "+name, func(t *testing.T) {
				path := request.path
				if name == "a token elsewhere" {
					path += "?access_token=an-admin-token"
				}
				got := f.send(t, request.method, path, request.body, append(slices.Clone(request.headers), header)...)
				refused(t, got, http.StatusUnauthorized, "unauthorized")
				if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Bearer ") {
					t.Errorf("it doesn't say how to authenticate: %v", got.header)
				}
			})
		}
	}
	if bots, err := f.books.Bots(t.Context(), "", 10); err != nil || len(bots) != 1 {
		t.Errorf("without a token %d bots were made, %v", len(bots)-1, err)
	}
}

func TestTheTokensSchemeMayBeWrittenAnyway(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for _, scheme := range []string{"Bearer", "bearer", "BEARER"} {
		if got := f.send(t, "GET", "/v1/bots", "", "Authorization: "+scheme+" "+adminToken); got.status != http.StatusOK {
			t.Errorf("%s: %d", scheme, got.status)
		}
	}
}

func TestWithoutATokenNothingIsToldOfARequest(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	for _, body := range []string{"{", `{"id":1}`, strings.Repeat("x", 5<<20)} {
		refused(t, f.send(t, "POST", "/v1/bots", body, "Authorization:"), http.StatusUnauthorized, "unauthorized")
	}
	refused(t, f.send(t, "GET", "/v1/bots/nosuch", "", "Authorization:"), http.StatusUnauthorized, "unauthorized")
}

func TestEveryOperationOfABotAsksWhetherThereIsOne(t *testing.T) {
	t.Parallel()
	f := newStory(t)
	f.parkEvent()
	for operation, request := range working() {
		if !request.ofCafe() {
			continue
		}
		t.Run(operation, func(t *testing.T) {
			path := strings.Replace(request.path, "/cafe", "/nosuch", 1)
			got := f.send(t, request.method, path, request.body, request.headers...)
			if kind := got.problem(t).Type; got.status != http.StatusNotFound || !strings.HasPrefix(kind, "/problems/unknown_") {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
}

func TestABotWithoutAProgramSaysSo(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.send(t, "POST", "/v1/bots", `{"id":"new","name":"New"}`)
	for _, path := range []string{"/program", "/leaderboard", "/rewards/coffee/codes", "/contacts/aaaaaaaaaa/links/campaign1"} {
		t.Run(path, func(t *testing.T) {
			refused(t, f.send(t, "GET", "/v1/bots/new"+path, ""), http.StatusConflict, "no_program")
		})
	}
}

// needsBody says whether an operation can't do without a body.
func needsBody(t *testing.T, operation string) bool {
	t.Helper()
	body := eachOperation(t)[operation].RequestBody
	return body != nil && body.Value.Required
}

func TestABodyThatIsNotTheJSONAskedFor(t *testing.T) {
	t.Parallel()
	f := newStory(t)
	for operation, request := range working() {
		if !request.takesJSON() {
			continue
		}
		for name, body := range map[string]string{
			"nothing":           "",
			"half of it":        request.body[:len(request.body)/2],
			"no JSON":           "<xml/>",
			"null":              "null",
			"a text":            `"x"`,
			"something behind":  request.body + ` {"more":true}`,
			"invalid UTF-8":     "{\"\xff\": 1}",
			"nested a mile":     strings.Repeat("[", 20000),
			"a member too many": strings.Replace(request.body, "{", `{"no_such_member":1,`, 1),
		} {
			if name == "nothing" && !needsBody(t, operation) {
				continue
			}
			t.Run(operation+", "+name, func(t *testing.T) {
				said := refused(t, f.send(t, request.method, request.path, body), http.StatusBadRequest, "bad_request")
				if len(said.Problems) == 0 {
					t.Errorf("it doesn't say what is wrong: %+v", said)
				}
				for _, words := range []string{"openapi.New", "openapi.Put", "Go struct", "json: "} {
					if strings.Contains(said.Detail, words) {
						t.Errorf("it talks of our code: %s", said.Detail)
					}
				}
			})
		}
		t.Run(operation+", of another content type", func(t *testing.T) {
			refused(t, f.send(t, request.method, request.path, request.body, "Content-Type: text/plain"), http.StatusBadRequest, "bad_request")
		})
	}
}

func TestABodyThatIsTooLarge(t *testing.T) {
	t.Parallel()
	f := newStory(t)
	spaces := strings.Repeat(" ", 4<<20)
	for operation, request := range working() {
		if request.body == "" {
			continue
		}
		t.Run(operation, func(t *testing.T) {
			refused(t, f.send(t, request.method, request.path, spaces+request.body, request.headers...), http.StatusRequestEntityTooLarge, "too_large")
			// As a client does that doesn't say beforehand how much will come.
			unsized := io.MultiReader(strings.NewReader(spaces), strings.NewReader(request.body))
			refused(t, f.sendReader(t, request.method, request.path, unsized, request.headers...), http.StatusRequestEntityTooLarge, "too_large")
		})
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	for path, want := range map[string]string{
		"/nosuch":               "unknown_address",
		"/v1":                   "unknown_address",
		"/v1/bots/cafe/nosuch":  "unknown_address",
		"/v2/bots":              "unknown_address",
		"/webhooks/telegram/tg": "unknown_address",
	} {
		t.Run(path, func(t *testing.T) {
			refused(t, f.send(t, "GET", path, ""), http.StatusNotFound, want)
		})
	}
}

func TestMethodsThatAnAddressDoesNotTake(t *testing.T) {
	t.Parallel()
	f := newStory(t)
	methods := []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	for path, operations := range theContract(t).Paths.Map() {
		address := strings.NewReplacer("{bot}", "cafe", "{account}", "tg", "{user_id}", "{ana}", "{entry_point}", "campaign1", "{reward}", "coffee", "{event}", "{parked}", "{version}", "1").Replace(path)
		for _, method := range methods {
			if operations.GetOperation(method) != nil {
				continue
			}
			t.Run(method+" "+path, func(t *testing.T) {
				got := f.send(t, method, address, "{}")
				refused(t, got, http.StatusMethodNotAllowed, "wrong_method")
				for allowed := range operations.Operations() {
					if !strings.Contains(got.header.Get("Allow"), allowed) {
						t.Errorf("Allow is %q, without %s", got.header.Get("Allow"), allowed)
					}
				}
			})
		}
	}
	refused(t, f.send(t, "POST", "/", "{}"), http.StatusMethodNotAllowed, "wrong_method")
	refused(t, f.send(t, "GET", "/webhooks/telegram/cafe/tg", ""), http.StatusMethodNotAllowed, "wrong_method")
}

// Postgres takes neither NUL nor invalid UTF-8, and its refusal must not pass for its absence.
func TestTextsThatPostgresCannotHold(t *testing.T) {
	t.Parallel()
	f := newStory(t)
	f.parkEvent()
	for _, odd := range []string{"%00", "%ff", "a%00b"} {
		for operation, request := range working() {
			if !request.ofCafe() {
				continue
			}
			t.Run(operation+" of bot "+odd, func(t *testing.T) {
				f.neverUnavailable(t, request.method, strings.Replace(request.path, "cafe", odd, 1), request.body, request.headers...)
			})
		}
		for _, path := range []string{
			"/v1/bots?cursor=" + odd, "/v1/bots/cafe/contacts/" + odd, "/v1/bots/cafe/contacts/{ana}/links/" + odd,
			"/v1/bots/cafe/contacts/{ana}/links/campaign1?account=" + odd, "/v1/bots/cafe/referrals?referrer=" + odd,
			"/v1/bots/cafe/referrals?invitee=" + odd, "/v1/bots/cafe/referrals?entry_point=" + odd, "/v1/bots/cafe/deliveries?user_id=" + odd,
			"/v1/bots/cafe/deliveries?account=" + odd, "/v1/bots/cafe/leaderboard?field=" + odd, "/v1/bots/cafe/rewards/" + odd + "/codes",
			"/v1/bots/cafe/contacts?q=" + odd, "/v1/bots/cafe/contacts?tag=" + odd, "/v1/bots/cafe/contacts/" + odd + "/links", "/v1/bots/cafe/keys/" + odd,
		} {
			t.Run(path, func(t *testing.T) { f.neverUnavailable(t, "GET", path, "") })
		}
		for _, path := range []string{"/webhooks/telegram/" + odd + "/tg", "/webhooks/telegram/cafe/" + odd, "/webhooks/" + odd + "/cafe/tg"} {
			t.Run(path, func(t *testing.T) { f.neverUnavailable(t, "POST", path, "{}") })
		}
	}
	for name, request := range map[string][2]string{
		"a bot's name":             {"POST /v1/bots", `{"id":"nul","name":"a\u0000b"}`},
		"an account's id":          {"PUT /v1/bots/cafe/accounts/own", `{"channel":"generic","external_id":"a\u0000b","settings":{"link":"https://a.example/?r={ref}"}}`},
		"an account's settings":    {"PUT /v1/bots/cafe/accounts/own", `{"channel":"generic","settings":{"link":"https://a.example/?r={ref}","note":"a\u0000b"}}`},
		"an account's credentials": {"PUT /v1/bots/cafe/accounts/own", `{"channel":"generic","credentials":{"spare":"a\u0000b"},"settings":{"link":"https://a.example/?r={ref}"}}`},
		"an account's address":     {"PUT /v1/bots/cafe/accounts/own", `{"channel":"generic","api_base_url":"https://a.example/\u0000","settings":{"link":"https://a.example/?r={ref}"}}`},
		"a key's name":             {"POST /v1/bots/cafe/keys", `{"name":"a\u0000b","scopes":["read"]}`},
		"a code":                   {"POST /v1/bots/cafe/rewards/coffee/codes", `{"codes":["a\u0000b","\u0000"]}`},
		"an event": {
			"POST /v1/bots/cafe/events",
			`{"id":"n\u0000","account":"own","contact":{"external_id":"z\u0000","name":"\u0000 \u0000","locale":"\u0000"},"text":"\u0000","ref":"\u0000"}`,
		},
		"an event's account": {"POST /v1/bots/cafe/events", `{"id":"n","account":"\u0000","contact":{"external_id":"z"}}`},
		"a program":          {"PUT /v1/bots/cafe/program", "name: a\x00b"},
		"a program's text":   {"PUT /v1/bots/cafe/program", strings.Replace(cafeProgram, "Welcome", `\u0000`, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			method, path, _ := strings.Cut(request[0], " ")
			f.neverUnavailable(t, method, path, request[1])
		})
	}
	if strings.Contains(f.log.String(), "ERROR") {
		t.Errorf("an operator is bothered with it: %s", f.log)
	}
}

func (f *front) neverUnavailable(t *testing.T, method, path, body string, headers ...string) {
	t.Helper()
	if got := f.send(t, method, path, body, headers...); got.status >= http.StatusInternalServerError {
		t.Errorf("%s %s: %d %s", method, path, got.status, got.body)
	}
}

func TestTimesBeyondReason(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	for _, when := range []string{"0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-12-31T23:59:60Z", "2026-01-01T00:00:00+23:59"} {
		t.Run(when, func(t *testing.T) {
			f.neverUnavailable(t, "POST", "/v1/bots/cafe/events", `{"id":"`+when+`","account":"own","contact":{"external_id":"z"},"occurred_at":"`+when+`"}`)
		})
	}
}

func TestWithoutPostgresEveryOperationSaysSoAndNothingElse(t *testing.T) {
	t.Parallel()
	f := newStory(t)
	f.parkEvent()
	f.books.Close()
	for operation, request := range working() {
		t.Run(operation, func(t *testing.T) {
			got := f.send(t, request.method, request.path, request.body, request.headers...)
			said := refused(t, got, http.StatusServiceUnavailable, "unavailable")
			if strings.Contains(said.Detail, "pool") || len(said.Problems) != 0 {
				t.Errorf("it gives more away than that: %s", got.body)
			}
		})
	}
	if !strings.Contains(f.log.String(), "closed pool") {
		t.Errorf("the log doesn't name the cause: %s", f.log)
	}
}

func TestABugGivesNothingAway(t *testing.T) {
	t.Parallel()
	f := newFacade(t)
	f.names = map[string]string{"ana": "aaaaaaaaaa", "referral": "1", "parked-event": "1", "key": "aaaaaaaa"}
	for operation, request := range working() {
		t.Run(operation, func(t *testing.T) {
			got := f.send(t, request.method, request.path, request.body, request.headers...)
			refused(t, got, http.StatusInternalServerError, "internal")
			if strings.Contains(string(got.body), "nil pointer") {
				t.Errorf("it shows the cause: %s", got.body)
			}
		})
	}
	if !strings.Contains(f.log.String(), "nil pointer") {
		t.Errorf("the log doesn't name the cause: %s", f.log)
	}
}

func TestAReplayThatFailsGivesNothingAway(t *testing.T) {
	t.Parallel()
	f := newStory(t, func(c *api.Config) { c.Inbox = deaf{} })
	inbox := startInbox(t, f.books)
	f.check(inbox.Park(t.Context(), "cafe", "tg", update(77, "hello"), "an older release couldn't read it"))
	parked, err := f.books.Parked(t.Context(), "cafe", 0, 1)
	f.check(err)
	got := f.send(t, "POST", "/v1/bots/cafe/parked/"+strconv.FormatInt(parked[0].ID, 10)+"/replay", "")
	refused(t, got, http.StatusServiceUnavailable, "unavailable")
	if strings.Contains(string(got.body), errDeaf.Error()) {
		t.Errorf("it shows the cause: %s", got.body)
	}
}
