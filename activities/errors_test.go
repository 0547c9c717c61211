package activities

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/referral"
)

func TestWhatTemporalDoesAboutTheBooksErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err       error
		kind      string // of the application error; "" leaves the error as it is
		retryable bool
	}{
		"a turn that didn't come":        {fmt.Errorf("settle: %w", errBusy), BusyError, true},
		"a contact that is gone":         {fmt.Errorf("admit: %w", referral.ErrNotFound), LostError, false},
		"a bot without a program":        {fmt.Errorf("admit: %w", referral.ErrNoProgram), LostError, false},
		"Postgres away, or anything new": {errors.New("connection refused"), "", true},
	}
	for name, test := range tests {
		got := toTemporal(test.err)
		var failed *temporal.ApplicationError
		if !errors.As(got, &failed) {
			if test.kind != "" || !errors.Is(got, test.err) {
				t.Errorf("%s: %v", name, got)
			}
			continue
		}
		if failed.Type() != test.kind || failed.NonRetryable() == test.retryable {
			t.Errorf("%s: type %q, non-retryable %t", name, failed.Type(), failed.NonRetryable())
		}
	}
	if toTemporal(nil) != nil {
		t.Error("no error became one")
	}
}

func TestWhenAFailedSendIsRepeated(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		failure channel.SendError
		attempt int32
		pause   time.Duration
		kind    string
	}{
		"too fast, and told how long":             {channel.SendError{Class: channel.Throttle, RetryAfter: 42 * time.Second}, 1, 42 * time.Second, "send/throttle"},
		"too fast":                                {channel.SendError{Class: channel.Throttle}, 1, throttlePause, "send/throttle"},
		"an operator must act":                    {channel.SendError{Class: channel.Config}, 1, configPause, "send/config"},
		"nothing was sent":                        {channel.SendError{Class: channel.Retry}, 1, time.Second, "send/retry"},
		"never less often than every ten minutes": {channel.SendError{Class: channel.Retry}, 1000, longestPause, "send/retry"},
		"unless the platform asks for it":         {channel.SendError{Class: channel.Throttle, RetryAfter: time.Hour}, 3, time.Hour, "send/throttle"},
		"nobody knows":                            {channel.SendError{Class: channel.Unknown}, 4, 8 * time.Second, "send/unknown"},
		"nothing was sent, told how long":         {channel.SendError{Class: channel.Retry, RetryAfter: time.Second}, 1, time.Second, "send/retry"},
	}
	for name, test := range tests {
		var failed *temporal.ApplicationError
		if !errors.As(sendRetry(&test.failure, test.attempt), &failed) {
			t.Fatalf("%s: not an application error", name)
		}
		if failed.NextRetryDelay() != test.pause || failed.Type() != test.kind || failed.NonRetryable() {
			t.Errorf("%s: after %s, type %q, non-retryable %t", name, failed.NextRetryDelay(), failed.Type(), failed.NonRetryable())
		}
	}
}
