package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

// Referral takes one opening through a referral link from its admission to its messages. It is short: it never waits for
// people or platforms: a referral that must wait before it counts goes on in a Hold. A refusal is a result with a reason; the invitee is
// welcomed all the same.
func Referral(ctx workflow.Context, in contract.ReferralInput) (contract.Result, error) {
	admission, err := step[referral.Admission](ctx, "may it count?", do.Admit, in)
	if err != nil {
		return contract.Result{}, err
	}
	applied, err := step[referral.Applied](ctx, settleSummary(admission), do.Settle, in)
	if err != nil {
		return contract.Result{}, err
	}
	aftermath := aftermath{
		bot: in.Bot, run: in.ID(), segment: contract.SettleSegment, account: in.Account, contact: in.Invitee, referrer: in.Referrer,
		entryPoint: in.EntryPoint,
	}
	if applied.Status == referral.Pending {
		if err := hold(ctx, in); err != nil {
			return contract.Result{}, err
		}
	}
	if err := aftermath.follow(ctx, applied); err != nil {
		return contract.Result{}, err
	}
	return outcome(ctx, resultOf(applied))
}

func settleSummary(admission referral.Admission) string {
	if admission.Status == referral.Rejected {
		return "welcome only: " + string(admission.Reason)
	}
	return "credit the referrer, welcome the invitee"
}

func resultOf(applied referral.Applied) contract.Result {
	return contract.Result{
		Status: string(applied.Status), Reason: string(applied.Reason),
		Points: applied.Points, Grants: applied.Grants, Deliveries: applied.Deliveries(),
		Summary: applied.Summary,
	}
}
