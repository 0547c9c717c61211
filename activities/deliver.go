package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/referral"
)

const (
	// SendTimeout bounds one call to a platform. It is shorter than the activity it runs in, so that its outcome is written.
	SendTimeout = 3 * time.Second
	// leaseFor outlives any attempt: when it has run out and nothing was written, the outcome is unknown.
	leaseFor = 10 * time.Second
	// startWithin bounds the time in which a lane's messages are begun in a workflow task; the last may take as long as any.
	startWithin = time.Second
	// slowCall marks an account as one to keep out of workflow tasks for a while.
	slowCall = time.Second
	// webhookChannel is the one whose accounts are servers, which are called, and not people, who are written to.
	webhookChannel = "webhook"
)

// DeliverInput is one lane of a segment's messages.
type DeliverInput struct {
	Bot  string        `json:"bot"`
	Lane referral.Lane `json:"lane"`
}

// Delivered is what came of a lane's first attempts.
type Delivered struct {
	// Left is the first delivery that is not finished, which then owns those behind it; 0 when all are.
	Left int64 `json:"left,omitempty"`
	// Unwritten is what became of Left, when the books could not be told.
	Unwritten *Unwritten `json:"unwritten,omitempty"`
}

// Unwritten is an attempt the platform took, whose receipt is not in the books yet. It must get there before anything is sent again.
type Unwritten struct {
	Bot        string `json:"bot"`
	Delivery   int64  `json:"delivery"`
	Lease      int64  `json:"lease"`
	PlatformID string `json:"platform_id,omitempty"`
}

// Deliver makes the first attempt at each delivery of a lane, one after the other. It never fails for a platform's sake.
func (a *Activities) Deliver(ctx context.Context, in DeliverInput) (Delivered, error) {
	deadline := time.Now().Add(startWithin)
	for _, delivery := range in.Lane.Deliveries {
		if time.Now().After(deadline) {
			return Delivered{Left: delivery}, nil
		}
		finished, unwritten, err := a.firstAttempt(ctx, in.Bot, in.Lane.Account, delivery)
		if err != nil {
			return Delivered{}, toTemporal(err)
		}
		if !finished {
			return Delivered{Left: delivery, Unwritten: unwritten}, nil
		}
	}
	return Delivered{}, nil
}

func (a *Activities) firstAttempt(ctx context.Context, bot, account string, delivery int64) (finished bool, unwritten *Unwritten, err error) {
	if !a.health.fit(bot, account) {
		return false, nil, nil
	}
	attempt, ok, err := a.outbox.Begin(ctx, bot, delivery, leaseFor)
	if err != nil {
		return false, nil, err
	}
	if !ok { // perhaps made already, by this step before a crash
		standing, err := a.outbox.Standing(ctx, bot, delivery)
		return standing.State.Final(), nil, err
	}
	made := a.attempt(ctx, attempt)
	return made.state.Final(), made.unwritten, made.err
}

// Attempted is what came of an attempt in a Delivery workflow.
type Attempted struct {
	State channel.DeliveryState `json:"state"`
	Error string                `json:"error,omitempty"`
	Next  int64                 `json:"next,omitempty"` // the message to the same identity that may leave now
	// Unwritten is set when the platform took the message and the books could not be told.
	Unwritten *Unwritten `json:"unwritten,omitempty"`
}

// Attempt makes one attempt at a delivery on behalf of its workflow. What may yet succeed is an error, with the time to wait before
// the next attempt; final and waiting deliveries are results.
func (a *Activities) Attempt(ctx context.Context, in channel.DeliveryID) (Attempted, error) {
	attempt, ok, err := a.outbox.Begin(ctx, in.Bot, in.ID, leaseFor)
	if err != nil {
		return Attempted{}, toTemporal(err)
	}
	if ok {
		made := a.attempt(ctx, attempt)
		if made.unwritten != nil {
			return Attempted{State: channel.Sending, Unwritten: made.unwritten}, nil
		}
		if made.err != nil {
			return Attempted{}, toTemporal(made.err)
		}
		if made.failure != nil && mayYetSucceed(made.failure.Class) {
			return Attempted{}, sendRetry(made.failure, attemptNumber(ctx))
		}
	}
	return a.standing(ctx, in)
}

// attemptNumber counts Temporal's attempts at the activity, from 1.
func attemptNumber(ctx context.Context) int32 {
	if !activity.IsActivity(ctx) {
		return 1
	}
	return activity.GetInfo(ctx).Attempt
}

// Record writes a receipt that the books could not be told at once. If somebody else took the delivery since, their word counts.
func (a *Activities) Record(ctx context.Context, in Unwritten) error {
	taken := channel.Attempt{Bot: in.Bot, Delivery: in.Delivery, Lease: in.Lease}
	_, err := a.outbox.Finish(ctx, taken, channel.Outcome{Receipt: channel.Receipt{PlatformID: in.PlatformID}})
	return toTemporal(err)
}

func mayYetSucceed(class channel.Class) bool {
	return class == channel.Retry || class == channel.Throttle || class == channel.Config || class == channel.Unknown
}

func (a *Activities) standing(ctx context.Context, in channel.DeliveryID) (Attempted, error) {
	standing, err := a.outbox.Standing(ctx, in.Bot, in.ID)
	if errors.Is(err, referral.ErrNotFound) { // erased meanwhile: nothing is left to send
		return Attempted{State: channel.Expired, Error: "the delivery is no longer there"}, nil
	}
	if err != nil {
		return Attempted{}, toTemporal(err)
	}
	if standing.State == channel.Sending || standing.State == channel.Queued {
		return Attempted{}, held(standing, attemptNumber(ctx))
	}
	return Attempted{State: standing.State, Error: standing.Error, Next: standing.Next}, nil
}

// Expire ends a delivery that could not be made in time, and gives what may leave after it.
func (a *Activities) Expire(ctx context.Context, in channel.DeliveryID) (Attempted, error) {
	if err := a.outbox.Expire(ctx, in.Bot, in.ID, "it could not be sent in time"); err != nil {
		return Attempted{}, toTemporal(err)
	}
	return a.standing(ctx, in)
}

// made is what came of one attempt.
type made struct {
	state     channel.DeliveryState
	failure   *channel.SendError // nil when the platform took it
	unwritten *Unwritten         // the platform took it, and the books don't know
	err       error              // the books could not be told of a failure
}

// attempt sends and writes the outcome, also when the caller's time is up meanwhile: a known success must not be forgotten.
func (a *Activities) attempt(ctx context.Context, taken channel.Attempt) made {
	outcome := a.send(ctx, taken)
	writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), SendTimeout)
	defer cancel()
	state, err := a.outbox.Finish(writing, taken, outcome)
	if err != nil && outcome.Failure == nil {
		return made{unwritten: &Unwritten{
			Bot: taken.Bot, Delivery: taken.Delivery, Lease: taken.Lease, PlatformID: outcome.Receipt.PlatformID,
		}}
	}
	return made{state: state, failure: outcome.Failure, err: err}
}

func (a *Activities) send(ctx context.Context, taken channel.Attempt) channel.Outcome {
	account, adapter, failure := a.addressee(ctx, taken)
	if failure != nil {
		return channel.Outcome{Failure: failure}
	}
	sending, cancel := context.WithTimeout(ctx, SendTimeout)
	defer cancel()
	started := time.Now()
	receipt, err := adapter.Send(sending, account, taken.To, taken.Message)
	if err != nil {
		failure = channel.Classify(err)
	}
	a.health.note(taken.Bot, taken.Account, failure == nil || !mayYetSucceed(failure.Class), time.Since(started))
	return channel.Outcome{Receipt: receipt, Failure: failure}
}

// addressee finds where an attempt goes. A call of a webhook that nobody connected goes on once somebody does; one of an account that
// people chat on never may, and an account stays on its channel: only another program helps.
func (a *Activities) addressee(ctx context.Context, taken channel.Attempt) (channel.Account, channel.Adapter, *channel.SendError) {
	account, err := a.accounts.Account(ctx, taken.Bot, taken.Account)
	switch {
	case errors.Is(err, referral.ErrNotFound) && taken.Call:
		detail := "connect an account named " + taken.Account + " of channel webhook: then the call goes out"
		return account, nil, unsent(channel.Config, "account", detail)
	case err != nil:
		return account, nil, unsent(channel.Retry, "account", "the account can't be read: "+err.Error())
	case taken.Call && account.Channel != webhookChannel:
		detail := "call_webhook names " + taken.Account + ", which is an account of channel " + account.Channel +
			" and can't be called: connect one of channel webhook under another name, and name that in the program"
		return account, nil, unsent(channel.Bad, "channel", detail)
	case !taken.Call && account.Channel == webhookChannel:
		return account, nil, unsent(channel.Bad, "channel", "an account of channel webhook takes no messages, only calls")
	}
	adapter, known := a.channels[account.Channel]
	if !known {
		return account, nil, unsent(channel.Config, "channel", "this worker has no channel "+account.Channel)
	}
	return account, adapter, nil
}

// unsent is a failure before any call to a platform.
func unsent(class channel.Class, code, detail string) *channel.SendError {
	return &channel.SendError{Class: class, Code: code, Detail: detail}
}
