package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

// done is the status of a flow that ran to a wait or to its end.
const done = "done"

// Flow runs what a keyword or an opening without a referral starts, for one contact.
func Flow(ctx workflow.Context, in contract.FlowInput) (contract.Result, error) {
	applied, err := step[referral.Applied](ctx, "run "+in.From.At, do.Run, in)
	if err != nil {
		return contract.Result{}, err
	}
	aftermath := aftermath{
		bot: in.Bot, run: in.ID(), segment: contract.FlowSegment, account: in.Account, contact: in.Contact,
		version: in.Version, entryPoint: in.EntryPoint,
	}
	return finishFlow(ctx, aftermath, applied)
}

// Resume runs a flow on after a wait. It writes in the name of the run the flow started in, under a segment of its own.
func Resume(ctx workflow.Context, in contract.ResumeInput) (contract.Result, error) {
	workflow.SetCurrentDetails(ctx, "waits "+in.After.String()+", then goes on at "+in.From.At)
	if err := workflow.Sleep(ctx, in.After); err != nil {
		return contract.Result{}, err
	}
	applied, err := step[referral.Applied](ctx, "go on at "+in.From.At, do.GoOn, in)
	if err != nil {
		return contract.Result{}, err
	}
	aftermath := aftermath{
		bot: in.Bot, run: in.Run, segment: in.Segment, account: in.Account, contact: in.Contact, referrer: in.Wanted,
		version: in.Version, entryPoint: in.EntryPoint,
	}
	return finishFlow(ctx, aftermath, applied)
}

func finishFlow(ctx workflow.Context, after aftermath, applied referral.Applied) (contract.Result, error) {
	if err := after.follow(ctx, applied); err != nil {
		return contract.Result{}, err
	}
	result := resultOf(applied)
	result.Status, result.Reason = done, ""
	return outcome(ctx, result)
}
