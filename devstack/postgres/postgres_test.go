package postgres

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestAThrowawayServerServesAndLeavesNothing(t *testing.T) {
	t.Parallel()
	server, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := server.CreateDatabase(t.Context(), `odd "name`); err != nil {
			t.Fatal(err)
		}
	}
	if got := query(t, server, "SHOW fsync"); got != "off" {
		t.Errorf("fsync is %s", got)
	}
	if got := query(t, server, "SHOW listen_addresses"); got != "127.0.0.1" {
		t.Errorf("it listens on %s", got)
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(); err != nil {
		t.Fatalf("stopping twice: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(server.DataDir())); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its directory is still there: %v", err)
	}
}

func TestAWrongPasswordIsRefused(t *testing.T) {
	t.Parallel()
	server := start(t, Options{})
	db, err := sql.Open("postgres", strings.Replace(server.URL("postgres"), server.password, "guess", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if db.PingContext(t.Context()) == nil {
		t.Error("anybody on this machine gets in")
	}
}

func TestDurableDataAndItsURLSurviveARestart(t *testing.T) {
	t.Parallel()
	options := Options{Dir: reachableDir(t), Durable: true}
	server := start(t, options)
	if got := query(t, server, "SHOW fsync"); got != "on" {
		t.Errorf("fsync is %s", got)
	}
	query(t, server, "CREATE TABLE kept AS SELECT 42 AS answer; SELECT 'done'")
	url := server.URL("postgres")
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}

	server = start(t, options)
	if server.URL("postgres") != url {
		t.Errorf("the URL changed from %s to %s", url, server.URL("postgres"))
	}
	if got := query(t, server, "SELECT answer FROM kept"); got != "42" {
		t.Errorf("the data is %s", got)
	}
}

func TestAServerKilledWithItsPIDFileLeftStartsAgain(t *testing.T) {
	t.Parallel()
	options := Options{Dir: reachableDir(t), Durable: true}
	server := start(t, options)
	query(t, server, "CREATE TABLE kept AS SELECT 42 AS answer; SELECT 'done'")
	if err := syscall.Kill(server.child.Pid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-server.Done()
	releaseLock(t, server)
	if _, err := os.Stat(filepath.Join(server.DataDir(), "postmaster.pid")); err != nil {
		t.Fatalf("the situation to test did not arise: %v", err)
	}

	server = start(t, options)
	if got := query(t, server, "SELECT answer FROM kept"); got != "42" {
		t.Errorf("the data is %s", got)
	}
}

func TestAStalePIDFileNamingSomebodyElsesProcessHarmsNobody(t *testing.T) {
	t.Parallel()
	options := Options{Dir: reachableDir(t)}
	server := start(t, options)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	bystander := exec.CommandContext(t.Context(), "sleep", "60")
	if server.account.credential != nil {
		server.account.run(bystander) // PostgreSQL takes only a process of its own user for a server
	}
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	pidFile := filepath.Join(server.DataDir(), "postmaster.pid")
	if err := os.WriteFile(pidFile, fmt.Appendf(nil, "%d\n%s\n", bystander.Process.Pid, server.DataDir()), 0o600); err != nil {
		t.Fatal(err)
	}

	start(t, options)
	if err := bystander.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the bystander is gone: %v", err)
	}
}

func TestAServerLeftRunningByAKilledRunIsReplaced(t *testing.T) {
	t.Parallel()
	options := Options{Dir: reachableDir(t), Durable: true}
	left := start(t, options)
	query(t, left, "CREATE TABLE kept AS SELECT 42 AS answer; SELECT 'done'")
	releaseLock(t, left) // as the death of its owner does

	server := start(t, options)
	select {
	case <-left.Done():
	case <-time.After(10 * time.Second):
		t.Error("the server left behind still runs")
	}
	if got := query(t, server, "SELECT answer FROM kept"); got != "42" {
		t.Errorf("the data is %s", got)
	}
}

func TestADirectoryInUseIsRefusedAndItsServerLeftAlone(t *testing.T) {
	t.Parallel()
	options := Options{Dir: reachableDir(t)}
	server := start(t, options)
	_, err := Start(t.Context(), options)
	if err == nil || !strings.Contains(err.Error(), "in use by process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("got %v", err)
	}
	if got := query(t, server, "SELECT 1"); got != "1" {
		t.Errorf("got %s", got)
	}
}

func TestAnInterruptedInitialisationIsBegunAgain(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	if err := os.MkdirAll(filepath.Join(dir, "data.new", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	start(t, Options{Dir: dir})
}

func TestAPortInUseIsReplacedAndSaid(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	var log bytes.Buffer
	server := start(t, Options{Port: port, Log: &log})
	if server.Port() == port {
		t.Errorf("it claims the port in use")
	}
	if want := fmt.Sprintf("port %d is in use, using %d", port, server.Port()); !strings.Contains(log.String(), want) {
		t.Errorf("want %q, got %q", want, log.String())
	}
}

func TestADirectoryThatCannotBeIsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Start(t.Context(), Options{Dir: file})
	if err == nil || !strings.Contains(err.Error(), file+" cannot be created") {
		t.Errorf("got %v", err)
	}
}

func TestRootRunsTheServerAsSomebodyElse(t *testing.T) {
	t.Parallel()
	needRoot(t)
	server := start(t, Options{})
	info, err := os.Stat(fmt.Sprintf("/proc/%d", server.child.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t).Uid; owner == 0 {
		t.Error("the server runs as root")
	}
}

func TestADirectoryOnlyRootReachesIsReplacedAndSaid(t *testing.T) {
	t.Parallel()
	needRoot(t)
	private := t.TempDir()
	if err := os.Chmod(private, 0o700); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	options := Options{Dir: filepath.Join(private, "postgres"), Log: &log}
	server := start(t, options)
	place := filepath.Dir(server.DataDir())
	t.Cleanup(func() { os.RemoveAll(place) })
	if strings.HasPrefix(place, private) || !strings.Contains(log.String(), place) {
		t.Errorf("the data is in %s, and it says %q", place, log.String())
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	if again := start(t, options); again.DataDir() != server.DataDir() {
		t.Errorf("the data is in %s, then in %s", server.DataDir(), again.DataDir())
	}
}

func TestUnsuitableBinariesAreNamed(t *testing.T) {
	t.Parallel()
	dir := reachableDir(t)
	for _, program := range []string{"initdb", "postgres"} {
		script := "#!/bin/sh\necho \"" + program + " (PostgreSQL) 13.4\"\n"
		if err := os.WriteFile(filepath.Join(dir, program), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Start(t.Context(), Options{Binaries: dir})
	if err == nil || !strings.Contains(err.Error(), "holds version 13; at least 14 is needed") {
		t.Errorf("got %v", err)
	}
}

func start(t *testing.T, options Options) *Server {
	t.Helper()
	server, err := Start(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return server
}

func releaseLock(t *testing.T, server *Server) {
	t.Helper()
	if err := server.lock.Release(); err != nil {
		t.Fatal(err)
	}
	server.lock = nil
}

func query(t *testing.T, server *Server, statement string) string {
	t.Helper()
	db, err := sql.Open("postgres", server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	rows, err := db.QueryContext(ctx, statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var result string
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			if err := rows.Scan(&result); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return result
}

// reachableDir is a temporary directory that the account running the server can enter, as t.TempDir is not for root.
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

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("about running as root")
	}
}
