package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/millenniumm/referrals/api"
	webhooks "github.com/millenniumm/referrals/channel/webhook"
)

func TestOfTwoChangesToOneVersionOneIsSaved(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	const many = 8
	answers := make([]answer, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			answers[i] = f.send(t, "PUT", "/v1/bots/cafe/program", cafeProgram, "Content-Type: application/yaml", `If-Match: "1"`)
		})
	}
	all.Wait()
	saved := 0
	for _, got := range answers {
		if got.status == http.StatusOK {
			saved++
			continue
		}
		said := refused(t, got, http.StatusPreconditionFailed, "stale_program")
		if !strings.Contains(said.Detail, "version 2 is in force") {
			t.Errorf("it doesn't name the version in force: %s", said.Detail)
		}
	}
	if saved != 1 {
		t.Errorf("%d were saved", saved)
	}
}

func TestAVersionIsFoundByItsETag(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	for _, path := range []string{"/v1/bots/cafe/program", "/v1/bots/cafe/program/versions/1"} {
		etag := f.send(t, "GET", path, "").header.Get("ETag")
		if etag != `"1"` {
			t.Errorf("%s has ETag %q", path, etag)
		}
	}
	for _, header := range []string{`If-Match: "1"`, "If-Match: 2"} {
		if got := f.send(t, "PUT", "/v1/bots/cafe/program", cafeProgram, "Content-Type: application/yaml", header); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", header, got.status, got.body)
		}
	}
	refused(t, f.send(t, "PUT", "/v1/bots/cafe/program", cafeProgram, "Content-Type: application/yaml", "If-Match: 9999999999"), http.StatusPreconditionFailed, "stale_program")
}

func TestGoingBackToAVersion(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	changed := strings.Replace(cafeProgram, "Welcome, ", "Hello, ", 1)
	f.send(t, "PUT", "/v1/bots/cafe/program", changed, "Content-Type: application/yaml")

	var compared struct{ Diff string }
	f.send(t, "GET", "/v1/bots/cafe/program/diff?from=1", "").into(t, &compared)
	for _, line := range []string{"--- version 1\n", "+++ version 2\n", "\n-  welcome: [{send: \"Welcome, ", "\n+  welcome: [{send: \"Hello, "} {
		if !strings.Contains(compared.Diff, line) {
			t.Errorf("the difference lacks %q:\n%s", line, compared.Diff)
		}
	}

	if got := f.send(t, "POST", "/v1/bots/cafe/program/versions/1/restore", ""); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := f.send(t, "GET", "/v1/bots/cafe/program", ""); string(got.body) != cafeProgram || got.header.Get("Program-Version") != "3" {
		t.Errorf("version %s is in force: %s", got.header.Get("Program-Version"), got.body)
	}
	var page struct {
		Items []struct {
			Version      int
			InForce      bool `json:"in_force"`
			RestoredFrom int  `json:"restored_from"`
		}
		Next string
	}
	f.send(t, "GET", "/v1/bots/cafe/program/versions?limit=2", "").into(t, &page)
	if len(page.Items) != 2 || page.Items[0].Version != 3 || !page.Items[0].InForce || page.Items[0].RestoredFrom != 1 || page.Items[1].InForce || page.Next != "2" {
		t.Errorf("the list is %+v", page)
	}
	f.send(t, "GET", "/v1/bots/cafe/program/versions?cursor="+page.Next, "").into(t, &page)
	if len(page.Items) != 1 || page.Items[0].Version != 1 {
		t.Errorf("the next page is %+v", page)
	}
}

func TestAVersionThatTodaysRulesRefuseIsNotRestored(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	for _, source := range []string{mistakes, cafeProgram} { // an older release took it
		_, err := f.books.SaveProgram(t.Context(), "cafe", source)
		f.check(err)
	}
	got := f.send(t, "POST", "/v1/bots/cafe/program/versions/2/restore", "", "Accept-Language: es", "Idempotency-Key: k")
	said := refused(t, got, http.StatusUnprocessableEntity, "bad_program")
	if len(said.Problems) != 2 || !strings.Contains(said.Problems[1].Detail, "flujo") {
		t.Errorf("its mistakes are %+v", said.Problems)
	}
	if bot, err := f.books.Bot(t.Context(), "cafe"); err != nil || bot.ProgramVersion != 3 {
		t.Errorf("version %d is in force, %v", bot.ProgramVersion, err)
	}
}

func TestAValidatedProgramIsNotSaved(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	for _, source := range []string{cafeProgram, mistakes} {
		if got := f.send(t, "POST", "/v1/bots/cafe/program/validate", source, "Content-Type: application/yaml"); got.status != http.StatusOK {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
	if bot, err := f.books.Bot(t.Context(), "cafe"); err != nil || bot.ProgramVersion != 1 {
		t.Errorf("version %d is in force, %v", bot.ProgramVersion, err)
	}
}

func TestACalledWebhookThatNobodyConnectedIsWarnedOf(t *testing.T) {
	t.Parallel()
	f := newCafe(t, func(c *api.Config) { c.Channels[webhooks.Name] = webhooks.Adapter{} })
	calling := strings.Replace(cafeProgram, "flows:\n", "flows:\n  told: [{call_webhook: crm}]\n", 1)
	warned := func() bool {
		got := f.send(t, "POST", "/v1/bots/cafe/program/validate", calling, "Content-Type: application/yaml", "Accept-Language: es")
		if got.status != http.StatusOK || !strings.Contains(string(got.body), `"valid":true`) {
			t.Fatalf("%d %s", got.status, got.body)
		}
		return strings.Contains(string(got.body), "webhook_not_connected") && strings.Contains(string(got.body), "ninguna cuenta de webhook")
	}
	if !warned() {
		t.Error("nothing is said of a webhook that isn't there")
	}
	got := f.send(t, "PUT", "/v1/bots/cafe/accounts/crm", `{"channel":"webhook","api_base_url":"https://crm.example.com/hook"}`)
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if warned() {
		t.Error("a webhook that is connected is warned of")
	}
}

func TestEditorsFindTheSchemaOfPrograms(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	got := f.send(t, "GET", "/schema/program.json", "", "Authorization:")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/schema+json" || !json.Valid(got.body) {
		t.Errorf("%d %s", got.status, got.header)
	}
}
