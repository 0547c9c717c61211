package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// These tests run the whole stack with a stand-in for the product and a Temporal elsewhere: compiling one takes minutes.

func TestTheStackComesUpAndStopsWhenAsked(t *testing.T) {
	t.Parallel()
	s := standIn(t)
	out, result, stop := runStack(t, s)
	eventually(t, func() bool { return strings.Contains(out.String(), "is running") }, out.String)
	response, err := http.Get(s.pageURL())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	stop()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if log := read(t, s.logFile(product)); !strings.Contains(log, "stopped cleanly") {
		t.Errorf("its log: %s", log)
	}
	for _, command := range []string{"migrate", "seed"} {
		if log := read(t, s.logFile(command)); !strings.Contains(log, "/millennium?sslmode=disable") {
			t.Errorf("%s: %s", command, log)
		}
	}
	if _, err := http.Get(s.pageURL()); err == nil {
		t.Error("somebody still answers")
	}
	if err := checkPorts(s.listening()); err != nil {
		t.Error(err)
	}
}

func TestACommandThatFailsEndsTheStackWithItsLog(t *testing.T) {
	t.Parallel()
	_, result, _ := runStack(t, standIn(t), "STANDIN_FAIL=seed")
	if err := <-result; err == nil || !strings.Contains(err.Error(), "millennium seed failed") || !strings.Contains(err.Error(), "no such luck") {
		t.Errorf("got %v", err)
	}
}

func TestAChildsUnexpectedEndEndsTheStackWithItsLog(t *testing.T) {
	t.Parallel()
	_, result, _ := runStack(t, standIn(t), "STANDIN_DIE=1")
	if err := <-result; err == nil || !strings.Contains(err.Error(), "millennium ended unexpectedly") || !strings.Contains(err.Error(), "out of luck") {
		t.Errorf("got %v", err)
	}
}

// standIn is a repository with the stand-in product, and settings to run it.
func standIn(t *testing.T) settings {
	t.Helper()
	s := testSettings(t)
	write(t, filepath.Join(s.root, "go.mod"), "module "+rootModule+"\n\ngo 1.26\n")
	if err := os.CopyFS(s.root, os.DirFS(filepath.Join("testdata", "standin"))); err != nil {
		t.Fatal(err)
	}
	free := listen(t)
	s.address = free.Addr().String()
	free.Close()
	s.temporalAddress = net.JoinHostPort(loopback, "1")
	return s
}

// runStack runs it in the background, with more environment if given; result gets how it ended.
func runStack(t *testing.T, s settings, environment ...string) (out *output, result <-chan error, stop context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out = &output{}
	ended := make(chan error, 1)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		ended <- newStack(s, append(os.Environ(), environment...), &console{began: time.Now(), out: out}).run(ctx)
	}()
	t.Cleanup(func() { cancel(); <-finished })
	return out, ended, cancel
}

type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func eventually(t *testing.T, condition func() bool, state func() string) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never; instead: %s", state())
		}
	}
}
