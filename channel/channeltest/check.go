package channeltest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/channel"
)

func (s Suite) testCheck(t *testing.T) {
	t.Run("a complete account has no problems", func(t *testing.T) {
		s.wantProblems(t, s.account())
	})
	for _, field := range s.Required {
		t.Run("without "+field, func(t *testing.T) {
			account := s.account()
			remove(t, &account, field)
			s.wantProblems(t, account, field)
		})
	}
	t.Run("everything wrong is reported at once", func(t *testing.T) {
		account := s.account()
		for _, field := range s.Required {
			remove(t, &account, field)
		}
		account.APIBaseURL = "nowhere"
		s.wantProblems(t, account, append(slices.Clone(s.Required), "api_base_url")...)
	})
	s.testBaseURLs(t)
	for _, check := range s.Checks {
		t.Run(check.Name, func(t *testing.T) {
			account := s.account()
			check.Change(&account)
			s.wantProblems(t, account, check.Fields...)
		})
	}
}

func (s Suite) testBaseURLs(t *testing.T) {
	for address, fields := range map[string][]string{
		"https://api.example.com":           nil,
		"http://127.0.0.1:8081/under/path":  nil,
		"HTTPS://API.EXAMPLE.COM":           nil,
		"ftp://api.example.com":             {"api_base_url"},
		"file:///etc/passwd":                {"api_base_url"},
		"api.example.com":                   {"api_base_url"},
		"//api.example.com":                 {"api_base_url"},
		"https://":                          {"api_base_url"},
		"https://:443":                      {"api_base_url"},
		"https://api.example.com:port":      {"api_base_url"},
		"https://me:secret@api.example.com": {"api_base_url"},
		"https://api.example.com\n":         {"api_base_url"},
	} {
		t.Run(fmt.Sprintf("api_base_url %q", address), func(t *testing.T) {
			account := s.account()
			account.APIBaseURL = address
			s.wantProblems(t, account, fields...)
		})
	}
}

// wantProblems compares the fields of the problems, and holds their words to being of use and without credentials.
func (s Suite) wantProblems(t *testing.T, account channel.Account, fields ...string) {
	t.Helper()
	problems := s.New(http.DefaultClient).Check(account)
	var got []string
	for _, problem := range problems {
		got = append(got, problem.Field)
		if problem.Detail == "" {
			t.Errorf("the problem of %s has no detail", problem.Field)
		}
		s.wantNoSecret(t, account, problem.Detail)
	}
	slices.Sort(got)
	if want := slices.Sorted(slices.Values(fields)); !slices.Equal(got, want) {
		t.Errorf("problems of %q, want %q", got, want)
	}
}

// account is a copy that may be changed.
func (s Suite) account() channel.Account {
	account := s.Account
	account.Credentials = maps.Clone(account.Credentials)
	account.Settings = maps.Clone(account.Settings)
	return account
}

func remove(t *testing.T, account *channel.Account, field string) {
	t.Helper()
	switch group, key, _ := strings.Cut(field, "."); group {
	case "credentials":
		delete(account.Credentials, key)
	case "settings":
		delete(account.Settings, key)
	case "external_id":
		account.ExternalID = ""
	default:
		t.Fatalf("the suite requires %q, which accounts don't have", field)
	}
}

// wantNoSecret looks for credentials in words that may be logged or shown. Short ones are skipped: they may stand in any
// sentence.
func (s Suite) wantNoSecret(t *testing.T, account channel.Account, words string) {
	t.Helper()
	for name, secret := range account.Credentials {
		if len(secret) >= 8 && strings.Contains(words, secret) {
			t.Errorf("the credential %s is in %q", name, words)
		}
	}
}
