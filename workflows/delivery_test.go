package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/workflows"
	"github.com/millenniumm/referrals/workflows/contract"
)

// TestADeliveryGoesOnSoonAfterAnOutage: attempts that fail on our side must not back off beyond the outage, while a pause that a platform
// asks for is kept however long it is.
func TestADeliveryGoesOnSoonAfterAnOutage(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		failures int
		failure  error
		within   [2]time.Duration
	}{
		"Postgres away for eight attempts": {8, errors.New("connection refused"), [2]time.Duration{time.Minute, 2 * time.Minute}},
		"a platform that asks for an hour": {
			1, temporal.NewApplicationErrorWithOptions("slow down", "send/throttle", temporal.ApplicationErrorOptions{NextRetryDelay: time.Hour}),
			[2]time.Duration{time.Hour, time.Hour + time.Minute},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			tries := 0
			env.RegisterActivityWithOptions(func(context.Context, channel.DeliveryID) (activities.Attempted, error) {
				if tries++; tries <= test.failures {
					return activities.Attempted{}, test.failure
				}
				return activities.Attempted{State: channel.Accepted}, nil
			}, activity.RegisterOptions{Name: "Attempt"})
			began := env.Now()
			env.ExecuteWorkflow(workflows.Delivery, contract.DeliveryInput{Bot: "cafe", Delivery: 1})
			var result contract.Result
			if err := env.GetWorkflowResult(&result); err != nil || result.Status != string(channel.Accepted) {
				t.Fatalf("%+v, %v", result, err)
			}
			if took := env.Now().Sub(began); took < test.within[0] || took > test.within[1] {
				t.Errorf("it took %s", took)
			}
		})
	}
}
