package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/referral"
)

const (
	// SendTimeout bounds one call to a platform. It is shorter than the activity it runs in, so that its outcome is written.
	SendTimeout = 3 * time.Second
	// leaseFor outlives any attempt: when it has run out and nothing was written, the outcome is unknown.
	leaseFor = 10 * time.Second
	// slowCall marks an account as one to keep out of workflow tasks for a while.
	slowCall = time.Second
)

// DeliverInput is one lane of a segment's messages.
type DeliverInput struct {
	Bot  string        `json:"bot"`
	Lane referral.Lane `json:"lane"`
}

// Deliver makes the first attempt at each delivery of a lane. It gives the first one that is not finished, which then owns
// those behind it, or 0. It never fails for a platform's sake.
func (a *Activities) Deliver(ctx context.Context, in DeliverInput) (left int64, err error) {
	deadline := time.Now().Add(SendTimeout)
	for _, delivery := range in.Lane.Deliveries {
		if time.Now().After(deadline) {
			return delivery, nil
		}
		finished, err := a.firstAttempt(ctx, in.Bot, in.Lane.Account, delivery)
		if err != nil {
			return 0, toTemporal(err)
		}
		if !finished {
			return delivery, nil
		}
	}
	return 0, nil
}

func (a *Activities) firstAttempt(ctx context.Context, bot, account string, delivery int64) (finished bool, err error) {
	if !a.health.fit(bot, account) {
		return false, nil
	}
	attempt, ok, err := a.outbox.Begin(ctx, bot, delivery, leaseFor)
	if err != nil {
		return false, err
	}
	if !ok { // perhaps made already, by this step before a crash
		standing, err := a.outbox.Standing(ctx, bot, delivery)
		return standing.State.Final(), err
	}
	state, _, err := a.attempt(ctx, attempt)
	return state.Final(), err
}

// Attempted is what came of an attempt in a Delivery workflow.
type Attempted struct {
	State channel.DeliveryState `json:"state"`
	Error string                `json:"error,omitempty"`
	Next  int64                 `json:"next,omitempty"` // the message to the same identity that may leave now
}

// Attempt makes one attempt at a delivery on behalf of its workflow. What may yet succeed is an error, with the time to wait before
// the next attempt; final and waiting deliveries are results.
func (a *Activities) Attempt(ctx context.Context, in channel.DeliveryID) (Attempted, error) {
	attempt, ok, err := a.outbox.Begin(ctx, in.Bot, in.ID, leaseFor)
	if err != nil {
		return Attempted{}, toTemporal(err)
	}
	if ok {
		_, failure, err := a.attempt(ctx, attempt)
		if err != nil {
			return Attempted{}, toTemporal(err)
		}
		if failure != nil && mayYetSucceed(failure.Class) {
			return Attempted{}, sendRetry(failure)
		}
	}
	return a.standing(ctx, in)
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
		return Attempted{}, held(standing)
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

// attempt sends and writes the outcome, also when the caller's time is up meanwhile: a known success must not be forgotten.
func (a *Activities) attempt(ctx context.Context, taken channel.Attempt) (channel.DeliveryState, *channel.SendError, error) {
	outcome := a.send(ctx, taken)
	writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), SendTimeout)
	defer cancel()
	state, err := a.outbox.Finish(writing, taken, outcome)
	return state, outcome.Failure, err
}

func (a *Activities) send(ctx context.Context, taken channel.Attempt) channel.Outcome {
	account, err := a.accounts.Account(ctx, taken.Bot, taken.Account)
	if err != nil {
		return channel.Outcome{Failure: &channel.SendError{Class: channel.Retry, Code: "account", Detail: "the account can't be read: " + err.Error()}}
	}
	adapter, known := a.channels[account.Channel]
	if !known {
		return channel.Outcome{Failure: &channel.SendError{Class: channel.Config, Code: "channel", Detail: "this worker has no channel " + account.Channel}}
	}
	sending, cancel := context.WithTimeout(ctx, SendTimeout)
	defer cancel()
	started := time.Now()
	message := channel.Message{Text: taken.Text, Key: fmt.Sprintf("%s-%d", taken.Bot, taken.Delivery)}
	receipt, err := adapter.Send(sending, account, taken.To, message)
	var failure *channel.SendError
	if err != nil {
		failure = channel.Classify(err)
	}
	a.health.note(taken.Bot, taken.Account, failure == nil || !mayYetSucceed(failure.Class), time.Since(started))
	return channel.Outcome{Receipt: receipt, Failure: failure}
}
