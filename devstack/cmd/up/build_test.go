package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestABinaryIsCurrentUntilItsSourcesChange(t *testing.T) {
	module := t.TempDir()
	source := filepath.Join(module, "main.go")
	write(t, source, "package main")
	write(t, filepath.Join(module, "main_test.go"), "package main")
	s := testSettings(t)
	if s.isCurrent(temporal, module) {
		t.Error("current without a binary")
	}
	write(t, s.binary(temporal), "binary")
	if s.isCurrent(temporal, module) {
		t.Error("current, though nobody knows what it was compiled from")
	}
	digest, err := sources(module)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.noteSources(temporal, digest); err != nil {
		t.Fatal(err)
	}
	if !s.isCurrent(temporal, module) {
		t.Error("not current right after compiling")
	}
	write(t, filepath.Join(module, "main_test.go"), "package main // changed")
	if !s.isCurrent(temporal, module) {
		t.Error("a test is no source of a binary")
	}
	write(t, source, "package main // changed")
	if s.isCurrent(temporal, module) {
		t.Error("current after a change")
	}
}

func TestProgressSaysHowFarABuildIs(t *testing.T) {
	for _, test := range []struct {
		compiled, stale int64
		want            string
	}{
		{0, 0, "looking for what changed, 1m5s"},
		{5, 0, "5 packages, 1m5s"},
		{5, 1300, "5 of 1300 packages, 1m5s"},
		{1300, 1300, "last packages and linking, 1m5s"},
	} {
		b := &build{began: time.Now().Add(-65 * time.Second)}
		b.compiled.Store(test.compiled)
		b.stale.Store(test.stale)
		if got := b.String(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestACompilersErrorIsShown(t *testing.T) {
	module := t.TempDir()
	write(t, filepath.Join(module, "go.mod"), "module broken\n\ngo 1.26\n")
	write(t, filepath.Join(module, "cmd", product, "main.go"), "package main\n\nfunc main() { nonsense() }\n")
	err := beginBuild(t.Context(), testSettings(t), product, module).wait(nil)
	if err == nil || !strings.Contains(err.Error(), "undefined: nonsense") {
		t.Errorf("got %v", err)
	}
}

func TestProgressIsRareWhereALineCannotBeOverwritten(t *testing.T) {
	var out bytes.Buffer
	c := &console{began: time.Now(), lastProgress: time.Now(), out: &out}
	c.progress("early")
	c.lastProgress = time.Now().Add(-quietInterval)
	c.progress("late")
	c.progress("again")
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "late") {
		t.Errorf("got %q", got)
	}
}

func TestProgressIsOverwrittenOnATerminal(t *testing.T) {
	var out bytes.Buffer
	c := &console{began: time.Now(), terminal: true, out: &out}
	c.progress("half")
	c.say("done")
	if got := out.String(); !strings.Contains(got, "half\r\x1b[K") || !strings.HasSuffix(got, "done\n") {
		t.Errorf("got %q", got)
	}
}

func testSettings(t *testing.T) settings {
	t.Helper()
	s := settings{root: t.TempDir(), data: reachableDir(t)}
	for _, dir := range []string{s.file("bin"), s.file("logs")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// reachableDir is a temporary directory that the account running PostgreSQL can enter, as t.TempDir is not for root.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "millennium-test-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
