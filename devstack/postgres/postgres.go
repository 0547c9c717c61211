// Package postgres runs a private PostgreSQL server on the loopback interface: the one behind `make run`, which keeps
// its data, and throwaway ones for tests, which trade durability for speed. It uses the machine's PostgreSQL binaries
// or downloads some, works as root (PostgreSQL itself refuses to), and recovers from whatever a killed run left behind.
// It knows nothing of what is stored in its databases.
package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/lib/pq"

	"github.com/millenniumm/referrals/devstack/lockfile"
	"github.com/millenniumm/referrals/devstack/process"
)

const (
	// BinariesVariable names the environment variable behind Options.Binaries.
	BinariesVariable = "MILLENNIUM_POSTGRES_BINARIES"
	// RepositoryVariable names the environment variable behind Options.Repository.
	RepositoryVariable = "MILLENNIUM_POSTGRES_REPOSITORY"
	// Download as Options.Binaries ignores the machine's own PostgreSQL.
	Download = "download"
)

const (
	superuser = "postgres"

	// A fast shutdown still writes a checkpoint, which takes a while on a slow disk.
	stopGrace = 30 * time.Second

	// Crash recovery of a large log delays the first connection.
	readyTimeout = 2 * time.Minute

	startAttempts = 5
)

// Options says which server to start. The zero value is a throwaway server in a directory of its own.
type Options struct {
	// Dir holds the data and everything else the server needs; it is created if missing and found again by the next
	// Start. Empty means a temporary directory, deleted by Stop. When the account that runs the server cannot reach
	// Dir (a checkout in root's home), a directory under /var/tmp is used instead and Log says so.
	Dir string

	// TempDir is where the temporary directory is created when Dir is empty. Empty means the system's.
	TempDir string

	// Port on 127.0.0.1. 0 means the port used in Dir the last time, or any free one. A port in use is replaced by a
	// free one, and Log says so.
	Port int

	// Durable makes every commit survive a power failure, with settings for daily use. Without it nothing is synced.
	Durable bool

	// LogFile is where the server's own log is appended. Empty means postgres.log in the data's directory.
	LogFile string

	// Log receives the few lines a person should see, such as where the data went. Nil means none.
	Log io.Writer

	// Binaries is the directory of initdb and postgres to use, or Download. Empty means the environment's
	// MILLENNIUM_POSTGRES_BINARIES, else the first found of version 14 or later, else a download.
	Binaries string

	// Repository is the URL of the Maven repository the binaries are downloaded from. Empty means the environment's
	// MILLENNIUM_POSTGRES_REPOSITORY, else Maven Central.
	Repository string

	// Cache keeps downloaded binaries. Empty means a directory in the user's cache directory.
	Cache string
}

func (o *Options) applyDefaults() {
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Binaries == "" {
		o.Binaries = os.Getenv(BinariesVariable)
	}
	if o.Repository == "" {
		o.Repository = os.Getenv(RepositoryVariable)
	}
}

// Server is a running PostgreSQL server.
type Server struct {
	options  Options
	account  account
	binaries binaries
	dir      string // where the data really is
	port     int
	password string
	lock     *lockfile.Lock
	child    *process.Process
}

// Start starts a server and returns once it accepts connections. A server that a killed run left running on the same
// directory is stopped first; a directory in use by a live process is an error.
func Start(ctx context.Context, options Options) (*Server, error) {
	options.applyDefaults()
	s := &Server{options: options}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("private postgres: %w", err), s.Stop())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	var err error
	if s.account, err = currentAccount(); err != nil {
		return err
	}
	if s.dir, err = s.place(); err != nil {
		return err
	}
	if err := s.acquireLock(); err != nil {
		return err
	}
	if s.binaries, err = s.findBinaries(ctx); err != nil {
		return err
	}
	if err := s.stopLeftover(); err != nil {
		return err
	}
	if err := s.initialise(ctx); err != nil {
		return err
	}
	return s.launch(ctx)
}

func (s *Server) acquireLock() error {
	lock, err := lockfile.Acquire(filepath.Join(s.dir, "lock"))
	if held, ok := errors.AsType[*lockfile.HeldError](err); ok {
		return fmt.Errorf("%s is in use by process %d, which is running: stop it first", s.dir, held.PID)
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written to: %w", s.dir, err)
	}
	s.lock = lock
	return nil
}

// URL is the connection string of a database, for the superuser.
func (s *Server) URL(database string) string {
	return (&url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, s.password),
		Host:     "127.0.0.1:" + strconv.Itoa(s.port),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}).String()
}

// Port is the port the server listens on, on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// DataDir is where the data is, which may be elsewhere than Options.Dir.
func (s *Server) DataDir() string { return s.data() }

// LogFile is where the server's own log is.
func (s *Server) LogFile() string {
	if s.options.LogFile != "" {
		return s.options.LogFile
	}
	return filepath.Join(s.dir, "postgres.log")
}

// Done is closed when the server has ended, by Stop or by itself.
func (s *Server) Done() <-chan struct{} { return s.child.Done() }

// CreateDatabase creates an empty database unless it exists.
func (s *Server) CreateDatabase(ctx context.Context, name string) error {
	db, err := sql.Open("postgres", s.URL("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "CREATE DATABASE "+pq.QuoteIdentifier(name))
	if postgresError, ok := errors.AsType[*pq.Error](err); ok && postgresError.Code.Name() == "duplicate_database" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// Stop disconnects every client, shuts the server down and returns when it is gone. A temporary directory is deleted.
// Stopping twice does nothing.
func (s *Server) Stop() error {
	var failures []error
	if s.child != nil {
		if err := s.child.Stop(syscall.SIGINT, stopGrace); err != nil {
			failures = append(failures, fmt.Errorf("stop postgres: %w", err))
		}
	}
	if s.options.Dir == "" && s.dir != "" {
		failures = append(failures, os.RemoveAll(s.dir))
	}
	if s.lock != nil {
		failures = append(failures, s.lock.Release())
		s.lock = nil
	}
	return errors.Join(failures...)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) notice(format string, arguments ...any) {
	fmt.Fprintf(s.options.Log, "postgres: "+format+"\n", arguments...)
}

// initialise creates the data directory unless it is there. It appears whole or not at all: a run killed in the middle
// leaves only a scratch directory, which the next one removes.
func (s *Server) initialise(ctx context.Context) error {
	if err := s.ensurePassword(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(s.data(), "PG_VERSION")); err == nil {
		return nil
	}
	scratch := s.data() + ".new"
	if err := os.RemoveAll(scratch); err != nil {
		return err
	}
	if err := s.binaries.initdb(ctx, s.account, scratch, s.passwordFile(), s.options.Durable); err != nil {
		return err
	}
	return os.Rename(scratch, s.data())
}

func (s *Server) passwordFile() string { return filepath.Join(s.dir, "password") }

// ensurePassword keeps one random password per directory: loopback is shared with everybody on the machine, and the
// superuser may run programs.
func (s *Server) ensurePassword() error {
	text, err := os.ReadFile(s.passwordFile())
	if errors.Is(err, os.ErrNotExist) {
		text = []byte(rand.Text())
		err = os.WriteFile(s.passwordFile(), text, 0o600)
	}
	if err != nil {
		return err
	}
	s.password = strings.TrimSpace(string(text))
	return s.account.own(s.passwordFile())
}
