// Package referral holds the rules of a referral: how a ref is written and read, who may refer whom, and the reasons a
// referral may end without credit. It is pure: no clock, no storage, no network. Types and errors that cross the
// Postgres interface live here too.
package referral

import (
	"crypto/rand"
	"encoding/base32"
	"regexp"
	"slices"
	"strings"

	"github.com/millenniumm/referrals/program"
)

// MaxRefLength is the longest ref every channel carries: Telegram's start payload, 64 characters.
const MaxRefLength = 64

var (
	wordPattern       = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	entryPointPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$`)
	userIDPattern     = regexp.MustCompile(`^[a-z2-7]{10}$`)
	base32Lower       = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
)

// A Ref is what a referral link carries: which door was opened and, when somebody shared it, whose link it was.
type Ref struct {
	EntryPoint string // name of the entry point, "campaign1"
	Referrer   string // public id of the contact who shared; empty when the link belongs to nobody
}

// String gives the ref with the suffix that is always read: "campaign1-c<user_id>", or the bare entry point when nobody shared it.
func (r Ref) String() string { return r.With(program.DefaultLinkSuffix) }

// With gives the ref as a program's new links carry it, with its own suffix.
func (r Ref) With(suffix string) string {
	if r.Referrer == "" {
		return r.EntryPoint
	}
	return r.EntryPoint + suffix + r.Referrer
}

// ParseRef reads a ref as it came from a channel; known says which names are entry points of the bot, suffixes are read besides the default
// one: that of the program's links. Refs are untrusted: whatever can't be one of ours is reported as not ok, and the opening is then treated as one without a ref.
//
// A name may hold the suffix itself ("summer-campaign"): a known name is read as such. Else the last suffix parts a referrer from a
// known entry point, or anything that looks like a user id from an unknown one, so that a wrong link shows up with its reason. A ref
// with the default suffix is read too: old links live on.
func ParseRef(text string, known func(entryPoint string) bool, suffixes ...string) (Ref, bool) {
	text = strings.TrimSpace(text)
	if !wordPattern.MatchString(text) {
		return Ref{}, false
	}
	bare := Ref{EntryPoint: text}
	if known(text) {
		return bare, ValidEntryPoint(text)
	}
	for _, likeOurs := range []func(Ref) bool{looksShared, func(r Ref) bool { return r.Referrer != "" && known(r.EntryPoint) }} {
		for _, suffix := range append(slices.Clone(suffixes), program.DefaultLinkSuffix) {
			if ref, ok := cutRef(text, suffix); ok && likeOurs(ref) {
				return ref, ValidEntryPoint(ref.EntryPoint)
			}
		}
	}
	return bare, ValidEntryPoint(text)
}

// looksShared: a user id has a shape of its own, so that only one suffix can stand before it.
func looksShared(r Ref) bool { return userIDPattern.MatchString(r.Referrer) }

func cutRef(text, suffix string) (Ref, bool) {
	at := strings.LastIndex(text, suffix)
	if at <= 0 {
		return Ref{}, false
	}
	return Ref{EntryPoint: text[:at], Referrer: strings.ToLower(text[at+len(suffix):])}, true
}

// ValidEntryPoint says whether a name may be an entry point's: letters, digits, "_" and "-", at most 40 characters, so
// that a ref with a user id fits every channel.
func ValidEntryPoint(name string) bool { return entryPointPattern.MatchString(name) }

// NewUserID makes a contact's public id: 10 lower-case base32 characters, 50 random bits.
func NewUserID() string {
	var raw [7]byte
	_, _ = rand.Read(raw[:]) // never fails: crypto/rand aborts the program instead
	return base32Lower.EncodeToString(raw[:])[:10]
}
