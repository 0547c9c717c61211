package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/millenniumm/referrals/devstack/process"
)

// errEnded means that the server ended before it accepted a connection.
var errEnded = errors.New("postgres ended while starting")

// launch starts the server. What makes a first attempt fail is mostly gone a moment later: a port that somebody else
// took since it was found free, or workers of a killed server that still hold its shared memory.
func (s *Server) launch(ctx context.Context) error {
	port := s.options.Port
	if port == 0 {
		port = s.rememberedPort()
	}
	var err error
	for range startAttempts {
		if s.port, err = s.freePort(port); err != nil {
			return err
		}
		if err = s.launchOnce(ctx); !errors.Is(err, errEnded) {
			break
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	return os.WriteFile(s.portFile(), []byte(strconv.Itoa(s.port)+"\n"), 0o644)
}

func (s *Server) launchOnce(ctx context.Context) error {
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()

	cmd := exec.Command(s.binaries.path("postgres"), s.arguments()...)
	cmd.Dir = s.data()
	cmd.Stdout, cmd.Stderr = log, log
	s.account.run(cmd)

	// SIGINT asks for a fast shutdown, with a checkpoint; SIGQUIT for an immediate one, with nothing to keep.
	orphan := syscall.SIGQUIT
	if s.options.Durable {
		orphan = syscall.SIGINT
	}
	if s.child, err = process.Start(cmd, orphan); err != nil {
		return err
	}
	return s.awaitReady(ctx)
}

func (s *Server) arguments() []string {
	arguments := []string{"-D", s.data(), "-p", strconv.Itoa(s.port)}
	for _, setting := range s.settings() {
		arguments = append(arguments, "-c", setting)
	}
	return arguments
}

func (s *Server) settings() []string {
	settings := []string{
		"listen_addresses=127.0.0.1",
		"unix_socket_directories=", // loopback is enough, and a socket's path has a length limit
		"logging_collector=off",
		"timezone=UTC",
		"log_timezone=UTC",
		"log_line_prefix=%m [%p] %d ",
	}
	if s.options.Durable {
		return append(settings, "max_connections=200", "shared_buffers=256MB", "max_wal_size=2GB")
	}
	return append(settings,
		"max_connections=300", "shared_buffers=128MB", "max_wal_size=2GB",
		"fsync=off", "synchronous_commit=off", "full_page_writes=off",
	)
}

// awaitReady waits for a connection as the superuser with this directory's password, which no other server that might
// listen on the same port would accept.
func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	db, err := sql.Open("postgres", s.URL("postgres")+"&connect_timeout=5")
	if err != nil {
		return err
	}
	defer db.Close()
	for {
		pingErr := db.PingContext(ctx)
		if pingErr == nil {
			return nil
		}
		select {
		case <-s.child.Done():
			return fmt.Errorf("%w: %w; the end of its log %s:\n%s",
				errEnded, s.child.Err(), s.LogFile(), process.Tail(s.LogFile(), 10))
		case <-ctx.Done():
			return fmt.Errorf("postgres does not accept connections: %w (%w); its log is %s", pingErr, ctx.Err(), s.LogFile())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *Server) portFile() string { return filepath.Join(s.dir, "port") }

// rememberedPort is the port of the last run, so that a URL noted down stays good; 0 if there was none.
func (s *Server) rememberedPort() int {
	text, err := os.ReadFile(s.portFile())
	if err != nil {
		return 0
	}
	port, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return port
}

// freePort is the wanted port if it is free, else another.
func (s *Server) freePort(wanted int) (int, error) {
	port, err := listenOnce(wanted)
	if err == nil {
		return port, nil
	}
	if port, err = listenOnce(0); err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	s.notice("port %d is in use, using %d", wanted, port)
	return port, nil
}

// listenOnce opens a port on loopback and closes it again; 0 lets the system choose.
func listenOnce(port int) (int, error) {
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func pause(ctx context.Context, duration time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(duration):
		return nil
	}
}
