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

// deliverTime bounds the first attempts at a lane's messages: longer than beginning the last, its call and the writing of its outcome.
const deliverTime = 2*activities.SendTimeout + 2*time.Second

// An aftermath is what follows a segment: its messages, and the flows that wait.
type aftermath struct {
	bot, run, segment                      string
	account, contact, referrer, entryPoint string
	version                                int32
}

// follow makes the first attempt at every message, lanes in parallel, and hands what isn't finished, and every wait, to
// workflows of their own: this one ends.
func (a aftermath) follow(ctx workflow.Context, applied referral.Applied) error {
	for i, delivered := range a.deliver(ctx, applied.Lanes) {
		if err := a.handOver(ctx, delivered, applied.Lanes[i].Account); err != nil {
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

// deliver makes the first attempts, lanes in parallel.
func (a aftermath) deliver(ctx workflow.Context, lanes []referral.Lane) []activities.Delivered {
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: deliverTime,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
		Summary:                "first attempt",
	})
	attempts := make([]workflow.Future, len(lanes))
	for i, lane := range lanes {
		attempts[i] = workflow.ExecuteLocalActivity(local, do.Deliver, activities.DeliverInput{Bot: a.bot, Lane: lane})
	}
	delivered := make([]activities.Delivered, len(lanes))
	for i, attempt := range attempts {
		if err := attempt.Get(local, &delivered[i]); err != nil {
			delivered[i].Left = lanes[i].Deliveries[0] // its workflow finds out what became of it
		}
	}
	return delivered
}

// handOver gives what a lane has left to a workflow of its own, after the books know what the platform took already.
func (a aftermath) handOver(ctx workflow.Context, delivered activities.Delivered, account string) error {
	if delivered.Left == 0 {
		return nil
	}
	if delivered.Unwritten != nil {
		if err := record(ctx, *delivered.Unwritten); err != nil {
			return err
		}
	}
	in := contract.DeliveryInput{Bot: a.bot, Account: account, Delivery: delivered.Left}
	return startOnItsOwn(ctx, contract.DeliveryWorkflow, in, workflow.ChildWorkflowOptions{
		WorkflowID:            in.ID(),
		TaskQueue:             contract.DeliveryQueue,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		TypedSearchAttributes: temporal.NewSearchAttributes(contract.BotID.ValueSet(a.bot)),
		Priority:              in.Fairness(),
		StaticSummary:         fmt.Sprintf("message %d of %s", in.Delivery, in.Bot),
	})
}

func (a aftermath) goOnLater(ctx workflow.Context, index int, wait program.Wait) error {
	in := contract.ResumeInput{
		Bot: a.bot, Run: a.run, Segment: contract.NextSegment(a.segment, index), Account: a.account, Contact: a.contact, Wanted: a.contact,
		Version: a.version, EntryPoint: a.entryPoint, From: wait.Cursor, After: wait.For,
	}
	if wait.Cursor.For == program.Referrer {
		in.Wanted = a.referrer
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
