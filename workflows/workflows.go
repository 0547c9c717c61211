// Package workflows orchestrates the durable path: which step follows which, what waits, what goes on elsewhere. It is
// deterministic: no clock, no chance, no map order, no I/O; every change of what it does is behind a version gate, and
// recorded histories of every shape are replayed in its tests. It holds ids; people are in Postgres.
package workflows

import (
	"strings"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/workflows/contract"
)

// do is never set: the SDK only takes the activities' names from its methods.
var do *activities.Activities

// Register makes the workflows of the referral queue and of the delivery queue known to their workers. Those that are over in
// moments stay with the version they started on; those that wait go on with the newest one.
func Register(referrals, deliveries worker.WorkflowRegistry) {
	pinned, newest := workflow.VersioningBehaviorPinned, workflow.VersioningBehaviorAutoUpgrade
	register := func(to worker.WorkflowRegistry, named string, run any, behavior workflow.VersioningBehavior) {
		to.RegisterWorkflowWithOptions(run, workflow.RegisterOptions{Name: named, VersioningBehavior: behavior})
	}
	register(referrals, contract.ReferralWorkflow, Referral, pinned)
	register(referrals, contract.FlowWorkflow, Flow, pinned)
	register(referrals, contract.ResumeWorkflow, Resume, newest)
	register(referrals, contract.HoldWorkflow, Hold, newest)
	register(deliveries, contract.DeliveryWorkflow, Delivery, newest)
}

// outcome puts a run's result where people look for it: the search attribute, the current details, the returned value.
func outcome(ctx workflow.Context, result contract.Result) (contract.Result, error) {
	value := result.Status
	if result.Reason != "" {
		value += "/" + result.Reason
	}
	workflow.SetCurrentDetails(ctx, strings.TrimSuffix(value+": "+result.Summary, ": "))
	return result, workflow.UpsertTypedSearchAttributes(ctx, contract.Outcome.ValueSet(value))
}
