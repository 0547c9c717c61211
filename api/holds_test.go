package api_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"
	"time"
)

// In the story referral 1 is Luis's, credited, and referral 2 is Eva's own, rejected.
func init() {
	maps.Copy(calls, map[string][]call{
		"approveReferral": {
			{name: "one that counts already", method: "POST", path: "/v1/bots/cafe/referrals/1/approve", status: 202, holds: `"approved_at":"`},
			{name: "once more", method: "POST", path: "/v1/bots/cafe/referrals/1/approve", status: 202, holds: `"status":"credited"`},
			{name: "a rejected one", method: "POST", path: "/v1/bots/cafe/referrals/2/approve", status: 409, kind: "already_decided"},
			{name: "nobody's", method: "POST", path: "/v1/bots/cafe/referrals/99/approve", status: 404, kind: "unknown_referral"},
			{name: "an id that is none", method: "POST", path: "/v1/bots/cafe/referrals/x/approve", status: 400, kind: "bad_request", places: []string{"path.referral"}},
		},
		"qualifyReferral": {
			{name: "one that counts already", method: "POST", path: "/v1/bots/cafe/referrals/1/qualify", status: 202, holds: `"qualified_at":"`},
			{name: "a rejected one", method: "POST", path: "/v1/bots/cafe/referrals/2/qualify", status: 409, kind: "already_decided"},
			{name: "nobody's", method: "POST", path: "/v1/bots/cafe/referrals/99/qualify", status: 404, kind: "unknown_referral"},
		},
		"voidReferral": {
			{name: "with a note", method: "POST", path: "/v1/bots/cafe/referrals/1/void", body: `{"note":"a fake"}`, status: 202, holds: `"void_note":"a fake"`},
			{name: "once more, without one", method: "POST", path: "/v1/bots/cafe/referrals/1/void", status: 202, holds: `"void_note":"a fake"`},
			{name: "a rejected one", method: "POST", path: "/v1/bots/cafe/referrals/2/void", status: 409, kind: "already_decided"},
			{name: "nobody's", method: "POST", path: "/v1/bots/cafe/referrals/99/void", status: 404, kind: "unknown_referral"},
			{
				name: "another word for the note", method: "POST", path: "/v1/bots/cafe/referrals/1/void", body: `{"reason":"x"}`,
				status: 400, kind: "bad_request", places: []string{"body"},
			},
		},
		"qualifyContact": {
			{name: "for an entry point", method: "POST", path: "/v1/bots/cafe/contacts/{luis}/qualify", body: `{"entry_point":"campaign1"}`, status: 202, holds: `"user_id":"`},
			{name: "for all", method: "POST", path: "/v1/bots/cafe/contacts/{luis}/qualify", status: 202, holds: `"user_id":"`},
			{
				name: "for one that isn't there", method: "POST", path: "/v1/bots/cafe/contacts/{luis}/qualify", body: `{"entry_point":"nosuch"}`,
				status: 404, kind: "unknown_entry_point",
			},
			{name: "nobody", method: "POST", path: "/v1/bots/cafe/contacts/aaaaaaaaaa/qualify", status: 404, kind: "unknown_contact"},
		},
	})
}

// TestAFactIsAnsweredWithTheReferralAsItIs: what becomes of it is for its hold to find out, which the fact has woken.
func TestAFactIsAnsweredWithTheReferralAsItIs(t *testing.T) {
	t.Parallel()
	f := newStory(t)
	got := f.send(t, "POST", "/v1/bots/cafe/referrals/1/void", `{"note":"a fake"}`)
	var referral struct {
		Status   string
		VoidedAt time.Time `json:"voided_at"`
		Points   int
	}
	if err := json.Unmarshal(got.body, &referral); err != nil || got.status != http.StatusAccepted {
		t.Fatalf("%d %s, %v", got.status, got.body, err)
	}
	if referral.Status != "credited" || referral.VoidedAt.IsZero() || referral.Points != 2 {
		t.Errorf("%s", got.body)
	}
	refused(t, f.send(t, "POST", "/v1/bots/cafe/referrals/1/approve", ""), http.StatusConflict, "already_decided")
	events, err := f.books.Lease(t.Context(), 10, time.Minute)
	if err != nil || len(events) != 1 || events[0].Kind != "wake" || events[0].Text != "own" {
		t.Errorf("%+v, %v", events, err)
	}
}
