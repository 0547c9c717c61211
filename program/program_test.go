package program

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

func TestReadingAProgram(t *testing.T) {
	p := mustParse(t, `
name: Invita
locale: es-MX
fields: {puntos: {type: number}, ciudad: {type: text}}
entry_points:
  zeta: {flow: f}
  alfa: {flow: f, attribution: per_referrer, allow_mutual: true}
keywords:
  - {match: [hola, /hola], flow: f}
  - {match: 10, flow: f}
triggers:
  - on: referred_existing_contact
    entry_point: alfa
    do: {increment: puntos}
flows:
  f:
    - if: {field: puntos, greater: 3}
      then: {set: ciudad, to: Lima}
      else:
        - wait: 7d
        - remove_tag: vip
rewards: {cafe: {title: Un café}}
`)
	lima, _, _ := compileText("Lima")
	want := &Program{
		Name: "Invita", Locale: "es-MX", LinkSuffix: "-c",
		Fields: map[string]Field{"puntos": {NumberField}, "ciudad": {TextField}},
		EntryPoints: []EntryPoint{
			{Name: "zeta", Flow: "f", Attribution: FirstTouch, Approval: AutoApproval},
			{Name: "alfa", Flow: "f", Attribution: PerReferrer, AllowMutual: true, Approval: AutoApproval},
		},
		Keywords: []Keyword{{Match: []string{"hola", "/hola"}, Flow: "f"}, {Match: []string{"10"}, Flow: "f"}},
		Triggers: []Trigger{{On: ReferredExistingContact, EntryPoint: "alfa", Do: []Step{IncrementStep{Field: "puntos", By: 1}}}},
		Flows: map[string][]Step{"f": {IfStep{
			Condition: Condition{Field: "puntos", Operator: Greater, Number: 3},
			Then:      []Step{SetStep{Field: "ciudad", Text: lima}},
			Else:      []Step{WaitStep{7 * 24 * time.Hour}, RemoveTagStep{Tag: "vip"}},
		}}},
		Rewards:  map[string]Reward{"cafe": {Title: "Un café", OnVoid: KeepOnVoid}},
		keywords: map[string]string{"hola": "f", "/hola": "f", "10": "f"},
		prefixes: map[string]string{},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got  %+v\nwant %+v", p, want)
	}
}

func TestTheSameProgramAsJSON(t *testing.T) {
	var value any
	if err := yaml.Unmarshal(Template("es"), &value); err != nil {
		t.Fatal(err)
	}
	compact, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	indented, _ := json.MarshalIndent(value, "", "\t")
	want := mustParse(t, string(Template("es")))
	for _, source := range [][]byte{compact, indented} {
		if got := mustParse(t, string(source)); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
}

func TestJSONWithEscapedCharacters(t *testing.T) {
	p := mustParse(t, `{"entry_points":{"a":{"flow":"f"}},"flows":{"f":[{"send":"\ud83d\ude00 \u00e1 \/ \\ud83d\\ude00 \\\uD83D\uDE00"}]}}`)
	if got, want := p.Flows["f"][0].(SendStep).Text.Source, `😀 á / \ud83d\ude00 \😀`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDoors(t *testing.T) {
	p := mustParse(t, "entry_points: {b: {flow: f}, a: {flow: g}}\nflows: {f: {send: x}, g: {send: y}}")
	for name, want := range map[string]string{"a": "a", "b": "b", "": "b", "c": "b"} {
		if door, ok := p.Door(name); !ok || door.Name != want {
			t.Errorf("door %q: got %v, %v", name, door, ok)
		}
	}
	if _, ok := p.EntryPoint("c"); ok {
		t.Error("found an entry point that isn't there")
	}
	if _, ok := new(Program).Door("a"); ok {
		t.Error("found a door in a program without any")
	}
	if cursor, ok := p.Welcome("a", Invitee); !ok || cursor != (Cursor{For: Invitee, At: "flows.g[0]"}) {
		t.Errorf("welcome: %v, %v", cursor, ok)
	}
	if _, ok := new(Program).Welcome("a", Invitee); ok {
		t.Error("welcomed without a door")
	}
}

func TestKeywords(t *testing.T) {
	p := mustParse(t, string(Template("es")))
	for text, want := range map[string]bool{
		"referir": true, " REFERIR\n": true, "Invitár": true, "/referir": true,
		"referir ya": false, "refer": false, "": false, strings.Repeat(" ", 5000) + "referir": false,
	} {
		cursor, ok := p.Keyword(text)
		if ok != want || ok && cursor != (Cursor{For: Contact, At: "flows.compartir[0]"}) {
			t.Errorf("%q: got %v, %v", text, cursor, ok)
		}
	}
}

func TestTriggered(t *testing.T) {
	p := mustParse(t, `
entry_points: {a: {flow: f}, b: {flow: f}}
triggers:
  - {on: referred_new_contact, entry_point: a, do: {run_flow: f}}
  - {on: referred_new_contact, do: {run_flow: f}}
  - {on: referred_existing_contact, do: {run_flow: f}}
flows: {f: {send: x}}`)
	tests := []struct {
		on         TriggerKind
		entryPoint string
		want       []string
	}{
		{ReferredNewContact, "a", []string{"triggers[0].do[0]", "triggers[1].do[0]"}},
		{ReferredNewContact, "b", []string{"triggers[1].do[0]"}},
		{ReferredExistingContact, "b", []string{"triggers[2].do[0]"}},
		{"keyword", "a", nil},
	}
	for _, test := range tests {
		var got []string
		for _, cursor := range p.Triggered(test.on, test.entryPoint) {
			if cursor.For != Referrer {
				t.Errorf("a trigger runs for %s", cursor.For)
			}
			got = append(got, cursor.At)
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s through %s: got %v, want %v", test.on, test.entryPoint, got, test.want)
		}
	}
}

func TestTemplatesHaveNoProblems(t *testing.T) {
	for locale, name := range map[string]string{"es": "Invita y gana", "es-MX": "Invita y gana", "en": "Invite and win", "": "Invite and win", "pt": "Invite and win"} {
		p, problems := Parse(Template(locale))
		if p == nil || len(problems) > 0 || p.Name != name {
			t.Errorf("%q: %v", locale, problems)
		}
	}
}

func TestTheSpanishTemplateFromTheFirstReferralToTheCoffee(t *testing.T) {
	p := mustParse(t, string(Template("es")))
	state := referrerWith(0)
	delete(state.People[Referrer].Numbers, "puntos")
	checkTold(t, p.Run(state, p.Triggered(ReferredExistingContact, "campaign1")...),
		"increment referrer puntos 1", "send referrer Beto se unió. Tienes 1 puntos.")
	checkTold(t, p.Run(referrerWith(9), p.Triggered(ReferredNewContact, "campaign1")...),
		"increment referrer puntos 2", "grant referrer cafe basis puntos 10", "send referrer cafe ¡Ganaste un café! Tu código: [code]")
	welcome, _ := p.Welcome("campaign1", Invitee)
	checkTold(t, p.Run(referrerWith(0), welcome),
		`send invitee ¡Hola, Beto! Escribe *referir* para invitar a tus amigos. ["Referir","Mis puntos"]`)
	ana := State{People: map[Role]*Person{Contact: referrerWith(0).People[Referrer]}}
	share, _ := p.Keyword("Referir")
	checkTold(t, p.Run(ana, share),
		`send contact Comparte tu enlace con tus amigos: https://t.me/bot?start=campaign1-caaaaaaaaaa ["Mis puntos"]`)
	points, _ := p.Keyword("Mis Puntos")
	checkTold(t, p.Run(ana, points), `send contact Tus puntos: 0. Con 10 se gana un café. ["Invitar"]`)
}
