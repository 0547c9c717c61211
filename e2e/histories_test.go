package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/millenniumm/referrals/channel/telegram/telegramtest"
)

// historiesDir holds the recorded histories that the replay test of package workflows reads.
var historiesDir = filepath.Join("..", "workflows", "testdata", "histories")

const shapesProgram = `
name: Every shape
fields:
  points: {type: number}
entry_points:
  campaign1: {flow: welcome}
keywords:
  - {match: refer, flow: share}
  - {match: slow, flow: slow}
  - {match: gift, flow: gift}
triggers:
  - on: referred_new_contact
    entry_point: campaign1
    do: [{increment: points, by: 2}, {run_flow: tell}]
flows:
  share: [{send: "{{link.campaign1}}"}]
  tell: [{send: "you have {{points}}"}, {wait: 1s}, {send: "later: {{points}}"}]
  slow: [{send: one}, {wait: 1s}, {send: two}]
  gift: [{grant_reward: mug}, {send: "code {{reward.code}}"}]
  welcome: [{send: hello}]
rewards:
  mug: {title: A mug, codes: pool}
`

// TestHistories plays every shape a workflow can take and checks that it ended well. With RECORD_HISTORIES set it
// also keeps the histories for the replay test: do that (make histories) when a change adds a shape or a version gate.
func TestHistories(t *testing.T) {
	t.Parallel()
	h := newHouse(t, shared, shapesProgram)
	h.startWorker()
	h.says(ana, "Ana", "refer")
	h.hears(ana, 1)
	anaID := h.userID(ana)

	h.open(luis, "Luis", anaID)
	h.hears(ana, 3)
	h.open(ana, "Ana", anaID)
	h.hears(ana, 4)
	h.says(ana, "Ana", "slow")
	h.hears(ana, 6)

	// A message that the platform puts off is handed to a workflow of its own, the one behind it too.
	const eva int64 = 1003
	h.telegram.ScriptChat(eva, telegramtest.TooManyRequests(1))
	h.open(eva, "Eva", anaID)
	h.hears(ana, 8)
	booked(h, 1, `SELECT count(*) FROM deliveries WHERE external_id = $1 AND state = 'queued'`, fmt.Sprint(eva))
	h.telegram.ScriptChat(eva, telegramtest.Answer{})
	h.hears(eva, 1)

	// A gift without a code waits, and is woken.
	h.says(ana, "Ana", "gift")
	booked(h, 1, `SELECT count(*) FROM deliveries WHERE state = 'waiting'`)
	h.must("POST", "/v1/bots/cafe/rewards/mug/codes", `{"codes":["MUG-1"]}`, http.StatusOK)
	h.hears(ana, 9)
	h.allSent()

	events := func(where string) string { return one[string](h, `SELECT run FROM referrals WHERE `+where) }
	credited := events(`status = 'credited' ORDER BY referral_id LIMIT 1`)
	throttled := events(`status = 'credited' ORDER BY referral_id DESC LIMIT 1`)
	slow := one[string](h, `SELECT run FROM segments WHERE segment = 'flow.0'`)
	shapes := map[string]string{
		"referral-credited-with-a-wait":    credited,
		"referral-rejected":                events(`status = 'rejected'`),
		"referral-hands-a-delivery-over":   throttled,
		"resume-after-a-referral":          "resume/" + credited + "/settle.0",
		"flow-from-a-keyword":              one[string](h, `SELECT min(run) FROM segments WHERE segment = 'flow' AND run <> $1`, slow),
		"flow-with-a-wait":                 slow,
		"resume-after-a-flow":              "resume/" + slow + "/flow.0",
		"delivery-put-off-by-the-platform": fmt.Sprintf("delivery/cafe/%d", one[int64](h, `SELECT delivery_id FROM deliveries WHERE external_id = $1`, fmt.Sprint(eva))),
		"delivery-woken-by-its-code":       fmt.Sprintf("delivery/cafe/%d", one[int64](h, `SELECT delivery_id FROM deliveries WHERE grant_id IS NOT NULL`)),
	}
	for shape, workflow := range shapes {
		history := h.history(background(t), workflow)
		if last := history.Events[len(history.Events)-1]; last.EventType != enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED {
			t.Errorf("%s ended with %s", shape, last.EventType)
		}
		h.keep(shape, history)
	}
}

// history reads a workflow's events once it has ended.
func (h *house) history(ctx context.Context, workflow string) *historypb.History {
	h.t.Helper()
	run := h.temporal.GetWorkflow(ctx, workflow, "")
	if err := run.Get(ctx, nil); err != nil {
		h.t.Fatalf("%s: %v", workflow, err)
	}
	return readHistory(ctx, h.t, h.temporal, workflow)
}

func readHistory(ctx context.Context, t *testing.T, temporal client.Client, workflow string) *historypb.History {
	t.Helper()
	var history historypb.History
	events := temporal.GetWorkflowHistory(ctx, workflow, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			t.Fatalf("%s: %v", workflow, err)
		}
		history.Events = append(history.Events, event)
	}
	return &history
}

// machine finds the names of the machine a history was recorded on, which are nobody's business.
var machine = regexp.MustCompile(`("(?:identity|stickyTaskQueueName)": *|"name": *)"[0-9]+@[^"]*"`)

// keep writes a history where the replay test finds it, or checks that one of this shape is there.
func (h *house) keep(shape string, history *historypb.History) {
	h.t.Helper()
	path := filepath.Join(historiesDir, shape+".json")
	if os.Getenv("RECORD_HISTORIES") == "" {
		if _, err := os.Stat(path); err != nil {
			h.t.Errorf("no history of shape %s is kept: run `make histories`", shape)
		}
		return
	}
	encoded, err := protojson.MarshalOptions{Indent: "  "}.Marshal(history)
	h.check(err)
	h.check(os.MkdirAll(historiesDir, 0o755))
	encoded = machine.ReplaceAll(encoded, []byte(`${1}"recorder"`))
	h.check(os.WriteFile(path, append(encoded, '\n'), 0o600))
}
