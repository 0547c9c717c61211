// Package e2e runs the real thing: the millennium binary as separate api and worker processes against a real Postgres and a
// real Temporal, with platforms played by strict fakes on loopback. `make test` builds the binaries and starts Postgres.
package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
)

const (
	// startWithin bounds the start of a process on a busy machine.
	startWithin = 90 * time.Second
	// soon bounds whatever should have happened: a test that waits for it fails slowly, never by being slow.
	soon = 60 * time.Second
)

var binaries = struct{ millennium, temporal string }{
	filepath.Join("..", ".build", "millennium"), filepath.Join("..", ".build", "temporal"),
}

// shared is the Temporal server all tests use, each in a namespace of its own. Tests that stop Temporal start their own.
var shared *temporalServer

func TestMain(m *testing.M) {
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	if os.Getenv("MILLENNIUM_TEST_DATABASE_URL") == "" {
		return 0, errors.New("MILLENNIUM_TEST_DATABASE_URL is empty: run the tests with `make test`, which starts a private Postgres")
	}
	for _, binary := range []string{binaries.millennium, binaries.temporal} {
		if _, err := os.Stat(binary); err != nil {
			return 0, fmt.Errorf("%s is not built: run the tests with `make test`: %w", binary, err)
		}
	}
	started, err := startTemporal(os.Getenv("MILLENNIUM_TEST_DATABASE_URL"), freePort())
	if err != nil {
		return 0, err
	}
	defer started.kill()
	shared = started
	return m.Run(), nil
}

// A child is a process under test. Its output is kept and shown when a test fails.
type child struct {
	name    string
	command *exec.Cmd
	output  syncBuffer
	exited  chan struct{}
}

func startChild(name string, environment []string, binary string, arguments ...string) (*child, error) {
	c := &child{name: name, command: exec.Command(binary, arguments...), exited: make(chan struct{})}
	c.command.Env = append(os.Environ(), environment...)
	c.command.Stdout, c.command.Stderr = &c.output, &c.output
	c.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = c.command.Wait()
		close(c.exited)
	}()
	return c, nil
}

// kill ends a process as a crash does: nothing in it gets to run.
func (c *child) kill() { c.signal(syscall.SIGKILL) }

// stop ends a process as an operator does.
func (c *child) stop() { c.signal(syscall.SIGTERM) }

func (c *child) signal(signal os.Signal) {
	_ = c.command.Process.Signal(signal)
	<-c.exited
}

type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(text)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// A temporalServer is the embedded Temporal as a process.
type temporalServer struct {
	*child
	address string
}

func startTemporal(databaseURL, address string) (*temporalServer, error) {
	process, err := startChild("temporal", nil, binaries.temporal, "--database-url", databaseURL, "--address", address, "--ui-address", "")
	if err != nil {
		return nil, err
	}
	err = await(startWithin, func() error {
		connection, err := client.Dial(client.Options{HostPort: address, Logger: quiet()})
		if err != nil {
			return err
		}
		connection.Close()
		return nil
	})
	if err != nil {
		process.kill()
		return nil, fmt.Errorf("temporal did not start: %w\n%s", err, process.output.String())
	}
	return &temporalServer{process, address}, nil
}

func quiet() sdklog.Logger { return sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)) }

// await tries until it succeeds or the time is up, and then gives the last failure.
func await(within time.Duration, try func() error) error {
	deadline := time.Now().Add(within)
	for {
		err := try()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// eventually fails the test when something doesn't come true soon.
func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	if err := await(soon, try); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func freePort() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// inDatabase replaces the database a URL names.
func inDatabase(url, name string) string {
	before, after, _ := strings.Cut(url, "?")
	base := before[:strings.LastIndex(before, "/")+1] + name
	if after != "" {
		base += "?" + after
	}
	return base
}

func background(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}
