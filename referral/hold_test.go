package referral_test

import (
	"testing"
	"time"

	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

var opened = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func day(n int) time.Time { return opened.AddDate(0, 0, n) }

func TestWhatBecomesOfAHeldReferral(t *testing.T) {
	t.Parallel()
	week := 7 * 24 * time.Hour
	subscribed := program.Hold{For: week, Until: program.UntilStillSubscribed}
	qualified := program.Hold{For: week, Until: program.UntilQualified}
	approved := program.Hold{Until: program.UntilApproved}
	tests := map[string]struct {
		given referral.Circumstances
		at    time.Time
		want  referral.Verdict
	}{
		"nothing is asked for": {referral.Circumstances{}, day(0), referral.Verdict{Status: referral.Credited}},
		"still subscribed, too early": {
			referral.Circumstances{Hold: subscribed}, day(6), referral.Verdict{Status: referral.Pending, Until: day(7)},
		},
		"still subscribed, at the end": {referral.Circumstances{Hold: subscribed}, day(7), referral.Verdict{Status: referral.Credited}},
		"left during the hold": {
			referral.Circumstances{Hold: subscribed, Left: day(3)}, day(3), referral.Verdict{Status: referral.Voided, Reason: referral.InviteeLeft},
		},
		"left during the hold, told after its end": {
			referral.Circumstances{Hold: subscribed, Left: day(3)}, day(9), referral.Verdict{Status: referral.Voided, Reason: referral.InviteeLeft},
		},
		"left after the hold":            {referral.Circumstances{Hold: subscribed, Left: day(8)}, day(9), referral.Verdict{Status: referral.Credited}},
		"had left before, and came":      {referral.Circumstances{Hold: subscribed, Left: day(-1)}, day(9), referral.Verdict{Status: referral.Credited}},
		"left without a hold":            {referral.Circumstances{Left: day(1)}, day(2), referral.Verdict{Status: referral.Credited}},
		"not qualified yet":              {referral.Circumstances{Hold: qualified}, day(3), referral.Verdict{Status: referral.Pending, Until: day(7)}},
		"qualified":                      {referral.Circumstances{Hold: qualified, Qualified: day(3)}, day(3), referral.Verdict{Status: referral.Credited}},
		"qualified before being invited": {referral.Circumstances{Hold: qualified, Qualified: day(-3)}, day(0), referral.Verdict{Status: referral.Credited}},
		"never qualified":                {referral.Circumstances{Hold: qualified}, day(7), referral.Verdict{Status: referral.Voided, Reason: referral.HoldExpired}},
		"qualified too late": {
			referral.Circumstances{Hold: qualified, Qualified: day(8)}, day(8), referral.Verdict{Status: referral.Voided, Reason: referral.HoldExpired},
		},
		"qualified, then left": {referral.Circumstances{Hold: qualified, Qualified: day(3), Left: day(4)}, day(5), referral.Verdict{Status: referral.Credited}},
		"left, then qualified": {
			referral.Circumstances{Hold: qualified, Qualified: day(4), Left: day(3)}, day(5), referral.Verdict{Status: referral.Voided, Reason: referral.InviteeLeft},
		},
		"waits for approval for ever": {referral.Circumstances{Hold: approved}, day(900), referral.Verdict{Status: referral.Pending}},
		"approved":                    {referral.Circumstances{Hold: approved, Approved: day(900)}, day(900), referral.Verdict{Status: referral.Credited}},
		"qualified, but each must be approved": {
			referral.Circumstances{Hold: qualified, Approval: program.ManualApproval, Qualified: day(1)}, day(2), referral.Verdict{Status: referral.Pending, Until: day(7)},
		},
		"qualified and approved": {
			referral.Circumstances{Hold: qualified, Approval: program.ManualApproval, Qualified: day(1), Approved: day(2)}, day(2), referral.Verdict{Status: referral.Credited},
		},
		"approved before the hold's end": {
			referral.Circumstances{Hold: subscribed, Approval: program.ManualApproval, Approved: day(2)}, day(3), referral.Verdict{Status: referral.Pending, Until: day(7)},
		},
		"voided after they left during the hold": {
			referral.Circumstances{Hold: subscribed, Left: day(2), Voided: day(3)}, day(9), referral.Verdict{Status: referral.Voided, Reason: referral.InviteeLeft},
		},
		"voided before they left": {
			referral.Circumstances{Hold: subscribed, Left: day(4), Voided: day(3)}, day(9), referral.Verdict{Status: referral.Voided, Reason: referral.VoidedByOperator},
		},
		"voided after it had expired": {
			referral.Circumstances{Hold: qualified, Voided: day(8)}, day(9), referral.Verdict{Status: referral.Voided, Reason: referral.HoldExpired},
		},
		"voided before it was qualified": {
			referral.Circumstances{Hold: qualified, Qualified: day(8), Voided: day(3)}, day(9), referral.Verdict{Status: referral.Voided, Reason: referral.VoidedByOperator},
		},
		"voided, whatever else is so": {
			referral.Circumstances{Qualified: day(1), Approved: day(1), Left: day(2), Voided: day(3)},
			day(4),
			referral.Verdict{Status: referral.Voided, Reason: referral.VoidedByOperator},
		},
	}
	for name, test := range tests {
		test.given.ReceivedAt = opened
		if got := referral.Judge(test.given, test.at); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}

// Time alone may end a wait, but what a verdict has become with given facts it stays: whoever looks later, or again, sees the same.
func TestAVerdictStays(t *testing.T) {
	t.Parallel()
	facts := []time.Time{{}, day(-1), day(2), day(4), day(9)}
	holds := []program.Hold{
		{},
		{For: 5 * 24 * time.Hour, Until: program.UntilStillSubscribed},
		{For: 5 * 24 * time.Hour, Until: program.UntilQualified},
		{Until: program.UntilApproved},
		{Until: program.UntilQualified},
	}
	for _, hold := range holds {
		for _, approval := range []program.Approval{program.AutoApproval, program.ManualApproval} {
			for _, qualified := range facts {
				for _, approved := range facts {
					for _, left := range facts {
						c := referral.Circumstances{
							ReceivedAt: opened, Hold: hold, Approval: approval, Qualified: qualified, Approved: approved, Left: left,
						}
						stays(t, c)
					}
				}
			}
		}
	}
}

func stays(t *testing.T, c referral.Circumstances) {
	t.Helper()
	var before referral.Verdict
	for n := 9; n < 20; n++ { // all facts are in by then
		verdict := referral.Judge(c, day(n))
		if before.Status != "" && before.Status != referral.Pending && verdict != before {
			t.Errorf("%+v: %+v became %+v", c, before, verdict)
		}
		before = verdict
	}
}

// Facts and timers may be told by different clocks: what has happened has.
func TestAClockThatIsBehindHoldsNothingUp(t *testing.T) {
	t.Parallel()
	behind := opened.Add(-time.Hour)
	qualified := referral.Circumstances{ReceivedAt: opened, Hold: program.Hold{Until: program.UntilQualified}, Qualified: day(1)}
	for name, c := range map[string]referral.Circumstances{"nothing asked for": {ReceivedAt: opened}, "qualified": qualified} {
		if got := referral.Judge(c, behind); got.Status != referral.Credited {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
