// Package activities holds the side effects of the durable path, each of which may be repeated without harm: admit, apply a
// segment, make one attempt at a delivery. It says what it needs of the books in small interfaces, and turns their errors
// into what Temporal does about them. It knows no SQL and orchestrates nothing.
package activities

import (
	"context"
	"slices"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

// Books decide and count, each step once.
type Books interface {
	// Admit writes a referral with the status and reason that decide gives from the locked facts.
	Admit(ctx context.Context, opening referral.Opening, decide func(referral.Facts) (referral.Status, referral.Reason)) (referral.Admission, error)
	// Apply writes what decide makes of a segment's scene.
	Apply(ctx context.Context, segment referral.Segment, decide func(*program.Program, referral.Scene) program.Outcome) (referral.Applied, error)
	// Judge finds out what becomes of a held referral, and writes what decide makes of that.
	Judge(ctx context.Context, segment referral.Segment, decide func(*program.Program, referral.Scene) program.Outcome) (referral.Applied, error)
}

// Outbox holds the deliveries, each with one owner at a time.
type Outbox interface {
	Begin(ctx context.Context, bot string, delivery int64, leaseFor time.Duration) (channel.Attempt, bool, error)
	Standing(ctx context.Context, bot string, delivery int64) (channel.Standing, error)
	Finish(ctx context.Context, attempt channel.Attempt, outcome channel.Outcome) (channel.DeliveryState, error)
	Expire(ctx context.Context, bot string, delivery int64, reason string) error
}

// Accounts give an account with its credentials.
type Accounts interface {
	Account(ctx context.Context, bot, account string) (channel.Account, error)
}

// Activities are what the workflows run. Make them with New.
type Activities struct {
	books    Books
	outbox   Outbox
	accounts Accounts
	channels map[string]channel.Adapter
	turns    *turns
	health   *health
}

// New makes the activities over the books, the outbox and the channels by name.
func New(books Books, outbox Outbox, accounts Accounts, channels map[string]channel.Adapter) *Activities {
	return &Activities{books: books, outbox: outbox, accounts: accounts, channels: channels, turns: newTurns(turnWait), health: newHealth()}
}

// Admit decides whether the opening may count as a referral, and writes it with its reason.
func (a *Activities) Admit(ctx context.Context, in contract.ReferralInput) (referral.Admission, error) {
	leave, err := a.turns.take(ctx, in.Bot+"/"+in.Referrer)
	if err != nil {
		return referral.Admission{}, toTemporal(err)
	}
	defer leave()
	opening := referral.Opening{
		Bot: in.Bot, Run: in.ID(), Event: in.Event, EntryPoint: in.EntryPoint, Referrer: in.Referrer, Invitee: in.Invitee,
	}
	admission, err := a.books.Admit(ctx, opening, referral.Admit)
	return admission, toTemporal(err)
}

// Settle fires the triggers of an admitted referral and welcomes the invitee, in one transaction.
func (a *Activities) Settle(ctx context.Context, in contract.ReferralInput) (referral.Applied, error) {
	return a.apply(ctx, in.Referrer, referral.Segment{
		Bot: in.Bot, Run: in.ID(), Name: contract.SettleSegment, Contact: in.Invitee, Account: in.Account, Now: time.Now(),
	})
}

// Run runs a flow for one contact until it waits or ends.
func (a *Activities) Run(ctx context.Context, in contract.FlowInput) (referral.Applied, error) {
	return a.apply(ctx, in.Contact, referral.Segment{
		Bot: in.Bot, Run: in.ID(), Name: contract.FlowSegment, Contact: in.Contact, Account: in.Account,
		Version: in.Version, From: append(slices.Clone(in.Before), in.From), EntryPoint: in.EntryPoint,
	})
}

// GoOn runs a flow on after a wait.
func (a *Activities) GoOn(ctx context.Context, in contract.ResumeInput) (referral.Applied, error) {
	return a.apply(ctx, in.Wanted, referral.Segment{
		Bot: in.Bot, Run: in.Run, Name: in.Segment, Contact: in.Contact, Account: in.Account,
		Version: in.Version, From: []program.Cursor{in.From}, EntryPoint: in.EntryPoint,
	})
}

// apply takes its turn for the contact whose rows are most wanted before it takes a connection.
func (a *Activities) apply(ctx context.Context, contact string, segment referral.Segment) (referral.Applied, error) {
	leave, err := a.turns.take(ctx, segment.Bot+"/"+contact)
	if err != nil {
		return referral.Applied{}, toTemporal(err)
	}
	defer leave()
	applied, err := a.books.Apply(ctx, segment, referral.Play)
	return applied, toTemporal(err)
}
