package activities_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/telegram"
	"github.com/millenniumm/referrals/channel/webhook"
	"github.com/millenniumm/referrals/postgres"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

const callSecret = "whsec_aW52ZW50ZWQgZm9yIHRoZXNlIHRlc3Rz"

// A crm is the server a webhook calls; it notes what was rightly signed.
type crm struct {
	*httptest.Server
	mu    sync.Mutex
	calls []string
}

func newCRM(t *testing.T) *crm {
	t.Helper()
	verifier, err := webhooks.NewWebhook(callSecret)
	if err != nil {
		t.Fatal(err)
	}
	c := &crm{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := verifier.Verify(body, r.Header); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.calls = append(c.calls, string(body))
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *crm) called() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// newCalls is a bench that speaks to webhooks too, with whatever lanes the operations leave in place of its own.
func newCalls(t *testing.T, ops ...program.Op) (bench, []referral.Lane) {
	t.Helper()
	b := newBench(t)
	channels := map[string]channel.Adapter{"telegram": telegram.Adapter{}, webhook.Name: webhook.Adapter{}}
	b.Activities = activities.New(b.store, b.store, b.store, channels)
	segment := referral.Segment{Bot: "shop", Run: "flow/shop/calls", Name: "flow", Contact: b.arrive(), Account: "tg"}
	applied, err := b.store.Apply(t.Context(), segment, func(*program.Program, referral.Scene) program.Outcome {
		return program.Outcome{Ops: ops}
	})
	if err != nil {
		t.Fatal(err)
	}
	b.lane = applied.Lanes[0]
	return b, applied.Lanes
}

func (b *bench) connect(name, address string) {
	b.t.Helper()
	err := b.store.PutAccount(b.t.Context(), channel.Account{
		Bot: "shop", Name: name, Channel: webhook.Name, APIBaseURL: address,
		Credentials: map[string]string{"secret": callSecret}, Settings: map[string]string{},
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func callOf(name string) program.Op {
	return program.Op{Kind: program.OpCall, Who: program.Contact, Webhook: name, With: map[string]string{"plan": "gold"}}
}

func TestACallReachesItsServerOnce(t *testing.T) {
	t.Parallel()
	server := newCRM(t)
	b, _ := newCalls(t, callOf("crm"))
	b.connect("crm", server.URL)
	for range 2 { // a step is run again after a crash
		if left := b.deliver(); left != 0 {
			t.Errorf("left %d", left)
		}
	}
	calls := server.called()
	if len(calls) != 1 {
		t.Fatalf("called %v", calls)
	}
	var told struct {
		Type string
		Data struct {
			Bot, Webhook string
			Contact      struct {
				UserID string `json:"user_id"`
			}
			With map[string]string
		}
	}
	if err := json.Unmarshal([]byte(calls[0]), &told); err != nil {
		t.Fatal(err)
	}
	data := told.Data
	if told.Type != "call" || data.Bot != "shop" || data.Webhook != "crm" || data.Contact.UserID == "" || data.With["plan"] != "gold" {
		t.Errorf("told %s", calls[0])
	}
	b.sent()
}

func TestACallOfAWebhookNobodyConnectedGoesOutOnceSomebodyDoes(t *testing.T) {
	t.Parallel()
	server := newCRM(t)
	b, _ := newCalls(t, callOf("crm"))
	if left := b.deliver(); left != b.lane.Deliveries[0] || b.state(0) != channel.Queued {
		t.Errorf("left %d, state %s", left, b.state(0))
	}
	_, failed := b.tryAgain(0)
	if failed == nil || failed.Type() != "send/config" || failed.NextRetryDelay() != 5*time.Minute || failed.NonRetryable() {
		t.Fatalf("got %+v", failed)
	}
	if !strings.Contains(failed.Message(), "connect an account named crm of channel webhook") {
		t.Errorf("it says %q", failed.Message())
	}
	b.connect("crm", server.URL)
	if attempted, failed := b.tryAgain(0); failed != nil || attempted.State != channel.Accepted || len(server.called()) != 1 {
		t.Errorf("after it was connected: %+v, %v, called %v", attempted, failed, server.called())
	}
}

func TestACallOfAnAccountPeopleChatOnIsNeverSaidToThem(t *testing.T) {
	t.Parallel()
	b, _ := newCalls(t, callOf("tg"))
	const want = "call_webhook names tg, which is an account of channel telegram"
	attempted, failed := b.tryAgain(0)
	if failed != nil || attempted.State != channel.Failed || !strings.Contains(attempted.Error, want) {
		t.Errorf("%+v, %v", attempted, failed)
	}
	b.sent()
}

// A messengerOutbox hands a delivery out as the message it isn't: nothing writes one, and it must not matter.
type messengerOutbox struct{ *postgres.Store }

func (o messengerOutbox) Begin(ctx context.Context, bot string, delivery int64, lease time.Duration) (channel.Attempt, bool, error) {
	attempt, ok, err := o.Store.Begin(ctx, bot, delivery, lease)
	attempt.Call = false
	return attempt, ok, err
}

func TestAMessageToAWebhookIsNotSent(t *testing.T) {
	t.Parallel()
	server := newCRM(t)
	b, _ := newCalls(t, callOf("crm"))
	b.connect("crm", server.URL)
	b.Activities = activities.New(b.store, messengerOutbox{b.store}, b.store, map[string]channel.Adapter{webhook.Name: webhook.Adapter{}})
	if attempted, failed := b.tryAgain(0); failed != nil || attempted.State != channel.Failed || len(server.called()) != 0 {
		t.Errorf("%+v, %v, called %v", attempted, failed, server.called())
	}
}

func TestAWebhookInTroubleHoldsUpNoMessage(t *testing.T) {
	t.Parallel()
	b, lanes := newCalls(t, callOf("crm"), program.Op{Kind: program.OpSend, Who: program.Contact, Text: "hi"})
	down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	defer down.Close()
	b.connect("crm", down.URL)
	if left := b.deliver(); left != b.lane.Deliveries[0] {
		t.Errorf("of the call, left %d", left)
	}
	b.lane = lanes[1]
	if left := b.deliver(); left != 0 {
		t.Errorf("of the message, left %d", left)
	}
	b.sent("hi")
}

func TestAPictureAndQuickRepliesLeaveWithTheirText(t *testing.T) {
	t.Parallel()
	b, _ := newCalls(t, program.Op{
		Kind: program.OpSend, Who: program.Contact, Text: "look", Picture: "https://example.com/a.png", QuickReplies: []string{"☕", "no"},
	})
	if left := b.deliver(); left != 0 {
		t.Fatalf("left %d", left)
	}
	got := b.api.Messages()[0]
	if got.Text != "look" || got.Picture != "https://example.com/a.png" || strings.Join(got.QuickReplies, ",") != "☕,no" {
		t.Errorf("sent %+v", got)
	}
}
