package postgres

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A sealer encrypts credentials at rest (AES-256-GCM-SIV), bound to the bot and account they belong to: a row copied to
// another account doesn't open.
type sealer struct{ aead tink.AEAD }

func newSealer(key []byte) (*sealer, error) {
	if len(key) != 32 {
		return nil, errors.New("MILLENNIUM_ENCRYPTION_KEY must be 32 bytes in base64: make one with `openssl rand -base64 32`")
	}
	aead, err := subtle.NewAESGCMSIV(key)
	if err != nil {
		return nil, fmt.Errorf("make the cipher: %w", err)
	}
	return &sealer{aead}, nil
}

func (s *sealer) close(bot, account string, credentials map[string]string) ([]byte, error) {
	plain, err := json.Marshal(credentials)
	if err != nil {
		return nil, fmt.Errorf("encode credentials: %w", err)
	}
	return s.aead.Encrypt(plain, []byte(bot+"/"+account))
}

func (s *sealer) open(bot, account string, sealed []byte) (map[string]string, error) {
	plain, err := s.aead.Decrypt(sealed, []byte(bot+"/"+account))
	if err != nil {
		return nil, fmt.Errorf("open the credentials of %s/%s: were they sealed with another MILLENNIUM_ENCRYPTION_KEY? %w", bot, account, err)
	}
	var credentials map[string]string
	if err := json.Unmarshal(plain, &credentials); err != nil {
		return nil, fmt.Errorf("decode credentials: %w", err)
	}
	return credentials, nil
}
