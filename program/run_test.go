package program

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

// mustParse accepts warnings: several of these programs are strange on purpose.
func mustParse(t testing.TB, source string) *Program {
	t.Helper()
	p, problems := Parse([]byte(source))
	for _, problem := range problems.Errors() {
		t.Fatalf("line %d, %s: %s", problem.Line, problem.Path, problem.Message("en"))
	}
	checkValidates(t, source)
	return p
}

func referrerWith(puntos int64) State {
	return State{
		People: map[Role]*Person{
			Referrer: {
				UserID: "aaaaaaaaaa", FirstName: "Ana", LastName: "Ruiz", Username: "ana", Locale: "es",
				Numbers: map[string]int64{"puntos": puntos}, Texts: map[string]string{"ciudad": "Bogotá"},
				Tags:  map[string]bool{"vip": true},
				Links: map[string]string{"campaign1": "https://t.me/bot?start=campaign1-caaaaaaaaaa"},
			},
			Invitee: {UserID: "bbbbbbbbbb", FirstName: "Beto"},
		},
		EntryPoint: "campaign1",
	}
}

// told is what a run decided, one line for each thing.
func told(o Outcome) []string {
	var lines []string
	for _, op := range o.Ops {
		lines = append(lines, opLine(op))
	}
	for _, wait := range o.Waits {
		line := "wait " + wait.For.String() + " then " + string(wait.Cursor.For) + " at " + wait.Cursor.At
		if wait.Cursor.Reward != "" {
			line += " with " + wait.Cursor.Reward
		}
		lines = append(lines, line)
	}
	return lines
}

func opLine(op Op) string {
	raw, _ := json.Marshal(op)
	var members map[string]any
	_ = json.Unmarshal(raw, &members)
	line := string(op.Kind) + " " + string(op.Who)
	for _, name := range []string{"Field", "Tag", "Reward", "Webhook", "Delta", "Number", "Text", "Picture", "QuickReplies", "With"} {
		if value := members[name]; value != nil && value != "" && value != 0.0 {
			value, _ := json.Marshal(value)
			line += " " + strings.Trim(strings.ReplaceAll(string(value), CodeHole, "[code]"), `"`)
		}
	}
	if op.Basis != nil {
		basis, _ := json.Marshal(op.Basis.Threshold)
		line += " basis " + op.Basis.Field + " " + string(basis)
	}
	return line
}

func checkTold(t *testing.T, o Outcome, want ...string) {
	t.Helper()
	if got := told(o); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestRunningAFlowForTheReferrer(t *testing.T) {
	tests := map[string]struct {
		steps string
		want  []string
	}{
		"increment by one": {"[{increment: puntos}]", []string{"increment referrer puntos 1"}},
		"increment by less than nought": {
			"[{increment: puntos, by: -3}, {send: '{{puntos}}'}]",
			[]string{"increment referrer puntos -3", "send referrer 6"},
		},
		"increment no further than numbers go": {
			"[{set: puntos, to: 9007199254740990}, {increment: puntos, by: 9}, {send: '{{puntos}}'}]",
			[]string{"set_number referrer puntos 9007199254740990", "increment referrer puntos 2", "send referrer 9007199254740992"},
		},
		"set a number": {
			"[{set: puntos, to: 3}, {send: '{{puntos}}'}]",
			[]string{"set_number referrer puntos 3", "send referrer 3"},
		},
		"set a text from a variable": {
			"[{set: ciudad, to: 'La de {{first_name}}'}, {send: '{{ciudad}}'}]",
			[]string{"set_text referrer ciudad La de Ana", "send referrer La de Ana"},
		},
		"tags": {
			"[{add_tag: nuevo}, {remove_tag: vip}, {if: {tag: vip, is_set: true}, then: {send: a}, else: {send: b}}]",
			[]string{"add_tag referrer nuevo", "remove_tag referrer vip", "send referrer b"},
		},
		"grant and its code": {
			"[{grant_reward: cafe}, {send: '{{reward.title}}: {{reward.code}}'}]",
			[]string{"grant referrer cafe", "send referrer cafe Un café: [code]"},
		},
		"a message without the code names no reward": {
			"[{grant_reward: cafe}, {send: '{{reward.title}}'}]",
			[]string{"grant referrer cafe", "send referrer Un café"},
		},
		"the code without a grant": {
			"[{send: 'Tu código: {{reward.code}}'}, {send: '{{reward.code|ninguno}}'}]",
			[]string{"send referrer Tu código:", "send referrer ninguno"},
		},
		"the flow it runs, then the next step": {
			"[{run_flow: g}, {send: después}]",
			[]string{"add_tag referrer g", "send referrer después"},
		},
		"a reward granted in the flow it runs": {
			"[{run_flow: premio}, {send: '{{reward.title}}'}]",
			[]string{"grant referrer cafe", "send referrer Un café"},
		},
		"a wait ends the list and those around it": {
			"[{if: {tag: vip, is_set: true}, then: [{wait: 2h}, {send: a}]}, {send: b}]",
			[]string{"wait 2h0m0s then referrer at flows.f[0].then[1]"},
		},
		"a wait at the end of an if goes on after it": {
			"[{if: {tag: vip, is_set: false}, then: [{send: a}], else: [{wait: 2h}]}, {send: b}]",
			[]string{"wait 2h0m0s then referrer at flows.f[1]"},
		},
		"a wait with nothing after it": {"[{send: a}, {wait: 2h}]", []string{"send referrer a"}},
		"a wait keeps the reward":      {"[{grant_reward: cafe}, {wait: 1d}, {send: '{{reward.code}}'}]", []string{"grant referrer cafe", "wait 24h0m0s then referrer at flows.f[2] with cafe"}},
		"a wait in a flow it runs holds only that flow": {
			"[{run_flow: espera}, {run_flow: espera}, {send: c}]",
			[]string{"send referrer c", "wait 1m30s then referrer at flows.espera[1]", "wait 1m30s then referrer at flows.espera[1]"},
		},
		"grant on reaching a number": {
			"[{increment: puntos}, {if: {field: puntos, reaches: 10}, then: [{grant_reward: cafe}]}]",
			[]string{"increment referrer puntos 1", "grant referrer cafe basis puntos 10"},
		},
		"grant deeper under a threshold, and in a flow run there": {
			"[{if: {field: puntos, at_least: 5}, then: [{if: {tag: vip, is_set: true}, then: [{grant_reward: abrazo}, {run_flow: premio}]}]}]",
			[]string{"grant referrer abrazo basis puntos 5", "grant referrer cafe basis puntos 5"},
		},
		"grant under the nearest threshold": {
			"[{if: {field: puntos, at_least: 5}, then: [{if: {field: puntos, at_least: 6}, then: [{grant_reward: cafe}]}]}]",
			[]string{"grant referrer cafe basis puntos 6"},
		},
		"grant in an else, or under another operator, has no basis": {
			"[{if: {field: puntos, at_least: 50}, then: {send: a}, else: {grant_reward: cafe}}, {if: {field: puntos, greater: 5}, then: {grant_reward: abrazo}}]",
			[]string{"grant referrer cafe", "grant referrer abrazo"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := mustParse(t, flowsOf("  f: "+test.steps+`
  g: {add_tag: g}
  premio: {grant_reward: cafe}
  espera: [{wait: 90s}, {send: luego}]
`))
			checkTold(t, p.Run(referrerWith(9), Cursor{For: Referrer, At: "flows.f[0]"}), test.want...)
		})
	}
}

func TestConditions(t *testing.T) {
	tests := map[string]bool{
		"{field: puntos, equals: 9}":        true,
		"{field: puntos, not_equals: 9}":    false,
		"{field: puntos, greater: 8}":       true,
		"{field: puntos, greater: 9}":       false,
		"{field: puntos, at_least: 9}":      true,
		"{field: puntos, at_least: 10}":     false,
		"{field: puntos, less: 10}":         true,
		"{field: puntos, less: 9}":          false,
		"{field: puntos, at_most: 9}":       true,
		"{field: puntos, at_most: 8}":       false,
		"{field: puntos, is_set: true}":     true,
		"{field: puntos, reaches: 9}":       false,
		"{field: otros, is_set: true}":      false,
		"{field: otros, is_set: false}":     true,
		"{field: otros, equals: 0}":         true,
		"{field: otros, at_least: -1}":      true,
		"{field: ciudad, equals: BOGOTA}":   true,
		"{field: ciudad, not_equals: Lima}": true,
		"{field: ciudad, contains: ogó}":    true,
		"{field: ciudad, contains: x}":      false,
		"{field: ciudad, is_set: true}":     true,
		"{field: pais, is_set: false}":      true,
		"{field: pais, equals: Perú}":       false,
		"{tag: vip, is_set: true}":          true,
		"{tag: vip, is_set: false}":         false,
		"{tag: nuevo, is_set: false}":       true,
	}
	for condition, want := range tests {
		t.Run(condition, func(t *testing.T) {
			p := mustParse(t, `
fields: {puntos: {type: number}, otros: {type: number}, ciudad: {type: text}, pais: {type: text}}
entry_points: {a: {flow: f}}
flows: {f: [{if: `+condition+`, then: {send: sí}, else: {send: no}}]}`)
			outcome := p.Run(referrerWith(9), Cursor{For: Referrer, At: "flows.f[0]"})
			if got := outcome.Ops[0].Text == "sí"; got != want || outcome.Checks[0].Held != want {
				t.Errorf("got %v, checks %v", got, outcome.Checks)
			}
		})
	}
}

func TestReaches(t *testing.T) {
	source := func(do string) string {
		return `
fields: {puntos: {type: number}}
entry_points: {a: {flow: saludo}}
rewards: {cafe: {title: Café}}
triggers: ` + do + `
flows:
  saludo: {send: hola}
  revisar: {if: {field: puntos, reaches: 10}, then: {grant_reward: cafe}, else: {send: "{{puntos}}"}}
`
	}
	const trigger = "{on: referred_new_contact, do: "
	tests := map[string]struct {
		before int64
		do     string
		want   []string
	}{
		"not yet": {
			7, trigger + "[{increment: puntos, by: 2}, {run_flow: revisar}]}",
			[]string{"increment referrer puntos 2", "send referrer 9"},
		},
		"exactly": {
			8, trigger + "[{increment: puntos, by: 2}, {run_flow: revisar}]}",
			[]string{"increment referrer puntos 2", "grant referrer cafe basis puntos 10"},
		},
		"jumped over": {
			9, trigger + "[{increment: puntos, by: 2}, {run_flow: revisar}]}",
			[]string{"increment referrer puntos 2", "grant referrer cafe basis puntos 10"},
		},
		"was there before": {
			10, trigger + "[{increment: puntos, by: 2}, {run_flow: revisar}]}",
			[]string{"increment referrer puntos 2", "send referrer 12"},
		},
		"nothing changed": {10, trigger + "[{run_flow: revisar}]}", []string{"send referrer 10"}},
		"two triggers that add and then check": {
			8, trigger + "[{increment: puntos, by: 2}, {run_flow: revisar}]}, " + trigger + "[{increment: puntos, by: 2}, {run_flow: revisar}]}",
			[]string{"increment referrer puntos 2", "grant referrer cafe basis puntos 10", "increment referrer puntos 2", "send referrer 12"},
		},
		"additions before one check are all seen": {
			7, trigger + "[{increment: puntos, by: 1}]}, " + trigger + "[{increment: puntos, by: 1}]}, " + trigger + "[{increment: puntos, by: 1}, {run_flow: revisar}]}",
			[]string{"increment referrer puntos 1", "increment referrer puntos 1", "increment referrer puntos 1", "grant referrer cafe basis puntos 10"},
		},
		"down and up again": {
			9, trigger + "[{increment: puntos}, {run_flow: revisar}, {increment: puntos, by: -5}, {run_flow: revisar}, {increment: puntos, by: 5}, {run_flow: revisar}]}",
			[]string{"increment referrer puntos 1", "grant referrer cafe basis puntos 10", "increment referrer puntos -5", "send referrer 5", "increment referrer puntos 5"},
		},
		"set to it": {
			0, trigger + "[{set: puntos, to: 10}, {run_flow: revisar}]}",
			[]string{"set_number referrer puntos 10", "grant referrer cafe basis puntos 10"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := mustParse(t, source("["+test.do+"]"))
			checkTold(t, p.Run(referrerWith(test.before), p.Triggered(ReferredNewContact, "a")...), test.want...)
		})
	}
}

func TestReachesOfTwoPeopleAreApart(t *testing.T) {
	p := mustParse(t, stepsOf("    - {increment: puntos}\n    - {if: {field: puntos, reaches: 10}, then: {send: diez}}\n"))
	state := referrerWith(9)
	state.People[Invitee].Numbers = map[string]int64{"puntos": 9}
	o := p.Run(state, Cursor{For: Referrer, At: "flows.f[0]"}, Cursor{For: Invitee, At: "flows.f[0]"})
	checkTold(t, o, "increment referrer puntos 1", "send referrer diez", "increment invitee puntos 1", "send invitee diez")
}

func TestChecksTellWhatWasSeen(t *testing.T) {
	p := mustParse(t, stepsOf(`
    - {increment: puntos}
    - {if: {field: puntos, reaches: 10}, then: {if: {tag: vip, is_set: true}, then: {if: {field: ciudad, contains: x}, then: {send: a}}}}
`))
	got := p.Run(referrerWith(9), Cursor{For: Referrer, At: "flows.f[0]"}).Checks
	want := []Check{
		{"flows.f[1].if", Referrer, "puntos", "reaches", "10", "9", "10", true, 1},
		{"flows.f[1].then[0].if", Referrer, "tag:vip", "is_set", "true", "true", "true", true, 1},
		{"flows.f[1].then[0].then[0].if", Referrer, "ciudad", "contains", "x", "Bogotá", "Bogotá", false, 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestGoingOnAtACursor(t *testing.T) {
	p := mustParse(t, flowsOf(`
  f:
    - if: {tag: vip, is_set: true}
      then:
        - send: a
        - if: {field: puntos, at_least: 5}
          then: [{wait: 1d}, {grant_reward: cafe}]
        - send: b
      else: {send: c}
    - send: "{{reward.title|nada}}"
  año nuevo: {send: feliz}
`))
	tests := map[string]struct {
		cursor Cursor
		want   []string
	}{
		"after the wait, out of both ifs": {
			Cursor{For: Referrer, At: "flows.f[0].then[1].then[1]"},
			[]string{"grant referrer cafe basis puntos 5", "send referrer b", "send referrer Un café"},
		},
		"with a reward":           {Cursor{For: Referrer, At: "flows.f[1]", Reward: "abrazo"}, []string{"send referrer Un abrazo"}},
		"with an unknown reward":  {Cursor{For: Referrer, At: "flows.f[1]", Reward: "te"}, []string{"send referrer nada"}},
		"in an else":              {Cursor{For: Referrer, At: "flows.f[0].else[0]"}, []string{"send referrer c", "send referrer nada"}},
		"in a trigger":            {Cursor{For: Referrer, At: "triggers[0].do[0]"}, []string{"increment referrer puntos 2", "send referrer a", "wait 24h0m0s then referrer at flows.f[0].then[1].then[1]"}},
		"a name that isn't ASCII": {Cursor{For: Invitee, At: "flows.año nuevo[0]"}, []string{"send invitee feliz"}},
		"somebody not there":      {Cursor{For: Contact, At: "flows.f[0]"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { checkTold(t, p.Run(referrerWith(9), test.cursor), test.want...) })
	}
	for _, at := range []string{
		"", "flows", "flows.", "flows.f", "flows.f[2]", "flows.f[-1]", "flows.f[00]", "flows.f[+1]", "flows.f[0", "flows.f0]",
		"flows.f[0].then", "flows.f[0]then[0]", "flows.f[0].when[0]", "flows.f[1].then[0]", "flows.f[0].then[9]", "flows.g[0]",
		"triggers[1]", "triggers[0]x", "triggers[0].do", "triggers[1].do[0]", "triggers.do[0]", "flows.f[0] ", "flows.f[99999999999999999999]",
	} {
		t.Run("no place "+at, func(t *testing.T) { checkTold(t, p.Run(referrerWith(9), Cursor{For: Referrer, At: at})) })
	}
}

func TestCursorsAreStableAsJSON(t *testing.T) {
	raw, err := json.Marshal([]Cursor{{For: Referrer, At: "flows.f[0]"}, {For: Contact, At: "triggers[0].do[1].else[2]", Reward: "cafe"}})
	want := `[{"for":"referrer","at":"flows.f[0]"},{"for":"contact","at":"triggers[0].do[1].else[2]","reward":"cafe"}]`
	if err != nil || string(raw) != want {
		t.Errorf("got %s, %v", raw, err)
	}
}

func TestRunsThatFanOutAreCutShort(t *testing.T) {
	p := mustParse(t, "entry_points: {a: {flow: f0}}\nflows:\n"+manyFlows(20, 3)+" f20: {send: x}\n")
	start := time.Now()
	o := p.Run(referrerWith(0), Cursor{For: Referrer, At: "flows.f0[0]"})
	if !o.Truncated || len(o.Ops) == 0 || len(o.Ops) > stepBudget {
		t.Errorf("truncated %v with %d ops after %v", o.Truncated, len(o.Ops), time.Since(start))
	}
}

func TestExactlyTheBudgetIsNotTooMuch(t *testing.T) {
	// 10 × (1 run_flow + 999 sends) = 10,000 steps
	p := mustParse(t, "entry_points: {a: {flow: f}}\nflows:\n f: ["+strings.Repeat("{run_flow: g}, ", 10)+"]\n"+
		" h: {send: x}\n g: ["+strings.Repeat("{send: x}, ", 999)+"]\n")
	if o := p.Run(referrerWith(0), Cursor{For: Referrer, At: "flows.f[0]"}); o.Truncated || len(o.Ops) != 9990 {
		t.Errorf("truncated %v, %d ops", o.Truncated, len(o.Ops))
	}
	at := Cursor{For: Referrer, At: "flows.f[0]"}
	if o := p.Run(referrerWith(0), at, Cursor{For: Referrer, At: "flows.h[0]"}); !o.Truncated || len(o.Ops) != 9990 {
		t.Errorf("truncated %v, %d ops", o.Truncated, len(o.Ops))
	}
}
