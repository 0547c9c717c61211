package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestASecondRunOnTheSameDataIsRefused(t *testing.T) {
	s := settings{data: filepath.Join(t.TempDir(), ".data")}
	lock, err := claimData(s)
	if err != nil {
		t.Fatal(err)
	}
	_, err = claimData(s)
	if err == nil || !strings.Contains(err.Error(), "already running as process "+strconv.Itoa(os.Getpid())) {
		t.Errorf("got %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := claimData(s)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Release()
}

func TestDataThatCannotBeWrittenSaysWhatToChange(t *testing.T) {
	file := filepath.Join(t.TempDir(), ".data")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := claimData(settings{data: file})
	if err == nil || !strings.Contains(err.Error(), "cannot write to "+file) || !strings.Contains(err.Error(), dataVariable) {
		t.Errorf("got %v", err)
	}
}

func TestEveryPortInUseIsNamedWithTheVariableThatChangesIt(t *testing.T) {
	first, second := listen(t), listen(t)
	err := awaitPorts(t.Context(), []endpoint{
		{what: "the product", address: first.Addr().String(), variable: addressVariable},
		{what: "Temporal", address: "127.0.0.1:0", variable: temporalPortVariable},
		{what: "Temporal's UI", address: second.Addr().String(), variable: uiPortVariable},
	}, 0)
	if err == nil {
		t.Fatal("no port is in use")
	}
	for _, want := range []string{portOf(first), addressVariable, portOf(second), uiPortVariable} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in %v", want, err)
		}
	}
	if strings.Contains(err.Error(), temporalPortVariable) {
		t.Errorf("a free port is complained about: %v", err)
	}
}

func TestOnePortForTwoThingsIsFound(t *testing.T) {
	free := listen(t)
	address := free.Addr().String()
	free.Close()
	twice := []endpoint{{what: "the product", address: address}, {what: "Temporal", address: address}}
	if awaitPorts(t.Context(), twice, 0) == nil {
		t.Error("both would listen on it")
	}
}

func TestAPortGivenBackInTimeIsWaitedFor(t *testing.T) {
	held := listen(t)
	time.AfterFunc(50*time.Millisecond, func() { held.Close() })
	if err := awaitPorts(t.Context(), []endpoint{{address: held.Addr().String()}}, 10*time.Second); err != nil {
		t.Error(err)
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

func portOf(listener net.Listener) string {
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	return port
}
