package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheExitCodeIsPassedOn(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 3": 3, "kill -KILL $$": 128 + 9} {
		got, err := runCommand([]string{"/bin/sh", "-c", script}, "")
		if err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", script, got, err, want)
		}
	}
}

func TestTheCommandGetsTheURL(t *testing.T) {
	file := filepath.Join(t.TempDir(), "url")
	if _, err := runCommand([]string{"/bin/sh", "-c", `printf %s "$` + urlVariable + `" > "$0"`, file}, "postgres://here"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil || string(got) != "postgres://here" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAMissingCommandIsTrouble(t *testing.T) {
	got, err := runCommand([]string{filepath.Join(t.TempDir(), "missing")}, "")
	if err == nil || got != exitTrouble {
		t.Errorf("got %d, %v", got, err)
	}
}
