package referral

import (
	"crypto/rand"
	"regexp"
	"strings"
	"time"
)

// A Scope is what a key may be used for. None includes another.
type Scope string

// The scopes a key may have. ScopeAdmin is nobody's but the admin token's.
const (
	ScopeRead   Scope = "read"   // look
	ScopeEvents Scope = "events" // report events
	ScopeWrite  Scope = "write"  // change the program and the rewards
	ScopeManage Scope = "manage" // connect accounts, make keys
	ScopeAdmin  Scope = "admin"  // what belongs to no bot
)

// KeyScopes are all the scopes a key may have.
var KeyScopes = []Scope{ScopeRead, ScopeEvents, ScopeWrite, ScopeManage}

// A Key lets an integrator in to one bot. What it is, is known only to who holds it.
type Key struct {
	ID         string     `json:"id"`
	Bot        string     `json:"-"`
	Name       string     `json:"name"`
	Scopes     []Scope    `json:"scopes"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"` // to the minute
}

// keyPattern is what keys look like: "mk_", the key's public id, "_", the secret.
var keyPattern = regexp.MustCompile(`^mk_([a-z2-7]{8})_[a-z2-7]{32,64}$`)

// NewKeyText makes a key: 40 random bits to tell it by, 160 or more that are secret.
func NewKeyText() (id, key string) {
	id = strings.ToLower(rand.Text()[:8])
	return id, "mk_" + id + "_" + strings.ToLower(rand.Text()+rand.Text()[:6])
}

// KeyID gives the public id in a key; ok is false for what can't be one of ours.
func KeyID(key string) (id string, ok bool) {
	parts := keyPattern.FindStringSubmatch(key)
	if parts == nil {
		return "", false
	}
	return parts[1], true
}
