package main

import (
	"encoding/base64"
	"os"
	"testing"
)

func TestSecretsAreMadeOnceAndOnlyForTheOwner(t *testing.T) {
	s := settings{data: t.TempDir()}
	first, err := loadSecrets(s)
	if err != nil {
		t.Fatal(err)
	}
	second, err := loadSecrets(s)
	if err != nil {
		t.Fatal(err)
	}
	if first != second || first.adminToken == "" {
		t.Errorf("got %+v, then %+v", first, second)
	}
	if key, err := base64.StdEncoding.DecodeString(first.encryptionKey); err != nil || len(key) != 32 {
		t.Errorf("a key of %d bytes: %v", len(key), err)
	}
	for _, name := range []string{"admin-token", "encryption-key"} {
		info, err := os.Stat(s.file(name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
}

func TestGivenSecretsAreUsedAndNotKept(t *testing.T) {
	s := settings{data: t.TempDir(), adminToken: "token", encryptionKey: "key"}
	got, err := loadSecrets(s)
	if err != nil {
		t.Fatal(err)
	}
	if want := (secrets{adminToken: "token", encryptionKey: "key"}); got != want {
		t.Errorf("got %+v", got)
	}
	if kept, _ := os.ReadDir(s.data); len(kept) > 0 {
		t.Errorf("kept: %v", kept)
	}
}
