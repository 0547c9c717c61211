package e2e

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/millenniumm/referrals/workflows/contract"
)

const holdsProgram = `
name: Holds
locale: en
fields:
  points: {type: number}
entry_points:
  stay: {flow: welcome, hold: {for: 2s, until: still_subscribed}}
  trial: {flow: welcome, hold: {for: 60s, until: still_subscribed}}
  vetted: {flow: welcome, approval: manual, typed_code: 1h}
keywords:
  - {match: refer, flow: share}
triggers:
  - {on: referred_new_contact, do: [{increment: points, by: 2}, {send: "{{invitee.first_name}} counts: {{points}}"}]}
  - {on: referral_voided, do: [{send: "{{invitee.first_name}} was taken back: {{points|0}}"}]}
flows:
  share: [{send: "{{link.stay}}"}]
  welcome: [{send: hello}]
`

// opens lets somebody open the bot through a contact's link of an entry point.
func (h *house) opens(entryPoint string, from int64, name, referrer string) {
	h.t.Helper()
	h.says(from, name, "/start "+entryPoint+"-c"+referrer)
}

// blocks lets somebody block the bot.
func (h *house) blocks(from int64, name string) {
	h.t.Helper()
	update := fmt.Sprintf(`{"update_id":%d,"my_chat_member":{"date":%d,"chat":{"id":%d,"type":"private"},"from":{"id":%d,"is_bot":false,"first_name":%q},
		"old_chat_member":{"status":"member"},"new_chat_member":{"status":"kicked"}}}`, h.updates.Add(1), time.Now().Unix(), from, from, name)
	if status := h.post([]byte(update), webhookSecret); status != http.StatusOK {
		h.t.Fatalf("the webhook was answered with %d", status)
	}
}

// of gives the id and the run of the referral of somebody on Telegram.
func (h *house) of(invitee int64) (id, run string) {
	h.t.Helper()
	row := h.database.QueryRow(background(h.t), `SELECT r.referral_id::text, r.run FROM referrals r
		JOIN identities i ON i.bot_id = r.bot_id AND i.contact_id = r.invitee_id WHERE i.external_id = $1`, fmt.Sprint(invitee))
	h.check(row.Scan(&id, &run))
	return id, run
}

// becomes waits until the referral of somebody on Telegram has a status and reason.
func (h *house) becomes(want string, invitee int64) {
	h.t.Helper()
	booked(h, want, `SELECT coalesce(min(r.status || '/' || r.reason), '') FROM referrals r
		JOIN identities i ON i.bot_id = r.bot_id AND i.contact_id = r.invitee_id WHERE i.external_id = $1`, fmt.Sprint(invitee))
}

// TestHistoriesOfHolds tells the story of referrals that wait, and keeps the histories of their workflows as TestHistories does.
func TestHistoriesOfHolds(t *testing.T) {
	t.Parallel()
	const eva, leo, mia int64 = 1003, 1004, 1005
	h := newHouse(t, shared, holdsProgram)
	h.startWorker()
	h.says(ana, "Ana", "refer")
	h.hears(ana, 1)
	anaID := h.userID(ana)

	// Whoever is still there after the hold counts.
	h.opens("stay", luis, "Luis", anaID)
	h.hears(luis, 1)
	h.becomes("credited/", luis)
	if got := h.hears(ana, 2)[1]; got != "Luis counts: 2" {
		t.Errorf("Ana heard %q", got)
	}
	luisID, luisRun := h.of(luis)
	histories := map[string]*historypb.History{"hold-ended-by-time": h.history(background(t), contract.HoldPrefix+luisRun)}
	// Whoever blocks the bot meanwhile doesn't.
	h.opens("trial", eva, "Eva", anaID)
	h.hears(eva, 1)
	h.becomes("pending/", eva)
	h.blocks(eva, "Eva")
	h.becomes("voided/invitee_left", eva)
	if got := h.hears(ana, 3)[2]; got != "Eva was taken back: 2" {
		t.Errorf("Ana heard %q", got)
	}
	// An approval counts at once, here of somebody who wrote first and typed the code then.
	h.says(leo, "Leo", "hi")
	h.says(leo, "Leo", "vetted-c"+anaID)
	h.becomes("pending/", leo)
	booked(h, 1, `SELECT count(*) FROM segments WHERE segment = 'settle' AND result->>'status' = 'pending' AND run LIKE '%/vetted/%'`)
	leosID, leosRun := h.of(leo)
	asked := time.Now()
	h.must("POST", "/v1/bots/cafe/referrals/"+leosID+"/approve", "", http.StatusAccepted)
	h.becomes("credited/", leo)
	t.Logf("an approval took %s", time.Since(asked))
	h.hears(ana, 4)
	if late := one[bool](h, `SELECT late FROM referrals WHERE referral_id = $1::bigint`, leosID); !late || len(h.texts(leo)) != 0 {
		t.Errorf("late: %v, Leo heard %q", late, h.texts(leo))
	}
	// What is taken back is off the leaderboard.
	h.must("POST", "/v1/bots/cafe/referrals/"+luisID+"/void", `{"note":"a fake"}`, http.StatusAccepted)
	h.becomes("voided/voided_by_operator", luis)
	if got := h.hears(ana, 5)[4]; got != "Luis was taken back: 2" {
		t.Errorf("Ana heard %q", got)
	}
	var board struct {
		Items []struct{ Points, Referrals int }
	}
	h.get("/leaderboard", &board)
	if len(board.Items) != 1 || board.Items[0].Points != 2 || board.Items[0].Referrals != 1 {
		t.Errorf("the leaderboard is %+v", board)
	}
	h.must("POST", "/v1/bots/cafe/referrals/"+luisID+"/approve", "", http.StatusConflict)
	// One that nobody decides waits on.
	h.opens("vetted", mia, "Mia", anaID)
	h.hears(mia, 1)
	h.becomes("pending/", mia)
	h.allSent()
	h.sound()

	_, evasRun := h.of(eva)
	histories["referral-held"] = h.history(background(t), evasRun)
	histories["hold-ended-by-who-left"] = h.history(background(t), contract.HoldPrefix+evasRun)
	histories["hold-ended-by-approval"] = h.history(background(t), contract.HoldPrefix+leosRun)
	histories["hold-that-takes-back"] = h.history(background(t), contract.HoldPrefix+luisRun)
	for shape, history := range histories {
		if last := history.Events[len(history.Events)-1]; last.EventType != enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED {
			t.Errorf("%s ended with %s", shape, last.EventType)
		}
		h.keep(shape, history)
	}
}
