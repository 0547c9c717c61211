package config_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/millenniumm/referrals/internal/config"
)

// fit is an environment with nothing wrong in it.
func fit() map[string]string {
	return map[string]string{
		"DATABASE_URL":              "postgres://localhost/books",
		"MILLENNIUM_ADMIN_TOKEN":    "a-long-enough-token",
		"MILLENNIUM_ENCRYPTION_KEY": base64.StdEncoding.EncodeToString(make([]byte, 32)),
	}
}

const everything = config.API | config.Keys | config.Workers

func load(env map[string]string, parts config.Part) (config.Config, error) {
	return config.Load(func(name string) string { return env[name] }, parts)
}

func TestAFitEnvironmentAndItsDefaults(t *testing.T) {
	t.Parallel()
	c, err := load(fit(), everything)
	if err != nil {
		t.Fatal(err)
	}
	if c.Address != "127.0.0.1:8080" || c.PublicURL != "http://127.0.0.1:8080" || len(c.EncryptionKey) != 32 {
		t.Errorf("address %s, public %s, key of %d bytes", c.Address, c.PublicURL, len(c.EncryptionKey))
	}
	if c.Temporal.HostPort == "" || c.Temporal.Namespace == "" {
		t.Errorf("Temporal at %q, namespace %q", c.Temporal.HostPort, c.Temporal.Namespace)
	}
	env := fit()
	env["MILLENNIUM_PUBLIC_URL"] = "https://bot.example.com/"
	if c, err := load(env, everything); err != nil || c.PublicURL != "https://bot.example.com" {
		t.Errorf("public %s, %v", c.PublicURL, err)
	}
}

func TestAPublicAddressNobodyGaveCanBeOpened(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"127.0.0.1:9000": "http://127.0.0.1:9000", "0.0.0.0:9000": "http://127.0.0.1:9000", ":9000": "http://127.0.0.1:9000",
		"[::]:9000": "http://127.0.0.1:9000", "bot.internal:80": "http://bot.internal:80",
	} {
		env := fit()
		env["MILLENNIUM_ADDR"] = address
		if c, err := load(env, everything); err != nil || c.PublicURL != want {
			t.Errorf("%s: public %s, %v, want %s", address, c.PublicURL, err, want)
		}
	}
}

// wrong spoils one variable each.
var wrong = map[string]string{
	"DATABASE_URL":              "",
	"MILLENNIUM_LOG":            "loud",
	"MILLENNIUM_ADMIN_TOKEN":    "short",
	"MILLENNIUM_ADDR":           "no port",
	"MILLENNIUM_PUBLIC_URL":     "ftp://bot.example.com",
	"MILLENNIUM_ENCRYPTION_KEY": "bm90IDMyIGJ5dGVz",
	"TEMPORAL_DEPLOYMENT_NAME":  "referrals", // without its build id
}

func TestEachWrongVariableIsNamedAndNoOther(t *testing.T) {
	t.Parallel()
	for name, value := range wrong {
		env := fit()
		env["MILLENNIUM_PUBLIC_URL"] = "https://bot.example.com" // else it follows the address
		env[name] = value
		_, err := load(env, everything)
		for other := range wrong {
			if named := err != nil && strings.Contains(err.Error(), other+" "); named != (other == name) {
				t.Errorf("%s is wrong: %s named %t in: %v", name, other, named, err)
			}
		}
	}
}

func TestAllWrongVariablesAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(wrong, everything)
	if err == nil {
		t.Fatal("nothing was wrong")
	}
	for name := range wrong {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s isn't named in:\n%v", name, err)
		}
	}
	for _, secret := range []string{wrong["MILLENNIUM_ENCRYPTION_KEY"], "\"" + wrong["MILLENNIUM_ADMIN_TOKEN"] + "\""} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("a secret is told: %v", err)
		}
	}
}

func TestACommandIsAskedOnlyForWhatItNeeds(t *testing.T) {
	t.Parallel()
	if _, err := load(map[string]string{"DATABASE_URL": "postgres://localhost/books"}, 0); err != nil {
		t.Errorf("migrating needs the database only: %v", err)
	}
	env := fit()
	delete(env, "MILLENNIUM_ADMIN_TOKEN")
	if _, err := load(env, config.Workers|config.Keys); err != nil {
		t.Errorf("a worker needs no admin token: %v", err)
	}
	env["MILLENNIUM_PUBLIC_URL"] = "bot.example.com"
	if _, err := load(env, config.Workers|config.Keys); err == nil || !strings.Contains(err.Error(), "MILLENNIUM_PUBLIC_URL") {
		t.Errorf("a worker went without an address for its links: %v", err)
	}
	env["MILLENNIUM_PUBLIC_URL"] = ""
	if _, err := load(env, config.API); err == nil {
		t.Error("the api went without an admin token")
	}
}
