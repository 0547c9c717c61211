package referral

import (
	"slices"
	"time"

	"github.com/millenniumm/referrals/program"
)

// Facts are what admit knows about a referral, read under the locks of both contacts and, where its total is bounded, of the entry point's count.
type Facts struct {
	EntryPointKnown bool
	EntryPoint      program.EntryPoint // as the program in force has it
	ReceivedAt      time.Time          // when the opening came in
	Channel         string             // the platform it came in on
	ReferrerKnown   bool
	Same            bool // referrer and invitee are one contact
	Attributed      bool // the attribution key is held by a referral that counts or may yet count
	ReferredBefore  bool // this referrer's credit for this invitee counted before, even if it was taken back since
	Mutual          bool // the invitee's own link brought the referrer, through the same entry point
	// Referrals through the entry point that count or may yet count.
	OfReferrerToday, OfReferrer, OfEntryPoint int64 // the first in the 24 hours before this one
	// Recent are the openings through this referrer's link within the velocity's span, whatever became of them.
	Recent int64
}

// Admit decides whether a referral may count. The first reason that applies is the one people see, from the most to the
// least telling.
func Admit(f Facts) (Status, Reason) {
	door := f.EntryPoint
	switch {
	case !f.EntryPointKnown:
		return Rejected, UnknownEntryPoint
	case !f.ReferrerKnown:
		return Rejected, UnknownReferrer
	case f.Same:
		return Rejected, SelfReferral
	case f.Attributed, f.ReferredBefore:
		return Rejected, AlreadyReferred
	case f.Mutual && !door.AllowMutual:
		return Rejected, MutualReferral
	case door.Paused, !door.Active.Open(f.ReceivedAt):
		return Rejected, EntryPointInactive
	case len(door.Channels) > 0 && !slices.Contains(door.Channels, f.Channel):
		return Rejected, ChannelExcluded
	case reached(door.Caps.PerDay, f.OfReferrerToday), reached(door.Caps.PerReferrer, f.OfReferrer), reached(door.Caps.Total, f.OfEntryPoint):
		return Rejected, CapReached
	case reached(door.Velocity.AtMost, f.Recent):
		return Rejected, VelocityExceeded
	default:
		return Pending, ""
	}
}

// reached says whether a bound, if there is one, leaves no room for one more.
func reached(bound, count int64) bool { return bound > 0 && count >= bound }
