package worker

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/millenniumm/referrals/channel"
	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
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

func TestTheSweepGivesOverdueHoldsAWorkflow(t *testing.T) {
	t.Parallel()
	temporal := &notedTemporal{}
	newRelay(&notedInbox{}, temporal, nil, nil, slog.New(slog.DiscardHandler)).sweepHolds(t.Context())
	const run = "hold/referral/cafe/campaign1/abcdefghij/luisluis22/"
	if got, want := fmt.Sprint(temporal.started), fmt.Sprint([]string{run + "5", run + "6"}); got != want {
		t.Errorf("started %s instead of %s", got, want)
	}
}
