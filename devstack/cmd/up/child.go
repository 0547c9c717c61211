package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/millenniumm/referrals/devstack/process"
)

// logLines is how much of a log is shown when its writer failed.
const logLines = 15

// child is a long-running program of the stack.
type child struct {
	name    string
	process *process.Process
	logFile string
}

// startChild starts a program that logs to <data>/logs/<name>.log, from the beginning of the file. stdout, if not nil,
// gets its standard output instead. If this process is killed, so is the child: it can cope with that, and a next run
// must find the ports free.
func (s settings) startChild(name string, environment []string, stdout *os.File, arguments ...string) (*child, error) {
	log, err := os.Create(s.logFile(name))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(s.binary(name), arguments...)
	cmd.Dir, cmd.Env = s.root, environment
	cmd.Stdout, cmd.Stderr = log, log
	if stdout != nil {
		cmd.Stdout = stdout
	}
	started, err := process.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	return &child{name: name, process: started, logFile: s.logFile(name)}, nil
}

// died describes an end that nobody asked for.
func (c *child) died(s settings) error {
	how := "exit code 0"
	if err := c.process.Err(); err != nil {
		how = err.Error()
	}
	return fmt.Errorf("%s ended unexpectedly (%s); the end of %s:\n%s",
		c.name, how, s.shown(c.logFile), process.Tail(c.logFile, logLines))
}

// runOnce runs one of the product's commands to its end.
func (s settings) runOnce(ctx context.Context, environment []string, command string) error {
	path := s.logFile(command)
	log, err := os.Create(path)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(s.binary(product), command)
	cmd.Dir, cmd.Env = s.root, environment
	cmd.Stdout, cmd.Stderr = log, log
	running, err := process.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return err
	}
	select {
	case <-running.Done():
	case <-ctx.Done():
		_ = running.Stop(syscall.SIGTERM, productGrace)
		return context.Cause(ctx)
	}
	if err := running.Err(); err != nil {
		return fmt.Errorf("%s %s failed (%w); the end of %s:\n%s",
			product, command, err, s.shown(path), process.Tail(path, logLines))
	}
	return nil
}

// awaitLine waits for the first line of a child's output; the child's death ends ctx.
func awaitLine(ctx context.Context, output *os.File, timeout time.Duration) (string, error) {
	line := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(output)
		if lines.Scan() {
			line <- lines.Text()
		}
	}()
	select {
	case text := <-line:
		return text, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-time.After(timeout):
		return "", fmt.Errorf("not ready after %s", timeout)
	}
}
