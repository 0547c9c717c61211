package activities

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/referral"
)

// The types of error that Temporal and people see.
const (
	// BusyError is a turn that didn't come: the step is tried again as an ordinary activity.
	BusyError = "busy"
	// LostError is something that should be in the books and isn't: trying again won't bring it back.
	LostError = "lost"
	// SendError and the class behind it is an attempt at a delivery that failed and will be repeated.
	SendError = "send"
)

// Pauses before an attempt is repeated, where the platform names none.
const (
	throttlePause = 5 * time.Second
	configPause   = 5 * time.Minute // only an operator mends it; until then there is no hurry
	longestPause  = 10 * time.Minute
)

// toTemporal is the one place that maps the books' errors to what Temporal does about them. Whatever isn't known here is
// retried: Postgres away, a lock not had.
func toTemporal(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errBusy):
		return temporal.NewApplicationError(err.Error(), BusyError)
	case errors.Is(err, referral.ErrNotFound), errors.Is(err, referral.ErrNoProgram):
		return temporal.NewNonRetryableApplicationError(err.Error(), LostError, err)
	default:
		return err
	}
}

// sendRetry says when an attempt that failed is to be repeated, as an error that Temporal acts on. attempt counts from 1.
func sendRetry(failure *channel.SendError, attempt int32) error {
	options := temporal.ApplicationErrorOptions{NextRetryDelay: pauseAfter(failure, attempt)}
	return temporal.NewApplicationErrorWithOptions(failure.Error(), SendError+"/"+string(failure.Class), options)
}

// pauseAfter is what the platform asked for, or else a pause that doubles. It is always given to Temporal, since its own backoff and a
// longer wait that a platform asks for can't both be bounded by one maximum.
func pauseAfter(failure *channel.SendError, attempt int32) time.Duration {
	switch {
	case failure.RetryAfter > 0:
		return failure.RetryAfter
	case failure.Class == channel.Config:
		return configPause
	case failure.Class == channel.Throttle:
		return max(throttlePause, doubling(attempt))
	default:
		return doubling(attempt)
	}
}

// doubling gives 1 s, 2 s, 4 s … and at most longestPause.
func doubling(attempt int32) time.Duration {
	const soEnough = 16 // doublings: more would only overflow
	return min(time.Second<<min(max(attempt-1, 0), soEnough), longestPause)
}

// held says that the delivery can't be taken now: somebody else has it, or an earlier message must leave first.
func held(standing channel.Standing, attempt int32) error {
	pause, words := max(standing.LeaseFor, time.Second), "another attempt is under way"
	if standing.Behind != 0 {
		pause, words = doubling(attempt), "an earlier message to the same contact must leave first"
	}
	return temporal.NewApplicationErrorWithOptions(words, SendError+"/held", temporal.ApplicationErrorOptions{NextRetryDelay: pause})
}
