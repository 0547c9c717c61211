package program

import (
	"slices"
	"strings"
	"testing"
)

// campaignOf puts steps into the flow f of a program with text fields, keywords and a trigger.
func campaignOf(steps string) string {
	return `
fields: {puntos: {type: number}, ciudad: {type: text}, foto: {type: text}}
entry_points: {campaign1: {flow: f}}
keywords:
  - {match: [referir, Más Puntos], starts_with: [pedido], flow: g}
rewards: {cafe: {title: Un café, codes: pool}}
flows:
  g: {send: hola}
  f:
` + steps
}

func TestMistakesInPicturesButtonsAndCalls(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"pictures": campaignOf(`
    - {send: a, picture: https://example.com/a.png}
    - {send: a, picture: " https://example.com/{{user_id}}.png "}
    - {send: a, picture: "{{foto}}"}
    - {send: a, picture: "{{invitee.foto|https://example.com/a.png}}"}
    - {send: a, picture: http://example.com/a.png} # <- bad_picture
    - {send: a, picture: "https://"} # <- bad_picture
    - {send: a, picture: "https:// a"} # <- bad_picture
    - {send: a, picture: a.png} # <- bad_picture
    - {send: a, picture: "{{puntos}}"} # <- bad_picture
    - {send: a, picture: "{{first_name}}"} # <- bad_picture
    - {send: a, picture: "{{foto}}{{ciudad}}"} # <- bad_picture
    - {send: a, picture: "{{fotos}}"} # <- unknown_variable
    - {send: a, picture: "{{foto"} # <- unclosed_variable
    - {send: a, picture: "{{reward.code}}"} # <- code_outside_message
    - {send: a, picture: "https://example.com/{{reward.code}}"} # <- code_outside_message
    - {send: a, picture: } # <- empty_text
    - {send: a, picture: {{foto}}} # <- quotes_needed
    - {picture: https://example.com/a.png} # <- missing_action
    - {send: , picture: https://example.com/a.png} # <- empty_text`),
		"quick replies": campaignOf(`
    - {send: a, quick_replies: [Referir, mas puntos]}
    - {send: a, quick_replies: [Pedido de pan]}
    - {send: a, quick_replies: [Otra cosa]} # <- quick_reply_unheard
    - {send: a, quick_replies: []} # <- empty_text
    - {send: a, quick_replies: } # <- empty_text
    - {send: a, quick_replies: Referir} # <- list_expected
    - {send: a, quick_replies: {a: b}} # <- list_expected
    - {send: a, quick_replies: [REFERIR, referír]} # <- duplicate_quick_reply
    - {send: a, quick_replies: ["pedido 890123456789á"]}
    - {send: a, quick_replies: ["pedido 890123456789áb"]} # <- text_too_long
    - {send: a, quick_replies: ["pedido {{ciudad}}"]} # <- variable_in_quick_reply
    - {send: a, quick_replies: [" ", [a]]} # <- empty_text text_expected
    - {send: a, quick_replies: ["\uE000"]} # <- empty_text
    - {send: a, quick_replies: [pedido 1, pedido 2, pedido 3, pedido 4, pedido 5, pedido 6, pedido 7, pedido 8, pedido 9, pedido 10, pedido 11, pedido 12, pedido 13]}
    - {send: a, quick_replies: [pedido 1, pedido 2, pedido 3, pedido 4, pedido 5, pedido 6, pedido 7, pedido 8, pedido 9, pedido 10, pedido 11, pedido 12, pedido 13, 14]} # <- too_many
    - {add_tag: a, quick_replies: [Referir]} # <- unknown_key`),
		"calls": campaignOf(`
    - {call_webhook: crm}
    - {call_webhook: crm-2_x, with: {ciudad: "{{ciudad}}", puntos_1: 10, ¡a!: b}} # <- bad_with_key
    - {call_webhook: CRM} # <- bad_webhook_name
    - {call_webhook: _crm} # <- bad_webhook_name
    - {call_webhook: a12345678901234567890123456789012345678x}
    - {call_webhook: a12345678901234567890123456789012345678xy} # <- bad_webhook_name
    - {call_webhook: } # <- empty_text
    - {call_webhook: crm, with: }
    - {call_webhook: crm, with: hola} # <- mapping_expected
    - {call_webhook: crm, with: {a: }} # <- empty_text
    - {call_webhook: crm, with: {a: "{{nombre}}"}} # <- unknown_variable
    - {call_webhook: crm, with: {a: "{{reward.code}}"}} # <- code_outside_message
    - {call_webhook: crm, with: {a: "{{reward.title}}"}}
    - {call_webhook: crm, to: a} # <- unknown_key
    - {call_webhook: crm, send: a} # <- two_actions
    - call_webhook: crm
      with:
` + manyLines("        k%d: a\n", 50) + "        one_more: a # <- too_many\n"),
		"a keyword leads to somebody else's picture and call": `
fields: {foto: {type: text}}
entry_points: {a: {flow: f}}
keywords: [{match: hola, flow: f}]
flows:
  f:
    - {send: a, picture: "{{invitee.foto}}"} # <- nobody_else
    - {call_webhook: crm, with: {a: "{{invitee.first_name}}", b: "{{first_name}}"}} # <- nobody_else
`,
	}
	for name, source := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkMarked(t, source)
		})
	}
}

func TestWhatMessagesAndCallsCarry(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ step, want string }{
		"a picture": {
			"{send: hola, picture: 'https://example.com/{{user_id}}.png'}",
			"send referrer hola https://example.com/aaaaaaaaaa.png",
		},
		"a picture from a field":                 {"{send: hola, picture: '{{foto}}'}", "send referrer hola https://example.com/ana.png"},
		"a picture whose field holds no address": {"{send: hola, picture: '{{ciudad}}'}", "send referrer hola"},
		"a picture whose field was never set":    {"{send: hola, picture: '{{invitee.foto}}'}", "send referrer hola"},
		"the fallback of a picture":              {"{send: hola, picture: '{{invitee.foto|https://example.com/x.png}}'}", "send referrer hola https://example.com/x.png"},
		"quick replies as written":               {"{send: hola, quick_replies: [' Más   Puntos ', referir]}", `send referrer hola ["Más Puntos","referir"]`},
		"a call with nothing to tell":            {"{call_webhook: crm}", "call referrer crm"},
		"a call with what is known":              {"{call_webhook: crm, with: {who: '{{name}}', city: 'La de {{invitee.ciudad|nadie}}', n: 10}}", `call referrer crm {"city":"La de nadie","n":"10","who":"Ana Ruiz"}`},
		"nobody can forge the hole of a code":    {"{call_webhook: crm, with: {city: '{{last_name}}'}}", `call referrer crm {"city":"Ruiz"}`},
		"the reward's title, and never its code": {"[{grant_reward: cafe}, {call_webhook: crm, with: {reward: '{{reward.title}}'}}]", "grant referrer cafe\ncall referrer crm {\"reward\":\"Un café\"}"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := mustParse(t, strings.Replace(campaignOf(""), "  f:\n", "  f: "+test.step+"\n", 1))
			state := referrerWith(9)
			ana := state.People[Referrer]
			ana.Texts["foto"], ana.LastName = "https://example.com/ana.png", "Ruiz"+CodeHole
			o := p.Run(state, Cursor{For: Referrer, At: "flows.f[0]"})
			checkTold(t, o, strings.Split(test.want, "\n")...)
		})
	}
}

func TestAnOutcomeSharesNothingWithItsProgram(t *testing.T) {
	t.Parallel()
	p := mustParse(t, campaignOf("    - {send: a, quick_replies: [Referir]}\n"))
	at := Cursor{For: Referrer, At: "flows.f[0]"}
	p.Run(referrerWith(9), at).Ops[0].QuickReplies[0] = "otra"
	if got := p.Run(referrerWith(9), at).Ops[0].QuickReplies[0]; got != "Referir" {
		t.Errorf("got %q", got)
	}
}

func TestWebhooksThatAProgramCalls(t *testing.T) {
	t.Parallel()
	p := mustParse(t, `
entry_points: {a: {flow: f}}
triggers: [{on: referred_new_contact, do: {call_webhook: tienda}}]
flows:
  f: {if: {tag: vip, is_set: true}, then: {call_webhook: crm}, else: [{call_webhook: alta}, {call_webhook: crm}]}`)
	if got := p.Webhooks(); !slices.Equal(got, []string{"alta", "crm", "tienda"}) {
		t.Errorf("got %v", got)
	}
	if got := mustParse(t, string(Template("es"))).Webhooks(); len(got) != 0 {
		t.Errorf("the template calls %v", got)
	}
}

func TestTextsDoNotGrowWithoutBounds(t *testing.T) {
	t.Parallel()
	p := mustParse(t, stepsOf(strings.Repeat("    - {set: ciudad, to: '{{ciudad}}ñ{{ciudad}}'}\n", 40)))
	o := p.Run(referrerWith(9), Cursor{For: Referrer, At: "flows.f[0]"})
	last := []rune(o.Ops[39].Text)
	if len(last) != longestText || string(last[:7]) != "Bogotáñ" {
		t.Errorf("%d characters: %s…", len(last), string(last[:7]))
	}
}

func TestEachTextOfACallCountsAsAStep(t *testing.T) {
	t.Parallel()
	p := mustParse(t, "entry_points: {a: {flow: f0}}\nflows:\n"+manyFlows(20, 3)+
		" f20: [{call_webhook: crm, with: {"+strings.ReplaceAll(manyLines("k%d: a, ", 50), "\n", "")+"}}]\n")
	o := p.Run(referrerWith(0), Cursor{For: Referrer, At: "flows.f0[0]"})
	texts := 0
	for _, op := range o.Ops {
		texts += len(op.With)
	}
	if !o.Truncated || texts == 0 || texts > stepBudget {
		t.Errorf("truncated %v with %d texts", o.Truncated, texts)
	}
}
