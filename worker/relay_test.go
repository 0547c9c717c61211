package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

// notedInbox notes what becomes of events. It leases nothing: the tests hand events to the relay themselves.
type notedInbox struct {
	Inbox
	rules *program.Program // nil: the bot has none
	notes []string
}

func (n *notedInbox) note(format string, arguments ...any) error {
	n.notes = append(n.notes, fmt.Sprintf(format, arguments...))
	return nil
}

func (n *notedInbox) Program(context.Context, string, int32) (*program.Program, error) {
	if n.rules == nil {
		return nil, referral.ErrNoProgram
	}
	return n.rules, nil
}

func (n *notedInbox) ReleaseEvent(_ context.Context, _ referral.LeasedEvent, _ time.Duration, counted bool) error {
	return n.note("released, counted %v", counted)
}

func (n *notedInbox) ParkEvent(_ context.Context, _ referral.LeasedEvent, reason string) error {
	return n.note("parked: %s", reason)
}

func (n *notedInbox) ParkForProgram(context.Context, referral.LeasedEvent) (bool, error) {
	return n.rules == nil, n.note("parked until there is a program")
}

func (n *notedInbox) ApplyMembership(_ context.Context, event referral.LeasedEvent) error {
	return n.note("membership %s", event.Kind)
}

func (n *notedInbox) OverdueHolds(context.Context, time.Duration, int) ([]referral.HeldReferral, error) {
	return []referral.HeldReferral{
		{Bot: "cafe", Run: "referral/cafe/campaign1/abcdefghij/luisluis22/5", Account: "tg"},
		{Bot: "cafe", Run: "flow/cafe/5"}, // nobody's
		{Bot: "cafe", Run: "referral/cafe/campaign1/abcdefghij/luisluis22/6", Account: "tg"},
	}, nil
}

func (n *notedInbox) HasContact(_ context.Context, _, userID string) (bool, error) {
	return userID == "abcdefghij", nil
}

func (n *notedInbox) ReopenWindow(context.Context, referral.LeasedEvent) error { return nil }

func (n *notedInbox) Overdue(context.Context, time.Duration, int) ([]channel.DeliveryID, error) {
	return []channel.DeliveryID{{Bot: "cafe", ID: 7}, {Bot: "cafe", ID: 8}}, nil
}

func (n *notedInbox) LookedAfter(_ context.Context, delivery channel.DeliveryID) error {
	return n.note("looked after %d", delivery.ID)
}

// notedTemporal notes what is started and answers as it is told.
type notedTemporal struct {
	client.Client
	mu      sync.Mutex
	started []string
	answer  error
}

func (n *notedTemporal) ExecuteWorkflow(_ context.Context, options client.StartWorkflowOptions, _ any, _ ...any) (client.WorkflowRun, error) {
	return nil, n.start(options)
}

func (n *notedTemporal) SignalWithStartWorkflow(
	_ context.Context, _, signal string, _ any, options client.StartWorkflowOptions, _ any, _ ...any,
) (client.WorkflowRun, error) {
	options.ID += " " + signal
	return nil, n.start(options)
}

func (n *notedTemporal) start(options client.StartWorkflowOptions) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.started = append(n.started, options.ID)
	return n.answer
}

func template(t *testing.T) *program.Program {
	t.Helper()
	rules, problems := program.Parse(program.Template("es"))
	if rules == nil {
		t.Fatal(problems)
	}
	return rules
}

func TestWhatAnEventStarts(t *testing.T) {
	t.Parallel()
	const opening, text = string(channel.Opening), string(channel.Text)
	for name, test := range map[string]struct {
		event   referral.LeasedEvent
		started string
		note    string
	}{
		"an opening through somebody's link starts a referral": {
			event: referral.LeasedEvent{Kind: opening, Ref: "campaign1-cabcdefghij"}, started: "referral/cafe/campaign1/abcdefghij/luisluis22/5",
		},
		"so does a message that carries a ref": {
			event: referral.LeasedEvent{Kind: text, Ref: "campaign1-cabcdefghij", Text: "hola"}, started: "referral/cafe/campaign1/abcdefghij/luisluis22/5",
		},
		"an opening through a door's own link starts its flow":   {event: referral.LeasedEvent{Kind: opening, Ref: "campaign1"}, started: "flow/cafe/5"},
		"an opening without a ref starts a flow":                 {event: referral.LeasedEvent{Kind: opening}, started: "flow/cafe/5"},
		"an opening with a ref nobody understands starts a flow": {event: referral.LeasedEvent{Kind: opening, Ref: "'; --"}, started: "flow/cafe/5"},
		"a keyword starts its flow":                              {event: referral.LeasedEvent{Kind: text, Text: "  REFERIR "}, started: "flow/cafe/5"},
		"anything else that is written starts nothing":           {event: referral.LeasedEvent{Kind: text, Text: "hola"}},
		"a block is applied":                                     {event: referral.LeasedEvent{Kind: string(channel.Blocked)}, note: "membership blocked"},
		"a wake signals the delivery":                            {event: referral.LeasedEvent{Kind: "wake", Target: "9"}, started: "delivery/cafe/9 wake"},
		"a wake of a hold signals the hold": {
			event:   referral.LeasedEvent{Kind: "wake", Target: "hold/referral/cafe/campaign1/abcdefghij/luisluis22/5", Text: "tg"},
			started: "hold/referral/cafe/campaign1/abcdefghij/luisluis22/5 wake",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inbox, temporal := &notedInbox{rules: template(t)}, &notedTemporal{}
			relay := newRelay(inbox, temporal, func() bool { return true }, nil, slog.New(slog.DiscardHandler))
			test.event.Bot, test.event.ID, test.event.UserID, test.event.ProgramVersion = "cafe", 5, "luisluis22", 1
			relay.handle(t.Context(), test.event)
			if got := fmt.Sprint(temporal.started); test.started != "" && got != "["+test.started+"]" || test.started == "" && got != "[]" {
				t.Errorf("started %s instead of %q", got, test.started)
			}
			if got := fmt.Sprint(inbox.notes); got != "["+test.note+"]" {
				t.Errorf("noted %s instead of %q", got, test.note)
			}
			if len(relay.finished) != 1 {
				t.Error("the event was not marked as done")
			}
		})
	}
}

func TestWhatBecomesOfAnEventThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer   error
		attempts int
		without  bool // the bot has no program
		unusable error
		note     string
		done     bool
	}{
		"started before: done":                          {answer: serviceerror.NewWorkflowExecutionAlreadyStarted("", "", ""), done: true},
		"Temporal away: back, and not its fault":        {answer: serviceerror.NewUnavailable("gone"), note: "released, counted false"},
		"Temporal too slow: back, and not its fault":    {answer: context.DeadlineExceeded, note: "released, counted false"},
		"outages never park":                            {answer: errors.New("connection refused"), attempts: 99, note: "released, counted false"},
		"refused: back, and counted":                    {answer: serviceerror.NewInvalidArgument("bad id"), note: "released, counted true"},
		"refused for the fifth time: parked":            {answer: serviceerror.NewInvalidArgument("bad id"), attempts: 4, note: "parked: start referral/cafe/campaign1/abcdefghij/luisluis22/5: bad id"},
		"before the bot has a program: parked for then": {without: true, note: "parked until there is a program"},
		"the namespace lost our search attributes: back, and not its fault": {
			answer: serviceerror.NewInvalidArgument("no mapping"), attempts: 99, unusable: errors.New("no mapping"), note: "released, counted false",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inbox, temporal := &notedInbox{rules: template(t)}, &notedTemporal{answer: test.answer}
			if test.without {
				inbox.rules = nil
			}
			usable := func(context.Context) error { return test.unusable }
			relay := newRelay(inbox, temporal, func() bool { return true }, usable, slog.New(slog.DiscardHandler))
			version := int32(1)
			if test.without {
				version = 0
			}
			relay.handle(t.Context(), referral.LeasedEvent{
				Bot: "cafe", ID: 5, Kind: string(channel.Opening), Ref: "campaign1-cabcdefghij", UserID: "luisluis22", Attempts: test.attempts, ProgramVersion: version,
			})
			if got := len(relay.finished) == 1; got != test.done {
				t.Errorf("done: %v", got)
			}
			if got := fmt.Sprint(inbox.notes); test.note != "" && got != "["+test.note+"]" {
				t.Errorf("noted %s instead of %q", got, test.note)
			}
		})
	}
}

func TestTheSweepGivesOrphansAWorkflow(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]error{
		"that has none": nil, "unless it has one": serviceerror.NewWorkflowExecutionAlreadyStarted("", "", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inbox, temporal := &notedInbox{}, &notedTemporal{answer: answer}
			newRelay(inbox, temporal, nil, nil, slog.New(slog.DiscardHandler)).sweep(t.Context())
			want := []string{contract.DeliveryInput{Bot: "cafe", Delivery: 7}.ID(), contract.DeliveryInput{Bot: "cafe", Delivery: 8}.ID()}
			if fmt.Sprint(temporal.started) != fmt.Sprint(want) || fmt.Sprint(inbox.notes) != "[looked after 7 looked after 8]" {
				t.Errorf("started %v, noted %v", temporal.started, inbox.notes)
			}
		})
	}
}
