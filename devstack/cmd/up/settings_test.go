package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDefaultsAreOnLoopbackInTheRepository(t *testing.T) {
	s := mustLoad(t, nil)
	want := settings{
		root: s.root, data: filepath.Join(s.root, ".data"), address: "127.0.0.1:8080",
		temporalAddress: "127.0.0.1:7233", ownTemporal: true, uiAddress: "127.0.0.1:8233",
	}
	if s != want {
		t.Errorf("got %+v\nwant %+v", s, want)
	}
	if _, err := os.Stat(filepath.Join(s.root, "devstack", "go.mod")); err != nil {
		t.Errorf("%s is not the repository's root: %v", s.root, err)
	}
}

func TestExistingServersAreUsed(t *testing.T) {
	for name, test := range map[string]struct {
		environment                map[string]string
		needsPostgres, ownTemporal bool
	}{
		"nothing":       {nil, true, true},
		"database only": {map[string]string{"DATABASE_URL": "postgres://x"}, true, true},
		"temporal only": {map[string]string{"TEMPORAL_ADDRESS": "x:7233"}, true, false},
		"both":          {map[string]string{"DATABASE_URL": "postgres://x", "TEMPORAL_ADDRESS": "x:7233"}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := mustLoad(t, test.environment)
			if s.needsPostgres() != test.needsPostgres || s.ownTemporal != test.ownTemporal {
				t.Errorf("private postgres: %t, own temporal: %t", s.needsPostgres(), s.ownTemporal)
			}
			if !s.ownTemporal && len(s.listening()) != 1 {
				t.Errorf("it checks ports it does not use: %v", s.listening())
			}
		})
	}
}

func TestEveryWrongSettingIsNamedAtOnce(t *testing.T) {
	_, err := loadSettings(lookupIn(map[string]string{
		addressVariable: "8080", temporalPortVariable: "70000", uiPortVariable: "ui",
	}))
	for _, variable := range []string{addressVariable, temporalPortVariable, uiPortVariable} {
		if err == nil || !strings.Contains(err.Error(), variable) {
			t.Errorf("%s is not named in %v", variable, err)
		}
	}
}

func TestThePageIsOnLoopbackWhereverItListens(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080",
		":8080":          "http://127.0.0.1:8080",
		"0.0.0.0:80":     "http://127.0.0.1:80",
		"[::]:80":        "http://127.0.0.1:80",
		"10.0.0.7:8080":  "http://10.0.0.7:8080",
	} {
		if got := (settings{address: address}).pageURL(); got != want {
			t.Errorf("%s: got %s, want %s", address, got, want)
		}
	}
}

func TestOutsideACheckoutThereIsNoRoot(t *testing.T) {
	if root, err := findRoot(t.TempDir()); err == nil {
		t.Errorf("found %s", root)
	}
}

func TestPathsAreShownFromTheRepository(t *testing.T) {
	s := settings{root: "/repo"}
	for path, want := range map[string]string{"/repo/.data/logs": ".data/logs", "/elsewhere/logs": "/elsewhere/logs"} {
		if got := s.shown(path); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func mustLoad(t *testing.T, environment map[string]string) settings {
	t.Helper()
	s, err := loadSettings(lookupIn(environment))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func lookupIn(environment map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, set := environment[name]
		return value, set
	}
}
