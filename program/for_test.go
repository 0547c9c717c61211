package program

import (
	"encoding/json"
	"testing"
)

func TestAnActionMayBeForTheOtherPersonOfTheReferral(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		steps string
		want  []string
	}{
		"points for both": {
			"[{increment: puntos}, {increment: puntos, by: 5, for: invitee}, {send: '{{puntos}}'}, {send: '{{puntos}}', for: invitee}]",
			[]string{"increment referrer puntos 1", "increment invitee puntos 5", "send referrer 10", "send invitee 5"},
		},
		"for whom the flow runs, said or not": {
			"[{increment: puntos, for: contact}, {increment: puntos, for: referrer}]",
			[]string{"increment referrer puntos 1", "increment referrer puntos 1"},
		},
		"every action": {
			"[{set: puntos, to: 2, for: invitee}, {add_tag: a, for: invitee}, {remove_tag: b, for: invitee}, {call_webhook: crm, with: {who: '{{user_id}}'}, for: invitee}]",
			[]string{"set_number invitee puntos 2", "add_tag invitee a", "remove_tag invitee b", `call invitee crm {"who":"bbbbbbbbbb"}`},
		},
		"a variable without a prefix means who the message goes to": {
			"[{send: '{{first_name}}, de {{referrer.first_name}}', for: invitee}]", []string{"send invitee Beto, de Ana"},
		},
		"a flow, all of it": {
			"[{run_flow: g, for: invitee}, {add_tag: fin}]", []string{"add_tag invitee g", "send referrer para Ana", "send invitee para Beto", "add_tag referrer fin"},
		},
		"each has their own reward": {
			"[{grant_reward: cafe, for: invitee}, {grant_reward: abrazo}, {send: '{{reward.title}} {{reward.code|-}}'}, {send: '{{reward.title}} {{reward.code|-}}', for: invitee}]",
			[]string{"grant invitee cafe", "grant referrer abrazo", "send referrer Un abrazo -", "send invitee cafe Un café [code]"},
		},
		"a reward of the other person outlasts a wait": {
			"[{grant_reward: cafe, for: invitee}, {wait: 1d}, {send: '{{reward.code}}', for: invitee}]",
			[]string{"grant invitee cafe", "wait 24h0m0s then referrer at flows.f[2]", "send invitee cafe [code]"},
		},
		"a flow for the other person waits for them": {
			"[{run_flow: espera, for: invitee}]", []string{"wait 1h0m0s then invitee at flows.espera[1]", "send invitee Beto"},
		},
		"a total is its owner's alone": {
			"[{if: {field: puntos, at_least: 9}, then: [{grant_reward: cafe}, {grant_reward: cafe, for: invitee}, {run_flow: premio, for: invitee}]}]",
			[]string{"grant referrer cafe basis puntos 9", "grant invitee cafe", "grant invitee abrazo"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := mustParse(t, flowsOf("  f: "+test.steps+`
  g: [{add_tag: g}, {send: 'para {{first_name}}', for: referrer}, {send: 'para {{first_name}}'}]
  espera: [{wait: 1h}, {send: '{{first_name}}'}]
  premio: {grant_reward: abrazo}
`))
			o := p.Run(referrerWith(9), Cursor{For: Referrer, At: "flows.f[0]"})
			for _, wait := range o.Waits {
				o.Ops = append(o.Ops, p.Run(referrerWith(9), afterHistories(t, wait.Cursor)).Ops...)
			}
			got := told(o)
			if len(o.Waits) > 0 { // waits are told last; here they come before what follows them
				ops := len(got) - len(o.Waits)
				got = append(append(append([]string{}, got[:ops-1]...), got[ops:]...), got[ops-1])
			}
			if asLines(got) != asLines(test.want) {
				t.Errorf("got\n%s\nwant\n%s", asLines(got), asLines(test.want))
			}
		})
	}
}

func asLines(lines []string) string {
	raw, _ := json.MarshalIndent(lines, "", "  ")
	return string(raw)
}

// afterHistories is a cursor as it comes back from a history.
func afterHistories(t *testing.T, cursor Cursor) Cursor {
	t.Helper()
	raw, err := json.Marshal(cursor)
	var read Cursor
	if err == nil {
		err = json.Unmarshal(raw, &read)
	}
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestNothingIsDoneForSomebodyWhoIsNotThereOrMayHaveNothing(t *testing.T) {
	t.Parallel()
	p := mustParse(t, stepsOf(`
    - {increment: puntos, for: referrer}
    - {grant_reward: cafe, for: referrer}
    - {add_tag: vip, for: referrer}
    - {send: hola, for: referrer}
    - {run_flow: g, for: referrer}
    - {send: "te invitó {{referrer.first_name|nadie}}"}
    - {wait: 1h}
    - {send: adiós, for: referrer}
    - {send: adiós}
  g: {run_flow: h}
  h: {send: oculto}
`))
	alone := Cursor{For: Invitee, At: "flows.f[0]", Alone: true}
	o := p.Run(referrerWith(9), alone)
	checkTold(t, o, "send invitee te invitó Ana", "wait 1h0m0s then invitee at flows.f[7]")
	checkTold(t, p.Run(referrerWith(9), afterHistories(t, o.Waits[0].Cursor)), "send invitee adiós")

	somebody := State{People: map[Role]*Person{Contact: {UserID: "cccccccccc"}}}
	checkTold(t, p.Run(somebody, Cursor{For: Contact, At: "flows.f[0]"}), "send contact te invitó nadie", "wait 1h0m0s then contact at flows.f[7]")
}

func TestWhomAnActionIsForIsChecked(t *testing.T) {
	t.Parallel()
	checkMarked(t, `
fields: {puntos: {type: number}}
entry_points:
  a: {flow: f}
flows:
  f:
    - increment: puntos
      for: invited # <- unknown_person
    - wait: 1h
      for: invitee # <- unknown_key
    - if: {field: puntos, at_least: 2}
      for: invitee # <- unknown_key
      then: {send: hola}
    - {send: hola, for: contact}
`)
	checkMarked(t, `
fields: {puntos: {type: number}}
entry_points:
  a: {flow: f}
  b: {flow: g, hold: {until: approved}}
keywords: [{match: hola, flow: k}, {match: adiós, flow: f}]
flows:
  f: [{send: hola, for: referrer}]
  g:
    - {send: hola}
    - increment: puntos
      for: referrer # <- for_while_held
  k:
    - send: hola
      for: invitee # <- for_nobody
    - run_flow: l
  l:
    - add_tag: vip
      for: referrer # <- for_nobody
`)
}

func TestAMessageForSomebodyMaySpeakOfTheirReward(t *testing.T) {
	t.Parallel()
	checkMarked(t, stepsOf(`
    - {grant_reward: abrazo}
    - {grant_reward: cafe, for: invitee}
    - {send: "{{reward.code}}", for: invitee}
    - run_flow: g
      for: invitee
    - send: "{{reward.code}}" # <- reward_without_codes
    - {grant_reward: cafe}
    - {send: "{{reward.code}}"}
  g: [{send: "{{reward.code}}"}]
`))
}
