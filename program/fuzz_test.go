package program

import (
	"bytes"
	"maps"
	"slices"
	"testing"
)

// FuzzParse: whatever the bytes, Parse gives a program or an error, every problem has a place in the file and a message,
// and a program runs from all its beginnings within its budget.
func FuzzParse(f *testing.F) {
	for _, source := range [][]byte{
		Template("es"),
		Template("en"),
		[]byte(`{"entry_points":{"a":{"flow":"f"}},"flows":{"f":[{"send":"\ud83d\ude00"}]}}`),
		[]byte(flowsOf("  f: [{if: {tag: a, is_set: true}, then: {wait: 1d}, else: [{send: '{{x'}]}, {run_flow: f}]\n")),
		[]byte(flowsOf("  f: [{if: {all: [{any: [{field: puntos, reaches: 10}]}, {tag: a, is_set: true}]}, then: {grant_reward: cafe}}]\n")),
		[]byte(campaignOf("    - {send: a, picture: '{{foto|https://a.b}}', quick_replies: [Referir, otra]}\n    - {call_webhook: crm, with: {a: '{{name}}'}}\n")),
		[]byte("entry_points: {a: {flow: f}}\nflows: {f: {wait: 1d}}\ntriggers:\n- on: referred_new_contact\n  if: {tag: a, is_set: false}\n  do: [{wait: 1s}, {add_tag: a}]\n"),
		[]byte("a: &b [*b, *c]\n? {x: y}\n: !!binary z\n<<: *b\n"),
		[]byte("\xef\xbb\xbfname: \"\\0\\ud800\"\n---\n...\n"),
		[]byte("entry_points:\r\n  a: {flow: f}\rflows:\u0085 f:\u2028  - send: |\n"),
	} {
		f.Add(source, int64(9), "Bogotá")
		f.Add(source, -MaxNumber-1, "\xff"+CodeHole)
	}
	f.Fuzz(func(t *testing.T, source []byte, number int64, text string) {
		p, problems := Parse(source)
		if (p == nil) != (len(problems.Errors()) > 0) {
			t.Fatalf("program %v with problems %v", p, problems)
		}
		if len(problems) > 2*mostProblems {
			t.Fatalf("%d problems", len(problems))
		}
		for _, problem := range problems {
			if problem.Line < 1 || problem.Line > linesOf(source) || problem.Column < 1 {
				t.Fatalf("problem %+v has no place among %d lines", problem, linesOf(source))
			}
			if problem.Message("es") == problem.Code || problem.Message("en") == problem.Code {
				t.Fatalf("problem %+v has no message", problem)
			}
		}
		if p != nil {
			runEverything(t, p, stateWith(p, number, text))
		}
	})
}

// linesOf counts as YAML does: the last line may be empty, and several characters end one.
func linesOf(source []byte) int {
	source = bytes.ReplaceAll(source, []byte("\r\n"), []byte("\n"))
	count := 1
	for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
		count += bytes.Count(source, []byte(end))
	}
	return count
}

// stateWith gives the referrer that number and text in every field, and the text for a name.
func stateWith(p *Program, number int64, text string) State {
	state := referrerWith(number)
	person := state.People[Referrer]
	person.FirstName = text
	for name := range p.Fields {
		person.Numbers[name], person.Texts[name] = number, text
	}
	return state
}

// runEverything runs a program from all its beginnings, and on from each wait once.
func runEverything(t *testing.T, p *Program, state State) {
	from := append(p.Triggered(ReferredNewContact, "a"), p.Triggered(ReferredExistingContact, "a")...)
	for _, name := range slices.Sorted(maps.Keys(p.Flows)) {
		from = append(from, flowStart(name, Referrer))
	}
	for i := range p.Triggers {
		from = append(from, Cursor{For: Referrer, At: triggerStart(i)})
	}
	if keyword, ok := p.Keyword("referir"); ok {
		from = append(from, keyword)
	}
	var waits []Cursor
	for _, cursor := range from {
		waits = append(waits, runWithinBudget(t, p, state, cursor)...)
	}
	if len(waits) > 0 {
		runWithinBudget(t, p, state, waits...)
	}
	runWithinBudget(t, p, state, from...)
}

func runWithinBudget(t *testing.T, p *Program, state State, from ...Cursor) []Cursor {
	o := p.Run(state, from...)
	if len(o.Ops)+len(o.Waits) > stepBudget || len(o.Checks) > stepBudget {
		t.Fatalf("%d operations, %d waits and %d checks", len(o.Ops), len(o.Waits), len(o.Checks))
	}
	for _, op := range o.Ops {
		if len([]rune(op.Text)) > longestText {
			t.Fatalf("a text of %d bytes", len(op.Text))
		}
	}
	var waits []Cursor
	for _, wait := range o.Waits {
		waits = append(waits, wait.Cursor)
	}
	return waits
}
