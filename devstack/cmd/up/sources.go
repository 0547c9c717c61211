package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Go takes several seconds to find that none of the Temporal server's 1,300 packages has changed. Since their versions
// are pinned, this module's own files and the compiler's version say the same at once.

// sources is a digest of all that the commands of a module are compiled from.
func sources(module string) (string, error) {
	digest := sha256.New()
	fmt.Fprintln(digest, runtime.Version())
	err := filepath.WalkDir(module, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isSource(entry.Name()) {
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintf(digest, "%s %d\n%s\n", path, len(content), content)
		return err
	})
	return fmt.Sprintf("%x", digest.Sum(nil)), err
}

func isSource(name string) bool {
	return name == "go.mod" || name == "go.sum" || (strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"))
}

// isCurrent tells whether a binary was compiled from a module as it is now.
func (s settings) isCurrent(name, module string) bool {
	if _, err := os.Stat(s.binary(name)); err != nil {
		return false
	}
	noted, err := os.ReadFile(s.sourcesFile(name))
	if err != nil {
		return false
	}
	now, err := sources(module)
	return err == nil && now == string(noted)
}

// noteSources remembers what a binary was compiled from. before was taken before compiling, so an edit made meanwhile
// is not missed.
func (s settings) noteSources(name, before string) error {
	return os.WriteFile(s.sourcesFile(name), []byte(before), 0o644)
}

func (s settings) forgetSources(name string) error {
	if err := os.Remove(s.sourcesFile(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (s settings) sourcesFile(name string) string { return s.binary(name) + ".sources" }
