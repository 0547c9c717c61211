package program

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTexts(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"no variables":                     {"Hola } {", "Hola } {"},
		"the person's own":                 {"{{user_id}} {{first_name}} {{last_name}} {{name}} {{username}} {{locale}}", "aaaaaaaaaa Ana Ruiz Ana Ruiz ana es"},
		"in the middle of a URL":           {"https://m.me/PAGE?ref=campaign1-c{{user_id}}&x=1", "https://m.me/PAGE?ref=campaign1-caaaaaaaaaa&x=1"},
		"the other's":                      {"{{invitee.first_name}} ({{invitee.user_id}})", "Beto (bbbbbbbbbb)"},
		"one's own by role":                {"{{referrer.name}}", "Ana Ruiz"},
		"spaces inside braces":             {"{{ first_name }}", "Ana"},
		"entry point":                      {"{{entry_point}}", "campaign1"},
		"link":                             {"{{link.campaign1}}", "https://t.me/bot?start=campaign1-caaaaaaaaaa"},
		"link nobody has":                  {"{{invitee.link.campaign1|sin enlace}}", "sin enlace"},
		"number":                           {"Tienes {{puntos}} puntos", "Tienes 9 puntos"},
		"number never set":                 {"Tiene {{invitee.puntos}} puntos", "Tiene 0 puntos"},
		"number never set, with fallback":  {"{{invitee.puntos|ninguno}}", "ninguno"},
		"text field":                       {"{{ciudad}}", "Bogotá"},
		"fallback used":                    {"{{invitee.last_name | alguien más }}", "alguien más"},
		"fallback not needed":              {"{{invitee.first_name|alguien}}", "Beto"},
		"fallback with a bar":              {"{{invitee.ciudad|a|b}}", "a|b"},
		"nothing before a mark":            {"¡Hola {{invitee.last_name}}! Ven", "¡Hola! Ven"},
		"nothing between words":            {"Hola {{invitee.last_name}} amigo", "Hola amigo"},
		"nothing at the beginning":         {"{{invitee.last_name}} llegó", "llegó"},
		"nothing at the beginning of line": {"Hola\n{{invitee.last_name}} llegó", "Hola\nllegó"},
		"nothing at the end":               {"Hola {{invitee.last_name}}", "Hola"},
		"nothing at all":                   {"{{invitee.last_name}}", ""},
		"nothing twice":                    {"Hola {{invitee.last_name}} {{invitee.username}}!", "Hola!"},
		"accent written in two pieces":     {"{{an\u0303o}}", "2020"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text, _ := json.Marshal(test.text)
			p := mustParse(t, `
fields: {puntos: {type: number}, ciudad: {type: text}, año: {type: number}}
entry_points: {campaign1: {flow: f}}
flows: {f: [{send: `+string(text)+`}]}`)
			state := referrerWith(9)
			state.People[Referrer].Numbers["año"] = 2020
			o := p.Run(state, Cursor{For: Referrer, At: "flows.f[0]"})
			if got := o.Ops[0].Text; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestNobodyCanForgeTheHoleOfACode(t *testing.T) {
	p := mustParse(t, stepsOf(`
    - {grant_reward: cafe}
    - {send: "\uE000 {{first_name|\uE000}} {{last_name}}{{username}} {{invitee.first_name}} {{ciudad}} {{link.campaign1}} {{entry_point}}"}
    - {send: "{{first_name}}: {{reward.code}}"}
    - {set: ciudad, to: "{{first_name}}"}
`))
	state := referrerWith(0)
	ana := state.People[Referrer]
	ana.FirstName, ana.LastName, ana.Username = "A"+CodeHole, CodeHole[:1], CodeHole[1:]
	ana.Texts["ciudad"], ana.Links["campaign1"] = CodeHole, "x"+CodeHole
	state.EntryPoint, state.People[Invitee].FirstName = CodeHole, CodeHole[:2]+CodeHole+CodeHole[2:]
	ops := p.Run(state, Cursor{For: Referrer, At: "flows.f[0]"}).Ops
	if hasHole(ops[1].Text) || ops[1].Reward != "" {
		t.Errorf("forged: %q", ops[1].Text)
	}
	if ops[2].Text != "A: "+CodeHole || ops[2].Reward != "cafe" {
		t.Errorf("got %q for %q", ops[2].Text, ops[2].Reward)
	}
	if got := FillCode(ops[2].Text, "X-1"); got != "A: X-1" {
		t.Errorf("filled in as %q", got)
	}
	if ops[3].Text != "A" {
		t.Errorf("set to %q", ops[3].Text)
	}
}

func TestWhatAPersonWroteIsNotReadAsATemplate(t *testing.T) {
	p := mustParse(t, stepsOf(`    - {send: "{{first_name}}"}`))
	state := referrerWith(0)
	state.People[Referrer].FirstName = "{{user_id}}"
	if got := p.Run(state, Cursor{For: Referrer, At: "flows.f[0]"}).Ops[0].Text; got != "{{user_id}}" {
		t.Errorf("got %q", got)
	}
}

func TestFold(t *testing.T) {
	for _, same := range [][]string{
		{"referir", "REFERIR", " Referír ", "re\u0301ferir"},
		{"mi enlace", "Mi   Enlace", "mi\tenlace\n", "mi\u00a0enlace"},
		{"straße", "STRASSE"},
		{"❤", "❤\ufe0f"},
		{"", "  ", "\u0301"},
	} {
		for _, text := range same {
			if got := fold(text); got != same[0] && fold(same[0]) != got {
				t.Errorf("%q folds to %q, %q to %q", text, got, same[0], fold(same[0]))
			}
		}
	}
	if fold("referir ya") == fold("referir") || strings.Contains(fold("ñ"), "\u0303") {
		t.Error("folds too much or too little")
	}
}
