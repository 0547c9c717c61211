package postgres

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ulikunitz/xz"
)

func TestBinariesAreDownloadedOnceAndServe(t *testing.T) {
	t.Parallel()
	repository, requests := serveRepository(t, archive(t), "")
	var log bytes.Buffer
	options := Options{Binaries: Download, Repository: repository, Cache: reachableDir(t), Log: &log}
	server := start(t, options)
	if got := query(t, server, "SELECT 1"); got != "1" {
		t.Errorf("got %s", got)
	}
	if !strings.HasPrefix(server.binaries.dir, options.Cache) {
		t.Errorf("it runs %s", server.binaries.dir)
	}
	if !strings.Contains(log.String(), "downloading") {
		t.Errorf("it says %q", log.String())
	}
	before := requests.Load()
	if before == 0 {
		t.Error("nothing was downloaded")
	}

	start(t, options)
	if requests.Load() != before {
		t.Error("it was downloaded again")
	}
	onlyBinariesIn(t, options.Cache)
}

func TestAFailedDownloadSaysWhatToDoAndLeavesNothing(t *testing.T) {
	t.Parallel()
	junk := zipped(t, "postgres.txz", []byte("not an archive"))
	for name, serve := range map[string]func() string{
		"wrong checksum": func() string { url, _ := serveRepository(t, junk, strings.Repeat("0", 64)); return url },
		"broken archive": func() string { url, _ := serveRepository(t, junk, ""); return url },
		"nothing there":  func() string { url, _ := serveRepository(t, nil, ""); return url },
	} {
		t.Run(name, func(t *testing.T) {
			cache := reachableDir(t)
			_, err := Start(t.Context(), Options{Binaries: Download, Repository: serve(), Cache: cache})
			if err == nil || !strings.Contains(err.Error(), "install PostgreSQL") || !strings.Contains(err.Error(), RepositoryVariable) {
				t.Errorf("got %v", err)
			}
			if left, _ := os.ReadDir(cache); len(left) > 0 {
				t.Errorf("left in the cache: %v", left)
			}
		})
	}
}

func onlyBinariesIn(t *testing.T, cache string) {
	t.Helper()
	entries, err := os.ReadDir(cache)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || !strings.HasPrefix(entries[0].Name(), "postgresql-") {
		t.Errorf("the cache holds %v", entries)
	}
}

// serveRepository stands in for a Maven repository that has the archive for every system, with its checksum unless
// another is given. Without an archive it has nothing.
func serveRepository(t *testing.T, archive []byte, checksum string) (url string, requests *atomic.Int64) {
	t.Helper()
	if checksum == "" {
		checksum = fmt.Sprintf("%x", sha256.Sum256(archive))
	}
	requests = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		switch {
		case archive == nil || !strings.HasPrefix(r.URL.Path, "/io/zonky/test/postgres/embedded-postgres-binaries-"):
			http.NotFound(w, r)
		case strings.HasSuffix(r.URL.Path, ".jar.sha256"):
			fmt.Fprint(w, checksum)
		case strings.HasSuffix(r.URL.Path, ".jar"):
			_, _ = w.Write(archive)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

// archive is in the repository's format, a zip of a tar.xz. Its programs hand over to those that this machine's tests run
// with, which can't be packed themselves: a distribution's package is bound to its place.
func archive(t *testing.T) []byte {
	t.Helper()
	local := start(t, Options{}).binaries
	var packed bytes.Buffer
	compressor, err := xz.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	writer := tar.NewWriter(compressor)
	for _, program := range []string{"initdb", "postgres"} {
		script := fmt.Sprintf("#!/bin/sh\nexec '%s' \"$@\"\n", local.path(program))
		header := &tar.Header{Name: "bin/" + program, Mode: 0o755, Size: int64(len(script)), Typeflag: tar.TypeReg}
		if err := writer.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write([]byte(script)); err != nil {
			t.Fatal(err)
		}
	}
	for _, closer := range []io.Closer{writer, compressor} {
		if err := closer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return zipped(t, "postgres.txz", packed.Bytes())
}

func zipped(t *testing.T, name string, content []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	writer := zip.NewWriter(&packed)
	file, err := writer.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}
