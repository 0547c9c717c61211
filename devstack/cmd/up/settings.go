package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	rootModule = "github.com/millenniumm/referrals"

	addressVariable      = "MILLENNIUM_ADDR"
	temporalPortVariable = "MILLENNIUM_DEV_TEMPORAL_PORT"
	uiPortVariable       = "MILLENNIUM_DEV_UI_PORT"
	dataVariable         = "MILLENNIUM_DEV_DATA"

	defaultAddress      = "127.0.0.1:8080"
	defaultTemporalPort = 7233
	defaultUIPort       = 8233

	loopback = "127.0.0.1"
)

// settings are what the environment decides.
type settings struct {
	root string // the repository
	data string // everything written here

	address         string // host:port the product listens on
	databaseURL     string // an existing database, or empty for a private one
	temporalAddress string // host:port of Temporal, existing or ours
	ownTemporal     bool
	uiAddress       string // host:port of our Temporal's UI

	adminToken    string // given by the environment, or empty
	encryptionKey string // given by the environment, or empty
}

// loadSettings reads the environment through lookup, and finds the repository from the working directory.
func loadSettings(lookup func(string) (string, bool)) (settings, error) {
	working, err := os.Getwd()
	if err != nil {
		return settings{}, err
	}
	root, err := findRoot(working)
	if err != nil {
		return settings{}, err
	}
	get := func(name, fallback string) string {
		if value, set := lookup(name); set && value != "" {
			return value
		}
		return fallback
	}
	temporalPort, temporalErr := parsePort(temporalPortVariable, get(temporalPortVariable, strconv.Itoa(defaultTemporalPort)))
	uiPort, uiErr := parsePort(uiPortVariable, get(uiPortVariable, strconv.Itoa(defaultUIPort)))
	s := settings{
		root:            root,
		data:            get(dataVariable, filepath.Join(root, ".data")),
		address:         get(addressVariable, defaultAddress),
		databaseURL:     get("DATABASE_URL", ""),
		temporalAddress: get("TEMPORAL_ADDRESS", ""),
		adminToken:      get("MILLENNIUM_ADMIN_TOKEN", ""),
		encryptionKey:   get("MILLENNIUM_ENCRYPTION_KEY", ""),
	}
	if s.temporalAddress == "" {
		s.ownTemporal = true
		s.temporalAddress = net.JoinHostPort(loopback, temporalPort)
		s.uiAddress = net.JoinHostPort(loopback, uiPort)
	}
	s.data, err = filepath.Abs(s.data)
	return s, errors.Join(temporalErr, uiErr, checkAddress(s.address), err)
}

func parsePort(variable, text string) (string, error) {
	if port, err := strconv.Atoi(text); err != nil || port < 1 || port > 65535 {
		return "", fmt.Errorf("%s=%s: not a port (1 to 65535)", variable, text)
	}
	return text, nil
}

func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%s=%s: not of the form host:port", addressVariable, address)
	}
	_, err = parsePort(addressVariable, port)
	return err
}

// findRoot walks up from a directory to the repository's root; devstack on the way is a module of its own.
func findRoot(from string) (string, error) {
	for dir := from; ; dir = filepath.Dir(dir) {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && moduleOf(string(text)) == rootModule {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not inside a checkout of %s", from, rootModule)
		}
	}
}

func moduleOf(goMod string) string {
	for line := range strings.Lines(goMod) {
		if name, found := strings.CutPrefix(strings.TrimSpace(line), "module "); found {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

// needsPostgres tells whether a private PostgreSQL must run: for the product, or for our Temporal.
func (s settings) needsPostgres() bool { return s.databaseURL == "" || s.ownTemporal }

// pageURL is where the product's page is found from this machine, also when it listens on every interface.
func (s settings) pageURL() string {
	host, port, _ := net.SplitHostPort(s.address)
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = loopback
	}
	return "http://" + net.JoinHostPort(host, port)
}

func (s settings) file(name ...string) string {
	return filepath.Join(append([]string{s.data}, name...)...)
}

func (s settings) logFile(name string) string { return s.file("logs", name+".log") }

func (s settings) devstack() string { return filepath.Join(s.root, "devstack") }

func (s settings) binary(name string) string { return s.file("bin", name) }

// shown is a path as short as it can be for a person standing in the repository.
func (s settings) shown(path string) string {
	if relative, err := filepath.Rel(s.root, path); err == nil && filepath.IsLocal(relative) {
		return relative
	}
	return path
}
