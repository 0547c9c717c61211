package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/millenniumm/referrals/devstack/process"
)

// compilerGrace is how long an interrupted compiler may take to clean up.
const compilerGrace = 5 * time.Second

// build is one command of this repository being compiled. What was compiled before is in Go's cache, so a second
// build takes as long as looking at every file.
type build struct {
	name     string // of the command: cmd/<name>, compiled to <data>/bin/<name>
	module   string // directory of its module
	settings settings
	began    time.Time

	compiled atomic.Int64 // packages begun
	stale    atomic.Int64 // packages to compile in all, 0 while unknown

	task *task
}

// beginBuild starts compiling in the background; wait must be called. The end of ctx interrupts it.
func beginBuild(ctx context.Context, s settings, name, module string) *build {
	b := &build{name: name, module: module, settings: s, began: time.Now()}
	b.task = begin(func() error { return b.run(ctx) })
	return b
}

// wait returns when the build has ended, calling report, which may be nil, about twice a second until then.
func (b *build) wait(report func(*build)) error {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-b.task.done:
			return b.task.err
		case <-ticker.C:
			if report != nil {
				report(b)
			}
		}
	}
}

func (b *build) run(ctx context.Context) error {
	log, err := os.Create(b.logFile())
	if err != nil {
		return err
	}
	defer log.Close()
	output, writer, err := os.Pipe()
	if err != nil {
		return err
	}
	defer output.Close()
	cmd := b.command("build", "-v", "-o", b.settings.binary(b.name), "./cmd/"+b.name)
	cmd.Stdout, cmd.Stderr = writer, writer
	compiler, err := process.Start(cmd, syscall.SIGTERM)
	writer.Close()
	if err != nil {
		return err
	}
	return b.follow(ctx, compiler, io.TeeReader(output, log))
}

// follow returns when the compiler has ended and all it wrote has been read.
func (b *build) follow(ctx context.Context, compiler *process.Process, output io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		b.count(ctx, output)
	}()
	defer func() { cancel(); <-counted }()
	select {
	case <-compiler.Done():
		return b.explain(compiler.Err())
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), compiler.Stop(syscall.SIGTERM, compilerGrace))
	}
}

// count follows the compiler's output, a line for each package it begins. The first says that there is something to
// compile, and so to count; with everything in the cache the counting would only cost time.
func (b *build) count(ctx context.Context, output io.Reader) {
	counter := make(chan struct{})
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if b.compiled.Add(1) == 1 {
			go func() {
				defer close(counter)
				b.countStale(ctx)
			}()
		}
	}
	if b.compiled.Load() > 0 {
		<-counter
	}
}

// countStale asks how many packages are not in the cache. That is only for show, so its failure is none.
func (b *build) countStale(ctx context.Context) {
	cmd := b.command("list", "-deps", "-f", "{{if .Stale}}stale{{end}}", "./cmd/"+b.name)
	before := b.compiled.Load()
	var output bytes.Buffer
	cmd.Stdout = &output
	lister, err := process.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return
	}
	select {
	case <-lister.Done():
	case <-ctx.Done():
		_ = lister.Stop(syscall.SIGTERM, compilerGrace)
		return
	}
	if lister.Err() == nil {
		b.stale.Store(before + int64(strings.Count(output.String(), "stale")))
	}
}

func (b *build) command(arguments ...string) *exec.Cmd {
	cmd := exec.Command("go", arguments...)
	cmd.Dir = b.module
	return cmd
}

func (b *build) logFile() string { return b.settings.logFile("build-" + b.name) }

func (b *build) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("compiling %s failed (%w); the end of %s:\n%s",
		b.name, err, b.settings.shown(b.logFile()), process.Tail(b.logFile(), 30))
}

// String says how far it is.
func (b *build) String() string {
	elapsed := time.Since(b.began).Round(time.Second)
	compiled, stale := b.compiled.Load(), b.stale.Load()
	switch {
	case compiled == 0:
		return fmt.Sprintf("looking for what changed, %s", elapsed)
	case stale == 0:
		return fmt.Sprintf("%d packages, %s", compiled, elapsed)
	case compiled < stale:
		return fmt.Sprintf("%d of %d packages, %s", compiled, stale, elapsed)
	default:
		return fmt.Sprintf("last packages and linking, %s", elapsed)
	}
}
