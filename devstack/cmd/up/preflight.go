package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/millenniumm/referrals/devstack/lockfile"
)

// portPatience is how long a port may still be held by the children of a run that was killed a moment ago.
const portPatience = 3 * time.Second

// claimData makes the data directory ours until the lock is released.
func claimData(s settings) (*lockfile.Lock, error) {
	for _, dir := range []string{s.data, s.file("bin"), s.file("logs")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, unwritable(s, err)
		}
	}
	lock, err := lockfile.Acquire(s.file("lock"))
	if held, ok := errors.AsType[*lockfile.HeldError](err); ok {
		return nil, fmt.Errorf("already running as process %d on %s: stop that one first (Ctrl-C there, or kill %d)",
			held.PID, s.data, held.PID)
	}
	if err != nil {
		return nil, unwritable(s, err)
	}
	return lock, nil
}

func unwritable(s settings, cause error) error {
	return fmt.Errorf("cannot write to %s: %w\nmake it writable, or set %s to another directory", s.data, cause, dataVariable)
}

// endpoint is an address we are going to listen on.
type endpoint struct {
	what     string
	address  string
	variable string // which changes the address
	example  string // a value for the variable
}

func (s settings) listening() []endpoint {
	endpoints := []endpoint{{"the product", s.address, addressVariable, "127.0.0.1:18080"}}
	if s.ownTemporal {
		endpoints = append(endpoints,
			endpoint{"Temporal", s.temporalAddress, temporalPortVariable, "17233"},
			endpoint{"Temporal's UI", s.uiAddress, uiPortVariable, "18233"})
	}
	return endpoints
}

// awaitPorts returns nil once every endpoint can be listened on, and after patience says which can't.
func awaitPorts(ctx context.Context, endpoints []endpoint, patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for {
		err := checkPorts(endpoints)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// checkPorts tries all endpoints, each held until the last is tried: two of them may be the same.
func checkPorts(endpoints []endpoint) error {
	var failures []error
	for _, e := range endpoints {
		listener, err := net.Listen("tcp", e.address)
		if err != nil {
			failures = append(failures, e.unavailable(err))
			continue
		}
		defer listener.Close()
	}
	return errors.Join(failures...)
}

func (e endpoint) unavailable(cause error) error {
	_, port, _ := net.SplitHostPort(e.address)
	return fmt.Errorf("port %s for %s is not available (%w): stop what uses it, or choose another with %s=%s",
		port, e.what, cause, e.variable, e.example)
}
