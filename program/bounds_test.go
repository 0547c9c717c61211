package program

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Nothing an author, or somebody who means harm, can write keeps Parse busy for long.
func TestParseTakesBoundedTime(t *testing.T) {
	repeat := func(text string) string { return strings.Repeat(text, longestSource/len(text)) }
	sources := map[string]string{
		"open brackets":       repeat("["),
		"open braces":         repeat("{"),
		"question marks":      repeat("? "),
		"dashes":              repeat("- "),
		"comments":            repeat("#\n"),
		"colons":              repeat("a:\n"),
		"quotes":              repeat(`"`),
		"anchors":             repeat("&a "),
		"one long word":       repeat("a"),
		"empty lists":         "flows: {a: [" + repeat("[],")[:200_000] + "]}",
		"unknown keys":        manyLines("k%d: 1\n", 20_000),
		"unknown flows":       "entry_points: {a: {flow: f}}\nflows:\n" + manyLines(" flow_number_%04d: [{run_flow: flow_numbre_x%04[1]d}]\n", 4_000),
		"flows in a row":      "entry_points: {a: {flow: f0}}\nflows:\n" + manyFlows(999, 7) + " f999: {send: x}\n",
		"increments":          manyIncrements(5_000),
		"equals on a counter": "fields: {n: {type: number}}\nentry_points: {a: {flow: f}}\nflows:\n f:\n" + manyLines("  - if: {field: n, equals: %d}\n    then: {increment: n, by: %[1]d}\n", 3_000),
		"variables":           "flows: {f: [" + strings.Repeat(`{send: "`+strings.Repeat("{{x}}", 800)+`"},`, 60) + "]}",
		"a long flow name":    "flows: {" + strings.Repeat("x", 1_000) + ": [" + strings.Repeat("{send: a},", 10_000) + "]}",
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, problems := Parse([]byte(source))
			took := time.Since(start)
			t.Logf("%d bytes, %v, %d problems", len(source), took, len(problems))
			if took > 10*time.Second {
				t.Errorf("took %v", took)
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
