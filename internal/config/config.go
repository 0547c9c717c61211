// Package config reads what the environment says, once, and says everything that is wrong with it at once.
package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
)

// A Config is the environment of every command; the README's table documents each variable.
type Config struct {
	DatabaseURL   string
	Address       string // where the api listens
	PublicURL     string // where platforms and browsers reach it
	AdminToken    string
	EncryptionKey []byte // 32 bytes
	LogLevel      slog.Level
	Temporal      client.Options
	TemporalUI    string
	Deployment    string // with BuildID: worker versioning
	BuildID       string
}

// Part is what a command needs beyond the database.
type Part int

// The parts, to be added up.
const (
	API     Part = 1 << iota // address, admin token, public address, Temporal
	Keys                     // the encryption key
	Workers                  // public address, Temporal
)

const (
	defaultAddress = "127.0.0.1:8080"
	adminTokenMin  = 16
)

// Load reads the environment for a command that needs the given parts. The error lists every variable to mend.
func Load(env func(string) string, parts Part) (Config, error) {
	c := Config{
		DatabaseURL: env("DATABASE_URL"), Address: env("MILLENNIUM_ADDR"), PublicURL: strings.TrimSuffix(env("MILLENNIUM_PUBLIC_URL"), "/"),
		AdminToken: env("MILLENNIUM_ADMIN_TOKEN"), TemporalUI: env("MILLENNIUM_TEMPORAL_UI"),
		Deployment: env("TEMPORAL_DEPLOYMENT_NAME"), BuildID: env("TEMPORAL_WORKER_BUILD_ID"),
	}
	if c.Address == "" {
		c.Address = defaultAddress
	}
	if c.PublicURL == "" {
		c.PublicURL = "http://" + reachable(c.Address)
	}
	wrong := []error{c.checkDatabase(), c.readLog(env("MILLENNIUM_LOG"))}
	if parts&API != 0 {
		wrong = append(wrong, c.checkAPI())
	}
	if parts&Keys != 0 {
		wrong = append(wrong, c.readKey(env("MILLENNIUM_ENCRYPTION_KEY")))
	}
	if parts&(Workers|API) != 0 {
		wrong = append(wrong, c.checkPublic(), c.readTemporal())
	}
	return c, errors.Join(wrong...)
}

// reachable is an address as somebody on this machine would open it: nobody can open "every interface".
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && (host == "" || ip != nil && ip.IsUnspecified()) {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

func (c *Config) checkDatabase() error {
	if c.DatabaseURL == "" {
		return errors.New("DATABASE_URL is empty: set it to postgres://user:password@host:port/database")
	}
	return nil
}

func (c *Config) readLog(level string) error {
	if level == "" {
		return nil
	}
	if err := c.LogLevel.UnmarshalText([]byte(level)); err != nil {
		return fmt.Errorf("MILLENNIUM_LOG is %q: use debug, info, warn or error", level)
	}
	return nil
}

func (c *Config) checkAPI() error {
	var wrong []error
	if len(c.AdminToken) < adminTokenMin {
		wrong = append(wrong, fmt.Errorf("MILLENNIUM_ADMIN_TOKEN is missing or shorter than %d characters: make one with `openssl rand -hex 24`", adminTokenMin))
	}
	if _, _, err := net.SplitHostPort(c.Address); err != nil {
		wrong = append(wrong, fmt.Errorf("MILLENNIUM_ADDR is %q: use host:port, as in %s", c.Address, defaultAddress))
	}
	return errors.Join(wrong...)
}

// checkPublic is for workers, too: the links they send lead there.
func (c *Config) checkPublic() error {
	if public, err := url.Parse(c.PublicURL); err != nil || public.Host == "" || public.Scheme != "http" && public.Scheme != "https" {
		return fmt.Errorf("MILLENNIUM_PUBLIC_URL is %q: use the address platforms and browsers reach, as in https://bot.example.com", c.PublicURL)
	}
	return nil
}

func (c *Config) readKey(encoded string) error {
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != 32 {
		return errors.New("MILLENNIUM_ENCRYPTION_KEY must be 32 bytes in base64: make one with `openssl rand -base64 32`, and keep it")
	}
	c.EncryptionKey = key
	return nil
}

func (c *Config) readTemporal() error {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return fmt.Errorf("the TEMPORAL_ variables can't be used: %w", err)
	}
	if options.HostPort == "" {
		options.HostPort = client.DefaultHostPort
	}
	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}
	c.Temporal = options
	if (c.Deployment == "") != (c.BuildID == "") {
		return errors.New("TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID go together: set both for worker versioning, or neither")
	}
	return nil
}
