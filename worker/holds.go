package worker

import (
	"context"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

// typedCode starts the referral of a message that is somebody's code, written by who came without one. Anything else that is written
// starts no referral. What may as well be an ordinary word is a code only if somebody has it.
func (r *relay) typedCode(ctx context.Context, rules *program.Program, event referral.LeasedEvent) (started bool, err error) {
	if channel.Kind(event.Kind) != channel.Text || event.Ref != "" {
		return false, nil
	}
	ref, sure, ok := referral.TypedCode(rules, event.Text, event.From, event.ReceivedAt)
	if ok && !sure {
		if ok, err = r.inbox.HasContact(ctx, event.Bot, ref.Referrer); err != nil {
			return false, err
		}
	}
	if !ok {
		return false, nil
	}
	return true, r.startReferral(ctx, event, ref)
}

// wakeHold tells a hold to look at its referral again, starting one when there is none.
func (r *relay) wakeHold(ctx context.Context, held referral.HeldReferral) error {
	in, err := holdOf(held)
	if err != nil {
		return err
	}
	_, err = r.temporal.SignalWithStartWorkflow(ctx, in.ID(), contract.WakeSignal, nil, holdOptions(in), contract.HoldWorkflow, in)
	if err != nil {
		return fmt.Errorf("wake %s: %w", in.ID(), err)
	}
	return nil
}

// sweepHolds gives a workflow to every referral whose wait has been over for a while: its own was lost. One that runs already is only
// late, and its id says so.
func (r *relay) sweepHolds(ctx context.Context) {
	overdue, err := r.inbox.OverdueHolds(ctx, overdueAfter, sweepAtOnce)
	if err != nil {
		r.log.Warn("sweep holds", "error", err)
		return
	}
	for _, held := range overdue {
		in, err := holdOf(held)
		if err == nil {
			_, err = r.temporal.ExecuteWorkflow(ctx, holdOptions(in), contract.HoldWorkflow, in)
		}
		if err != nil && !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
			r.log.Warn("sweep holds: the next sweep tries again", "run", held.Run, "bot", held.Bot, "error", err)
		}
		if ctx.Err() != nil {
			return
		}
	}
}

func holdOf(held referral.HeldReferral) (contract.HoldInput, error) {
	of, ok := contract.ParseReferral(held.Run)
	if !ok || of.Bot != held.Bot {
		return contract.HoldInput{}, fmt.Errorf("which hold to wake, %q: %w", held.Run, errUnreadable)
	}
	of.Account = held.Account
	return contract.HoldInput{Of: of}, nil
}

func holdOptions(in contract.HoldInput) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                                       in.ID(),
		TaskQueue:                                contract.ReferralQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TypedSearchAttributes:                    in.Of.SearchAttributes(),
		StaticSummary:                            in.Summary(),
		Priority:                                 contract.Fairness(in.Of.Bot),
	}
}
