package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/workflows/contract"
)

const (
	// sendWithin is how long a delivery is tried before it expires: long enough for a weekend with a revoked token.
	sendWithin = 72 * time.Hour
	// wakeWithin is how long a delivery under way waits for its contact to write before it expires.
	wakeWithin = 30 * 24 * time.Hour
	// steadyPause is the time between attempts that failed on our side.
	steadyPause = 10 * time.Second
	// attemptTime bounds one attempt: the call and the writing of its outcome.
	attemptTime = activities.SendTimeout + 7*time.Second
)

// Delivery sees one message through: attempts with Temporal's backoff, waits for what it lacks, a deadline. Then it goes on with the
// later messages of the same segment to the same identity, so that they leave in order.
func Delivery(ctx workflow.Context, in contract.DeliveryInput) (contract.Result, error) {
	var last activities.Attempted
	count := 0
	for next := in.Delivery; next != 0; next = last.Next {
		var err error
		if last, err = seeThrough(ctx, channel.DeliveryID{Bot: in.Bot, ID: next}); err != nil {
			return contract.Result{}, err
		}
		count++
	}
	return outcome(ctx, contract.Result{Status: string(last.State), Deliveries: count, Summary: last.Error})
}

// seeThrough attempts a delivery until it is final. Its row is read first each time: signals only wake.
func seeThrough(ctx workflow.Context, delivery channel.DeliveryID) (activities.Attempted, error) {
	for {
		attempted, err := attempt(ctx, delivery)
		if err != nil && !isHopeless(err) { // tried until the deadline
			return expire(ctx, delivery)
		}
		if err != nil || attempted.State.Final() {
			return attempted, err
		}
		if attempted.Unwritten != nil {
			if err := record(ctx, *attempted.Unwritten); err != nil {
				return attempted, err
			}
			continue
		}
		workflow.SetCurrentDetails(ctx, "waits: "+attempted.Error)
		if woken := awaitWake(ctx); !woken {
			return expire(ctx, delivery)
		}
	}
}

func attempt(ctx workflow.Context, delivery channel.DeliveryID) (activities.Attempted, error) {
	var attempted activities.Attempted
	trying := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: sendWithin,
		StartToCloseTimeout:    attemptTime,
		// The pauses after failed sends come with the errors; what a platform asks for may be longer than any lower maximum would let it
		// be. What fails without one (Postgres away, a worker killed) is tried again at a steady pace: a backoff would outlast the outage.
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: steadyPause, BackoffCoefficient: 1, MaximumInterval: sendWithin},
		Summary:     "attempt",
	})
	err := workflow.ExecuteActivity(trying, do.Attempt, delivery).Get(trying, &attempted)
	return attempted, err
}

// record tells the books of a message that a platform took while they could not be told. It goes on until they know.
func record(ctx workflow.Context, unwritten activities.Unwritten) error {
	telling := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: ordinaryTime,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, MaximumInterval: 5 * time.Second},
		Summary:             "write down that it was sent",
	})
	return workflow.ExecuteActivity(telling, do.Record, unwritten).Get(telling, nil)
}

func awaitWake(ctx workflow.Context) bool {
	woken, _ := workflow.GetSignalChannel(ctx, contract.WakeSignal).ReceiveWithTimeout(ctx, wakeWithin, nil)
	return woken
}

func expire(ctx workflow.Context, delivery channel.DeliveryID) (activities.Attempted, error) {
	return step[activities.Attempted](ctx, "give up: out of time", do.Expire, delivery)
}
