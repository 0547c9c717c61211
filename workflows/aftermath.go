package workflows

import (
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

// deliverTime bounds the first attempts at a lane's messages: longer than one call to a platform and the writing of its outcome.
const deliverTime = activities.SendTimeout + 5*time.Second

// An aftermath is what follows a segment: its messages, and the flows that wait.
type aftermath struct {
	bot, run, segment            string
	account, contact, entryPoint string
	version                      int32
}

// follow makes the first attempt at every message, lanes in parallel, and hands what isn't finished, and every wait, to
// workflows of their own: this one ends.
func (a aftermath) follow(ctx workflow.Context, applied referral.Applied) error {
	for i, left := range a.deliver(ctx, applied.Lanes) {
		if left == 0 {
			continue
		}
		if err := a.handOver(ctx, left, applied.Lanes[i].Account); err != nil {
			return err
		}
	}
	for i, wait := range applied.Waits {
		if err := a.goOnLater(ctx, i, wait); err != nil {
			return err
		}
	}
	return nil
}

// deliver gives for each lane the first delivery left, 0 when it is finished.
func (a aftermath) deliver(ctx workflow.Context, lanes []referral.Lane) []int64 {
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: deliverTime,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                "first attempt",
	})
	attempts := make([]workflow.Future, len(lanes))
	for i, lane := range lanes {
		attempts[i] = workflow.ExecuteLocalActivity(local, do.Deliver, activities.DeliverInput{Bot: a.bot, Lane: lane})
	}
	left := make([]int64, len(lanes))
	for i, attempt := range attempts {
		if err := attempt.Get(local, &left[i]); err != nil {
			left[i] = lanes[i].Deliveries[0] // its workflow finds out what became of it
		}
	}
	return left
}

func (a aftermath) handOver(ctx workflow.Context, delivery int64, account string) error {
	in := contract.DeliveryInput{Bot: a.bot, Delivery: delivery}
	return startOnItsOwn(ctx, contract.DeliveryWorkflow, in, workflow.ChildWorkflowOptions{
		WorkflowID:            in.ID(),
		TaskQueue:             contract.DeliveryQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		TypedSearchAttributes: temporal.NewSearchAttributes(contract.BotID.ValueSet(a.bot)),
		Priority:              contract.Fairness(a.bot + "/" + account),
		StaticSummary:         fmt.Sprintf("message %d of %s", delivery, a.bot),
	})
}

func (a aftermath) goOnLater(ctx workflow.Context, index int, wait program.Wait) error {
	in := contract.ResumeInput{
		Bot: a.bot, Run: a.run, Segment: fmt.Sprintf("%s.%d", a.segment, index), Account: a.account, Contact: a.contact,
		Version: a.version, EntryPoint: a.entryPoint, From: wait.Cursor, After: wait.For,
	}
	return startOnItsOwn(ctx, contract.ResumeWorkflow, in, workflow.ChildWorkflowOptions{
		WorkflowID:            in.ID(),
		TaskQueue:             contract.ReferralQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		TypedSearchAttributes: temporal.NewSearchAttributes(contract.BotID.ValueSet(a.bot)),
		Priority:              contract.Fairness(a.bot),
		StaticSummary:         "goes on at " + wait.Cursor.At + " after " + wait.For.String(),
	})
}

// startOnItsOwn starts a workflow that outlives this one. One that runs already does the same work: its id says so.
func startOnItsOwn(ctx workflow.Context, named string, in any, options workflow.ChildWorkflowOptions) error {
	options.ParentClosePolicy = enumspb.PARENT_CLOSE_POLICY_ABANDON
	started := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, options), named, in)
	err := started.GetChildWorkflowExecution().Get(ctx, nil)
	if err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return fmt.Errorf("start %s: %w", options.WorkflowID, err)
	}
	return nil
}
