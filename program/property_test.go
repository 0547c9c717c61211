package program

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// However points are added and checked, upwards a threshold is reached once at most, and once exactly when it was crossed.
func TestAThresholdIsReachedOnceUpwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		threshold := rapid.Int64Range(1, 50).Draw(t, "threshold")
		total := rapid.Int64Range(-10, 60).Draw(t, "start")
		before := total
		reached := 0
		for range rapid.IntRange(1, 12).Draw(t, "referrals") {
			p := programAdding(t, threshold)
			o := p.Run(referrerWith(total), p.Triggered(ReferredNewContact, "a")...)
			for _, op := range o.Ops {
				total += op.Delta
				if op.Kind == OpGrant {
					reached++
				}
			}
		}
		crossed := 0
		if before < threshold && threshold <= total {
			crossed = 1
		}
		if reached != crossed {
			t.Fatalf("from %d to %d, %d was reached %d times", before, total, threshold, reached)
		}
	})
}

// programAdding has some triggers, each of which adds some points some times and then checks.
func programAdding(t *rapid.T, threshold int64) *Program {
	var triggers strings.Builder
	for range rapid.IntRange(1, 3).Draw(t, "triggers") {
		triggers.WriteString("  - {on: referred_new_contact, do: [")
		for _, by := range rapid.SliceOfN(rapid.IntRange(1, 7), 0, 3).Draw(t, "by") {
			fmt.Fprintf(&triggers, "{increment: puntos, by: %d}, ", by)
		}
		triggers.WriteString("{run_flow: revisar}]}\n")
	}
	return mustParseRapid(t, fmt.Sprintf(`
fields: {puntos: {type: number}}
entry_points: {a: {flow: revisar}}
rewards: {cafe: {title: Café}}
flows:
  revisar: {if: {field: puntos, reaches: %d}, then: {grant_reward: cafe}}
triggers:
%s`, threshold, triggers.String()))
}

func mustParseRapid(t *rapid.T, source string) *Program {
	p, problems := Parse([]byte(source))
	if p == nil {
		t.Fatalf("%v in\n%s", problems, source)
	}
	checkValidates(t, source)
	return p
}

// steps draws a list of steps in JSON, with ifs inside one another and waits anywhere when they are allowed.
func steps(t *rapid.T, depth int, waits bool) []any {
	var list []any
	for range rapid.IntRange(1, 4).Draw(t, "steps") {
		list = append(list, step(t, depth, waits))
	}
	return list
}

func step(t *rapid.T, depth int, waits bool) map[string]any {
	number := rapid.IntRange(-3, 12).Draw(t, "number")
	kinds := []string{"increment", "set", "add_tag", "remove_tag", "send", "grant", "text"}
	if waits {
		kinds = append(kinds, "wait")
	}
	if depth > 0 {
		kinds = append(kinds, "if", "if")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "increment":
		return map[string]any{"increment": "puntos", "by": max(1, number)}
	case "set":
		return map[string]any{"set": "puntos", "to": number}
	case "add_tag":
		return map[string]any{"add_tag": "vip"}
	case "remove_tag":
		return map[string]any{"remove_tag": "vip"}
	case "send":
		return map[string]any{"send": "{{puntos}} {{ciudad}} {{reward.title}} {{reward.code}}"}
	case "text":
		return map[string]any{"set": "ciudad", "to": "{{ciudad}}{{puntos}}"}
	case "grant":
		return map[string]any{"grant_reward": rapid.SampledFrom([]string{"cafe", "te"}).Draw(t, "reward")}
	case "wait":
		return map[string]any{"wait": "1h"}
	}
	condition := rapid.SampledFrom([]map[string]any{
		{"tag": "vip", "is_set": true},
		{"field": "puntos", "at_least": number},
		{"field": "puntos", "equals": number},
		{"field": "ciudad", "contains": "1"},
	}).Draw(t, "condition")
	return map[string]any{"if": condition, "then": steps(t, depth-1, waits), "else": steps(t, depth-1, waits)}
}

func programWith(t *rapid.T, flow []any) *Program {
	source, err := json.Marshal(map[string]any{
		"fields":       map[string]any{"puntos": map[string]any{"type": "number"}, "ciudad": map[string]any{"type": "text"}},
		"entry_points": map[string]any{"a": map[string]any{"flow": "f"}},
		"rewards":      map[string]any{"cafe": map[string]any{"title": "Café", "codes": "pool"}, "te": map[string]any{"title": "Té", "codes": "pool"}},
		"flows":        map[string]any{"f": flow},
	})
	if err != nil {
		t.Fatal(err)
	}
	return mustParseRapid(t, string(source))
}

func TestRunIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := programWith(t, steps(t, 2, true))
		state, untouched := referrerWith(3), referrerWith(3)
		at := Cursor{For: Referrer, At: "flows.f[0]"}
		first := p.Run(state, at, at)
		if !reflect.DeepEqual(state, untouched) {
			t.Fatal("the state was changed")
		}
		if again := p.Run(state, at, at); !reflect.DeepEqual(first, again) {
			t.Fatalf("got %v, then %v", first, again)
		}
	})
}

// Running to each wait and going on there, with what was decided carried out, does what the flow does without its waits.
// (It holds for flows without reaches, which means something else after a wait.)
func TestGoingOnAfterEachWaitDoesWhatNotWaitingDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		waiting := steps(t, 3, true)
		at := Cursor{For: Referrer, At: "flows.f[0]"}
		want := programWith(t, withoutWaits(waiting)).Run(referrerWith(3), at)

		p, state := programWith(t, waiting), referrerWith(3)
		var got []Op
		next := []Cursor{at}
		for turn := 0; len(next) > 0; turn++ {
			if turn > 1000 {
				t.Fatal("it never comes to an end")
			}
			o := p.Run(state, next...)
			got = append(got, o.Ops...)
			apply(state, o.Ops)
			next = nil
			for _, wait := range o.Waits {
				next = append(next, wait.Cursor)
			}
		}
		if !reflect.DeepEqual(got, want.Ops) {
			t.Fatalf("got  %v\nwant %v", got, want.Ops)
		}
	})
}

// withoutWaits leaves the waits out.
func withoutWaits(list []any) []any {
	var kept []any
	for _, item := range list {
		step := item.(map[string]any)
		switch {
		case step["wait"] != nil:
			continue
		case step["if"] != nil:
			step = map[string]any{
				"if": step["if"], "then": withoutWaits(step["then"].([]any)), "else": withoutWaits(step["else"].([]any)),
			}
		}
		kept = append(kept, step)
	}
	return kept
}

// apply carries operations out as the store does.
func apply(state State, ops []Op) {
	for _, op := range ops {
		person := state.People[op.Who]
		switch op.Kind {
		case OpIncrement:
			person.Numbers[op.Field] += op.Delta
		case OpSetNumber:
			person.Numbers[op.Field] = op.Number
		case OpSetText:
			person.Texts[op.Field] = op.Text
		case OpAddTag:
			person.Tags[op.Tag] = true
		case OpRemoveTag:
			delete(person.Tags, op.Tag)
		case OpGrant:
			if person.Grants == nil {
				person.Grants = map[string][]int64{}
			}
			person.Grants[op.Reward] = append(person.Grants[op.Reward], 1)
		}
	}
}
