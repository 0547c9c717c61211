package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/millenniumm/referrals/workflows/contract"
)

// credited checks that Luis' opening counted once, whatever happened on the way.
func (h *house) creditedOnce() {
	h.t.Helper()
	booked(h, 1, `SELECT count(*) FROM referrals WHERE status = 'credited'`)
	for what, want := range map[string]int{
		`SELECT count(*) FROM referrals`: 1,
		`SELECT count(*) FROM ledger`:    1,
		`SELECT number FROM fields`:      2,
	} {
		if got := one[int](h, what); got != want {
			h.t.Errorf("%s: %d instead of %d", what, got, want)
		}
	}
	h.sound()
}

// allSent waits until no message is under way any more.
func (h *house) allSent() {
	h.t.Helper()
	booked(h, 0, `SELECT count(*) FROM deliveries WHERE state <> 'accepted'`)
}

func TestAWorkerKilledAfterSettleCommitted(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	anaID := h.meetAna()

	// The attempts at the messages can't begin while the test holds this lock, so the worker dies between settle's commit
	// and the completion of its workflow task.
	_, err := h.database.Exec(background(t), `
		CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END';
		CREATE TRIGGER hold BEFORE UPDATE ON deliveries FOR EACH ROW EXECUTE FUNCTION hold()`)
	h.check(err)
	holder, err := h.database.Begin(background(t))
	h.check(err)
	_, err = holder.Exec(background(t), `SELECT pg_advisory_xact_lock(42)`)
	h.check(err)
	h.open(luis, "Luis", anaID)
	booked(h, 1, `SELECT count(*) FROM referrals WHERE status = 'credited'`)
	h.worker.kill()
	h.check(holder.Rollback(background(t)))

	h.startWorker()
	h.hears(ana, 2)
	h.hears(luis, 1)
	h.allSent()
	h.creditedOnce()
	if got := h.texts(ana); !slices.Contains(got, "Luis se unió. Tienes 2 puntos.") || len(got) != 2 {
		t.Errorf("Ana heard %q", got)
	}
}

func TestAWorkerKilledBetweenASendAndItsAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	anaID := h.meetAna()
	booked(h, 1, `SELECT count(*) FROM deliveries WHERE state = 'accepted'`)
	release := h.telegram.Hold()
	h.open(luis, "Luis", anaID)
	h.hears(ana, 2)
	h.hears(luis, 1)
	h.worker.kill()
	release()

	h.startWorker()
	h.allSent()
	h.creditedOnce()
	heard := h.texts(ana)
	if heard[1] != "Luis se unió. Tienes 2 puntos." {
		t.Errorf("another branch was taken: %q", heard)
	}
	for _, text := range heard[1:] {
		if text != heard[1] {
			t.Errorf("Ana heard %q: the known success before the crash was repeated, or another branch was taken", heard)
		}
	}
	if unsure := one[int](h, `SELECT count(*) FROM deliveries WHERE attempt > 1`); unsure != 2 {
		t.Errorf("%d deliveries were tried again instead of the 2 whose outcome nobody knew", unsure)
	}
}

func TestAWorkerKilledBetweenLeaseAndStart(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	// The worker reaches Temporal through a wire that can be cut in the middle of a call: what it asks then never arrives.
	wire := newWire(t, shared.address)
	h.environment = append(h.environment, "TEMPORAL_ADDRESS="+wire.address)
	h.startWorker()
	anaID := h.meetAna()
	wire.cut()
	h.open(luis, "Luis", anaID)
	booked(h, 1, `SELECT count(*) FROM inbox WHERE done_at IS NULL AND leased_until > now()`)
	h.worker.kill()
	in := contract.ReferralInput{
		Bot: "cafe", EntryPoint: "campaign1", Referrer: anaID, Invitee: h.userID(luis), Event: one[int64](h, `SELECT max(event_id) FROM inbox`),
	}
	if _, err := h.temporal.DescribeWorkflowExecution(background(t), in.ID(), ""); err == nil {
		t.Fatal("the workflow was started: this is not the crash point it should be")
	}

	wire.mend()
	h.startWorker()
	h.hears(ana, 2)
	h.hears(luis, 1)
	h.allSent()
	h.creditedOnce()
	if got := len(h.texts(ana)); got != 2 {
		t.Errorf("Ana heard %d messages", got)
	}
}

// Not parallel: it stops the Temporal all others share.
func TestTemporalStopped(t *testing.T) {
	h := newHouse(t, shared, spanish())
	h.startWorker()
	h.must("POST", "/v1/bots/cafe/rewards/cafe/codes", `{"codes":["CAFE-1"]}`, http.StatusOK)
	anaID := h.meetAna()
	shared.stop()
	var took []time.Duration
	for friend := range int64(30) {
		began := time.Now()
		h.open(7000+friend, "", anaID)
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	if median := took[len(took)/2]; median > 50*time.Millisecond {
		t.Errorf("with Temporal stopped a webhook took %v in the median", median)
	}
	if status, body := h.call("GET", "/readyz", ""); status != http.StatusOK {
		t.Errorf("the api says it is not ready: %d %s", status, body)
	}
	restarted, err := startTemporal(inDatabase(testDatabase(), "postgres"), shared.address)
	h.check(err)
	*shared = *restarted
	booked(h, 30, `SELECT count(*) FROM referrals WHERE status = 'credited'`)
	h.hears(ana, 31)
	h.sound()
}

func TestAnAPIKilledWhileItAnswers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	anaID := h.meetAna()
	// Whatever was answered with 200 is there after the crash; the rest the platform sends again.
	answered := 0
	for friend := range int64(40) {
		if friend == 20 {
			go h.api.kill()
		}
		body := h.update(100+friend, 8000+friend, "", "/start campaign1-c"+anaID)
		if status, err := h.tryPost(body); err == nil && status == http.StatusOK {
			answered++
		}
	}
	<-h.api.exited
	stored := one[int](h, `SELECT count(*) FROM inbox WHERE ref <> ''`)
	if stored < answered {
		t.Errorf("%d webhooks were answered with 200, but %d stored", answered, stored)
	}
	h.startAPI()
	for friend := range int64(40) {
		if status := h.post(h.update(100+friend, 8000+friend, "", "/start campaign1-c"+anaID), webhookSecret); status != http.StatusOK {
			t.Errorf("a repeated webhook was answered with %d", status)
		}
	}
	booked(h, 40, `SELECT count(*) FROM referrals WHERE status = 'credited'`)
	booked(h, 80, `SELECT number FROM fields`)
	h.sound()
}

func TestTwoWorkersShareTheWork(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, spanish())
	h.startWorker()
	h.must("POST", "/v1/bots/cafe/rewards/cafe/codes", `{"codes":["CAFE-1"]}`, http.StatusOK)
	h.start("worker")
	anaID := h.meetAna()
	for friend := range int64(40) {
		h.open(9000+friend, fmt.Sprintf("F%d", friend), anaID)
	}
	booked(h, 40, `SELECT count(*) FROM referrals WHERE status = 'credited'`)
	h.hears(ana, 41)
	h.allSent()
	if got := len(h.texts(ana)); got != 41 {
		t.Errorf("Ana heard %d messages instead of 41", got)
	}
	h.sound()
}
