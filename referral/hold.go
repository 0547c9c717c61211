package referral

import (
	"time"

	"github.com/millenniumm/referrals/program"
)

// Circumstances are what decides whether an admitted referral counts. The times are when each fact came in; a zero time is one that
// hasn't. The verdict follows from them alone, so it is the same whatever the order in which admit, settle and the facts met.
type Circumstances struct {
	ReceivedAt time.Time // when the opening came in
	Hold       program.Hold
	Approval   program.Approval
	Qualified  time.Time // the invitee did what counts, perhaps before they were referred
	Approved   time.Time
	Left       time.Time // the invitee blocked or left the bot
	Voided     time.Time // an operator took it back
}

// A Verdict is what becomes of an admitted referral: Pending until Until (zero: until something happens), Credited or Voided.
type Verdict struct {
	Status Status
	Reason Reason
	Until  time.Time
}

// The segments of a run in which a referral that was held counts, or is taken back.
const (
	CreditSegment = "credit"
	VoidSegment   = "void"
)

// SegmentOf names the segment in which a held referral becomes what it does; "" when it goes on waiting.
func SegmentOf(becomes Status) string {
	switch becomes {
	case Credited:
		return CreditSegment
	case Voided:
		return VoidSegment
	default:
		return ""
	}
}

// Judge decides what becomes of an admitted referral at a time. Whoever leaves before everything that was asked for is there voids it;
// who leaves afterwards doesn't. Once an operator has taken it back only the reason is open: it may have been void by then.
func Judge(c Circumstances, now time.Time) Verdict {
	if c.Voided.IsZero() {
		return c.verdict(now)
	}
	if before := c.asOf(c.Voided).verdict(c.Voided); before.Status == Voided {
		return before
	}
	return Verdict{Status: Voided, Reason: VoidedByOperator}
}

// asOf are the circumstances with only what had happened by then.
func (c Circumstances) asOf(then time.Time) Circumstances {
	for _, fact := range []*time.Time{&c.Qualified, &c.Approved, &c.Left} {
		if fact.After(then) {
			*fact = time.Time{}
		}
	}
	return c
}

// verdict judges what nobody has taken back. Clocks differ: it is never earlier than what has happened already.
func (c Circumstances) verdict(now time.Time) Verdict {
	for _, past := range []time.Time{c.ReceivedAt, c.Qualified, c.Approved, c.Left} {
		if now.Before(past) {
			now = past
		}
	}
	deadline := c.deadline()
	complete, known := c.completeAt()
	switch {
	case c.leftBefore(complete, known):
		return Verdict{Status: Voided, Reason: InviteeLeft}
	case known && (deadline.IsZero() || !complete.After(deadline)):
		if now.Before(complete) {
			return Verdict{Status: Pending, Until: complete}
		}
		return Verdict{Status: Credited}
	case !deadline.IsZero() && (known || !now.Before(deadline)):
		return Verdict{Status: Voided, Reason: HoldExpired}
	default:
		return Verdict{Status: Pending, Until: deadline}
	}
}

// deadline is when what is asked for comes too late; zero when it never does.
func (c Circumstances) deadline() time.Time {
	if c.Hold.For == 0 || c.Hold.Until == program.UntilStillSubscribed {
		return time.Time{}
	}
	return c.ReceivedAt.Add(c.Hold.For)
}

// completeAt is when everything that was asked for is there; not known while something is missing.
func (c Circumstances) completeAt() (at time.Time, known bool) {
	at = c.ReceivedAt
	if c.Hold.Until == program.UntilStillSubscribed {
		at = at.Add(c.Hold.For)
	}
	for _, asked := range []struct {
		needed bool
		fact   time.Time
	}{
		{c.Hold.Until == program.UntilQualified, c.Qualified},
		{c.Hold.Until == program.UntilApproved || c.Approval == program.ManualApproval, c.Approved},
	} {
		if !asked.needed {
			continue
		}
		if asked.fact.IsZero() {
			return time.Time{}, false
		}
		if asked.fact.After(at) {
			at = asked.fact
		}
	}
	return at, true
}

func (c Circumstances) leftBefore(complete time.Time, known bool) bool {
	return c.Left.After(c.ReceivedAt) && (!known || c.Left.Before(complete))
}
