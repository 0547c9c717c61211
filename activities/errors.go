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

// sendRetry says when an attempt that failed is to be repeated, as an error that Temporal acts on. at is zero for Temporal's own backoff.
func sendRetry(failure *channel.SendError) error {
	options := temporal.ApplicationErrorOptions{NextRetryDelay: pauseAfter(failure)}
	return temporal.NewApplicationErrorWithOptions(failure.Error(), SendError+"/"+string(failure.Class), options)
}

func pauseAfter(failure *channel.SendError) time.Duration {
	switch {
	case failure.RetryAfter > 0:
		return failure.RetryAfter
	case failure.Class == channel.Throttle:
		return throttlePause
	case failure.Class == channel.Config:
		return configPause
	default:
		return 0
	}
}

// held says that somebody else has the delivery for now.
func held(standing channel.Standing) error {
	pause := max(standing.LeaseFor, time.Second)
	return temporal.NewApplicationErrorWithOptions("another attempt is under way", SendError+"/held",
		temporal.ApplicationErrorOptions{NextRetryDelay: pause})
}
