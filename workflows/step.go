package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/millenniumm/referrals/activities"
)

const (
	// localTime bounds a database step inside the workflow task, retries included.
	localTime = 5 * time.Second
	// ordinaryTime bounds one attempt of the same step as an ordinary activity.
	ordinaryTime = 10 * time.Second
)

// step runs a database step as a local activity: no events of its own but a marker, and no more commits. When that doesn't
// succeed in time (Postgres away, or the referrer too busy) it becomes an ordinary activity that goes on until it does.
// An error is one that trying again can't mend: a bug, or an operator's problem.
func step[T any](ctx workflow.Context, summary string, activity, input any) (T, error) {
	var result T
	local := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: localTime,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 50 * time.Millisecond, MaximumAttempts: 3, NonRetryableErrorTypes: []string{activities.BusyError},
		},
		Summary: summary,
	})
	err := workflow.ExecuteLocalActivity(local, activity, input).Get(local, &result)
	if err == nil || isHopeless(err) {
		return result, err
	}
	ordinary := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: ordinaryTime,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, MaximumInterval: time.Minute},
		Summary:             summary,
	})
	err = workflow.ExecuteActivity(ordinary, activity, input).Get(ordinary, &result)
	return result, err
}

// isHopeless says that an error stays one however often the step is tried.
func isHopeless(err error) bool {
	var failed *temporal.ApplicationError
	return temporal.IsCanceledError(err) || errors.As(err, &failed) && failed.NonRetryable()
}
