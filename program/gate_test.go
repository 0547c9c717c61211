package program

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestReadingWhatAnEntryPointAsksFor(t *testing.T) {
	p := mustParse(t, `
link_suffix: _ref
entry_points:
  launch:
    flow: f
    active: {from: 2026-03-01, until: "2026-04-01T18:00:00-05:00"}
    paused: true
    channels: [telegram, webchat, telegram]
    caps: {per_day: 3, per_referrer: 20, total: 500}
    velocity: {at_most: 5, within: 10m}
    typed_code: 7d
    hold: {for: 7d, until: still_subscribed}
    approval: manual
  open: {flow: f, channels: telegram, hold: {until: qualified}}
flows: {f: [{send: hola}]}
rewards: {cafe: {title: Café, on_void: revoke}, abrazo: {title: Abrazo}}
`)
	day := func(month time.Month, hour int) time.Time { return time.Date(2026, month, 1, hour, 0, 0, 0, time.UTC) }
	want := []EntryPoint{
		{
			Name: "launch", Flow: "f", Attribution: FirstTouch, Active: Window{day(time.March, 0), day(time.April, 23)}, Paused: true,
			Channels: []string{"telegram", "webchat"}, Caps: Caps{3, 20, 500}, Velocity: Velocity{5, 10 * time.Minute},
			TypedCode: 7 * 24 * time.Hour, Hold: Hold{7 * 24 * time.Hour, UntilStillSubscribed}, Approval: ManualApproval,
		},
		{
			Name: "open", Flow: "f", Attribution: FirstTouch, Channels: []string{"telegram"}, Hold: Hold{Until: UntilQualified}, Approval: AutoApproval,
		},
	}
	if !reflect.DeepEqual(p.EntryPoints, want) {
		t.Errorf("got  %+v\nwant %+v", p.EntryPoints, want)
	}
	if p.LinkSuffix != "_ref" || !slices.Equal(p.Revocable(), []string{"cafe"}) {
		t.Errorf("suffix %q, revocable %q", p.LinkSuffix, p.Revocable())
	}
}

func TestMistakesInWhatAnEntryPointAsksForAreReportedAtTheirLine(t *testing.T) {
	tests := map[string]string{
		"windows": `
flows: {f: [{send: hola}]}
entry_points:
  a: {flow: f, active: {from: ayer}} # <- bad_moment
  b: {flow: f, active: {from: 2026-13-01}} # <- bad_moment
  c: {flow: f, active: {until: 2026-03-01T10:00:00}} # <- bad_moment
  d: {flow: f, active: {from: 2026-03-02, until: 2026-03-01}} # <- ends_before_start
  e: {flow: f, active: {from: 2026-03-01, until: 2026-03-01}} # <- ends_before_start
  f: {flow: f, active: 2026-03-01} # <- mapping_expected
  g: {flow: f, active: {from: 2026-03-01, to: 2026-03-02}} # <- unknown_key
  h: {flow: f, active: {until: 2026-03-01T10:00:00Z}}`,
		"limits": `
flows: {f: [{send: hola}]}
entry_points:
  a: {flow: f, caps: {per_day: 0}} # <- positive_number_expected
  b: {flow: f, caps: {per_referrer: -1}} # <- positive_number_expected
  c: {flow: f, caps: {total: muchos}} # <- number_expected
  d: {flow: f, velocity: {at_most: 5}} # <- missing_key
  e: {flow: f, velocity: {within: 10m}} # <- missing_key
  f: {flow: f, velocity: {at_most: 5, within: 10}} # <- bad_duration
  g: {flow: f, caps: {daily: 5}} # <- unknown_key`,
		"channels": `
flows: {f: [{send: hola}]}
entry_points:
  a: {flow: f, channels: [Telegram]} # <- bad_channel_name
  b: {flow: f, channels: []} # <- empty_text
  c: {flow: f, channels: "mi canal"} # <- bad_channel_name
  d: {flow: f, paused: quizás} # <- true_or_false_expected`,
		"holds": `
flows: {f: [{send: hola}]}
entry_points:
  a: {flow: f, hold: {for: 7d}} # <- missing_key
  b: {flow: f, hold: {until: still_subscribed}} # <- hold_without_time
  c: {flow: f, hold: {for: siempre, until: qualified}} # <- bad_duration
  d: {flow: f, hold: {until: qualifed}} # <- unknown_hold
  e: {flow: f, approval: manuel} # <- unknown_approval
  f: {flow: f, typed_code: sí} # <- bad_duration`,
		"rewards": `
flows: {f: [{send: hola}]}
entry_points: {a: {flow: f}}
rewards: {cafe: {title: Café, on_void: revoca}} # <- unknown_void_policy`,
		"suffix without its mark": `
link_suffix: ref # <- bad_link_suffix
flows: {f: [{send: hola}]}
entry_points: {a: {flow: f}}`,
		"suffix too long": `
link_suffix: -abcdefgh # <- bad_link_suffix
flows: {f: [{send: hola}]}
entry_points: {a: {flow: f}}`,
		"names that links with this suffix, or old links, would confuse": `
link_suffix: _r
flows: {f: [{send: hola}]}
entry_points:
  summer_rabcdefghij: {flow: f} # <- ambiguous_entry_point_name
  winter-cabcdefghij: {flow: f} # <- ambiguous_entry_point_name
  autumn_referral: {flow: f}`,
	}
	for name, source := range tests {
		t.Run(name, func(t *testing.T) {
			p, problems := Parse([]byte(source))
			if p != nil {
				t.Fatal("it was accepted")
			}
			if got, want := foundProblems(problems.Errors()), markedProblems(source); !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func TestDoubtfulRulesOfEntryPointsAreWarnedOf(t *testing.T) {
	source := `
fields: {puntos: {type: number}, veces: {type: number}}
entry_points:
  a:
    flow: f
    hold: {until: approved}
    approval: manual # <- approved_twice
    caps:
      per_day: 30 # <- cap_never_met
      per_referrer: 20
      total: 25
  b: {flow: f, hold: {until: qualified}, approval: manual}
triggers:
  - on: referral_qualified # <- never_qualified
    entry_point: a
    do: [{increment: puntos}]
  - on: referral_qualified
    do: [{increment: puntos}]
  - on: referral_voided
    do:
      - increment: puntos # <- reversed_anyway
        by: -2
      - increment: veces
      - run_flow: quitar
  - on: referred_new_contact
    do: [{if: {field: puntos, reaches: 3}, then: {send: bien}}]
flows:
  f: [{send: hola}]
  quitar:
    - increment: puntos # <- reversed_anyway
      by: -1
`
	p, problems := Parse([]byte(source))
	if p == nil {
		t.Fatal(problems)
	}
	want := append(markedProblems(source), "line 9: cap_never_met") // by each of the narrower two
	slices.Sort(want)
	if got := foundProblems(problems); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestAWindowIsOpenFromItsStartUntilJustBeforeItsEnd(t *testing.T) {
	from, until := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		window Window
		at     time.Time
		want   bool
	}{
		"no window":      {Window{}, from, true},
		"just before it": {Window{from, until}, from.Add(-time.Second), false},
		"at its start":   {Window{from, until}, from, true},
		"just inside":    {Window{from, until}, until.Add(-time.Second), true},
		"at its end":     {Window{from, until}, until, false},
		"without an end": {Window{From: from}, until, true},
		"without start":  {Window{Until: until}, from, true},
	}
	for name, test := range tests {
		if got := test.window.Open(test.at); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
