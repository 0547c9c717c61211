package process

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// parentVariable makes the test binary play a parent that is about to be killed.
const parentVariable = "PROCESS_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentVariable) != "" {
		playParent()
		return
	}
	os.Exit(m.Run())
}

// playParent starts a child, prints its process id, and waits to be killed.
func playParent() {
	child, err := Start(exec.Command("sleep", "60"), syscall.SIGKILL)
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(strconv.Itoa(child.Pid()) + "\n")
	<-child.Done()
}

func TestStopLetsAChildEndByItself(t *testing.T) {
	child := start(t, "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done")
	if err := child.Stop(syscall.SIGTERM, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	exit, ok := errors.AsType[*exec.ExitError](child.Err())
	if !ok || exit.ExitCode() != 3 {
		t.Fatalf("want exit code 3, got %v", child.Err())
	}
	if err := child.Stop(syscall.SIGTERM, 0); err != nil {
		t.Fatalf("stopping what has ended: %v", err)
	}
}

func TestStopKillsTheWholeGroupOfAChildThatStays(t *testing.T) {
	child := start(t, "trap '' TERM; sleep 60 & echo $!; wait; sleep 60")
	if err := child.Stop(syscall.SIGTERM, 50*time.Millisecond); !errors.Is(err, ErrKilled) {
		t.Fatalf("want ErrKilled, got %v", err)
	}
	eventually(t, "the group is gone", func() bool { return syscall.Kill(-child.Pid(), 0) == syscall.ESRCH })
}

func TestStartReportsAMissingProgram(t *testing.T) {
	if _, err := Start(exec.Command(filepath.Join(t.TempDir(), "missing")), syscall.SIGKILL); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("want a missing file, got %v", err)
	}
}

func TestAChildDiesWithItsKilledParent(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells a child of its parent's death")
	}
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"=1")
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	eventually(t, "the child is gone", func() bool { return !running(child) })
}

func TestTailReturnsTheLastLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	long := strings.Repeat(strings.Repeat("x", 99)+"\n", 2000)
	if err := os.WriteFile(path, []byte(long+"one\ntwo\nthree\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Tail(path, 2); got != "two\nthree" {
		t.Errorf("got %q", got)
	}
	if got := Tail(path+".missing", 2); got != "" {
		t.Errorf("got %q of a file that is not there", got)
	}
}

// start runs a shell script and returns once it has printed a line, and so has set its traps.
func start(t *testing.T, script string) *Process {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Stdout = writer
	child, err := Start(cmd, syscall.SIGKILL)
	writer.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Stop(syscall.SIGKILL, time.Second) })
	if _, err := bufio.NewReader(reader).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return child
}

// running is false for a process that has ended, even if nobody has collected its exit code.
func running(pid int) bool {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(status), ") Z ")
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
