package program

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// longestParse bounds what Parse may take of a processor.
const longestParse = 2 * time.Second

// processorTime is what this process has used so far. Other than a clock it doesn't count what others on a busy machine
// take; tests in parallel stand still while a test that isn't runs.
func processorTime(t *testing.T) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Nothing an author, or somebody who means harm, can write keeps Parse busy for long.
func TestParseTakesBoundedTime(t *testing.T) {
	repeat := func(text string) string { return strings.Repeat(text, longestSource/len(text)) }
	sources := map[string]string{
		"open brackets":            repeat("["),
		"open braces":              repeat("{"),
		"question marks":           repeat("? "),
		"dashes":                   repeat("- "),
		"comments":                 repeat("#\n"),
		"colons":                   repeat("a:\n"),
		"quotes":                   repeat(`"`),
		"anchors":                  repeat("&a "),
		"one long word":            repeat("a"),
		"empty lists":              "flows: {a: [" + repeat("[],")[:200_000] + "]}",
		"unknown keys":             manyLines("k%d: 1\n", 20_000),
		"unknown flows":            "entry_points: {a: {flow: f}}\nflows:\n" + manyLines(" flow_number_%04d: [{run_flow: flow_numbre_x%04[1]d}]\n", 4_000),
		"flows in a row":           "entry_points: {a: {flow: f0}}\nflows:\n" + manyFlows(999, 7) + " f999: {send: x}\n",
		"increments":               manyIncrements(5_000),
		"equals on a counter":      "fields: {n: {type: number}}\nentry_points: {a: {flow: f}}\nflows:\n f:\n" + manyLines("  - if: {field: n, equals: %d}\n    then: {increment: n, by: %[1]d}\n", 3_000),
		"variables":                "flows: {f: [" + strings.Repeat(`{send: "`+strings.Repeat("{{x}}", 800)+`"},`, 60) + "]}",
		"an open quote at the end": "entry_points: {a: {flow: f}}\nflows:\n f:\n" + manyLines("  - {send: 'texto %d'}\n", 10_000) + "  - send: \"\n",
		"an open bracket early":    "flows:\n f: [\n" + manyLines("  {send: 'texto %d'},\n", 10_000),
		"joined conditions":        "entry_points: {a: {flow: f}}\nflows:\n f:\n  - {then: {send: a}, if: {all: [" + repeat("{tag: a, is_set: true},")[:200_000] + "{tag: a, is_set: true}]}}\n",
		"conditions as deep as they may be": "entry_points: {a: {flow: f}}\nflows:\n f: [" +
			strings.Repeat("{if: "+strings.Repeat("{any: [", 13)+"{tag: a, is_set: true}"+strings.Repeat("]}", 13)+", then: {send: a}},", 1_500) + "]",
		"triggers that reach": "fields: {n: {type: number}}\nentry_points: {a: {flow: f}}\nflows: {f: {send: a}}\ntriggers:\n" +
			manyLines(" - {on: referred_new_contact, if: {field: n, reaches: %d}, do: [{increment: n}, {run_flow: f}]}\n", 5_000),
		"keywords and buttons": "entry_points: {a: {flow: f}}\nkeywords:\n" +
			strings.Repeat(" - {starts_with: [a, b], flow: f}\n", 1_000) + manyLines(" - {match: m%d, starts_with: s%[1]d, flow: f}\n", 2_500)[:90_000] + "\nflows:\n f:\n" +
			strings.Repeat("  - {send: a, quick_replies: [a1, b2, c3, d4, e5, f6, g7, h8, i9, j0]}\n", 1_500),
		"long keys":          "flows: {" + strings.Repeat(strings.Repeat("k", 20_000)+"é: {send: a}, ", 12) + "}",
		"a mapping of pairs": "with: {" + strings.Repeat("? {a: b} : c, ", 15_000) + "}",
		"calls":              "entry_points: {a: {flow: f}}\nflows:\n f:\n" + strings.Repeat("  - {call_webhook: crm, with: {a: '{{x}}', B: '{{', c: [d]}}\n", 3_500),
		"pictures":           "entry_points: {a: {flow: f}}\nflows:\n f:\n" + strings.Repeat("  - {send: a, picture: '{{x|y}}'}\n", 7_000),
		"a long flow name":   "flows: {" + strings.Repeat("x", 1_000) + ": [" + strings.Repeat("{send: a},", 10_000) + "]}",
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			start := processorTime(t)
			_, problems := Parse([]byte(source))
			took := processorTime(t) - start
			t.Logf("%d bytes, %v, %d problems", len(source), took, len(problems))
			if took > longestParse || len(source) > longestSource {
				t.Errorf("%d bytes took %v", len(source), took)
			}
			if len(problems) > 2*mostProblems {
				t.Errorf("gave %d problems", len(problems))
			}
		})
	}
}

func manyLines(format string, count int) string {
	var b strings.Builder
	for i := 0; b.Len() < longestSource-200 && i < count; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// manyFlows run several of those that follow, in every way the size of a source allows.
func manyFlows(count, fanOut int) string {
	var b strings.Builder
	for i := range count {
		fmt.Fprintf(&b, " f%d: [", i)
		for j := 1; j <= fanOut; j++ {
			fmt.Fprintf(&b, "{run_flow: f%d}, ", min(count, i+j))
		}
		b.WriteString("{send: x}]\n")
		if b.Len() > longestSource-1000 {
			break
		}
	}
	return b.String()
}

func manyIncrements(count int) string {
	return "fields: {n: {type: number}}\nentry_points: {a: {flow: f}}\nflows:\n f:\n" + manyLines("  - {increment: n, by: %d}\n", count)
}
