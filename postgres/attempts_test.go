package postgres_test

import (
	"testing"

	"github.com/millenniumm/referrals/channel"
)

// onRecord are the failed attempts of all deliveries, in words.
const onRecord = `
SELECT coalesce(string_agg(attempt || ' ' || error_class || ' ' || error, ', ' ORDER BY delivery_id, attempt), '') FROM failed_attempts`

func TestFailedAttemptsAreOnRecordAndSuccessesAreNot(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		class channel.Class
		want  string
	}{
		"the platform took it":  {"", ""},
		"it may be tried again": {channel.Retry, "1 retry retry (1): it failed\uFFFD"},
		"it went too fast":      {channel.Throttle, "1 throttle throttle (1): it failed\uFFFD"},
		"an operator must act":  {channel.Config, "1 config config (1): it failed\uFFFD"},
		"nobody knows":          {channel.Unknown, "1 unknown unknown (1): it failed\uFFFD"},
		"the request was wrong": {channel.Bad, "1 bad bad (1): it failed\uFFFD"},
		"the recipient is gone": {channel.Gone, "1 gone gone (1): it failed\uFFFD"},
		"the window was closed": {channel.Window, "1 window window (1): it failed\uFFFD"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, threeMessages)
			attempt := b.begun(b.deliveries()[0])
			for range 2 { // who writes an outcome may write it twice
				b.end(attempt, test.class)
			}
			expect(b, test.want, onRecord)
		})
	}
}

func TestEveryFailedAttemptOfADeliveryIsOnRecord(t *testing.T) {
	t.Parallel()
	b := withProgram(t, threeMessages)
	first := b.deliveries()[0]
	b.end(b.begun(first), channel.Retry)
	b.end(b.begun(first), channel.Unknown)
	b.end(b.begun(first), channel.Throttle)
	b.end(b.begun(first), "")
	expect(b, "1 retry retry (1): it failed\uFFFD, 2 unknown unknown (1): it failed\uFFFD, 3 throttle throttle (1): it failed\uFFFD", onRecord)
	expect(b, "accepted", "SELECT state FROM deliveries WHERE delivery_id = $1", first)
}

func TestAnAttemptWhoseOutcomeNobodyLearntIsOnRecordOnceItIsTakenOver(t *testing.T) {
	t.Parallel()
	for _, class := range []channel.Class{"", channel.Retry, channel.Window} {
		t.Run("and that ends too late with outcome "+string(class), func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, threeMessages)
			first := b.deliveries()[0]
			lost, _ := b.begin(first, 0)
			expect(b, "", onRecord)
			held := b.begun(first)
			expect(b, "1 unknown ", onRecord)
			b.end(lost, class)
			b.end(held, "")
			expect(b, "1 unknown ", onRecord)
		})
	}
}

func TestFailedAttemptsGoWithTheirDelivery(t *testing.T) {
	t.Parallel()
	b := withProgram(t, threeMessages)
	b.end(b.begun(b.deliveries()[0]), channel.Retry)
	b.exec("DELETE FROM deliveries")
	expect(b, "", onRecord)
}
