package contract_test

import (
	"testing"

	"github.com/millenniumm/referrals/workflows/contract"
)

func TestAReferralsIdReadsBack(t *testing.T) {
	t.Parallel()
	in := contract.ReferralInput{Bot: "my-bot_1", EntryPoint: "summer-campaign", Referrer: "abcdefghij", Invitee: "luisluis22", Event: 1 << 40}
	if got, ok := contract.ParseReferral(in.ID()); !ok || got != in {
		t.Errorf("%s reads as %+v, %v", in.ID(), got, ok)
	}
	for _, id := range []string{"", "referral/cafe/5", "flow/cafe/a/b/c/5", "referral/cafe/a/b/c/x", in.ID() + "/6"} {
		if got, ok := contract.ParseReferral(id); ok {
			t.Errorf("%q reads as %+v", id, got)
		}
	}
}
