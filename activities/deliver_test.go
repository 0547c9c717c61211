package activities_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/millenniumm/referrals/activities"
	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/channel/telegram"
	"github.com/millenniumm/referrals/channel/telegram/telegramtest"
	"github.com/millenniumm/referrals/internal/pgtest"
	"github.com/millenniumm/referrals/postgres"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

const token = "123456:a-token"

const threeMessages = `
name: Three
locale: en
entry_points: {campaign1: {flow: three}}
flows: {three: [{send: "one"}, {send: "two"}, {send: "three"}]}
`

// A bench has the activities on real books and a stand-in for Telegram, and a lane of three messages to send.
type bench struct {
	*activities.Activities
	t      *testing.T
	store  *postgres.Store
	api    *telegramtest.API
	server *httptest.Server
	lane   referral.Lane
}

func newBench(t *testing.T) bench {
	t.Helper()
	api := telegramtest.New(token)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	store := pgtest.NewStore(t)
	channels := map[string]channel.Adapter{"telegram": telegram.Adapter{}}
	b := bench{Activities: activities.New(store, store, store, channels), t: t, store: store, api: api, server: server}
	b.prepare()
	t.Cleanup(func() {
		if faults := api.Faults(); len(faults) > 0 {
			t.Errorf("requests no correct client makes: %v", faults)
		}
	})
	return b
}

func (b *bench) prepare() {
	b.t.Helper()
	ctx := b.t.Context()
	_, _, botErr := b.store.CreateBot(ctx, "shop", "Shop")
	accountErr := b.store.PutAccount(ctx, channel.Account{
		Bot: "shop", Name: "tg", Channel: "telegram", ExternalID: "shop_bot", APIBaseURL: b.server.URL,
		Credentials: map[string]string{"token": token, "secret_token": "secret"}, Settings: map[string]string{},
	})
	_, programErr := b.store.SaveProgram(ctx, "shop", threeMessages)
	ana := b.arrive()
	applied, err := b.Run(ctx, contract.FlowInput{
		Bot: "shop", Event: 1, Account: "tg", Contact: ana, Version: 1, From: program.Cursor{For: program.Contact, At: "flows.three[0]"},
	})
	if err := errors.Join(botErr, accountErr, programErr, err); err != nil {
		b.t.Fatal(err)
	}
	b.lane = applied.Lanes[0]
}

func (b *bench) arrive() (user string) {
	b.t.Helper()
	ctx, stop := context.WithCancel(b.t.Context())
	inbox := postgres.NewInbox(b.store, slog.New(slog.DiscardHandler))
	var running sync.WaitGroup
	running.Go(func() { inbox.Run(ctx) })
	arrived, err := inbox.Add(ctx, "shop", "tg", []channel.Event{{ID: "1", Kind: channel.Text, From: channel.Sender{ExternalID: "42"}}})
	stop()
	running.Wait()
	if err != nil {
		b.t.Fatal(err)
	}
	return arrived[0].UserID
}

func (b *bench) deliver() (left int64) {
	b.t.Helper()
	delivered, err := b.Deliver(b.t.Context(), activities.DeliverInput{Bot: "shop", Lane: b.lane})
	if err != nil {
		b.t.Fatal(err)
	}
	return delivered.Left
}

func (b *bench) tryAgain(place int) (activities.Attempted, *temporal.ApplicationError) {
	b.t.Helper()
	attempted, err := b.Attempt(b.t.Context(), channel.DeliveryID{Bot: "shop", ID: b.lane.Deliveries[place]})
	var failed *temporal.ApplicationError
	if err != nil && !errors.As(err, &failed) {
		b.t.Fatal(err)
	}
	return attempted, failed
}

func (b *bench) sent(want ...string) {
	b.t.Helper()
	var texts []string
	for _, message := range b.api.Messages() {
		texts = append(texts, message.Text)
	}
	if len(texts) != len(want) {
		b.t.Fatalf("sent %v, want %v", texts, want)
	}
	for i := range want {
		if texts[i] != want[i] {
			b.t.Errorf("sent %v, want %v", texts, want)
		}
	}
}

func (b *bench) state(place int) channel.DeliveryState {
	b.t.Helper()
	standing, err := b.store.Standing(b.t.Context(), "shop", b.lane.Deliveries[place])
	if err != nil {
		b.t.Fatal(err)
	}
	return standing.State
}

func TestALaneLeavesInOrderAndOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 3 { // a step is run again after a crash
		if left := b.deliver(); left != 0 {
			t.Errorf("left %d", left)
		}
	}
	for place := range b.lane.Deliveries {
		if attempted, failed := b.tryAgain(place); failed != nil || attempted.State != channel.Accepted {
			t.Errorf("its workflow: %+v, %v", attempted, failed)
		}
	}
	b.sent("one", "two", "three")
}

// A lateAdapter succeeds just when its caller gives up.
type lateAdapter struct {
	channel.Adapter
	giveUp func()
}

func (a lateAdapter) Send(context.Context, channel.Account, string, channel.Message) (channel.Receipt, error) {
	a.giveUp()
	return channel.Receipt{PlatformID: "m1"}, nil
}

func TestAKnownSuccessSurvivesACallerWhoGaveUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, giveUp := context.WithCancel(t.Context())
	late := activities.New(b.store, b.store, b.store, map[string]channel.Adapter{"telegram": lateAdapter{giveUp: giveUp}})
	lane := referral.Lane{Account: "tg", Deliveries: b.lane.Deliveries[:1]}
	if delivered, err := late.Deliver(ctx, activities.DeliverInput{Bot: "shop", Lane: lane}); delivered.Left != 0 || err != nil {
		t.Errorf("left %d, %v", delivered.Left, err)
	}
	if b.state(0) != channel.Accepted {
		t.Errorf("it is %s", b.state(0))
	}
}

// A deafOutbox takes deliveries but can't be told what became of them, as when Postgres goes away during a call.
type deafOutbox struct {
	*postgres.Store
	deaf bool
}

func (o *deafOutbox) Finish(ctx context.Context, attempt channel.Attempt, outcome channel.Outcome) (channel.DeliveryState, error) {
	if o.deaf {
		return "", errors.New("connection refused")
	}
	return o.Store.Finish(ctx, attempt, outcome)
}

func TestAKnownSuccessIsNotRepeatedWhenTheBooksWereAway(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]func(b *bench, a *activities.Activities) (*activities.Unwritten, error){
		"in a first attempt": func(b *bench, a *activities.Activities) (*activities.Unwritten, error) {
			delivered, err := a.Deliver(b.t.Context(), activities.DeliverInput{Bot: "shop", Lane: b.lane})
			if delivered.Left != b.lane.Deliveries[0] {
				b.t.Errorf("left %d", delivered.Left)
			}
			return delivered.Unwritten, err
		},
		"in its workflow": func(b *bench, a *activities.Activities) (*activities.Unwritten, error) {
			attempted, err := a.Attempt(b.t.Context(), channel.DeliveryID{Bot: "shop", ID: b.lane.Deliveries[0]})
			return attempted.Unwritten, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			outbox := &deafOutbox{b.store, true}
			a := activities.New(b.store, outbox, b.store, map[string]channel.Adapter{"telegram": telegram.Adapter{}})
			unwritten, err := try(&b, a)
			if err != nil || unwritten == nil {
				t.Fatalf("the receipt was lost: %v", err)
			}
			if err := a.Record(t.Context(), *unwritten); err == nil {
				t.Error("the books could be told although they are away")
			}
			outbox.deaf = false
			if err := a.Record(t.Context(), *unwritten); err != nil || b.state(0) != channel.Accepted {
				t.Errorf("state %s, %v", b.state(0), err)
			}
			b.sent("one")
		})
	}
}

func TestAnAccountInTroubleGetsNoFirstAttempt(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.api.Script(telegramtest.TooManyRequests(7))
	if left := b.deliver(); left != b.lane.Deliveries[0] || b.state(0) != channel.Queued {
		t.Errorf("left %d, state %s", left, b.state(0))
	}
	if left := b.deliver(); left != b.lane.Deliveries[0] {
		t.Errorf("left %d", left)
	}
	b.sent()
	if attempted, failed := b.tryAgain(0); failed != nil || attempted.State != channel.Accepted || attempted.Next != b.lane.Deliveries[1] {
		t.Errorf("its workflow: %+v, %v", attempted, failed)
	}
	if left := b.deliver(); left != 0 {
		t.Errorf("after a success, left %d", left)
	}
	b.sent("one", "two", "three")
}

func TestARecipientWhoIsGoneEndsOneMessageAndNotTheAccount(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.api.Script(telegramtest.BlockedByUser(), telegramtest.Fail(400, "Bad Request: message text is empty"))
	if left := b.deliver(); left != 0 {
		t.Errorf("left %d", left)
	}
	if b.state(0) != channel.Failed || b.state(1) != channel.Failed || b.state(2) != channel.Accepted {
		t.Errorf("states %s, %s, %s", b.state(0), b.state(1), b.state(2))
	}
	b.sent("three")
}

func TestWhatMayYetSucceedIsRepeatedByTemporal(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer telegramtest.Answer
		kind   string
		pause  time.Duration
	}{
		"too fast":             {telegramtest.TooManyRequests(7), "send/throttle", 7 * time.Second},
		"an operator must act": {telegramtest.Fail(401, "Unauthorized"), "send/config", 5 * time.Minute},
		"nobody knows":         {telegramtest.Lost(), "send/unknown", time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.api.Script(test.answer)
			_, failed := b.tryAgain(0)
			if failed == nil || failed.Type() != test.kind || failed.NextRetryDelay() != test.pause || failed.NonRetryable() {
				t.Fatalf("got %+v", failed)
			}
			if attempted, failed := b.tryAgain(0); failed != nil || attempted.State != channel.Accepted {
				t.Errorf("tried again: %+v, %v", attempted, failed)
			}
		})
	}
}

func TestNothingReachedThePlatformIsARetry(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.server.Close()
	if _, failed := b.tryAgain(0); failed == nil || failed.Type() != "send/retry" {
		t.Errorf("got %+v", failed)
	}
}

func TestADeliverySomebodyElseHasIsTriedLater(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, ok, err := b.store.Begin(t.Context(), "shop", b.lane.Deliveries[0], time.Minute); !ok || err != nil {
		t.Fatal(ok, err)
	}
	_, failed := b.tryAgain(0)
	if failed == nil || failed.Type() != "send/held" || failed.NextRetryDelay() < 30*time.Second || failed.NonRetryable() {
		t.Errorf("being sent: %+v", failed)
	}
	if _, failed := b.tryAgain(1); failed == nil || failed.Type() != "send/held" || failed.NextRetryDelay() != time.Second {
		t.Errorf("behind it: %+v", failed)
	}
	if left := b.deliver(); left != b.lane.Deliveries[0] {
		t.Errorf("a first attempt: left %d", left)
	}
	b.sent()
}

func TestExpiringGivesTheTurnToTheNext(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	attempted, err := b.Expire(t.Context(), channel.DeliveryID{Bot: "shop", ID: b.lane.Deliveries[0]})
	if err != nil || attempted.State != channel.Expired || attempted.Next != b.lane.Deliveries[1] {
		t.Errorf("%+v, %v", attempted, err)
	}
	if attempted, failed := b.tryAgain(0); failed != nil || attempted.State != channel.Expired {
		t.Errorf("an attempt afterwards: %+v, %v", attempted, failed)
	}
	b.sent()
}

func TestADeliveryErasedMeanwhileIsOver(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	attempted, err := b.Attempt(t.Context(), channel.DeliveryID{Bot: "shop", ID: 12345})
	if err != nil || attempted.State != channel.Expired {
		t.Errorf("%+v, %v", attempted, err)
	}
}

func TestAContactThatIsNotThereIsLostForGood(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	_, err := b.Run(t.Context(), contract.FlowInput{Bot: "shop", Event: 2, Contact: "nobody", Version: 1, From: program.Cursor{For: program.Contact, At: "flows.three[0]"}})
	var failed *temporal.ApplicationError
	if !errors.As(err, &failed) || failed.Type() != activities.LostError || !failed.NonRetryable() {
		t.Errorf("got %v", err)
	}
}
