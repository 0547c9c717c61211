package api_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/api"
)

const (
	spanishPage = `<html lang="es">`
	englishPage = `<html lang="en">`
)

func TestThePageSpeaksItsReadersLanguage(t *testing.T) {
	t.Parallel()
	f := newFacade(t)
	for name, test := range map[string]struct{ path, accepts, want string }{
		"nothing is said":                    {"/", "", englishPage},
		"a Spanish browser":                  {"/", "es-MX,es;q=0.9,en;q=0.8", spanishPage},
		"an English browser":                 {"/", "en-GB,en;q=0.9,es;q=0.5", englishPage},
		"English preferred, written last":    {"/", "es;q=0.2,en;q=0.9", englishPage},
		"neither of them":                    {"/", "de-DE", englishPage},
		"no language at all":                 {"/", "%%%", englishPage},
		"anything":                           {"/", "*", englishPage},
		"Spanish chosen on an English one":   {"/?lang=es", "en", spanishPage},
		"English chosen on a Spanish one":    {"/?lang=en", "es", englishPage},
		"a language chosen that isn't there": {"/?lang=de", "es", spanishPage},
		"a path for a language":              {"/?lang=../../etc/passwd", "", englishPage},
	} {
		t.Run(name, func(t *testing.T) {
			got := f.send(t, "GET", test.path, "", "Authorization:", "Accept-Language: "+test.accepts)
			if got.status != http.StatusOK || !strings.Contains(string(got.body), test.want) {
				t.Errorf("%d, not in the language wanted (%s)", got.status, test.want)
			}
			if got.header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(got.header.Get("Vary"), "Accept-Language") {
				t.Errorf("headers: %v", got.header)
			}
		})
	}
}

func TestThePageSaysWhereThingsAreAndNothingSecret(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/?lang=es", "/?lang=en"} {
		f := newFacade(t)
		got := f.send(t, "GET", path, "", "Authorization:")
		for _, address := range []string{"https://bot.example.com/v1/bots/demo", "http://temporal.example.com/", "/openapi.yaml", "/readyz"} {
			if !strings.Contains(string(got.body), address) {
				t.Errorf("%s doesn't name %s", path, address)
			}
		}
	}
}

// Nothing but our own style may come with the page: no script runs, nobody frames it.
func TestThePageAllowsNothingButItself(t *testing.T) {
	t.Parallel()
	f := newFacade(t)
	for _, path := range []string{"/?lang=es", "/?lang=en"} {
		got := f.send(t, "GET", path, "", "Authorization:")
		policy := got.header.Get("Content-Security-Policy")
		for _, directive := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, directive) {
				t.Errorf("the policy %q lacks %s", policy, directive)
			}
		}
		if strings.Contains(policy, "script-src") || got.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers: %v", got.header)
		}
		for _, needs := range []string{"<script", "<img", "<link", " style=", " onclick=", "<iframe"} {
			if strings.Contains(string(got.body), needs) {
				t.Errorf("%s has %s, which the policy forbids", path, needs)
			}
		}
	}
}

func TestAPublicAddressCannotWriteIntoThePage(t *testing.T) {
	t.Parallel()
	f := newFacade(t, func(c *api.Config) {
		c.PublicURL, c.TemporalUI = `https://a.example/"><script>alert(1)</script>`, `javascript:alert(1)`
	})
	got := f.send(t, "GET", "/", "", "Authorization:")
	if strings.Contains(string(got.body), "<script>") || strings.Contains(string(got.body), `href="javascript:`) {
		t.Errorf("it did: %s", got.body)
	}
}

func TestThePageSaysWhenTemporalIsNotThere(t *testing.T) {
	t.Parallel()
	const note = `class="note"`
	for name, test := range map[string]struct {
		ready func(context.Context) error
		told  bool
	}{
		"nobody knows":    {nil, false},
		"it is there":     {func(context.Context) error { return nil }, false},
		"it is not there": {func(context.Context) error { return errors.New("no route") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFacade(t, func(c *api.Config) { c.TemporalReady = test.ready })
			for _, path := range []string{"/?lang=es", "/?lang=en"} {
				if got := f.send(t, "GET", path, ""); strings.Contains(string(got.body), note) != test.told {
					t.Errorf("%s: a note is told: %t", path, !test.told)
				}
			}
		})
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	away := func(context.Context) error { return errors.New("dial tcp 10.0.0.8:7233: no route") }
	for name, test := range map[string]struct {
		temporal func(context.Context) error
		down     bool // Postgres
		status   int
		holds    []string
	}{
		"all is there":               {temporal: func(context.Context) error { return nil }, status: 200, holds: []string{`"postgres":"ok"`, `"temporal":"ok"`, `"inbox_pending":2`, `"inbox_oldest_seconds":0`}},
		"Temporal is not there":      {temporal: away, status: 200, holds: []string{`"status":"ok"`, `"temporal":"unreachable`}},
		"nobody asks about Temporal": {status: 200, holds: []string{`"temporal":"unknown"`}},
		"Postgres is not there":      {down: true, temporal: away, status: 503, holds: []string{`"status":"unavailable"`, `"postgres":"unreachable"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newCafe(t, func(c *api.Config) { c.TemporalReady = test.temporal })
			for _, id := range []string{"1", "2"} {
				f.send(t, "POST", "/v1/bots/cafe/events", `{"id":"`+id+`","account":"own","contact":{"external_id":"ana"}}`)
			}
			if test.down {
				f.books.Close()
			}
			got := f.send(t, "GET", "/readyz", "", "Authorization:")
			for _, part := range test.holds {
				if got.status != test.status || !strings.Contains(string(got.body), part) {
					t.Errorf("%d without %s: %s", got.status, part, got.body)
				}
			}
			if strings.Contains(string(got.body), "10.0.0.8") || strings.Contains(string(got.body), "pool") {
				t.Errorf("it shows the cause: %s", got.body)
			}
			if got := f.send(t, "GET", "/healthz", "", "Authorization:"); got.status != http.StatusOK || string(got.body) != `{"status":"ok"}` {
				t.Errorf("the process is there all the same: %d %s", got.status, got.body)
			}
		})
	}
}

func TestTheContractIsServedAsItIs(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := newFacade(t).send(t, "GET", "/openapi.yaml", "", "Authorization:")
	if got.status != http.StatusOK || string(got.body) != string(file) || mediaType(got) != "application/yaml" {
		t.Errorf("%d %s, %d bytes instead of %d", got.status, mediaType(got), len(got.body), len(file))
	}
}

func TestAnAPIWithoutAnAdminTokenDoesNotStart(t *testing.T) {
	t.Parallel()
	if _, err := api.New(api.Config{}); err == nil || !strings.Contains(err.Error(), "MILLENNIUM_ADMIN_TOKEN") {
		t.Errorf("it says %v", err)
	}
}
