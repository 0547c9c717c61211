package postgres

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/millenniumm/referrals/postgres/db"
	"github.com/millenniumm/referrals/referral"
)

// CreateKey makes a key for a bot, which must exist. The text of the key is given here and never again: only its hash is kept. It is
// random, so a fast hash will do.
func (s *Store) CreateKey(ctx context.Context, bot, name string, scopes []referral.Scope) (key referral.Key, text string, err error) {
	for {
		id, text := referral.NewKeyText()
		hash := sha256.Sum256([]byte(text))
		createdAt, err := s.queries.CreateKey(ctx, db.CreateKeyParams{BotID: bot, KeyID: id, Name: name, Hash: hash[:], Scopes: textsOf(scopes)})
		if errors.Is(err, pgx.ErrNoRows) {
			continue // somebody has this id: one of a million million
		}
		if err != nil {
			return referral.Key{}, "", fmt.Errorf("make a key: %w", err)
		}
		return referral.Key{ID: id, Bot: bot, Name: name, Scopes: scopes, CreatedAt: createdAt}, text, nil
	}
}

// HolderOfKey says which bot a key is for and what it may do, and notes that it was used. ErrNotFound when it is none, or was revoked.
func (s *Store) HolderOfKey(ctx context.Context, text string) (referral.Key, error) {
	id, ok := referral.KeyID(text)
	if !ok {
		return referral.Key{}, fmt.Errorf("read the key: %w", referral.ErrNotFound)
	}
	hash := sha256.Sum256([]byte(text))
	row, err := s.queries.HolderOfKey(ctx, db.HolderOfKeyParams{KeyID: id, Hash: hash[:]})
	if err != nil {
		return referral.Key{}, notFound("find the key", err)
	}
	if subtle.ConstantTimeCompare(row.Hash, hash[:]) != 1 {
		return referral.Key{}, fmt.Errorf("find the key: %w", referral.ErrNotFound)
	}
	return referral.Key{ID: id, Bot: row.BotID, Scopes: scopesOf(row.Scopes)}, nil
}

// Keys gives a bot's keys that weren't revoked, newest first.
func (s *Store) Keys(ctx context.Context, bot string) ([]referral.Key, error) {
	rows, err := s.queries.Keys(ctx, bot)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	keys := make([]referral.Key, len(rows))
	for i, row := range rows {
		keys[i] = referral.Key{
			ID: row.KeyID, Bot: bot, Name: row.Name, Scopes: scopesOf(row.Scopes), CreatedAt: row.CreatedAt, LastUsedAt: row.LastUsedAt,
		}
	}
	return keys, nil
}

// RevokeKey makes a key open nothing from now on. ErrNotFound when the bot has none of that id, or no more.
func (s *Store) RevokeKey(ctx context.Context, bot, id string) error {
	rows, err := s.queries.RevokeKey(ctx, db.RevokeKeyParams{BotID: bot, KeyID: id})
	if err != nil {
		return fmt.Errorf("revoke the key: %w", err)
	}
	if rows == 0 {
		return fmt.Errorf("revoke the key: %w", referral.ErrNotFound)
	}
	return nil
}

func textsOf(scopes []referral.Scope) []string {
	texts := make([]string, len(scopes))
	for i, scope := range scopes {
		texts[i] = string(scope)
	}
	return texts
}

func scopesOf(texts []string) []referral.Scope {
	scopes := make([]referral.Scope, len(texts))
	for i, text := range texts {
		scopes[i] = referral.Scope(text)
	}
	return scopes
}
