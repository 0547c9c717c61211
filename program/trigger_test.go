package program

import "testing"

// prized grants rewards whose triggers do what they say.
func prized(triggers, flow string) string {
	return `
fields: {puntos: {type: number}}
entry_points: {a: {flow: f}, b: {flow: f}}
rewards: {cafe: {title: Un café, codes: pool}, te: {title: Un té}, mate: {title: Un mate}}
triggers:
` + triggers + `
flows:
  f: ` + flow + "\n"
}

func TestARewardThatIsGrantedFiresItsTriggersForTheWinnerAtOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		triggers, flow string
		held           map[string][]int64
		want           []string
	}{
		"right after the grant, with the reward at hand": {
			triggers: "  - {on: reward_granted, do: {send: 'Ganaste {{reward.title}}: {{reward.code|-}}'}}",
			flow:     "[{grant_reward: cafe}, {send: fin}]",
			want:     []string{"grant referrer cafe", "send referrer cafe Ganaste Un café: [code]", "send referrer fin"},
		},
		"only that reward's": {
			triggers: "  - {on: reward_granted, reward: te, do: {send: te}}\n  - {on: reward_granted, reward: cafe, do: {send: cafe}}",
			flow:     "[{grant_reward: te}]",
			want:     []string{"grant referrer te", "send referrer te"},
		},
		"only through the entry point": {
			triggers: "  - {on: reward_granted, entry_point: b, do: {send: b}}\n  - {on: reward_granted, entry_point: a, do: {send: c}}",
			flow:     "[{grant_reward: te}]", // by neither a nor b
			want:     []string{"grant referrer te"},
		},
		"not for a reward that is held, whose code is at hand all the same": {
			triggers: "  - {on: reward_granted, do: {send: no}}",
			flow:     "[{grant_reward: cafe}, {send: '{{reward.code}}'}]",
			held:     map[string][]int64{"cafe": {1}},
			want:     []string{"send referrer cafe [code]"},
		},
		"for the winner, whoever the flow runs for": {
			triggers: "  - {on: reward_granted, do: {send: 'para {{first_name}}'}}",
			flow:     "[{grant_reward: te, for: invitee}, {send: '{{reward.title|nada}}'}]",
			want:     []string{"grant invitee te", "send invitee para Beto", "send referrer nada"},
		},
		"one that leads to another leaves the first at hand": {
			triggers: "  - {on: reward_granted, reward: te, do: [{grant_reward: mate}, {send: '{{reward.title}}'}]}",
			flow:     "[{grant_reward: te}, {send: '{{reward.title}}'}]",
			want:     []string{"grant referrer te", "grant referrer mate", "send referrer Un mate", "send referrer Un té"},
		},
		"what a threshold leads to rests on it": {
			triggers: "  - {on: reward_granted, reward: te, do: {grant_reward: mate}}",
			flow:     "[{if: {field: puntos, at_least: 9}, then: {grant_reward: te}}]",
			want:     []string{"grant referrer te basis puntos 9", "grant referrer mate basis puntos 9"},
		},
		"its condition is asked then": {
			triggers: "  - {on: reward_granted, if: {field: puntos, at_least: 10}, do: {send: diez}}",
			flow:     "[{grant_reward: te}, {increment: puntos}, {grant_reward: mate}]",
			want:     []string{"grant referrer te", "increment referrer puntos 1", "grant referrer mate", "send referrer diez"},
		},
		"a wait in it holds only it": {
			triggers: "  - {on: reward_granted, do: [{wait: 1h}, {send: '{{reward.title}}'}]}",
			flow:     "[{grant_reward: te}, {send: fin}]",
			want:     []string{"grant referrer te", "send referrer fin", "wait 1h0m0s then referrer at triggers[0].do[1] with te"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source := prized(test.triggers, test.flow)
			state := referrerWith(9)
			state.People[Referrer].Grants = test.held
			checkTold(t, mustParse(t, source).Run(state, Cursor{For: Referrer, At: "flows.f[0]"}), test.want...)
		})
	}
}

func TestRewardsThatLeadBackToThemselvesEndAndAreWarnedOf(t *testing.T) {
	t.Parallel()
	source := prized(`
  - on: reward_granted # <- reward_circle
    reward: te
    do: {run_flow: otro}
  - {on: reward_granted, reward: mate, do: {send: mate}}
  - on: reward_granted # <- reward_circle
    reward: cafe
    do: {grant_reward: te}`, `[{grant_reward: te}]
  otro: [{grant_reward: cafe}, {grant_reward: mate}]`)
	checkMarked(t, source)
	checkTold(t, mustParse(t, source).Run(referrerWith(0), Cursor{For: Referrer, At: "flows.f[0]"}),
		"grant referrer te", "grant referrer cafe", "grant referrer mate", "send referrer mate")
}

func TestTriggersOfRewardsAndArrivalsAreChecked(t *testing.T) {
	t.Parallel()
	checkMarked(t, prized(`
  - on: reward_granted
    reward: tee # <- unknown_reward
    do: {send: a}
  - on: contact_created
    reward: te # <- reward_of_other_trigger
    do: {send: a}
  - on: entry_point_open # <- unknown_trigger
    do: {send: a}`, "[{send: hola}]"))
	checkMarked(t, prized(`
  - {on: contact_created, do: [{increment: puntos, by: 5}]}
  - {on: entry_point_opened, entry_point: b, do: [{if: {field: puntos, reaches: 5}, then: {send: cinco}}]}
  - on: reward_granted
    reward: te
    do:
      - send: "{{reward.code}}" # <- reward_without_codes
  - on: reward_granted
    reward: cafe
    do:
      - {send: "{{reward.code}}"}
      - if: {field: puntos, at_least: 3}
        then: {send: "no se repite"}
  - on: contact_created
    do:
      - if:
          field: puntos
          reaches: 5
        then: [{grant_reward: te}, {grant_reward: cafe}, {grant_reward: mate}]
  - {on: reward_granted, reward: mate, do: {increment: puntos, by: 5}}`,
		"[{if: {field: puntos, reaches: 5}, then: {send: hola}}]"))
}

func TestATriggerFiresForWhomItHappensTo(t *testing.T) {
	t.Parallel()
	p := mustParse(t, prized("  - {on: entry_point_opened, entry_point: b, do: {send: b}}\n  - {on: entry_point_opened, do: {send: '{{first_name}}'}}", "[{send: hola}]"))
	checkTold(t, p.Run(referrerWith(0), p.Fired(EntryPointOpened, "a", Invitee)...), "send invitee Beto")
	checkTold(t, p.Run(referrerWith(0), p.Fired(EntryPointOpened, "b", Invitee)...), "send invitee b", "send invitee Beto")
}
