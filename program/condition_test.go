package program

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMistakesInJoinedConditions(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"of ifs": stepsOf(`
    - {if: {all: [{field: puntos, less: 3}, {tag: vip, is_set: true}]}, then: {send: a}}
    - {if: {any: [{all: [{tag: a, is_set: true}]}, {field: ciudad, contains: Lima}]}, then: {send: a}}
    - {if: {all: []}, then: {send: a}} # <- nothing_to_join
    - {if: {any: }, then: {send: a}} # <- nothing_to_join
    - {if: {all: {tag: vip, is_set: true}}, then: {send: a}} # <- list_expected
    - {if: {all: [vip]}, then: {send: a}} # <- mapping_expected
    - {if: {all: [{tag: vip, is_set: true}], any: [{tag: vip, is_set: true}]}, then: {send: a}} # <- join_not_alone
    - {if: {field: puntos, all: [{tag: vip, is_set: true}]}, then: {send: a}} # <- join_not_alone
    - {if: {is_set: true, any: [{tag: vip, is_set: true}]}, then: {send: a}} # <- join_not_alone
    - {if: {all: [{tag: vip}, {is_set: true}, {}]}, then: {send: a}} # <- missing_operator missing_subject missing_subject
    - {if: {al: [{tag: vip, is_set: true}]}, then: {send: a}} # <- unknown_operator
    - if:
        any:
          - {field: puntitos, less: 3} # <- unknown_field
          - all:
              - {field: puntos, less: tres} # <- number_expected
              - {tag: "a.b", is_set: true} # <- bad_name
      then: {send: a}`),
		"of triggers": `
fields: {puntos: {type: number}}
entry_points: {a: {flow: f}}
flows: {f: {send: hola}}
triggers:
  - {on: referred_new_contact, if: {field: puntos, at_least: 10}, do: {send: a}}
  - {on: referred_new_contact, if: {field: punto, at_least: 10}, do: {send: a}} # <- unknown_field
  - {on: referred_new_contact, if: {any: [{field: punto, less: 1}]}, do: {send: a}} # <- unknown_field
  - {on: referred_new_contact, if: , do: {send: a}} # <- missing_subject
  - {on: referred_new_contact, if: [], do: {send: a}} # <- mapping_expected
  - {on: referred_new_contact, if: {tag: vip, is_set: true}, then: {send: a}} # <- unknown_key missing_key
  - {on: referred_new_contact, if: {field: puntos, reaches: 10}, do: {increment: puntos}} # <- reaches_too_early
  - {on: referred_new_contact, if: {all: [{tag: vip, is_set: true}, {field: puntos, reaches: 10}]}, do: {send: a}}
  - {on: referred_existing_contact, if: {field: puntos, reaches: 10}, do: {send: a}} # <- reaches_too_early
`,
		"thresholds that repeat": stepsOf(`
    - {if: {all: [{field: puntos, at_least: 10}, {tag: premiado, is_set: false}]}, then: {send: a}}
    - {if: {any: [{tag: premiado, is_set: false}, {field: puntos, at_least: 10}]}, then: {send: a}} # <- at_least_repeats
    - {if: {all: [{field: puntos, at_least: 10}, {any: [{field: puntos, greater: 3}]}]}, then: {send: a}} # <- at_least_repeats
    - {if: {all: [{field: puntos, at_least: 10}]}, then: {call_webhook: crm}} # <- at_least_repeats
    - {if: {all: [{field: puntos, at_least: 10}]}, then: {add_tag: vip}}`),
		"questions that won't be answered as expected": stepsOf(`
    - {if: {any: [{tag: vip, is_set: true}, {field: puntos, equals: 9}]}, then: {send: a}} # <- equals_skipped
    - {wait: 1d}
    - {if: {all: [{tag: vip, is_set: true}, {any: [{field: puntos, reaches: 9}]}]}, then: {send: a}} # <- reaches_never_holds`),
	}
	for name, source := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkMarked(t, source)
		})
	}
}

func TestConditionsNestNoDeeperThanAProgramMay(t *testing.T) {
	t.Parallel()
	nested := func(levels int) string {
		return stepsOf("    - {if: " + strings.Repeat("{all: [", levels) + "{tag: vip, is_set: true}" + strings.Repeat("]}", levels) + ", then: {send: a}}")
	}
	if p, problems := Parse([]byte(nested(13))); p == nil {
		t.Error(problems)
	}
	_, problems := Parse([]byte(nested(14)))
	if got := foundProblems(problems); !slices.Equal(got, []string{"line 10: too_deep"}) {
		t.Errorf("got %v", got)
	}
}

func TestChecksOfAJoinedConditionHavePathsOfTheirOwn(t *testing.T) {
	t.Parallel()
	p := mustParse(t, stepsOf(`
    - if: {all: [{tag: nuevo, is_set: true}, {any: [{field: puntos, equals: 9}, {field: ciudad, equals: Lima}]}]}
      then: {send: sí}
      else: {send: no}
`))
	o := p.Run(referrerWith(9), Cursor{For: Referrer, At: "flows.f[0]"})
	checkTold(t, o, "send referrer no")
	want := []Check{
		{Path: "flows.f[0].if.all[0]", Who: Referrer, With: "true", Field: "tag:nuevo", Operator: "is_set", Before: "false", After: "false", Held: false},
		{Path: "flows.f[0].if.all[1].any[0]", Who: Referrer, With: "9", Field: "puntos", Operator: "equals", Before: "9", After: "9", Held: true},
		{Path: "flows.f[0].if.all[1].any[1]", Who: Referrer, With: "Lima", Field: "ciudad", Operator: "equals", Before: "Bogotá", After: "Bogotá", Held: false},
	}
	if !reflect.DeepEqual(o.Checks, want) {
		t.Errorf("got  %v\nwant %v", o.Checks, want)
	}
}

// However conditions are joined, they hold as logic has it, and every question is asked once.
func TestJoinedConditionsHoldAsLogicHasIt(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		condition, want, questions := joined(t, 3)
		p := mustParseRapid(t, "entry_points: {a: {flow: f}}\nflows: {f: [{if: "+condition+", then: {send: sí}, else: {send: no}}]}")
		o := p.Run(referrerWith(9), Cursor{For: Referrer, At: "flows.f[0]"})
		if got := o.Ops[0].Text == "sí"; got != want || len(o.Checks) != questions {
			t.Fatalf("%s: got %v with %d checks, want %v with %d", condition, got, len(o.Checks), want, questions)
		}
	})
}

// joined draws a condition on the tag vip, which the referrer has, says whether it holds and how much it asks.
func joined(t *rapid.T, depth int) (condition string, holds bool, questions int) {
	kind := "question"
	if depth > 0 {
		kind = rapid.SampledFrom([]string{"question", allOf, anyOf}).Draw(t, "kind")
	}
	if kind == "question" {
		holds = rapid.Bool().Draw(t, "holds")
		return fmt.Sprintf("{tag: vip, is_set: %t}", holds), holds, 1
	}
	var parts []string
	holds = kind == allOf
	for range rapid.IntRange(1, 3).Draw(t, "parts") {
		part, partHolds, asked := joined(t, depth-1)
		parts, questions = append(parts, part), questions+asked
		if kind == allOf {
			holds = holds && partHolds
		} else {
			holds = holds || partHolds
		}
	}
	return "{" + kind + ": [" + strings.Join(parts, ", ") + "]}", holds, questions
}

func TestWhatAGrantUnderJoinedConditionsRestsOn(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ condition, want string }{
		"the only threshold under all": {"{all: [{tag: vip, is_set: true}, {field: puntos, at_least: 5}]}", " basis puntos 5"},
		"deeper under all":             {"{all: [{all: [{field: puntos, at_least: 5}]}, {tag: vip, is_set: true}]}", " basis puntos 5"},
		"one of two under all":         {"{all: [{field: puntos, at_least: 5}, {field: puntos, at_least: 6}]}", ""},
		"under any":                    {"{any: [{field: puntos, at_least: 5}]}", ""},
		"beside any, under all":        {"{all: [{any: [{field: puntos, at_least: 5}, {tag: vip, is_set: true}]}, {field: puntos, at_least: 6}]}", " basis puntos 6"},
		"no threshold":                 {"{all: [{field: puntos, greater: 5}]}", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := mustParse(t, stepsOf("    - {if: "+test.condition+", then: {grant_reward: cafe}}\n"))
			checkTold(t, p.Run(referrerWith(9), Cursor{For: Referrer, At: "flows.f[0]"}), "grant referrer cafe"+test.want)
		})
	}
}

// The second trigger must see no crossing: the first has asked, even though its other question already settled it.
func TestTwoTriggersCrossOnceThoughAnotherQuestionSettledIt(t *testing.T) {
	t.Parallel()
	p := mustParse(t, `
fields: {puntos: {type: number}}
entry_points: {a: {flow: revisar}}
rewards: {cafe: {title: Café}}
triggers:
  - {on: referred_new_contact, do: [{increment: puntos, by: 2}, {run_flow: revisar}, {add_tag: listo}]}
  - {on: referred_new_contact, do: [{increment: puntos, by: 2}, {run_flow: revisar}]}
flows:
  revisar:
    if: {all: [{tag: listo, is_set: true}, {field: puntos, reaches: 10}]}
    then: {grant_reward: cafe}
    else: {send: "{{puntos}}"}
`)
	checkTold(t, p.Run(referrerWith(8), p.Triggered(ReferredNewContact, "a")...),
		"increment referrer puntos 2", "send referrer 10", "add_tag referrer listo", "increment referrer puntos 2", "send referrer 12")
}

func TestTriggersWithConditions(t *testing.T) {
	t.Parallel()
	p := mustParse(t, `
fields: {puntos: {type: number}}
entry_points: {a: {flow: saludo}, b: {flow: saludo}}
rewards: {cafe: {title: Café}}
triggers:
  - {on: referred_new_contact, do: {increment: puntos, by: 2}}
  - {on: referred_new_contact, if: {field: puntos, at_least: 10}, do: [{increment: puntos, by: 3}, {grant_reward: cafe}]}
  - {on: referred_new_contact, entry_point: b, if: {all: [{tag: vip, is_set: true}, {field: puntos, less: 10}]}, do: {increment: puntos, by: 5}}
  - {on: referred_existing_contact, do: {increment: puntos, by: 1}}
  - {on: referred_existing_contact, if: {tag: vip, is_set: false}, do: {increment: puntos, by: 7}}
flows: {saludo: {send: hola}}
`)
	tests := map[string]struct {
		on         TriggerKind
		entryPoint string
		before     int64
		at         []string
		want       []string
	}{
		"below the threshold": {
			ReferredNewContact, "a", 7,
			[]string{"triggers[0].do[0]", "triggers[1]"},
			[]string{"increment referrer puntos 2"},
		},
		"the trigger before brought it there": {
			ReferredNewContact, "a", 8,
			[]string{"triggers[0].do[0]", "triggers[1]"},
			[]string{"increment referrer puntos 2", "increment referrer puntos 3", "grant referrer cafe basis puntos 10"},
		},
		"through the other door": {
			ReferredNewContact, "b", 1,
			[]string{"triggers[0].do[0]", "triggers[1]", "triggers[2]"},
			[]string{"increment referrer puntos 2", "increment referrer puntos 5"},
		},
		"through the other door, with more points": {
			ReferredNewContact, "b", 8,
			[]string{"triggers[0].do[0]", "triggers[1]", "triggers[2]"},
			[]string{"increment referrer puntos 2", "increment referrer puntos 3", "grant referrer cafe basis puntos 10"},
		},
		"somebody known": {
			ReferredExistingContact, "a", 50,
			[]string{"triggers[3].do[0]", "triggers[4]"},
			[]string{"increment referrer puntos 1"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cursors := p.Triggered(test.on, test.entryPoint)
			var at []string
			for _, cursor := range cursors {
				at = append(at, cursor.At)
			}
			if !slices.Equal(at, test.at) {
				t.Errorf("starts at %v, want %v", at, test.at)
			}
			checkTold(t, p.Run(referrerWith(test.before), cursors...), test.want...)
		})
	}
	checks := p.Run(referrerWith(1), p.Triggered(ReferredNewContact, "b")...).Checks
	if len(checks) != 3 || checks[0].Path != "triggers[1].if" || checks[1].Path != "triggers[2].if.all[0]" || checks[2].Path != "triggers[2].if.all[1]" {
		t.Errorf("checks %v", checks)
	}
}

func TestStartingATriggerByItsIndex(t *testing.T) {
	t.Parallel()
	p := mustParse(t, `
fields: {puntos: {type: number}}
entry_points: {a: {flow: f}}
rewards: {cafe: {title: Café}}
triggers:
  - {on: referred_new_contact, do: {increment: puntos}}
  - {on: referred_new_contact, if: {field: puntos, at_least: 5}, do: [{wait: 1d}, {grant_reward: cafe}]}
flows: {f: {send: hola}}
`)
	tests := map[string][]string{
		"triggers[0]":       {"increment referrer puntos 1"},
		"triggers[1]":       {"wait 24h0m0s then referrer at triggers[1].do[1]"},
		"triggers[1].do[1]": {"grant referrer cafe basis puntos 5"},
		"triggers[2]":       nil,
		"triggers[01]":      nil,
		"triggers[1].if":    nil,
		"triggers":          nil,
	}
	for at, want := range tests {
		checkTold(t, p.Run(referrerWith(9), Cursor{For: Referrer, At: at}), want...)
	}
	checkTold(t, p.Run(referrerWith(4), Cursor{For: Referrer, At: "triggers[1]"}))
	// A place after the condition stays after it: going on after a wait asks nothing again.
	checkTold(t, p.Run(referrerWith(4), Cursor{For: Referrer, At: "triggers[1].do[1]"}), "grant referrer cafe basis puntos 5")
}

func TestEachQuestionCountsAsAStep(t *testing.T) {
	t.Parallel()
	many := "{if: {any: [" + strings.Repeat("{tag: vip, is_set: true},", 4_000) + "]}, then: {send: x}}"
	p := mustParse(t, "entry_points: {a: {flow: f}}\nflows:\n f: [{run_flow: g}, {run_flow: g}, {run_flow: g}, {send: y}]\n g: ["+many+"]\n")
	o := p.Run(referrerWith(0), Cursor{For: Referrer, At: "flows.f[0]"})
	checkTold(t, o, "send referrer x", "send referrer x")
	if !o.Truncated || len(o.Checks) != 8_000 {
		t.Errorf("truncated %v with %d checks", o.Truncated, len(o.Checks))
	}
}
