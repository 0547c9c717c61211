package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopLeftover deals with what a killed run left in the data directory: a server still running there is shut down; a
// pid file without one is removed, since its process id may by now belong to anybody and PostgreSQL would refuse to start.
// The directory's lock is held, so nobody alive is using that server.
func (s *Server) stopLeftover() error {
	pidFile := filepath.Join(s.data(), "postmaster.pid")
	pid, err := readPID(pidFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if s.serves(pid) {
		s.notice("stopping the server that an earlier run left behind (process %d)", pid)
		if err := s.shutDown(pid); err != nil {
			return err
		}
	}
	if err := os.Remove(pidFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// readPID returns the process id in the first line of a pid file, 0 if it holds none (a run killed while writing it).
func readPID(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(first))
	return pid, nil
}

// serves tells whether a process is a server on this data directory. launchOnce names the directory on the command line.
func (s *Server) serves(pid int) bool {
	return pid > 1 && strings.Contains(commandLine(pid), s.data())
}

func commandLine(pid int) string {
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil {
		return string(text)
	}
	text, err := exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return string(text)
}

// shutDown asks for a fast shutdown, then for an immediate one, which costs a crash recovery but loses nothing.
func (s *Server) shutDown(pid int) error {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stop process %d: %w", pid, err)
		}
		for deadline := time.Now().Add(stopGrace); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			if !s.serves(pid) {
				return nil
			}
		}
	}
	return fmt.Errorf("process %d, a server on %s, does not stop", pid, s.data())
}
