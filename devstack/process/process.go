// Package process runs the child processes of the development stack so that none of them is left behind: each gets a
// process group of its own (a terminal's Ctrl-C reaches only the parent, which then stops its children in order), and
// on Linux the kernel signals it should the parent be killed. It knows nothing of what the children are.
//
// It works on Unix-like systems only, like the rest of the development stack.
package process

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// ErrKilled is what Stop returns when the child outlasted its grace period and had to be killed.
var ErrKilled = errors.New("killed, as it did not stop in time")

// Process is a running child. Its methods may be called from any goroutine.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Start runs cmd in a process group of its own. orphan is the signal it gets on Linux when this process dies without
// stopping it. cmd's SysProcAttr may already carry credentials; its output should go to files rather than to other
// writers, which a grandchild could keep open.
func Start(cmd *exec.Cmd, orphan syscall.Signal) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	signalOrphan(cmd.SysProcAttr, orphan)

	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// run keeps its thread for as long as the child lives, because the kernel takes the end of the thread that started a
// child for the death of its parent.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	err := p.cmd.Start()
	started <- err
	if err == nil {
		p.err = p.cmd.Wait()
	}
}

// Done is closed once the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the child ended: nil after exit code 0. It waits for the end.
func (p *Process) Err() error {
	<-p.done
	return p.err
}

// Pid is the child's process id, which is also its process group's.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Stop asks the child to end with signal and, when grace has passed, kills its whole group. It returns once the child
// is gone: nil if it went by itself, whatever its exit code, ErrKilled if not.
func (p *Process) Stop(signal syscall.Signal, grace time.Duration) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	// The child may end at any moment, so an error here only means that it just did.
	_ = p.cmd.Process.Signal(signal)
	select {
	case <-p.done:
		return nil
	case <-time.After(grace):
	}
	_ = syscall.Kill(-p.Pid(), syscall.SIGKILL)
	<-p.done
	return ErrKilled
}
