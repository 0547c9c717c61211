// Package pgtest gives every test a migrated database of its own on a real Postgres, so that tests run in parallel and see
// nobody else's rows. It is for tests only and must know nothing of what they test beyond the books' schema.
package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/postgres"
)

const (
	urlVariable = "MILLENNIUM_TEST_DATABASE_URL"
	// templateLock lets one test process at a time look for the template and make it. The number is arbitrary and ours.
	templateLock = 7_265_666_572
	// connections a test's store may hold: several tests share one server.
	connections = 20
)

// Key is the encryption key of the stores that NewStore and Open make.
var Key = []byte("an-encryption-key-for-tests-only")

// New makes a migrated, empty database for one test and gives its URL. It is dropped when the test ends.
func New(t testing.TB) string {
	t.Helper()
	server := serverURL(t)
	name, err := template(t.Context(), server)
	if err != nil {
		t.Fatalf("make the template database: %v", err)
	}
	database := name + "_" + randomHex()
	if err := run(t.Context(), server, "CREATE DATABASE "+database+" TEMPLATE "+name); err != nil {
		t.Fatalf("make the test's database: %v", err)
	}
	t.Cleanup(func() {
		if err := run(context.Background(), server, "DROP DATABASE "+database+" WITH (FORCE)"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return withDatabase(t, server, database)
}

// NewStore opens a store on a database of its own, and closes it when the test ends.
func NewStore(t testing.TB) *postgres.Store {
	t.Helper()
	return Open(t, New(t))
}

// Open opens one more store on a test's database, as another process would, and closes it when the test ends.
func Open(t testing.TB, url string) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: connections, Key: Key, Link: Link})
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(store.Close)
	return store
}

// Pool connects to a test's database beside its store, for what only a test wants to know or to disturb.
func Pool(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatalf("connect to the test's database: %v", err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// Link is the links that the stores here make, of one shape for every channel.
func Link(account channel.Account, ref string) (string, error) {
	return fmt.Sprintf("https://%s.example/%s?ref=%s", account.Channel, account.ExternalID, ref), nil
}

func serverURL(t testing.TB) string {
	t.Helper()
	server := os.Getenv(urlVariable)
	if server == "" {
		t.Fatalf("%s is empty: run `make test`, which starts a Postgres for the tests, or set it to a superuser's URL of one", urlVariable)
	}
	return server
}

// template gives the name of a migrated database to copy. It is named after the schema, so that a changed one gets its own,
// and made once however many tests and test processes start together.
func template(ctx context.Context, server string) (string, error) {
	schema, err := postgres.Schema()
	if err != nil {
		return "", fmt.Errorf("read the schema: %w", err)
	}
	hash := sha256.Sum256([]byte(schema))
	name := "millennium_test_" + hex.EncodeToString(hash[:6])
	connection, err := pgx.Connect(ctx, server)
	if err != nil {
		return "", fmt.Errorf("connect to %s: %w", urlVariable, err)
	}
	defer func() { _ = connection.Close(context.WithoutCancel(ctx)) }() // ends the session's lock, too
	if _, err := connection.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(templateLock)); err != nil {
		return "", fmt.Errorf("wait for other test processes: %w", err)
	}
	var ready bool
	err = connection.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)", name).Scan(&ready)
	if err != nil || ready {
		return name, err
	}
	return name, makeTemplate(ctx, connection, server, name)
}

// makeTemplate migrates a new database. It counts as a template only when that is done: whatever a crash leaves is made anew.
func makeTemplate(ctx context.Context, connection *pgx.Conn, server, name string) error {
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", "CREATE DATABASE " + name} {
		if _, err := connection.Exec(ctx, statement); err != nil {
			return err
		}
	}
	address, err := inDatabase(server, name)
	if err != nil {
		return err
	}
	if err := postgres.Migrate(ctx, address); err != nil {
		return err
	}
	_, err = connection.Exec(ctx, "ALTER DATABASE "+name+" WITH IS_TEMPLATE true ALLOW_CONNECTIONS false")
	return err
}

func run(ctx context.Context, server, statement string) error {
	connection, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close(ctx) }()
	_, err = connection.Exec(ctx, statement)
	return err
}

func withDatabase(t testing.TB, server, name string) string {
	t.Helper()
	address, err := inDatabase(server, name)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func inDatabase(server, name string) (string, error) {
	address, err := url.Parse(server)
	if err != nil {
		return "", fmt.Errorf("%s can't be read as a URL", urlVariable)
	}
	address.Path = "/" + name
	return address.String(), nil
}

func randomHex() string {
	var raw [6]byte
	_, _ = rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}
