package program

import "time"

// A Window is when an entry point is open: from From on and before Until, each of which may be missing (zero).
type Window struct{ From, Until time.Time }

// Open says whether the window is open at a time.
func (w Window) Open(at time.Time) bool {
	return (w.From.IsZero() || !at.Before(w.From)) && (w.Until.IsZero() || at.Before(w.Until))
}

// Caps bound how many referrals may count or yet count; 0 bounds nothing.
type Caps struct {
	PerDay      int64 // of one referrer, in any 24 hours
	PerReferrer int64 // of one referrer, ever
	Total       int64 // of the entry point, ever
}

// A Velocity is the speed a referrer's invitees may come in at; AtMost 0 bounds nothing.
type Velocity struct {
	AtMost int64
	Within time.Duration
}

// HoldUntil says what a held referral waits for.
type HoldUntil string

// What a held referral may wait for.
const (
	UntilQualified       HoldUntil = "qualified"        // somebody says that the invitee did what counts; too late after For
	UntilApproved        HoldUntil = "approved"         // somebody approves; too late after For
	UntilStillSubscribed HoldUntil = "still_subscribed" // For passes and the invitee is still there
)

// A Hold keeps a referral pending; a zero Hold keeps none.
type Hold struct {
	For   time.Duration // 0: however long it takes
	Until HoldUntil
}

// Approval says who lets a referral count.
type Approval string

// The kinds of approval.
const (
	AutoApproval   Approval = "auto"
	ManualApproval Approval = "manual" // each waits until somebody approves it
)

// DefaultLinkSuffix parts an entry point's name from a user id in refs: "campaign1-c<user_id>". Links made with it are read for ever,
// whatever a later program says.
const DefaultLinkSuffix = "-c"
