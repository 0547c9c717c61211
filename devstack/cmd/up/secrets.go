package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
)

// encryptionKeyBytes is the length of an AES-256 key.
const encryptionKeyBytes = 32

// secrets are kept from one run to the next: a new encryption key would make every stored credential unreadable.
type secrets struct {
	adminToken    string
	encryptionKey string
}

func loadSecrets(s settings) (secrets, error) {
	token, tokenErr := keep(s.adminToken, s.file("admin-token"), rand.Text)
	key, keyErr := keep(s.encryptionKey, s.file("encryption-key"), newEncryptionKey)
	return secrets{adminToken: token, encryptionKey: key}, errors.Join(tokenErr, keyErr)
}

// keep returns what is given, else what the file holds, else a new secret, which it puts there.
func keep(given, path string, generate func() string) (string, error) {
	if given != "" {
		return given, nil
	}
	text, err := os.ReadFile(path)
	if secret := strings.TrimSpace(string(text)); err == nil && secret != "" {
		return secret, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	secret := generate()
	if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep a secret: %w", err)
	}
	return secret, nil
}

func newEncryptionKey() string {
	key := make([]byte, encryptionKeyBytes)
	rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}
