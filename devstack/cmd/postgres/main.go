// Command postgres runs another command with a private, empty, throwaway PostgreSQL server, so that tests need nothing
// installed:
//
//	postgres [--dir D] -- command arguments…
//
// The command finds the server (superuser, database postgres) in MILLENNIUM_TEST_DATABASE_URL. Its exit code is passed on,
// and the server is stopped and deleted after it.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/millenniumm/referrals/devstack/postgres"
)

const urlVariable = "MILLENNIUM_TEST_DATABASE_URL"

// exitTrouble is the exit code when the command could not even be started.
const exitTrouble = 125

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func run() (code int, err error) {
	dir := flag.String("dir", "", "directory in which the server's own is created and deleted again (default: the system's temporary one)")
	flag.Parse()
	if flag.NArg() == 0 {
		return exitTrouble, errors.New("usage: postgres [--dir D] -- command arguments…")
	}
	if err := os.MkdirAll(cmp.Or(*dir, os.TempDir()), 0o755); err != nil {
		return exitTrouble, err
	}
	starting, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server, err := postgres.Start(starting, postgres.Options{TempDir: *dir, Log: os.Stderr})
	if err != nil {
		return exitTrouble, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	return runCommand(flag.Args(), server.URL("postgres"))
}

// runCommand leaves the command in our process group, so that a terminal's Ctrl-C reaches it directly; SIGTERM is passed
// on. Either way the server is stopped only after the command has ended.
func runCommand(arguments []string, url string) (int, error) {
	cmd := exec.Command(arguments[0], arguments[1:]...)
	cmd.Env = append(os.Environ(), urlVariable+"="+url)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return exitTrouble, err
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	defer signal.Stop(terminated)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-terminated:
		_ = cmd.Process.Signal(syscall.SIGTERM) // fails only if it has just ended
		<-ended
	case <-ended:
	}
	return exitCode(cmd.ProcessState), nil
}

// exitCode is the one a shell would report.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
