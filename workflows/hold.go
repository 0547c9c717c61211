package workflows

import (
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

// shortestHold is the least time between two looks at a referral whose wait should be over: clocks may differ.
const shortestHold = time.Second

// Hold sees a referral that waits to its end: it counts, or it is taken back. The row is read first each time: timers and signals only
// wake, and may come before there is anything to wake, or again. A hold of a referral decided before ends at once.
func Hold(ctx workflow.Context, in contract.HoldInput) (contract.Result, error) {
	for {
		drainWakes(ctx) // whatever they tell of is read now
		judged, err := step[activities.Judged](ctx, "does it count by now?", do.Judge, in)
		if err != nil {
			return contract.Result{}, err
		}
		if judged.Applied.Status == referral.Pending {
			workflow.SetCurrentDetails(ctx, waitingWords(judged.Applied.Until))
			awaitFact(ctx, judged.Applied.Until)
			continue
		}
		if err := followUp(ctx, in, judged); err != nil {
			return contract.Result{}, err
		}
		if !drainWakes(ctx) { // one that came meanwhile may tell that it is taken back again
			return outcome(ctx, resultOf(judged.Applied))
		}
	}
}

// awaitFact waits for a wake or until a time; without one, for the wake alone.
func awaitFact(ctx workflow.Context, until *time.Time) {
	wake := workflow.GetSignalChannel(ctx, contract.WakeSignal)
	if until == nil {
		wake.Receive(ctx, nil)
		return
	}
	wake.ReceiveWithTimeout(ctx, max(until.Sub(workflow.Now(ctx)), shortestHold), nil)
}

// drainWakes takes the wakes that have come, and says whether there were any.
func drainWakes(ctx workflow.Context) bool {
	wake, came := workflow.GetSignalChannel(ctx, contract.WakeSignal), false
	for wake.ReceiveAsync(nil) {
		came = true
	}
	return came
}

func waitingWords(until *time.Time) string {
	if until == nil {
		return "held until somebody qualifies, approves or voids it"
	}
	return "held until " + until.UTC().Format(time.RFC3339)
}

// followUp sends what the decision led to, and starts what it lets wait.
func followUp(ctx workflow.Context, in contract.HoldInput, judged activities.Judged) error {
	return aftermath{
		bot: in.Of.Bot, run: in.Of.ID(), segment: judged.Segment, account: in.Of.Account, contact: in.Of.Invitee, referrer: in.Of.Referrer,
		entryPoint: in.Of.EntryPoint,
	}.follow(ctx, judged.Applied)
}

// hold gives a referral that waits to a workflow of its own. One that something woke already does the same work.
func hold(ctx workflow.Context, of contract.ReferralInput) error {
	in := contract.HoldInput{Of: of}
	return startOnItsOwn(ctx, contract.HoldWorkflow, in, workflow.ChildWorkflowOptions{
		WorkflowID:            in.ID(),
		TaskQueue:             contract.ReferralQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		TypedSearchAttributes: of.SearchAttributes(),
		Priority:              contract.Fairness(of.Bot),
		StaticSummary:         in.Summary(),
	})
}
