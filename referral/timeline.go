package referral

import (
	"fmt"
	"strings"
	"time"

	"github.com/millenniumm/referrals/program"
)

// MomentKind says what sort of thing happened.
type MomentKind string

// The kinds of moment.
const (
	MomentContact  MomentKind = "contact"  // the bot got to know somebody
	MomentOpening  MomentKind = "opening"  // somebody opened the bot through a referral link
	MomentAdmitted MomentKind = "admitted" // the referral may count
	MomentRejected MomentKind = "rejected" // the referral was refused, with its reason
	MomentCheck    MomentKind = "check"    // a condition was evaluated
	MomentPoints   MomentKind = "points"   // a number was added to or taken from
	MomentSet      MomentKind = "set"      // a number was given a value
	MomentGrant    MomentKind = "grant"    // a reward was granted
	MomentMessage  MomentKind = "message"  // a message was written
	MomentCall     MomentKind = "call"     // a webhook was called
	MomentWait     MomentKind = "wait"     // a flow stopped, to go on later
	MomentAttempt  MomentKind = "attempt"  // an attempt to send failed, or nobody knows what came of it
	MomentOutcome  MomentKind = "outcome"  // what became of a message in the end
	MomentSettled  MomentKind = "settled"  // the referral counts
	MomentVoided   MomentKind = "voided"   // the referral was taken back
)

// A Moment is one thing that happened, as the books have it and without words. What Data holds depends on the kind;
// api/openapi.yaml lists its members. Its numbers are json.Number.
type Moment struct {
	Place    Place
	Kind     MomentKind
	To       Somebody // whom it happened to; nobody where the books don't say
	Other    Somebody // who else is in it: of an opening the other side, of a refusal the one with the better right
	Referral int64    // 0 for none
	Data     map[string]any
}

// A Somebody is a person of a moment.
type Somebody struct{ UserID, FirstName string }

// Name is what a person is called in words.
func (s Somebody) Name() string {
	if s.FirstName == "" {
		return s.UserID
	}
	return s.FirstName
}

// A Place is where a moment stands among others. Rows that were written together share their time: Nth orders them, and ID
// those that no order is known of.
type Place struct {
	At  time.Time // to the microsecond
	Nth int32
	ID  int64
}

// Newest is the place after every moment.
func Newest() Place { return Place{At: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)} }

// String writes a place as cursors carry it, in at most 64 characters.
func (p Place) String() string { return fmt.Sprintf("%d.%d.%d", p.At.UnixMicro(), p.Nth, p.ID) }

// ParsePlace reads a place as String writes it; ok is false for anything else.
func ParsePlace(text string) (p Place, ok bool) {
	var micro int64
	if _, err := fmt.Sscanf(text, "%d.%d.%d", &micro, &p.Nth, &p.ID); err != nil {
		return Place{}, false
	}
	p.At = time.UnixMicro(micro).UTC()
	return p, p.String() == text && p.At.Before(Newest().At) && micro >= 0
}

// What made a flow change a number, grant a reward or write a message. A trigger is called by its own name.
const (
	ByWelcome = "welcome" // coming in: the flow of the entry point, or what a trigger does for the invitee
	ByResume  = "resume"  // a flow that went on after a wait
	ByFlow    = "flow"    // a flow without a referral: a keyword, an opening without a link
)

// Why tells what made a segment of this name act for a person of a referral of this kind. Kind is empty where there is no referral.
func Why(segment string, kind Kind, who program.Role) string {
	switch {
	case strings.Contains(segment, "."):
		return ByResume
	case kind == "":
		return ByFlow
	case who == program.Referrer:
		return string(kind.Trigger())
	default:
		return ByWelcome
	}
}
