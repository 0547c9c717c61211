package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// oldestMajor is the oldest PostgreSQL version supported.
const oldestMajor = 14

// installations are the directories where packages put the binaries, beside those on the PATH.
var installations = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/libexec/postgresql*",
	"/usr/pgsql-*/bin",
	"/usr/local/pgsql/bin",
	"/opt/homebrew/opt/postgresql*/bin",
	"/usr/local/opt/postgresql*/bin",
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// binaries is a directory with initdb and postgres of one version.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

// findBinaries returns binaries that the account can run and that understand the data that is there already.
func (s *Server) findBinaries(ctx context.Context) (binaries, error) {
	wanted, err := dataMajor(s.data())
	if err != nil {
		return binaries{}, err
	}
	switch s.options.Binaries {
	case "":
		if found, ok := s.installed(wanted); ok {
			return found, nil
		}
	case Download:
	default:
		return s.given(wanted)
	}
	return s.downloaded(ctx, wanted)
}

// dataMajor is the version that wrote the data directory, 0 if there is none yet.
func dataMajor(data string) (int, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// installed looks for binaries on this machine: those on the PATH first, then the newest. wanted is the only version
// that will do, unless 0.
func (s *Server) installed(wanted int) (binaries, bool) {
	for _, candidate := range s.candidates() {
		if wanted == 0 || candidate.major == wanted {
			return candidate, true
		}
	}
	return binaries{}, false
}

func (s *Server) candidates() []binaries {
	onPath, elsewhere := []binaries{}, []binaries{}
	if program, err := exec.LookPath("initdb"); err == nil {
		onPath = s.appendUsable(onPath, filepath.Dir(program))
	}
	for _, pattern := range installations {
		dirs, _ := filepath.Glob(pattern)
		for _, dir := range dirs {
			elsewhere = s.appendUsable(elsewhere, dir)
		}
	}
	slices.SortStableFunc(elsewhere, func(a, b binaries) int { return cmp.Compare(b.major, a.major) })
	return append(onPath, elsewhere...)
}

func (s *Server) appendUsable(list []binaries, dir string) []binaries {
	if major, err := s.account.majorOf(dir); err == nil && major >= oldestMajor {
		list = append(list, binaries{dir: dir, major: major})
	}
	return list
}

func (s *Server) given(wanted int) (binaries, error) {
	dir, err := filepath.Abs(s.options.Binaries)
	if err != nil {
		return binaries{}, err
	}
	major, err := s.account.majorOf(dir)
	if err != nil {
		return binaries{}, fmt.Errorf("%s=%s: %w", BinariesVariable, dir, err)
	}
	if major < oldestMajor {
		return binaries{}, fmt.Errorf("%s=%s holds version %d; at least %d is needed", BinariesVariable, dir, major, oldestMajor)
	}
	if wanted != 0 && wanted != major {
		return binaries{}, fmt.Errorf("%s=%s holds version %d, but the data in %s is of version %d",
			BinariesVariable, dir, major, s.data(), wanted)
	}
	return binaries{dir: dir, major: major}, nil
}

// majorOf asks both programs for their version, as the account, so what it cannot run is not taken.
func (a account) majorOf(dir string) (int, error) {
	initdb, err := a.programMajor(filepath.Join(dir, "initdb"))
	if err != nil {
		return 0, err
	}
	postgres, err := a.programMajor(filepath.Join(dir, "postgres"))
	if err != nil {
		return 0, err
	}
	if initdb != postgres {
		return 0, fmt.Errorf("initdb and postgres in %s are of versions %d and %d", dir, initdb, postgres)
	}
	return postgres, nil
}

func (a account) programMajor(program string) (int, error) {
	cmd := exec.Command(program, "--version")
	a.run(cmd)
	cmd.Dir = "/"
	output, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("%s --version: %w", program, err)
	}
	match := versionPattern.FindSubmatch(output)
	if match == nil {
		return 0, fmt.Errorf("%s --version says %q", program, output)
	}
	return strconv.Atoi(string(match[1]))
}

// initdb creates a data directory, which must not exist, as the account. passwordFile holds the superuser's password.
// The C locale sorts alike on every machine; all text is UTF-8.
func (b binaries) initdb(ctx context.Context, runner account, data, passwordFile string, durable bool) error {
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if err := runner.own(data); err != nil {
		return err
	}
	arguments := []string{
		"-D", data, "-U", superuser, "--pwfile", passwordFile,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C",
	}
	if !durable {
		arguments = append(arguments, "--no-sync")
	}
	cmd := exec.CommandContext(ctx, b.path("initdb"), arguments...)
	runner.run(cmd)
	cmd.Dir = data
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("create the data directory %s: %w\n%s", data, err, output)
	}
	return nil
}
