package referral

import (
	"strings"
	"time"

	"github.com/millenniumm/referrals/program"
)

// A Stranger is what is known of how somebody first came to the bot.
type Stranger struct {
	FirstRef string    // of their first interaction, as it came
	FirstAt  time.Time // when it came in; zero when that isn't known
}

// TypedCode reads a message as the code of somebody who shared, for an entry point that takes codes in writing: all of the message is a
// ref, or its end from the suffix on, or just the user id. The last two look like ordinary words, so sure is false: they mean a code
// only if somebody has that user id. Without its name, the first entry point in the file that takes codes is meant.
//
// Only who came without a ref of ours, at most so long ago as the entry point allows, may write one.
func TypedCode(rules *program.Program, text string, who Stranger, at time.Time) (ref Ref, sure, ok bool) {
	if who.FirstAt.IsZero() || isOurs(rules, who.FirstRef) {
		return Ref{}, false, false
	}
	text = strings.TrimSpace(text)
	ref, sure = ParseRef(text, knownTo(rules), rules.LinkSuffix)
	if !sure || !looksShared(ref) {
		ref, sure = Ref{Referrer: bareCode(text, rules.LinkSuffix)}, false
	}
	door, found := takesCodes(rules, ref.EntryPoint, at.Sub(who.FirstAt))
	if ref.Referrer == "" || !found {
		return Ref{}, false, false
	}
	return Ref{EntryPoint: door, Referrer: ref.Referrer}, sure, true
}

// takesCodes finds the entry point of that name, or the first when there is none, that takes codes so long after the first interaction.
func takesCodes(rules *program.Program, name string, since time.Duration) (string, bool) {
	for _, door := range rules.EntryPoints {
		if (name == "" || strings.EqualFold(door.Name, name)) && door.TypedCode > 0 {
			return door.Name, since <= door.TypedCode
		}
	}
	return "", false
}

// bareCode gives the user id that a text is, perhaps behind a suffix with or without its mark; "" when it is none.
func bareCode(text, suffix string) string {
	text = strings.ToLower(text)
	for _, before := range []string{suffix, suffix[1:], program.DefaultLinkSuffix, program.DefaultLinkSuffix[1:], ""} {
		if id, cut := strings.CutPrefix(text, strings.ToLower(before)); cut && userIDPattern.MatchString(id) {
			return id
		}
	}
	return ""
}

// isOurs says whether a ref names one of the program's entry points or somebody who shared.
func isOurs(rules *program.Program, text string) bool {
	known := knownTo(rules)
	ref, ok := ParseRef(text, known, rules.LinkSuffix)
	return ok && (ref.Referrer != "" || known(ref.EntryPoint))
}

func knownTo(rules *program.Program) func(string) bool {
	return func(name string) bool {
		_, known := rules.EntryPoint(name)
		return known
	}
}
