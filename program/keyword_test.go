package program

import (
	"strings"
	"testing"
)

func TestMistakesInKeywordsThatStartMessages(t *testing.T) {
	t.Parallel()
	checkMarked(t, `
flows: {f: [{send: hola}]}
entry_points: {a: {flow: f}}
keywords:
  - {match: referir, starts_with: referir, flow: f}
  - {starts_with: [pedido, Quiero], flow: f}
  - {starts_with: QUIERO, flow: f} # <- duplicate_keyword
  - {starts_with: [ok, ok], flow: f} # <- duplicate_keyword
  - {starts_with: [], flow: f} # <- empty_text
  - {starts_with: , flow: f} # <- empty_text
  - {starts_with: "\u0301", flow: f} # <- empty_text
  - {starts_with: {a: b}, flow: f} # <- list_expected
  - {starts_with: nada, flow: g} # <- unknown_flow
  - {starts_with: sola} # <- missing_key
  - {start_with: sola, flow: f} # <- unknown_key keyword_without_words
  - {starts_with: `+strings.Repeat("x", 201)+`, flow: f} # <- text_too_long
`)
}

func TestKeywordsThatStartMessages(t *testing.T) {
	t.Parallel()
	p := mustParse(t, `
entry_points: {a: {flow: f}}
flows: {f: {send: x}, exacto: {send: x}, empieza: {send: x}, largo: {send: x}}
keywords:
  - {starts_with: [pedido, ¿cuánto], flow: empieza}
  - {starts_with: pedido grande, flow: largo}
  - {match: pedido grande, starts_with: hola, flow: exacto}
`)
	tests := map[string]string{
		"pedido":                   "empieza",
		"  PEDIDO  de pan":         "empieza",
		"pedidos":                  "empieza",
		"pedido grandes":           "largo",
		"Pedido  Grande de pan":    "largo",
		"pedido grande":            "exacto",
		"PEDIDO GRANDÉ":            "exacto",
		"¿Cuanto cuesta?":          "empieza",
		"hola, ¿qué tal?":          "exacto",
		"un pedido":                "",
		"pedid":                    "",
		"":                         "",
		"pedido" + longTail:        "empieza",
		"pedido grande" + longTail: "largo",
		longTail + "pedido":        "",
	}
	for text, flow := range tests {
		cursor, ok := p.Keyword(text)
		if ok != (flow != "") || ok && cursor != (Cursor{For: Contact, At: "flows." + flow + "[0]"}) {
			t.Errorf("%q: got %v, %v, want %s", excerpt(text), cursor, ok, flow)
		}
	}
}

// longTail makes a message longer than is looked at, with a character where it is cut.
var longTail = strings.Repeat(" é", longestMessageWithKeyword)
