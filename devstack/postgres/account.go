package postgres

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is who runs the server's programs: us, or an unprivileged user when we are root, as PostgreSQL refuses root.
type account struct {
	credential *syscall.Credential // nil means us
	name       string
}

func currentAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return account{credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, name: name}, nil
		}
	}
	return account{}, errors.New("there is neither a user postgres nor nobody to run PostgreSQL as, which refuses root: " +
		"run as another user, or set DATABASE_URL to a server of your own")
}

// run makes cmd run as the account, without the caller's environment: a PGPORT or a locale there would reach the server.
func (a account) run(cmd *exec.Cmd) {
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	if a.credential != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: a.credential}
	}
}

// own gives a file or directory to the account.
func (a account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Chown(path, int(a.credential.Uid), int(a.credential.Gid))
}

// reaches tells whether the account can enter dir; the only answer that counts is the kernel's, so it is asked.
func (a account) reaches(dir string) bool {
	if a.credential == nil {
		return true
	}
	cmd := exec.Command("/bin/sh", "-c", ":")
	cmd.Dir = dir
	a.run(cmd)
	return cmd.Run() == nil
}

// place returns the directory to work in, owned by the account and reachable for it.
func (s *Server) place() (string, error) {
	dir, err := s.directory()
	if err != nil {
		return "", err
	}
	if err := s.account.own(dir); err != nil {
		return "", fmt.Errorf("give %s to user %s: %w", dir, s.account.name, err)
	}
	if s.account.reaches(dir) {
		return dir, nil
	}
	return s.placeElsewhere(dir)
}

func (s *Server) directory() (string, error) {
	if s.options.Dir == "" {
		return os.MkdirTemp(s.options.TempDir, "millennium-postgres-")
	}
	dir, err := filepath.Abs(s.options.Dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("%s cannot be created (read-only, or a file in its place?): %w", dir, err)
	}
	return dir, nil
}

// placeElsewhere is for a directory behind one that only root may enter.
func (s *Server) placeElsewhere(unreachable string) (string, error) {
	dir := publicDirectory(unreachable)
	if err := makePublic(dir); err != nil {
		return "", err
	}
	if err := s.account.own(dir); err != nil {
		return "", err
	}
	if !s.account.reaches(dir) {
		return "", fmt.Errorf("user %s, who must run PostgreSQL because it refuses root, can enter neither %s nor %s",
			s.account.name, unreachable, dir)
	}
	if s.options.Dir == "" {
		return dir, os.RemoveAll(unreachable)
	}
	s.notice("user %s, who runs it instead of root, cannot enter %s: the data is in %s", s.account.name, unreachable, dir)
	return dir, nil
}

// publicDirectory is where everybody can reach what belongs in dir: always the same place for the same dir.
func publicDirectory(dir string) string {
	hash := sha256.Sum256([]byte(dir))
	return fmt.Sprintf("/var/tmp/millennium-%x", hash[:6])
}

// makePublic creates dir for the account, refusing one that somebody else put there to have us write into it.
func makePublic(dir string) error {
	err := os.Mkdir(dir, 0o755)
	if err == nil || !os.IsExist(err) {
		return err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !known || !trusted(owner.Uid) || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s is there but was not made by an earlier run: remove it", dir)
	}
	return nil
}

// trusted tells whether a directory of ours may belong to a user: root, or the account root runs the server as.
func trusted(uid uint32) bool {
	if int(uid) == os.Geteuid() {
		return true
	}
	current, err := currentAccount()
	return err == nil && current.credential != nil && current.credential.Uid == uid
}
