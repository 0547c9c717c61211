package program

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// flowsOf puts flows, one of which is called f, into a program that is otherwise in order.
func flowsOf(flows string) string {
	return `
fields: {puntos: {type: number}, ciudad: {type: text}}
entry_points: {campaign1: {flow: f}}
rewards: {cafe: {title: Un café, codes: pool}, abrazo: {title: Un abrazo}}
triggers:
  - on: referred_new_contact
    do: [{increment: puntos, by: 2}, {run_flow: f}]
flows:
` + flows
}

func stepsOf(steps string) string { return flowsOf("  f:\n" + steps) }

// markedProblems reads what a source says about itself: "# <- code code" at the end of the lines with problems.
func markedProblems(source string) []string {
	var marked []string
	for i, line := range strings.Split(source, "\n") {
		_, codes, _ := strings.Cut(line, "# <- ")
		for _, code := range strings.Fields(codes) {
			marked = append(marked, fmt.Sprintf("line %d: %s", i+1, code))
		}
	}
	slices.Sort(marked)
	return marked
}

func foundProblems(problems Problems) []string {
	var found []string
	for _, problem := range problems {
		found = append(found, fmt.Sprintf("line %d: %s", problem.Line, problem.Code))
	}
	slices.Sort(found)
	return found
}

// checkMarked compares the problems of a source with what it says about itself.
func checkMarked(t *testing.T, source string) {
	t.Helper()
	p, problems := Parse([]byte(source))
	if got, want := foundProblems(problems), markedProblems(source); !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	if (p == nil) != (len(problems.Errors()) > 0) {
		t.Errorf("program %v with %d errors", p, len(problems.Errors()))
	}
	if p != nil {
		checkValidates(t, source)
	}
}

func TestEveryMistakeIsReportedAtItsLine(t *testing.T) {
	tests := map[string]string{
		"unknown key at the top": `
entry_points: {a: {flow: f}}
flow: {} # <- unknown_key
flows: {f: [{send: hola}]}`,
		"key given twice": `
entry_points: {a: {flow: f}}
flows:
  f: [{send: hola}]
  f: [{send: adiós}] # <- duplicate_key`,
		"no entry points": `# <- no_entry_points
name: Nada`,
		"entry points left empty": `
entry_points: # <- no_entry_points
name: Nada`,
		"entry point without a flow": `
entry_points:
  a: {attribution: first_touch} # <- missing_key`,
		"entry point with nothing": `
entry_points:
  a: # <- missing_key`,
		"entry point names that links can't carry": `
flows: {f: [{send: hola}]}
entry_points:
  campaña: {flow: f} # <- bad_entry_point_name
  -a: {flow: f} # <- bad_entry_point_name
  aaaaaaaaaabbbbbbbbbbccccccccccddddddddddx: {flow: f} # <- bad_entry_point_name
  summer-cabcdefghij: {flow: f} # <- ambiguous_entry_point_name
  a-c: {flow: f}
  a_campaign-1: {flow: f}`,
		"entry point with wrong values": `
flows: {f: [{send: hola}]} # <- flow_never_used
entry_points:
  a:
    flow: g # <- unknown_flow
    attribution: last_touch # <- unknown_attribution
    allow_mutual: sí # <- true_or_false_expected
    atribution: first_touch # <- unknown_key`,
		"field with wrong type": `
flows: {f: [{send: hola}]}
entry_points: {a: {flow: f}}
fields:
  puntos: {type: numero} # <- unknown_field_type
  ciudad: {} # <- missing_key
  edad: number # <- mapping_expected missing_key`,
		"names of fields": `
flows: {f: [{send: hola}]}
entry_points: {a: {flow: f}}
fields:
  first_name: {type: text} # <- reserved_name
  invitee: {type: text} # <- reserved_name
  1puntos: {type: text} # <- bad_name
  a.b: {type: text} # <- bad_name
  "a ": {type: text} # <- bad_name
  año de nacimiento: {type: number}`,
		"bad names of flows and rewards": `
entry_points: {a: {flow: "f[0]"}}
flows:
  "f[0]": [{send: hola}] # <- bad_name
rewards:
  "": {title: Nada} # <- bad_name`,
		"bad locale": `
locale: español de México # <- bad_locale
flows: {f: [{send: hola}]}
entry_points: {a: {flow: f}}`,
		"reward without a title and with an unknown source": `
flows: {f: [{send: hola}]}
entry_points: {a: {flow: f}}
rewards:
  cafe: {codes: lista} # <- missing_key unknown_code_source`,
		"keywords": `
flows: {f: [{send: hola}]}
entry_points: {a: {flow: f}}
keywords:
  - {match: [referir, Invitar], flow: f}
  - match:
      - "¡invítar!"
      - INVITAR # <- duplicate_keyword
      - "  " # <- empty_text
      - [a] # <- text_expected
    flow: f
  - {match: "ReFerír", flow: f} # <- duplicate_keyword
  - {match: otra, flow: g} # <- unknown_flow
  - {flow: f} # <- keyword_without_words
  - {match: sola} # <- missing_key
  - {match: [], flow: f} # <- empty_text
  - hola # <- mapping_expected missing_key keyword_without_words`,
		"keywords that aren't a list": `
flows: {f: [{send: hola}]}
entry_points: {a: {flow: f}}
keywords: {match: referir, flow: f} # <- list_expected`,
		"triggers": `
flows: {f: [{send: hola}]}
entry_points: {a: {flow: f}}
triggers:
  - {on: referred_contact, do: [{run_flow: f}]} # <- unknown_trigger
  - {on: referred_new_contact, entry_point: b, do: [{run_flow: f}]} # <- unknown_entry_point
  - {do: [{run_flow: f}]} # <- missing_key
  - {on: referred_new_contact} # <- missing_key
  - {on: referred_new_contact, do: []} # <- empty_list`,
		"steps that aren't": stepsOf(`
    - hola # <- step_expected
    - {} # <- missing_action
    - then: [{send: hola}] # <- missing_action
    - incremnt: puntos # <- unknown_action
    - {send: hola, add_tag: vip} # <- two_actions
    - {send: hola, by: 2} # <- unknown_key
    - [] # <- step_expected`),
		"numbers": stepsOf(`
    - {increment: puntos, by: "2"} # <- number_expected
    - {increment: puntos, by: 2.5} # <- number_expected
    - {increment: puntos, by: 1e3} # <- number_expected
    - {increment: puntos, by: 9007199254740993} # <- number_too_big
    - {increment: puntos, by: 99999999999999999999} # <- number_too_big
    - {increment: puntos, by: 0} # <- zero_increment
    - {increment: puntos, by: } # <- number_expected
    - {increment: ciudad} # <- increment_of_text
    - {increment: punto} # <- unknown_field
    - {increment: } # <- empty_text
    - {increment: puntos, by: 9007199254740992}
    - {increment: puntos, by: -010}`),
		"setting fields": stepsOf(`
    - {set: puntos, to: muchos} # <- number_expected
    - {set: puntos} # <- missing_key
    - {set: ciudades, to: Lima} # <- unknown_field
    - {set: ciudad, to: [Lima]} # <- text_expected
    - {set: ciudad, to: "{{reward.code}}"} # <- code_outside_message
    - {set: ciudad, to: "{{invitee.ciuda}}"} # <- unknown_variable
    - {set: ciudad, to: ""}
    - {set: ciudad, to: 10}`),
		"tags": stepsOf(`
    - {add_tag: } # <- empty_text
    - {add_tag: "a.b"} # <- bad_name
    - {remove_tag: [vip]} # <- text_expected
    - {remove_tag: cliente fiel}`),
		"messages": stepsOf(`
    - send: # <- empty_text
    - send: "   " # <- empty_text
    - send: {{first_name}} # <- quotes_needed
    - send: {texto: hola} # <- quotes_needed
    - send: # <- text_expected
        texto: hola
    - send: "a\0b" # <- control_character
    - send: ` + strings.Repeat("á", 4097) + ` # <- text_too_long
    - send: ` + strings.Repeat("á", 4096) + `
    - send: 10`),
		"variables": stepsOf(`
    - send: "{{frist_name}}" # <- unknown_variable
    - send: "{{invitee.frist_name}}" # <- unknown_variable
    - send: "{{invitee.entry_point}}" # <- unknown_variable
    - send: "{{invitee.reward.code}}" # <- unknown_variable
    - send: "{{reward}}" # <- unknown_variable
    - send: "{{link}}" # <- unknown_variable
    - send: "{{}} {{ | hola}}" # <- empty_variable empty_variable
    - send: "{{link.otra}}" # <- unknown_entry_point
    - send: "{{invitee.link.otra}}" # <- unknown_entry_point
    - send: "Hola {{first_name" # <- unclosed_variable
    - send: "Hola {{first_name y {{last_name}}" # <- unclosed_variable
    - send: "}} { } {{user_id}}{{ name|nadie }}{{entry_point}}{{referrer.puntos}}{{invitee.link.campaign1}}"`),
		"waits": stepsOf(`
    - {wait: 0s} # <- bad_duration
    - {wait: 366d} # <- bad_duration
    - {wait: 999999999d} # <- bad_duration
    - {wait: 10} # <- bad_duration
    - {wait: 1h30m} # <- bad_duration
    - {wait: -5m} # <- bad_duration
    - {wait: } # <- empty_text
    - {wait: 365d}`),
		"conditions": stepsOf(`
    - {if: {field: puntos}, then: [{send: a}]} # <- missing_operator
    - {if: {equals: 3}, then: [{send: a}]} # <- missing_subject
    - {if: , then: [{send: a}]} # <- missing_subject
    - {if: puntos, then: [{send: a}]} # <- mapping_expected
    - {if: {field: puntos, tag: vip, is_set: true}, then: [{send: a}]} # <- two_subjects
    - {if: {field: puntos, greater: 1, less: 3}, then: [{send: a}]} # <- two_operators
    - {if: {field: puntos, reach: 1}, then: [{send: a}]} # <- unknown_operator
    - {if: {field: puntos, contains: 1}, then: [{send: a}]} # <- operator_not_for_number
    - {if: {field: ciudad, reaches: 1}, then: [{send: a}]} # <- operator_not_for_text
    - {if: {tag: vip, equals: true}, then: [{send: a}]} # <- operator_not_for_tag
    - {if: {tag: vip, is_set: 1}, then: [{send: a}]} # <- true_or_false_expected
    - {if: {field: puntos, less: tres}, then: [{send: a}]} # <- number_expected
    - {if: {field: puntitos, less: 3}, then: [{send: a}]} # <- unknown_field
    - {if: {field: puntos, less: 3}} # <- missing_key
    - {if: {field: puntos, less: 3}, then: } # <- empty_list
    - {if: {field: puntos, less: 3}, then: {send: a}, else: {send: b}}`),
		"then inside the condition": stepsOf(`
    - if: # <- missing_key
        field: puntos
        less: 3
        then: [{send: a}] # <- unknown_operator`),
		"unknown names": stepsOf(`
    - {run_flow: g} # <- unknown_flow
    - {grant_reward: te} # <- unknown_reward`),
		"code of a reward that has none": stepsOf(`
    - {grant_reward: abrazo}
    - {send: "{{reward.title}}"}
    - {send: "{{reward.code}}"} # <- reward_without_codes
    - {send: "{{reward.code|sin código}}"}
    - {grant_reward: cafe}
    - {send: "{{reward.code}}"}`),
		"code of a reward that may have none": stepsOf(`
    - if: {tag: vip, is_set: true}
      then: [{grant_reward: abrazo}]
      else: [{grant_reward: cafe}]
    - {send: "{{reward.code}}"} # <- reward_without_codes`),
		"code where nothing was granted": stepsOf(`
    - {send: "{{reward.code}}"} # <- no_reward_before
    - {grant_reward: cafe}`),
		"code granted by the flow that runs this one": flowsOf(`
  f: [{grant_reward: cafe}, {run_flow: g}]
  g: [{wait: 1d}, {send: "{{reward.code}}"}]`),
		"code granted by a flow that this one ran": flowsOf(`
  f: [{run_flow: g}, {send: "{{reward.code}}"}]
  g: [{grant_reward: cafe}]`),
		"flows that run each other": flowsOf(`
  f: [{run_flow: g}]
  g:
    - if: {tag: vip, is_set: true}
      then: {wait: 1d}
    - run_flow: h
  h:
    - run_flow: f # <- flow_cycle`),
		"a flow that runs itself": stepsOf(`
    - run_flow: f # <- flow_cycle`),
		"flows that run each other after a wait": flowsOf(`
  f: [{run_flow: g}]
  g:
    - if: {tag: vip, is_set: true}
      then: {wait: 1d}
      else: [{wait: 7d}]
    - run_flow: f`),
		"a flow that runs itself twice after a wait": flowsOf(`
  f: # <- flow_multiplies
    - {wait: 1d}
    - {run_flow: f}
    - {run_flow: g}
  g:
    - {wait: 1d}
    - {run_flow: f}`),
		"equals that increments jump over": stepsOf(`
    - if: {field: puntos, equals: 10}
      then: [{send: a}]
    - if: {field: puntos, equals: 9} # <- equals_skipped
      then: [{send: a}]`),
		"at_least around a message": stepsOf(`
    - if: {field: puntos, at_least: 10} # <- at_least_repeats
      then: [{send: a}]
    - if: {field: puntos, at_least: 10}
      then: [{add_tag: vip}]`),
		"at_least around a flow that grants": flowsOf(`
  f:
    - if: {field: puntos, greater: 10} # <- at_least_repeats
      then: [{run_flow: g}]
  g: [{grant_reward: cafe}]`),
		"reaches after a wait": stepsOf(`
    - {if: {field: puntos, reaches: 10}, then: [{send: a}]}
    - {wait: 1d}
    - {if: {field: puntos, reaches: 20}, then: [{send: a}]} # <- reaches_never_holds
    - {increment: puntos}
    - {if: {field: puntos, reaches: 20}, then: [{send: a}]}`),
		"a flow nobody runs": flowsOf(`
  f: [{send: hola}]
  g: [{run_flow: h}] # <- flow_never_used
  h: [{send: hola}] # <- flow_never_used`),
		"empty flow": flowsOf(`
  f: [] # <- empty_list`),
		"anchors and aliases": `
entry_points: {a: {flow: f}}
flows:
  f: &steps [{send: hola}] # <- anchor_refused
  g: *steps # <- anchor_refused flow_never_used`,
	}
	for name, source := range tests {
		t.Run(name, func(t *testing.T) {
			checkMarked(t, source)
		})
	}
}

func TestProblemsNameTheirPathAndPlace(t *testing.T) {
	_, problems := Parse([]byte(`entry_points: {campaign1: {flow: compartir}}
fields: {puntos: {type: number}}
flows:
  compartir:
    - send: "{{user_idd}}"
    - if: {field: puntos, less: 3}
      then:
        - run_flow: comparti
`))
	want := Problems{
		{SeverityError, "unknown_variable", "flows.compartir[0].send", 5, 7, []string{"user_idd", "user_id"}},
		{SeverityError, "unknown_flow", "flows.compartir[1].then[0].run_flow", 8, 11, []string{"comparti", "compartir"}},
	}
	if fmt.Sprint(problems) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", problems, want)
	}
}

func TestTenMistakesGiveTenProblems(t *testing.T) {
	source := `
nam: Invita # <- unknown_key
locale: x # <- bad_locale
fields:
  puntos: {type: num} # <- unknown_field_type
entry_points:
  campaign1: {flow: bienvenid} # <- unknown_flow
keywords:
  - {match: referir, flow: compartir}
  - {match: REFERIR, flow: compartir} # <- duplicate_keyword
triggers:
  - on: referred_new # <- unknown_trigger
    do: [{incremento: puntos}] # <- unknown_action
flows:
  compartir:
    - send: "{{link.campaing1}}" # <- unknown_entry_point
    - wait: pronto # <- bad_duration
    - grant_reward: cafe # <- unknown_reward
`
	_, problems := Parse([]byte(source))
	if got, want := foundProblems(problems), markedProblems(source); len(want) != 10 || !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	if !slices.IsSortedFunc(problems, func(a, b Problem) int { return a.Line - b.Line }) {
		t.Error("problems aren't sorted by line")
	}
}

func TestWarningsAccompanyAProgram(t *testing.T) {
	p, problems := Parse([]byte(flowsOf("  f: [{send: a}]\n  g: [{send: b}]\n")))
	if p == nil || len(problems.Warnings()) != 1 || len(problems.Errors()) != 0 {
		t.Errorf("program %v, problems %v", p, problems)
	}
}

func TestKeywordFlowsThatSpeakOfSomebodyElse(t *testing.T) {
	source := `
entry_points: {a: {flow: f}}
keywords: [{match: hola, flow: f}]
flows:
  f:
    - send: "{{invitee.first_name|alguien}}"
    - send: "{{invitee.first_name}}" # <- nobody_else
    - if: {tag: vip, is_set: true}
      then:
        - run_flow: g
  g:
    - send: "{{referrer.user_id}}" # <- nobody_else
`
	if _, problems := Parse([]byte(source)); !slices.Equal(foundProblems(problems), markedProblems(source)) {
		t.Errorf("got %v", problems)
	}
}

func TestReachesThatOnlyAKeywordComesTo(t *testing.T) {
	source := `
fields: {puntos: {type: number}}
entry_points: {a: {flow: g}}
keywords: [{match: hola, flow: f}]
triggers:
  - {on: referred_new_contact, do: [{increment: puntos}]}
  - {on: referred_new_contact, do: [{run_flow: g}]}
flows:
  f:
    - if: {field: puntos, reaches: 10} # <- reaches_never_holds
      then: [{send: a}]
  g:
    - if: {field: puntos, reaches: 10}
      then: [{send: a}]
`
	if _, problems := Parse([]byte(source)); !slices.Equal(foundProblems(problems), markedProblems(source)) {
		t.Errorf("got %v", problems)
	}
}
