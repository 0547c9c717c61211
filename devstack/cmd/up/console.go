package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// quietInterval is how often progress is reported where a line can't be overwritten.
const quietInterval = 15 * time.Second

// console writes what a person watching should see: lines with the time since the start, and, on a terminal, one line
// at the bottom that is overwritten as work goes on.
type console struct {
	began    time.Time
	terminal bool

	mu           sync.Mutex
	out          io.Writer
	overwritable bool // the cursor stands after a progress line
	lastProgress time.Time
}

func newConsole(out *os.File) *console {
	info, err := out.Stat()
	now := time.Now()
	return &console{
		began: now, lastProgress: now, out: out,
		terminal: err == nil && info.Mode()&os.ModeCharDevice != 0,
	}
}

// say writes one line.
func (c *console) say(format string, arguments ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	c.line(fmt.Sprintf(format, arguments...))
}

// print writes text as it is.
func (c *console) print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	fmt.Fprint(c.out, text)
}

// Write makes the console the destination of a package's own notices.
func (c *console) Write(text []byte) (int, error) {
	c.say("%s", trimNewline(text))
	return len(text), nil
}

func trimNewline(text []byte) []byte {
	if length := len(text); length > 0 && text[length-1] == '\n' {
		return text[:length-1]
	}
	return text
}

// progress overwrites the line at the bottom of a terminal; elsewhere it writes a line every now and then.
func (c *console) progress(format string, arguments ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := fmt.Sprintf(format, arguments...)
	if c.terminal {
		c.erase()
		fmt.Fprintf(c.out, "          %s", text)
		c.overwritable = true
		return
	}
	if time.Since(c.lastProgress) >= quietInterval {
		c.lastProgress = time.Now()
		c.line(text)
	}
}

// line must be called with the lock held.
func (c *console) line(text string) {
	fmt.Fprintf(c.out, "%6.1f s  %s\n", time.Since(c.began).Seconds(), text)
}

func (c *console) erase() {
	if c.overwritable {
		fmt.Fprint(c.out, "\r\x1b[K")
		c.overwritable = false
	}
}
