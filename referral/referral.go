package referral

import (
	"errors"
	"time"

	"github.com/millenniumm/referrals/program"
)

// Status is where a referral stands.
type Status string

// The statuses of a referral. Rejected is an outcome, not a failure.
const (
	Pending  Status = "pending"  // admitted, its points not yet counted
	Credited Status = "credited" // its points count
	Rejected Status = "rejected" // refused, with a reason
	Voided   Status = "voided"   // credited or pending once, taken back since
)

// Reason says why a referral was rejected or voided.
type Reason string

// The reasons admit refuses credit for.
const (
	SelfReferral      Reason = "self_referral"
	AlreadyReferred   Reason = "already_referred"
	MutualReferral    Reason = "mutual_referral"
	UnknownReferrer   Reason = "unknown_referrer"
	UnknownEntryPoint Reason = "unknown_entry_point"
	// What an entry point's own rules keep out.
	EntryPointInactive Reason = "entry_point_inactive"
	ChannelExcluded    Reason = "channel_excluded"
	CapReached         Reason = "cap_reached"
	VelocityExceeded   Reason = "velocity_exceeded"
)

// The reasons an admitted referral is voided for.
const (
	InviteeLeft      Reason = "invitee_left"
	HoldExpired      Reason = "hold_expired"
	VoidedByOperator Reason = "voided_by_operator"
)

// Kind says whether the bot knew the invitee before this opening.
type Kind string

// The kinds of referral.
const (
	New      Kind = "new"
	Existing Kind = "existing"
)

// Trigger is the trigger a credited referral of this kind fires.
func (k Kind) Trigger() program.TriggerKind {
	if k == New {
		return program.ReferredNewContact
	}
	return program.ReferredExistingContact
}

// AttributionKey is what at most one counting referral may hold: the invitee's first referrer takes it all under first_touch,
// each referrer may take it once under per_referrer.
func AttributionKey(entryPoint program.EntryPoint, referrer, invitee string) string {
	if entryPoint.Attribution == program.PerReferrer {
		return entryPoint.Name + "/" + referrer + "/" + invitee
	}
	return entryPoint.Name + "/" + invitee
}

// An Opening is what admit is asked about: an event that came in through a referrer's link.
type Opening struct {
	Bot        string
	Run        string // the workflow's id
	Event      int64
	EntryPoint string
	Referrer   string // public id from the ref: untrusted
	Invitee    string // public id of the contact the event came from
}

// An Admission is admit's memoised result.
type Admission struct {
	Referral int64  `json:"referral"`
	Kind     Kind   `json:"kind"`
	Status   Status `json:"status"`
	Reason   Reason `json:"reason,omitempty"`
}

// A Segment is a stretch of a program to apply in one transaction, for the people of a referral or for one contact.
type Segment struct {
	Bot     string
	Run     string // the originating workflow's id, also in the workflows that go on for it
	Name    string // unique within the run
	Contact string // public id of who the event came from: the invitee of a referral, the contact of a flow
	Account string // where they wrote: what is sent to them leaves there
	// Version of the program; 0 takes the one that admitted the referral, or the one in force.
	Version int32
	// From says where to start. Settle leaves it empty: its cursors follow from the referral's outcome.
	From []program.Cursor
	// EntryPoint is the door that was opened, for flows without a referral.
	EntryPoint string
	// Now is when the segment is decided: what a referral waits for may be over by then.
	Now time.Time
}

// Applied is a segment's memoised result: ids and numbers only, since it ends up in workflow histories.
type Applied struct {
	Status Status `json:"status,omitempty"`
	Reason Reason `json:"reason,omitempty"`
	// Until is when a referral that stays pending is to be looked at again; nil when only something that happens can end its wait.
	Until *time.Time `json:"until,omitempty"`
	// Points is what the segment added to the referrer's numbers, or to those of a flow's contact.
	Points int64 `json:"points,omitempty"`
	// Summary says it in words for people who read histories: "+2 → 10, granted cafe".
	Summary string   `json:"summary,omitempty"`
	Grants  []string `json:"grants,omitempty"`
	Lanes   []Lane   `json:"lanes,omitempty"`
	// Held are deliveries that wait for something else to happen, a code in an empty pool.
	Held  []int64        `json:"held,omitempty"`
	Waits []program.Wait `json:"waits,omitempty"`
}

// A Lane is the messages of one segment to one identity, which leave in this order.
type Lane struct {
	Account    string  `json:"account"`
	Deliveries []int64 `json:"deliveries"`
}

// Deliveries counts the messages of a segment.
func (a Applied) Deliveries() int {
	count := len(a.Held)
	for _, lane := range a.Lanes {
		count += len(lane.Deliveries)
	}
	return count
}

// What the books answer when a step can't be done now.
var (
	// ErrNotFound says that what was asked for doesn't exist in this bot.
	ErrNotFound = errors.New("not found")
	// ErrNoProgram says that the bot has no program yet.
	ErrNoProgram = errors.New("the bot has no program yet")
)

// A DecidedError says that a referral can't be approved, qualified or taken back any more: it was rejected or voided.
type DecidedError struct {
	Status Status
	Reason Reason
}

func (e *DecidedError) Error() string {
	return "the referral is " + string(e.Status) + ": " + string(e.Reason)
}

// A HeldReferral is one that waits before it counts.
type HeldReferral struct {
	Bot     string
	Run     string
	Account string // where the invitee came in
}

// A LeasedEvent is an inbox row the relay may work on until its lease ends.
type LeasedEvent struct {
	Bot            string
	ID             int64
	Lease          int64 // fencing token
	Account        string
	Kind           string
	Contact        int64
	UserID         string
	IsNew          bool
	Ref            string
	Text           string
	Target         string // for a wake: the delivery to wake, or the referral whose hold is to wake
	OccurredAt     time.Time
	ReceivedAt     time.Time
	From           Stranger // how its contact first came
	Attempts       int
	ProgramVersion int32
}

// An Import says what came of adding codes to a reward's pool.
type Import struct {
	Added  int // codes that were not in the pool before
	Served int // grants that had waited for a code and got one
}
