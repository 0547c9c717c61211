package postgres_test

import (
	"errors"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

// threeMessages leaves three messages to the contact who asks, in one lane.
const threeMessages = `
name: Three
locale: en
entry_points: {campaign1: {flow: three}}
flows: {three: [{send: "one"}, {send: "two"}, {send: "three"}]}
`

// deliveries are a contact's three messages to send.
func (b books) deliveries() []int64 {
	b.t.Helper()
	ana := b.add("tg", at(event(channel.Text, b.newID(), "ana"), noon))[0].UserID
	applied := b.apply(referral.Segment{
		Bot: "shop", Run: "flow/shop/1", Name: "flow", Contact: ana, Account: "tg",
		From: []program.Cursor{{For: program.Contact, At: "flows.three[0]"}},
	})
	b.exec("UPDATE inbox SET done_at = now()")
	return applied.Lanes[0].Deliveries
}

func (b books) begin(delivery int64, leaseFor time.Duration) (channel.Attempt, bool) {
	b.t.Helper()
	attempt, ok, err := b.Begin(b.t.Context(), "shop", delivery, leaseFor)
	if err != nil {
		b.t.Fatal(err)
	}
	return attempt, ok
}

// begun is an attempt that must be had.
func (b books) begun(delivery int64) channel.Attempt {
	b.t.Helper()
	attempt, ok := b.begin(delivery, leaseFor)
	if !ok {
		b.t.Fatalf("delivery %d can't be taken: %+v", delivery, b.standing(delivery))
	}
	return attempt
}

func (b books) end(attempt channel.Attempt, class channel.Class) channel.DeliveryState {
	b.t.Helper()
	outcome := channel.Outcome{Receipt: channel.Receipt{PlatformID: "m1"}}
	if class != "" {
		outcome = channel.Outcome{Failure: &channel.SendError{Class: class, Code: "1", Detail: "it failed\x00"}}
	}
	state, err := b.Finish(b.t.Context(), attempt, outcome)
	if err != nil {
		b.t.Fatal(err)
	}
	return state
}

func (b books) standing(delivery int64) channel.Standing {
	b.t.Helper()
	standing, err := b.Standing(b.t.Context(), "shop", delivery)
	if err != nil {
		b.t.Fatal(err)
	}
	return standing
}

func TestOfAttemptsAtOnceOneIsMade(t *testing.T) {
	t.Parallel()
	b := withProgram(t, threeMessages)
	first := b.deliveries()[0]
	taken := make([]bool, 10)
	atOnce(len(taken), func(i int) {
		var err error
		if _, taken[i], err = b.Begin(t.Context(), "shop", first, leaseFor); err != nil {
			t.Error(err)
		}
	})
	count := 0
	for _, ok := range taken {
		if ok {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d attempts began", count)
	}
	if standing := b.standing(first); standing.State != channel.Sending || standing.LeaseFor <= leaseFor/2 {
		t.Errorf("standing %+v", standing)
	}
}

func TestWhatAnAttemptLeavesBehind(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		class   channel.Class
		want    channel.DeliveryState
		blocked bool
	}{
		"the platform took it":  {"", channel.Accepted, false},
		"it may be tried again": {channel.Retry, channel.Queued, false},
		"it went too fast":      {channel.Throttle, channel.Queued, false},
		"an operator must act":  {channel.Config, channel.Queued, false},
		"nobody knows":          {channel.Unknown, channel.Queued, false},
		"the request was wrong": {channel.Bad, channel.Failed, false},
		"the recipient is gone": {channel.Gone, channel.Failed, true},
		"the window was closed": {channel.Window, channel.Waiting, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, threeMessages)
			first := b.deliveries()[0]
			attempt := b.begun(first)
			if attempt.Account != "tg" || attempt.To != "ana" || attempt.Message.Text != "one" || attempt.Number != 1 || attempt.Unsure {
				t.Errorf("the attempt: %+v", attempt)
			}
			if got := b.end(attempt, test.class); got != test.want || b.standing(first).State != test.want {
				t.Errorf("state %s, standing %+v; want %s", got, b.standing(first), test.want)
			}
			expect(b, test.blocked, "SELECT blocked FROM identities")
			attempt, again := b.begin(first, leaseFor)
			if again != (test.want == channel.Queued) {
				t.Errorf("a second attempt began: %t", again)
			}
			if again && (attempt.Number != 2 || attempt.Unsure != (test.class == channel.Unknown)) {
				t.Errorf("the second attempt: %+v", attempt)
			}
		})
	}
}

func TestAnAttemptThatLostItsLeaseWritesNothing(t *testing.T) {
	t.Parallel()
	for _, class := range []channel.Class{"", channel.Retry, channel.Gone, channel.Bad, channel.Window} {
		t.Run("with outcome "+string(class), func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, threeMessages)
			first := b.deliveries()[0]
			lost, _ := b.begin(first, 0)
			held := b.begun(first)
			if !held.Unsure || held.Number != 2 {
				t.Errorf("after a lease that ran out: %+v", held)
			}
			if got := b.end(lost, class); got != channel.Sending {
				t.Errorf("the lost attempt was told %s", got)
			}
			expect(b, false, "SELECT blocked FROM identities")
			if got := b.end(held, ""); got != channel.Accepted {
				t.Errorf("the one that held it was told %s", got)
			}
			if got := b.end(lost, class); got != channel.Accepted {
				t.Errorf("after that, the lost one was told %s", got)
			}
		})
	}
}

func TestTheMessagesOfALaneLeaveInOrder(t *testing.T) {
	t.Parallel()
	b := withProgram(t, threeMessages)
	lane := b.deliveries()
	if _, ok := b.begin(lane[1], leaseFor); ok {
		t.Error("the second began while the first was queued")
	}
	if standing := b.standing(lane[1]); standing.Behind != lane[0] || standing.Next != lane[2] {
		t.Errorf("the second stands %+v", standing)
	}
	first := b.begun(lane[0])
	if _, ok := b.begin(lane[1], leaseFor); ok {
		t.Error("the second began while the first was being sent")
	}
	b.end(first, channel.Retry)
	if _, ok := b.begin(lane[1], leaseFor); ok {
		t.Error("the second began while the first was to be repeated")
	}
	b.end(b.begun(lane[0]), channel.Bad)
	b.end(b.begun(lane[1]), "")
	if standing := b.standing(lane[1]); standing.State != channel.Accepted || standing.Next != lane[2] || standing.Behind != 0 {
		t.Errorf("the second stands %+v", standing)
	}
	b.end(b.begun(lane[2]), "")
	expect(b, "failed,accepted,accepted", "SELECT string_agg(state, ',' ORDER BY ordinal) FROM deliveries")
	expect(b, "m1", "SELECT platform_id FROM deliveries WHERE delivery_id = $1", lane[2])
}

func TestAClosedWindowWaitsForTheContactToWrite(t *testing.T) {
	t.Parallel()
	b := withProgram(t, threeMessages)
	first := b.deliveries()[0]
	b.end(b.begun(first), channel.Window)
	if _, ok := b.begin(first, leaseFor); ok {
		t.Error("an attempt began while it waited")
	}
	b.add("tg", event(channel.Text, "i am back", "ana"))
	written := b.lease(10)
	if len(written) != 1 {
		t.Fatalf("leased %+v", written)
	}
	for range 2 { // a relay may do it twice
		if err := b.ReopenWindow(t.Context(), written[0]); err != nil {
			t.Fatal(err)
		}
	}
	b.finish(written...)
	if woken := b.lease(10); len(woken) != 1 || woken[0].Kind != "wake" || woken[0].Target != b.text("SELECT $1::bigint::text", first) {
		t.Errorf("woken %+v", woken)
	}
	b.end(b.begun(first), "")
}

func TestAContactWhoWroteDuringTheAttemptIsNotMissed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		wrote time.Duration // after the attempt began, by the platform's clock
		want  channel.DeliveryState
	}{
		"a moment after it": {time.Second, channel.Queued},
		"in the same second, which is all a clock gives": {-time.Second, channel.Queued},
		"long before it": {-time.Minute, channel.Waiting},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, threeMessages)
			first := b.deliveries()[0]
			attempt := b.begun(first)
			began := value[time.Time](b, "SELECT updated_at FROM deliveries WHERE delivery_id = $1", first)
			b.add("tg", at(event(channel.Text, "meanwhile", "ana"), began.Add(test.wrote)))
			for _, written := range b.lease(10) { // the relay is faster than the platform's answer
				if err := b.ReopenWindow(t.Context(), written); err != nil {
					t.Fatal(err)
				}
			}
			if got := b.end(attempt, channel.Window); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestAWindowReopensForThatContactAndAccountOnly(t *testing.T) {
	t.Parallel()
	b := withProgram(t, threeMessages)
	first := b.deliveries()[0]
	b.end(b.begun(first), channel.Window)
	b.add("tg", event(channel.Text, "somebody else", "bob"))
	b.add("wa", event(channel.Text, "the same name elsewhere", "ana"))
	for _, written := range b.lease(10) {
		if err := b.ReopenWindow(t.Context(), written); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.standing(first).State; got != channel.Waiting {
		t.Errorf("it is %s", got)
	}
}

func TestExpiryEndsWhatIsNotFinal(t *testing.T) {
	t.Parallel()
	states := map[string]struct{ stays bool }{
		"queued": {}, "waiting": {}, "accepted": {true}, "delivered": {true}, "failed": {true},
	}
	for state, test := range states {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, threeMessages)
			first := b.deliveries()[0]
			attempt := b.begun(first)
			b.exec("UPDATE deliveries SET state = $1, error = 'before' WHERE delivery_id = $2", state, first)
			if err := b.Expire(t.Context(), "shop", first, "too late"); err != nil {
				t.Fatal(err)
			}
			want, reason := "expired", "too late: before"
			if test.stays {
				want, reason = state, "before"
			}
			expect(b, want, "SELECT state FROM deliveries WHERE delivery_id = $1", first)
			expect(b, reason, "SELECT error FROM deliveries WHERE delivery_id = $1", first)
			if got := b.end(attempt, ""); string(got) != want {
				t.Errorf("an attempt that ends afterwards was told %s", got)
			}
		})
	}
}

func TestAnAttemptUnderWayIsNotExpired(t *testing.T) {
	t.Parallel()
	b := withProgram(t, threeMessages)
	first := b.deliveries()[0]
	attempt := b.begun(first)
	if err := b.Expire(t.Context(), "shop", first, "too late"); err != nil {
		t.Fatal(err)
	}
	if got := b.end(attempt, ""); got != channel.Accepted {
		t.Errorf("a message that left is %s", got)
	}
}

func TestOverdueIsWhatNobodyOwns(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change string
		want   bool
	}{
		"queued long ago":                {"updated_at = now() - interval '3 minutes'", true},
		"queued just now":                {"updated_at = now()", false},
		"being sent":                     {"state = 'sending', updated_at = now() - interval '3 minutes', leased_until = now() + interval '1 minute'", false},
		"sent by somebody who went away": {"state = 'sending', updated_at = now() - interval '3 minutes', leased_until = now() - interval '1 minute'", true},
		"waiting":                        {"state = 'waiting', updated_at = now() - interval '3 minutes'", false},
		"accepted":                       {"state = 'accepted', updated_at = now() - interval '3 minutes'", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withProgram(t, threeMessages)
			lane := b.deliveries()
			b.exec("DELETE FROM deliveries WHERE delivery_id = $1", lane[2])
			// The second is long unowned too, but its turn comes with the first's owner.
			b.exec("UPDATE deliveries SET updated_at = now() - interval '1 hour'")
			b.exec("UPDATE deliveries SET "+test.change+" WHERE delivery_id = $1", lane[0])
			if !test.want {
				b.exec("UPDATE deliveries SET state = 'failed' WHERE delivery_id = $1", lane[1])
			}
			overdue, err := b.Overdue(t.Context(), 2*time.Minute, 10)
			if err != nil {
				t.Fatal(err)
			}
			if (len(overdue) == 1) != test.want || test.want && overdue[0] != (channel.DeliveryID{Bot: "shop", ID: lane[0], Account: "tg"}) {
				t.Errorf("overdue %v", overdue)
			}
		})
	}
}

func TestAnOverdueDeliveryThatWasLookedAfterMakesRoomForTheNext(t *testing.T) {
	t.Parallel()
	b := withProgram(t, threeMessages)
	lane := b.deliveries()
	b.exec("UPDATE deliveries SET run = ordinal::text, updated_at = now() - make_interval(mins => 10 - ordinal)") // a lane each
	for _, want := range lane {
		overdue, err := b.Overdue(t.Context(), 2*time.Minute, 1)
		if err != nil || len(overdue) != 1 || overdue[0].ID != want {
			t.Fatalf("overdue %v, %v; want %d", overdue, err, want)
		}
		if err := b.LookedAfter(t.Context(), overdue[0]); err != nil {
			t.Fatal(err)
		}
	}
	if overdue, err := b.Overdue(t.Context(), 2*time.Minute, 1); err != nil || len(overdue) != 0 {
		t.Errorf("after all were looked after: %v, %v", overdue, err)
	}
}

func TestADeliveryThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := withProgram(t, threeMessages)
	first := b.deliveries()[0]
	if _, ok := b.begin(first+100, leaseFor); ok {
		t.Error("an attempt began")
	}
	if _, err := b.Standing(t.Context(), "shop", first+100); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := b.Standing(t.Context(), "another", first); !errors.Is(err, referral.ErrNotFound) {
		t.Errorf("in another bot: %v", err)
	}
}
