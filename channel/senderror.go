package channel

import (
	"errors"
	"fmt"
	"time"
)

// ErrSignature says that a webhook was not sent by the platform it claims to come from.
var ErrSignature = errors.New("the webhook's signature is missing or wrong")

// Class says what may be done about a send that failed.
type Class string

// The classes of failed sends (see the platforms' error tables).
const (
	Retry    Class = "retry"    // transient, and the message surely wasn't sent: try again
	Throttle Class = "throttle" // too fast: try again after RetryAfter
	Window   Class = "window"   // not sendable now: wait until the contact writes
	Gone     Class = "gone"     // the recipient can't be reached any more: stop, mark the identity
	Config   Class = "config"   // token, permission or account: an operator must act
	Bad      Class = "bad"      // our request is wrong: never retry
	Unknown  Class = "unknown"  // the outcome isn't known: it may have been sent
)

// A SendError is a failed attempt to send, classified. Its text is safe to log and to show: it never holds a credential.
type SendError struct {
	Class      Class
	Code       string        // the platform's own code, "429", "10/2018278"
	Detail     string        // the platform's words, without credentials
	RetryAfter time.Duration // for Throttle; zero when the platform didn't say
}

func (e *SendError) Error() string { return fmt.Sprintf("%s (%s): %s", e.Class, e.Code, e.Detail) }

// Classify gives the SendError in err's chain, or an unknown outcome: an adapter that failed in its own way may have sent.
func Classify(err error) *SendError {
	var failed *SendError
	if errors.As(err, &failed) {
		return failed
	}
	return &SendError{Class: Unknown, Code: "unclassified", Detail: "the adapter gave no class"}
}
