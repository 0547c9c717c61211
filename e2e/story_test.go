package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.temporal.io/api/workflowservice/v1"

	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/workflows/contract"
)

// The people of the stories, by their Telegram ids.
const (
	ana  int64 = 1001
	luis int64 = 1002
)

func spanish() string { return string(program.Template("es")) }

// open lets somebody open the bot through a contact's link.
func (h *house) open(from int64, name, referrer string) {
	h.t.Helper()
	h.says(from, name, "/start campaign1-c"+referrer)
}

// meetAna lets Ana ask for her link and gives her public id.
func (h *house) meetAna() string {
	h.t.Helper()
	h.says(ana, "Ana", "referir")
	h.hears(ana, 1)
	return h.userID(ana)
}

func TestAReferralFromKeywordToReward(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	h.must("POST", "/v1/bots/cafe/rewards/cafe/codes", `{"codes":["CAFE-1","CAFE-2"]}`, http.StatusOK)

	anaID := h.meetAna()
	link := "https://t.me/cafe_bot?start=campaign1-c" + anaID
	if got := h.texts(ana)[0]; !strings.Contains(got, link) {
		t.Fatalf("the keyword was answered with %q, without the link %s", got, link)
	}

	h.open(luis, "Luis", anaID)
	if got := h.hears(ana, 2)[1]; got != "Luis se unió. Tienes 2 puntos." {
		t.Errorf("Ana heard %q", got)
	}
	if got := h.hears(luis, 1)[0]; !strings.Contains(got, "¡Hola, Luis!") {
		t.Errorf("Luis heard %q", got)
	}

	for friend := range int64(4) {
		h.open(2000+friend, "", anaID)
	}
	h.hears(ana, 6)
	rewards := 0
	for _, text := range h.texts(ana) {
		if strings.Contains(text, "CAFE-1") {
			rewards++
		}
	}
	if rewards != 1 {
		t.Errorf("Ana was told of her reward %d times: %q", rewards, h.texts(ana))
	}
	booked(h, 10, `SELECT number FROM fields JOIN contacts USING (bot_id, contact_id) WHERE user_id = $1`, anaID)

	var board struct {
		Items []struct {
			UserID    string `json:"user_id"`
			Points    int
			Referrals int
		}
	}
	h.get("/leaderboard", &board)
	if len(board.Items) != 1 || board.Items[0].UserID != anaID || board.Items[0].Points != 10 || board.Items[0].Referrals != 5 {
		t.Errorf("the leaderboard is %+v", board)
	}
	h.sound()
}

func TestAnExistingContactCountsLess(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	anaID := h.meetAna()
	h.says(luis, "Luis", "hola")
	h.open(luis, "Luis", anaID)
	if got := h.hears(ana, 2)[1]; got != "Luis se unió. Tienes 1 puntos." {
		t.Errorf("Ana heard %q", got)
	}
	h.sound()
}

func TestOnesOwnLinkBringsAWelcomeAndNoPoints(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	anaID := h.meetAna()
	h.open(ana, "Ana", anaID)
	if got := h.hears(ana, 2)[1]; !strings.Contains(got, "¡Hola, Ana!") {
		t.Errorf("Ana was not welcomed: %q", got)
	}
	var page struct {
		Items []struct {
			Status, Reason, Workflow string
			Points                   int
		}
	}
	h.get("/referrals?status=rejected", &page)
	if len(page.Items) != 1 || page.Items[0].Reason != "self_referral" || page.Items[0].Points != 0 {
		t.Fatalf("the referrals are %+v", page)
	}
	var result contract.Result
	h.result(background(t), page.Items[0].Workflow, &result)
	if result.Status != "rejected" || result.Reason != "self_referral" || result.Points != 0 || result.Deliveries != 1 {
		t.Errorf("the workflow returned %+v", result)
	}
	eventually(t, "Temporal lists it by bot and outcome", func() error {
		found, err := h.temporal.ListWorkflow(background(t), &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: h.namespace, Query: "BotID = 'cafe' AND Outcome = 'rejected/self_referral'",
		})
		if err != nil || len(found.Executions) != 1 {
			return fmt.Errorf("found %v, %w", found, err)
		}
		return nil
	})
	h.sound()
}

func TestTheSameWebhookAHundredTimesAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	anaID := h.meetAna()
	body := h.update(h.updates.Add(1), luis, "Luis", "/start campaign1-c"+anaID)
	var posting sync.WaitGroup
	for range 100 {
		posting.Go(func() {
			if status := h.post(body, webhookSecret); status != http.StatusOK {
				t.Errorf("a repeated webhook was answered with %d", status)
			}
		})
	}
	posting.Wait()
	h.hears(ana, 2)
	h.hears(luis, 1)
	booked(h, 0, `SELECT count(*) FROM inbox WHERE done_at IS NULL`)
	for what, want := range map[string]int{
		`SELECT count(*) FROM referrals`: 1,
		`SELECT count(*) FROM ledger`:    1,
		`SELECT sum(number) FROM fields`: 2,
	} {
		if got := one[int](h, what); got != want {
			t.Errorf("%s: %d instead of %d", what, got, want)
		}
	}
	if got := h.texts(ana); len(got) != 2 {
		t.Errorf("Ana heard %q", got)
	}
	h.sound()
}

func TestTwoHundredInviteesAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, strings.NewReplacer("reaches: 10", "reaches: 100", "by: 2", "by: 1").Replace(spanish()))
	h.startWorker()
	h.must("POST", "/v1/bots/cafe/rewards/cafe/codes", `{"codes":["CAFE-1","CAFE-2"]}`, http.StatusOK)
	anaID := h.meetAna()
	var opening sync.WaitGroup
	for friend := range int64(200) {
		opening.Go(func() { h.open(5000+friend, "", anaID) })
	}
	opening.Wait()
	h.hears(ana, 201)
	booked(h, 200, `SELECT count(*) FROM referrals WHERE status = 'credited'`)
	for what, want := range map[string]int{
		`SELECT number FROM fields`:                                    200,
		`SELECT sum(delta) FROM ledger`:                                200,
		`SELECT count(*) FROM grants`:                                  1,
		`SELECT count(*) FROM reward_codes WHERE grant_id IS NOT NULL`: 1,
	} {
		if got := one[int](h, what); got != want {
			t.Errorf("%s: %d instead of %d", what, got, want)
		}
	}
	h.sound()
}

func TestAnEmptyPoolHoldsTheMessageUntilCodesCome(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, strings.ReplaceAll(spanish(), "reaches: 10", "reaches: 2"))
	h.startWorker()
	anaID := h.meetAna()
	h.open(luis, "Luis", anaID)
	h.hears(luis, 1)
	booked(h, 1, `SELECT count(*) FROM deliveries WHERE grant_id IS NOT NULL AND state = 'waiting' AND waiting_for = 'stock'`)
	if got := one[int](h, `SELECT count(*) FROM grants`); got != 1 {
		t.Fatalf("%d grants instead of 1", got)
	}
	h.must("POST", "/v1/bots/cafe/rewards/cafe/codes", `{"codes":["LATE-1"]}`, http.StatusOK)
	if got := h.hears(ana, 2)[1]; !strings.Contains(got, "LATE-1") {
		t.Errorf("Ana heard %q", got)
	}
	h.sound()
}

func TestWhoBlocksTheBotIsNotWrittenToUntilTheyReturn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	anaID := h.meetAna()
	blocked := fmt.Sprintf(`{"update_id":%d,"my_chat_member":{"date":%d,"chat":{"id":%d,"type":"private"},"from":{"id":%d,"is_bot":false,"first_name":"Ana"},
		"old_chat_member":{"status":"member"},"new_chat_member":{"status":"kicked"}}}`, h.updates.Add(1), 1<<31, ana, ana)
	if status := h.post([]byte(blocked), webhookSecret); status != http.StatusOK {
		t.Fatalf("the webhook was answered with %d", status)
	}
	booked(h, true, `SELECT blocked FROM identities WHERE external_id = $1`, fmt.Sprint(ana))
	h.open(luis, "Luis", anaID)
	h.hears(luis, 1)
	booked(h, 1, `SELECT count(*) FROM deliveries JOIN contacts USING (bot_id, contact_id) WHERE user_id = $1 AND state = 'failed'`, anaID)
	booked(h, 2, `SELECT number FROM fields`)
	if got := h.texts(ana); len(got) != 1 {
		t.Errorf("Ana was written to although she blocked the bot: %q", got)
	}
	h.sound()
}
