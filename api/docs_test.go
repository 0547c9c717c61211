package api_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/api"
)

// TestEveryProblemHasItsPage reads the source: whoever makes a problem gives it a name that stands in the table.
func TestEveryProblemHasItsPage(t *testing.T) {
	t.Parallel()
	made := problemsMade(t)
	for _, name := range api.KindsOfProblems() {
		if !made[name] {
			t.Errorf("nobody makes the problem %s", name)
		}
	}
	f := newFacade(t)
	for name := range made {
		if !slices.Contains(api.KindsOfProblems(), name) {
			t.Errorf("the problem %s has no kind", name)
			continue
		}
		english := f.send(t, "GET", "/problems/"+name, "", "Authorization:", "Accept-Language: en")
		spanish := f.send(t, "GET", "/problems/"+name+"?lang=es", "", "Authorization:")
		for language, got := range map[string]answer{englishPage: english, spanishPage: spanish} {
			if got.status != http.StatusOK || !strings.Contains(string(got.body), language) || !strings.Contains(string(got.body), "/problems/"+name) {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
			if strings.Contains(string(got.body), "<p></p>") || strings.Contains(string(got.body), "<h1></h1>") {
				t.Errorf("%s lacks words: %s", name, got.body)
			}
		}
	}
	refused(t, f.send(t, "GET", "/problems/nosuch", "", "Authorization:"), http.StatusNotFound, "unknown_address")
}

// problemsMade are the names that newProblem is called with. It must be called with a name as it stands.
func problemsMade(t *testing.T) map[string]bool {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name, ok := call.Fun.(*ast.Ident); !ok || name.Name != "newProblem" {
				return true
			}
			literal, ok := call.Args[0].(*ast.BasicLit)
			if !ok {
				t.Errorf("%s makes a problem whose name doesn't stand there", entry.Name())
				return true
			}
			name, _ := strconv.Unquote(literal.Value)
			made[name] = true
			return true
		})
	}
	return made
}

func TestTheReferenceNeedsNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	f := newFacade(t)
	page := f.send(t, "GET", "/docs", "", "Authorization:")
	policy := page.header.Get("Content-Security-Policy")
	if page.status != http.StatusOK || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'self';") {
		t.Fatalf("%d %v", page.status, page.header)
	}
	text := string(page.body)
	if strings.Contains(text, "http://") || strings.Contains(text, "https://") || strings.Contains(text, "<script>") {
		t.Errorf("the page needs more than its policy allows: %s", text)
	}
	for address, kind := range map[string]string{
		"/docs/swagger-ui.css": "css", "/docs/swagger-ui-bundle.js": "javascript", "/docs/reference.js": "javascript", "/openapi.yaml": "yaml",
	} {
		got := f.send(t, "GET", address, "", "Authorization:")
		if got.status != http.StatusOK || !strings.HasSuffix(mediaType(got), kind) || len(got.body) == 0 {
			t.Errorf("%s: %d %v", address, got.status, got.header)
		}
		if address != "/openapi.yaml" && !strings.Contains(text, address) {
			t.Errorf("the page doesn't name %s", address)
		}
	}
	for _, address := range []string{"/docs/index.html", "/docs/..%2Fpage.go", "/docs/swagger-ui-standalone-preset.js"} {
		refused(t, f.send(t, "GET", address, "", "Authorization:"), http.StatusNotFound, "unknown_address")
	}
}
