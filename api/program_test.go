package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestAProgramsMistakesAreToldInItsAuthorsLanguage(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	words := map[string][2]string{}
	for accepts, language := range map[string]string{
		"": "en", "en-US": "en", "es": "es", "es-AR,es;q=0.9,en;q=0.5": "es", "de": "en", "en;q=0.1,es": "es", "???": "en",
	} {
		t.Run("accepting "+accepts, func(t *testing.T) {
			got := f.send(t, "PUT", "/v1/bots/cafe/program", mistakes, "Content-Type: application/yaml", "Accept-Language: "+accepts)
			said := refused(t, got, http.StatusUnprocessableEntity, "bad_program")
			if len(said.Problems) != 2 {
				t.Fatalf("%d mistakes: %s", len(said.Problems), got.body)
			}
			for i, want := range []struct {
				code, path   string
				line, column int
			}{{"unknown_field_type", "fields.points.type", 4, 12}, {"unknown_flow", "entry_points.campaign1.flow", 6, 15}} {
				item := said.Problems[i]
				if item.Severity != "error" || item.Code != want.code || item.Path != want.path || item.Line != want.line || item.Column != want.column {
					t.Errorf("mistake %d is %+v", i, item)
				}
			}
			both := [2]string{said.Problems[0].Detail, said.Problems[1].Detail}
			if known, ok := words[language]; ok && known != both {
				t.Errorf("in %s it says %q here and %q elsewhere", language, both, known)
			}
			words[language] = both
		})
	}
	if words["en"] == words["es"] || !strings.Contains(words["es"][1], "flujo") || !strings.Contains(words["en"][1], "flow") {
		t.Errorf("the languages don't differ: %v", words)
	}
}

func TestARefusedProgramChangesNothing(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	refused(t, f.send(t, "PUT", "/v1/bots/cafe/program", mistakes, "Content-Type: application/yaml"), http.StatusUnprocessableEntity, "bad_program")
	got := f.send(t, "GET", "/v1/bots/cafe/program", "")
	if string(got.body) != cafeProgram || got.header.Get("Program-Version") != "1" {
		t.Errorf("version %s is in force: %s", got.header.Get("Program-Version"), got.body)
	}
}

func TestASavedProgramIsInForceAtOnce(t *testing.T) {
	t.Parallel()
	f := newCafe(t)
	if got := f.send(t, "GET", "/v1/bots/cafe/rewards/coffee/codes", ""); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	changed := strings.ReplaceAll(cafeProgram, "coffee", "tea")
	if got := f.send(t, "PUT", "/v1/bots/cafe/program", changed, "Content-Type: application/yaml"); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	refused(t, f.send(t, "GET", "/v1/bots/cafe/rewards/coffee/codes", ""), http.StatusNotFound, "unknown_reward")
	if got := f.send(t, "GET", "/v1/bots/cafe/rewards/tea/codes", ""); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := f.send(t, "GET", "/v1/bots/cafe/program", ""); got.header.Get("Program-Version") != "2" {
		t.Errorf("version %s is in force", got.header.Get("Program-Version"))
	}
}
