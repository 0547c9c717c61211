package worker

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
	"github.com/millenniumm/referrals/workflows/contract"
)

const takesCodes = `
locale: en
entry_points: {door: {flow: f}, launch: {flow: f, typed_code: 7d}}
keywords: [{match: aaaaaaaaaa, flow: f}]
flows: {f: [{send: hello}]}
`

func TestACodeThatIsTypedStartsAReferral(t *testing.T) {
	t.Parallel()
	rules, problems := program.Parse([]byte(takesCodes))
	if rules == nil {
		t.Fatal(problems)
	}
	now := time.Now()
	const started = "referral/cafe/launch/abcdefghij/luisluis22/5"
	for name, test := range map[string]struct {
		text, firstRef, ref string
		kind                channel.Kind
		ago                 time.Duration
		started             string
	}{
		"a whole code":                           {text: "launch-cabcdefghij", started: started},
		"a whole code of nobody":                 {text: "launch-c2222222222", started: "referral/cafe/launch/2222222222/luisluis22/5"},
		"somebody's bare code":                   {text: "ABCDEFGHIJ", started: started},
		"a word that looks like a code":          {text: "bienvenido"},
		"a code that is a keyword":               {text: "aaaaaaaaaa", started: "flow/cafe/5"},
		"a code too late":                        {text: "launch-cabcdefghij", ago: 8 * 24 * time.Hour},
		"a code by who came through a link":      {text: "launch-cabcdefghij", firstRef: "door-c2222222222"},
		"a code that comes with a ref":           {text: "launch-cabcdefghij", ref: "door", started: "flow/cafe/5"},
		"a button whose payload looks like one":  {text: "launch-cabcdefghij", kind: channel.Postback},
		"a code for an entry point without them": {text: "door-cabcdefghij"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inbox, temporal := &notedInbox{rules: rules}, &notedTemporal{}
			relay := newRelay(inbox, temporal, func() bool { return true }, nil, slog.New(slog.DiscardHandler))
			if test.kind == "" {
				test.kind = channel.Text
			}
			relay.handle(t.Context(), referral.LeasedEvent{
				Bot: "cafe", ID: 5, Kind: string(test.kind), UserID: "luisluis22", ProgramVersion: 1, Text: test.text, Ref: test.ref,
				ReceivedAt: now, From: referral.Stranger{FirstRef: test.firstRef, FirstAt: now.Add(-test.ago)},
			})
			want := "[" + test.started + "]"
			if got := fmt.Sprint(temporal.started); got != want {
				t.Errorf("started %s instead of %s", got, want)
			}
			if len(relay.finished) != 1 {
				t.Error("the event was not marked as done")
			}
		})
	}
}

func TestWhatAnEventFiresComesBeforeWhatItStarts(t *testing.T) {
	t.Parallel()
	rules, problems := program.Parse([]byte(`
locale: en
entry_points: {door: {flow: f}, launch: {flow: f, typed_code: 7d}}
keywords: [{match: points, flow: f}]
triggers:
  - {on: entry_point_opened, entry_point: launch, do: {add_tag: launched}}
  - {on: contact_created, do: {add_tag: new}}
  - {on: contact_created, do: {add_tag: newer}}
flows: {f: [{send: hello}]}
`))
	if rules == nil {
		t.Fatal(problems)
	}
	const created, createdToo, opened, flow = "triggers[1].do[0]", "triggers[2].do[0]", "triggers[0].do[0]", "flows.f[0]"
	for name, test := range map[string]struct {
		event referral.LeasedEvent
		runs  []string
	}{
		"somebody new opens":                  {referral.LeasedEvent{Kind: string(channel.Opening), IsNew: true}, []string{created, createdToo, flow}},
		"somebody known opens by a door":      {referral.LeasedEvent{Kind: string(channel.Opening), Ref: "launch"}, []string{opened, flow}},
		"somebody new opens by it":            {referral.LeasedEvent{Kind: string(channel.Opening), Ref: "launch", IsNew: true}, []string{created, createdToo, opened, flow}},
		"somebody new writes a keyword":       {referral.LeasedEvent{Kind: string(channel.Text), Text: "points", IsNew: true}, []string{created, createdToo, flow}},
		"somebody new writes something else":  {referral.LeasedEvent{Kind: string(channel.Text), Text: "hm", IsNew: true}, []string{created, createdToo}},
		"somebody known writes anything else": {referral.LeasedEvent{Kind: string(channel.Text), Text: "hm"}, nil},
		"somebody new types a code":           {referral.LeasedEvent{Kind: string(channel.Text), Text: "launch-cabcdefghij", IsNew: true, From: referral.Stranger{FirstAt: time.Now()}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temporal := &notedFlows{}
			relay := newRelay(&notedInbox{rules: rules}, temporal, func() bool { return true }, nil, slog.New(slog.DiscardHandler))
			test.event.Bot, test.event.ID, test.event.UserID, test.event.ProgramVersion = "cafe", 5, "luisluis22", 1
			relay.handle(t.Context(), test.event)
			if !slices.Equal(temporal.runs, test.runs) {
				t.Errorf("it runs %v instead of %v", temporal.runs, test.runs)
			}
		})
	}
}

// notedFlows notes where the flows start that are started.
type notedFlows struct {
	client.Client
	runs []string
}

func (n *notedFlows) ExecuteWorkflow(_ context.Context, _ client.StartWorkflowOptions, _ any, in ...any) (client.WorkflowRun, error) {
	if flow, ok := in[0].(contract.FlowInput); ok {
		for _, cursor := range append(slices.Clone(flow.Before), flow.From) {
			n.runs = append(n.runs, cursor.At)
		}
	}
	return nil, nil //nolint:nilnil // the relay asks only whether it failed
}

func TestTheSweepGivesOverdueHoldsAWorkflow(t *testing.T) {
	t.Parallel()
	temporal := &notedTemporal{}
	newRelay(&notedInbox{}, temporal, nil, nil, slog.New(slog.DiscardHandler)).sweepHolds(t.Context())
	const run = "hold/referral/cafe/campaign1/abcdefghij/luisluis22/"
	if got, want := fmt.Sprint(temporal.started), fmt.Sprint([]string{run + "5", run + "6"}); got != want {
		t.Errorf("started %s instead of %s", got, want)
	}
}
