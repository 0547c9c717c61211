package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/api/client"
	"github.com/millenniumm/referrals/program"
)

// A shelf is an api that keeps one bot's program as the contract says.
type shelf struct {
	versions []string
	asked    []*http.Request
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r)
	body, _ := io.ReadAll(r.Body)
	switch {
	case r.Header.Get("Authorization") != "Bearer key":
		refuse(w, http.StatusUnauthorized, "no token")
	case r.URL.Path == "/v1/bots/cafe/program/diff":
		fmt.Fprintf(w, `{"from":1,"to":2,"diff":"from %s to %s\n"}`, r.URL.Query().Get("from"), r.URL.Query().Get("to"))
	case r.URL.Path != "/v1/bots/cafe/program":
		refuse(w, http.StatusNotFound, "no such bot")
	case r.Method == http.MethodGet && len(s.versions) == 0:
		refuse(w, http.StatusConflict, "no program yet")
	case r.Method == http.MethodGet:
		w.Header().Set("Program-Version", fmt.Sprint(len(s.versions)))
		fmt.Fprint(w, s.versions[len(s.versions)-1])
	case r.Header.Get("If-Match") != fmt.Sprintf("%q", fmt.Sprint(len(s.versions))):
		refuse(w, http.StatusPreconditionFailed, "somebody saved another version")
	default:
		s.versions = append(s.versions, string(body))
		fmt.Fprintf(w, `{"version":%d,"warnings":[]}`, len(s.versions))
	}
}

func refuse(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"type":"/problems/x","title":"Refused","status":%d,"detail":%q}`, status, detail)
}

// runs a program command against a handler; what is given goes before its own arguments.
func runs(t *testing.T, api http.Handler, arguments ...string) (out, said string, err error) {
	t.Helper()
	server := httptest.NewServer(api)
	defer server.Close()
	command := programs()
	var stdout, stderr bytes.Buffer
	command.SetOut(&stdout)
	command.SetErr(&stderr)
	command.SilenceErrors, command.SilenceUsage = true, true
	usual := []string{arguments[0], "--api", server.URL, "--token", "key", "--bot", "cafe", "--lang", "en"}
	command.SetArgs(append(usual, arguments[1:]...))
	err = command.ExecuteContext(t.Context())
	return stdout.String(), stderr.String(), err
}

func file(t *testing.T, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cafe.yaml")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var (
	old     = string(program.Template("en"))
	changed = strings.Replace(old, "by: 2", "by: 3", 1)
)

func TestApplyShowsWhatChangesAndPutsItInForce(t *testing.T) {
	t.Parallel()
	s := &shelf{versions: []string{old}}
	out, _, err := runs(t, s, "apply", file(t, changed))
	if err != nil || len(s.versions) != 2 || s.versions[1] != changed {
		t.Fatalf("%v, %d versions", err, len(s.versions))
	}
	for _, line := range []string{"--- version 1\n", "\n-    do: [{increment: points, by: 2}", "\n+    do: [{increment: points, by: 3}", "Version 2 is in force."} {
		if !strings.Contains(out, line) {
			t.Errorf("%q isn't in\n%s", line, out)
		}
	}
}

func TestApplySavesNothingWhen(t *testing.T) {
	t.Parallel()
	broken := strings.Replace(strings.Replace(old, "by: 2", "by: two", 1), "flow: share", "flow: nowhere", 1)
	tests := map[string]struct {
		source    string
		arguments []string
		out, said string // what is printed
		fails     bool
	}{
		"it is only tried":           {changed, []string{"--dry"}, "Nothing was saved", "", false},
		"nothing changes":            {old, nil, "version 1 is in force", "", false},
		"the file has mistakes":      {broken, nil, "", "cafe.yaml:2", true},
		"the file isn't a program":   {"name: [", nil, "", "cafe.yaml:1", true},
		"the file is in other words": {broken, []string{"--lang", "es"}, "", "nowhere", true},
	}
	for name, test := range tests {
		s := &shelf{versions: []string{old}}
		out, said, err := runs(t, s, append([]string{"apply", file(t, test.source)}, test.arguments...)...)
		if (err != nil) != test.fails || !strings.Contains(out, test.out) || !strings.Contains(said, test.said) || len(s.versions) != 1 {
			t.Errorf("%s: %v, %d versions\n%s\n%s", name, err, len(s.versions), out, said)
		}
		if test.fails && len(s.asked) > 0 {
			t.Errorf("%s: the api was asked %d times", name, len(s.asked))
		}
	}
}

func TestApplyNamesEveryMistake(t *testing.T) {
	t.Parallel()
	broken := strings.Replace(strings.Replace(old, "by: 2", "by: two", 1), "flow: share", "flow: nowhere", 1)
	_, said, _ := runs(t, &shelf{}, "apply", file(t, broken))
	if strings.Count(said, ": error: ") != 2 {
		t.Errorf("it says\n%s", said)
	}
}

func TestTheFirstProgramOfABotIsApplied(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	out, _, err := runs(t, s, "apply", file(t, old))
	if err != nil || len(s.versions) != 1 || !strings.Contains(out, "Version 1 is in force") {
		t.Errorf("%v, %d versions\n%s", err, len(s.versions), out)
	}
}

// A race saves another version between apply's look at the one in force and its own.
type race struct{ *shelf }

func (r race) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodPut {
		r.versions = append(r.versions, "somebody else's")
	}
	r.shelf.ServeHTTP(w, request)
}

func TestApplyNeverReplacesAVersionItHasntShown(t *testing.T) {
	t.Parallel()
	s := &shelf{versions: []string{old}}
	_, _, err := runs(t, race{s}, "apply", file(t, changed))
	if !client.Is(err, http.StatusPreconditionFailed) || s.versions[len(s.versions)-1] != "somebody else's" {
		t.Errorf("%v: %q", err, s.versions)
	}
}

func TestDiffEndsLikeDiff(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		arguments []string
		out       string
		code      int
	}{
		"nothing differs":          {[]string{file(t, old)}, "", 0},
		"something differs":        {[]string{file(t, changed)}, "+    do: [{increment: points, by: 3}", 1},
		"two versions":             {[]string{"--from", "3", "--to", "5"}, "from 3 to 5", 1},
		"a version and the last":   {[]string{"--from", "3"}, "from 3 to \n", 1},
		"no such file":             {[]string{"nosuch.yaml"}, "", 2},
		"neither file nor from":    {nil, "", 2},
		"both a file and a from":   {[]string{file(t, old), "--from", "1"}, "", 2},
		"a bot that isn't there":   {[]string{file(t, old), "--bot", "nosuch"}, "", 2},
		"a key that opens nothing": {[]string{file(t, old), "--token", "wrong"}, "", 2},
	}
	for name, test := range tests {
		s := &shelf{versions: []string{old}}
		out, _, err := runs(t, s, append([]string{"diff"}, test.arguments...)...)
		code := 0
		if err != nil {
			code = exitCode(err)
		}
		if code != test.code || !strings.Contains(out, test.out) || test.out == "" && out != "" {
			t.Errorf("%s: exits with %d\n%s", name, code, out)
		}
	}
}
