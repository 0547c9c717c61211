package referral_test

import (
	"strings"
	"testing"
	"time"

	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/referral"
)

const codes = `
locale: en
link_suffix: _r
entry_points: {door: {flow: f}, launch: {flow: f, typed_code: 7d}, Club: {flow: f, typed_code: 1d}}
flows: {f: [{send: hello}]}
`

func parsed(t *testing.T, source string) *program.Program {
	t.Helper()
	rules, problems := program.Parse([]byte(source))
	if rules == nil {
		t.Fatal(problems)
	}
	return rules
}

func TestWhatIsReadAsATypedCode(t *testing.T) {
	t.Parallel()
	rules := parsed(t, codes)
	const ana = "abcdefghij"
	tests := map[string]struct {
		text, firstRef string
		after          time.Duration
		unknown        bool // when the contact first came
		want           string
		sure           bool
	}{
		"a whole ref":                          {text: "launch_r" + ana, want: "launch", sure: true},
		"with white space around it":           {text: "  launch_r" + ana + "\n", want: "launch", sure: true},
		"as a phone's keyboard capitalises it": {text: "Launch_rABCDEFGHIJ", want: "launch", sure: true},
		"with the suffix of old links":         {text: "launch-c" + ana, want: "launch", sure: true},
		"of another entry point":               {text: "Club_r" + ana, want: "Club", sure: true},
		"of another entry point, too late":     {text: "Club_r" + ana, after: 25 * time.Hour},
		"of one that takes no codes":           {text: "door_r" + ana},
		"of one that isn't there":              {text: "nowhere_r" + ana},
		"the end of a ref":                     {text: "_r" + ana, want: "launch"},
		"the end without its mark":             {text: "r" + ana, want: "launch"},
		"the old suffix's end":                 {text: "C" + ana, want: "launch"},
		"the user id alone":                    {text: strings.ToUpper(ana), want: "launch"},
		"part of a sentence":                   {text: "my code is " + ana},
		"half of it":                           {text: ana[:9]},
		"nothing":                              {text: ""},
		"just in time":                         {text: "launch_r" + ana, after: 7 * 24 * time.Hour, want: "launch", sure: true},
		"too late":                             {text: "launch_r" + ana, after: 7*24*time.Hour + time.Second},
		"by who came through a link":           {text: "launch_r" + ana, firstRef: "door_r2222222222"},
		"by who came through an open door":     {text: "launch_r" + ana, firstRef: "door"},
		"by who came with a ref of others":     {text: "launch_r" + ana, firstRef: "newsletter", want: "launch", sure: true},
		"by somebody from before we noted it":  {text: "launch_r" + ana, unknown: true},
	}
	for name, test := range tests {
		who := referral.Stranger{FirstRef: test.firstRef, FirstAt: opened}
		if test.unknown {
			who.FirstAt = time.Time{}
		}
		ref, sure, ok := referral.TypedCode(rules, test.text, who, opened.Add(test.after))
		if ok != (test.want != "") || ref.EntryPoint != test.want || sure != test.sure || ok && ref.Referrer != ana {
			t.Errorf("%s: %+v, sure %v, %v", name, ref, sure, ok)
		}
	}
}

func TestRefsOfAProgramWithItsOwnSuffix(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text, suffix string
		want         referral.Ref
	}{
		"its own":                         {"campaign1_rabcdefghij", "_r", referral.Ref{EntryPoint: "campaign1", Referrer: "abcdefghij"}},
		"an old link":                     {"campaign1-cabcdefghij", "_r", referral.Ref{EntryPoint: "campaign1", Referrer: "abcdefghij"}},
		"both, the last parts":            {"campaign1-c_rabcdefghij", "_r", referral.Ref{EntryPoint: "campaign1-c", Referrer: "abcdefghij"}},
		"its own twice":                   {"a_r_rabcdefghij", "_r", referral.Ref{EntryPoint: "a_r", Referrer: "abcdefghij"}},
		"a mark alone":                    {"campaign1-abcdefghij", "-", referral.Ref{EntryPoint: "campaign1", Referrer: "abcdefghij"}},
		"a mark alone, an old link":       {"campaign1-cabcdefghij", "-", referral.Ref{EntryPoint: "campaign1", Referrer: "abcdefghij"}},
		"a known name that holds it":      {"summer-campaign", "-", referral.Ref{EntryPoint: "summer-campaign"}},
		"a broken id":                     {"campaign1_rabc", "_r", referral.Ref{EntryPoint: "campaign1", Referrer: "abc"}},
		"another's suffix":                {"campaign1_xabcdefghij", "_r", referral.Ref{EntryPoint: "campaign1_xabcdefghij"}},
		"an unknown name with the suffix": {"nosuch_rabcdefghij", "_r", referral.Ref{EntryPoint: "nosuch", Referrer: "abcdefghij"}},
	}
	for name, test := range tests {
		if got, ok := referral.ParseRef(test.text, known, test.suffix); !ok || got != test.want {
			t.Errorf("%s: %+v, %v", name, got, ok)
		}
	}
	longest := referral.Ref{EntryPoint: strings.Repeat("a", 40), Referrer: referral.NewUserID()}.With("-abcdefg")
	if len(longest) > referral.MaxRefLength {
		t.Errorf("%s has %d characters", longest, len(longest))
	}
}
