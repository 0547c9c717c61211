package workflows_test

import (
	"context"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows"
	"github.com/millenniumm/referrals/workflows/contract"
)

var heldReferral = contract.ReferralInput{Bot: "cafe", Event: 5, Account: "tg", EntryPoint: "stay", Referrer: "abcdefghij", Invitee: "luisluis22"}

// A judge plays the books of a hold: what they answer depends on the time, and on whether something has happened.
type judge struct {
	looks    int
	until    time.Time // when time alone ends the wait; zero: never
	happened bool
	voided   bool
	onLook   func(look int)
}

func (j *judge) at(env *testsuite.TestWorkflowEnvironment) activities.Judged {
	j.looks++
	answer := activities.Judged{Applied: referral.Applied{Status: referral.Pending}}
	if !j.until.IsZero() {
		answer.Applied.Until = &j.until
	}
	switch {
	case j.voided:
		answer = activities.Judged{Applied: referral.Applied{Status: referral.Voided, Reason: referral.VoidedByOperator, Points: -2}, Segment: referral.VoidSegment}
	case j.happened, !j.until.IsZero() && !env.Now().Before(j.until):
		answer = activities.Judged{Applied: referral.Applied{Status: referral.Credited, Points: 2}, Segment: referral.CreditSegment}
	}
	if j.onLook != nil {
		j.onLook(j.looks)
	}
	return answer
}

func holdEnvironment(j *judge) *testsuite.TestWorkflowEnvironment {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(20 * time.Second)
	env.RegisterActivityWithOptions(func(context.Context, contract.HoldInput) (activities.Judged, error) {
		return j.at(env), nil
	}, activity.RegisterOptions{Name: "Judge"})
	return env
}

func TestAHoldEndsByTimeOrByWhatHappens(t *testing.T) {
	t.Parallel()
	const week = 7 * 24 * time.Hour
	wake := func(env *testsuite.TestWorkflowEnvironment) { env.SignalWorkflow(contract.WakeSignal, nil) }
	tests := map[string]struct {
		judge   judge
		set     func(env *testsuite.TestWorkflowEnvironment, j *judge)
		timed   bool
		status  referral.Status
		looks   int
		atLeast time.Duration
		atMost  time.Duration
	}{
		"by time": {timed: true, status: referral.Credited, looks: 2, atLeast: week, atMost: week + time.Minute},
		"by a wake that came before it": {
			set: func(env *testsuite.TestWorkflowEnvironment, j *judge) {
				j.happened = true
				env.RegisterDelayedCallback(func() { wake(env) }, 0)
			},
			status: referral.Credited, looks: 1, atMost: time.Minute,
		},
		"by a wake while it waits": {
			set: func(env *testsuite.TestWorkflowEnvironment, j *judge) {
				env.RegisterDelayedCallback(func() { j.happened = true; wake(env) }, time.Hour)
			},
			timed: true, status: referral.Credited, looks: 2, atLeast: time.Hour, atMost: 2 * time.Hour,
		},
		"by a wake that tells nothing new, then by time": {
			set: func(env *testsuite.TestWorkflowEnvironment, _ *judge) {
				env.RegisterDelayedCallback(func() { wake(env) }, time.Hour)
			},
			timed: true, status: referral.Credited, looks: 3, atLeast: week, atMost: week + time.Minute,
		},
		"by a wake alone, however long it takes": {
			set: func(env *testsuite.TestWorkflowEnvironment, j *judge) {
				env.RegisterDelayedCallback(func() { j.happened = true; wake(env) }, 300*24*time.Hour)
			},
			status: referral.Credited, looks: 2, atLeast: 300 * 24 * time.Hour, atMost: 301 * 24 * time.Hour,
		},
		"by what happened during its first look": {
			set: func(env *testsuite.TestWorkflowEnvironment, j *judge) {
				j.onLook = func(look int) {
					if look == 1 {
						j.happened = true
						wake(env)
					}
				}
			},
			status: referral.Credited, looks: 2, atMost: time.Minute,
		},
		"taken back just as it counts": {
			set: func(env *testsuite.TestWorkflowEnvironment, j *judge) {
				j.happened = true
				j.onLook = func(look int) {
					if look == 1 {
						j.voided = true
						wake(env)
					}
				}
			},
			status: referral.Voided, looks: 2, atMost: time.Minute,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := test.judge
			env := holdEnvironment(&j)
			began := env.Now()
			if test.timed {
				j.until = began.Add(week)
			}
			if test.set != nil {
				test.set(env, &j)
			}
			env.ExecuteWorkflow(workflows.Hold, contract.HoldInput{Of: heldReferral})
			var result contract.Result
			if err := env.GetWorkflowResult(&result); err != nil {
				t.Fatal(err)
			}
			if result.Status != string(test.status) || j.looks != test.looks {
				t.Errorf("%+v after %d looks", result, j.looks)
			}
			if took := env.Now().Sub(began); took < test.atLeast || took > test.atMost {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestAReferralThatMustWaitGetsAHold(t *testing.T) {
	t.Parallel()
	for _, status := range []referral.Status{referral.Pending, referral.Credited, referral.Voided} {
		t.Run(string(status), func(t *testing.T) {
			t.Parallel()
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			env.RegisterActivityWithOptions(func(context.Context, contract.ReferralInput) (referral.Admission, error) {
				return referral.Admission{Status: referral.Pending}, nil
			}, activity.RegisterOptions{Name: "Admit"})
			env.RegisterActivityWithOptions(func(context.Context, contract.ReferralInput) (referral.Applied, error) {
				return referral.Applied{Status: status}, nil
			}, activity.RegisterOptions{Name: "Settle"})
			var holds []contract.HoldInput
			env.RegisterWorkflowWithOptions(func(_ workflow.Context, in contract.HoldInput) (contract.Result, error) {
				return contract.Result{}, nil
			}, workflow.RegisterOptions{Name: contract.HoldWorkflow})
			env.SetOnChildWorkflowStartedListener(func(info *workflow.Info, _ workflow.Context, args converter.EncodedValues) {
				var in contract.HoldInput
				if err := args.Get(&in); err != nil || info.WorkflowExecution.ID != "hold/"+heldReferral.ID() {
					t.Errorf("%s: %v", info.WorkflowExecution.ID, err)
				}
				holds = append(holds, in)
			})
			env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: heldReferral.ID()})
			env.ExecuteWorkflow(workflows.Referral, heldReferral)
			var result contract.Result
			if err := env.GetWorkflowResult(&result); err != nil || result.Status != string(status) {
				t.Fatalf("%+v, %v", result, err)
			}
			if want := status == referral.Pending; want != (len(holds) == 1) || want && holds[0].Of != heldReferral {
				t.Errorf("holds %+v", holds)
			}
		})
	}
}
