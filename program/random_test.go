package program_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millenniumm/referrals/program"
	"github.com/millenniumm/referrals/program/programtest"
)

// drawn is a random program, and people for it.
func drawn(t *rapid.T) (*program.Program, program.State, string) {
	source := programtest.Program().Draw(t, "program")
	p, problems := program.Parse([]byte(source))
	if p == nil {
		t.Fatalf("%v in\n%s", problems.Errors(), source)
	}
	program.CheckValidates(t, source)
	return p, programtest.State().Draw(t, "state"), source
}

// beginnings are all places a run may start at.
func beginnings(p *program.Program) []program.Cursor {
	var cursors []program.Cursor
	for _, entryPoint := range programtest.EntryPoints {
		cursors = append(cursors, p.Triggered(program.ReferredNewContact, entryPoint)...)
		cursors = append(cursors, p.Triggered(program.ReferredExistingContact, entryPoint)...)
		welcome, _ := p.Welcome(entryPoint, program.Invitee)
		cursors = append(cursors, welcome)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Flows)) {
		for _, who := range []program.Role{program.Referrer, program.Invitee, program.Contact} {
			cursors = append(cursors, program.Cursor{For: who, At: "flows." + name + "[0]"})
		}
	}
	return cursors
}

func tell(who program.Role) program.Cursor {
	return program.Cursor{For: who, At: "flows." + programtest.TellFlow + "[0]"}
}

// A generator that never draws a thing tests nothing about it.
func TestRandomProgramsUseTheWholeGrammar(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for seed := range 200 {
		all.WriteString(programtest.Program().Example(seed))
	}
	wanted := slices.Concat(program.Actions, program.ConditionKeys(), []string{"picture", "quick_replies", "with", "then", "else", "starts_with"})
	for _, key := range wanted {
		if !regexp.MustCompile(`(?m)^[ -]*` + key + `:`).MatchString(all.String()) {
			t.Errorf("no program has %s", key)
		}
	}
}

func TestRunningARandomProgramIsPure(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, state, source := drawn(t)
		before := asText(state)
		from := rapid.SliceOfN(rapid.SampledFrom(beginnings(p)), 1, 4).Draw(t, "from")
		first := p.Run(state, from...)
		if asText(state) != before {
			t.Fatal("the state was changed")
		}
		again, _ := program.Parse([]byte(source))
		if second := again.Run(state, from...); !reflect.DeepEqual(first, second) {
			t.Fatalf("got %v, then %v", first, second)
		}
		for _, op := range first.Ops {
			if state.People[op.Who] == nil {
				t.Fatalf("%+v is for nobody", op)
			}
		}
		for _, wait := range first.Waits {
			if state.People[wait.Cursor.For] == nil || wait.For <= 0 {
				t.Fatalf("%+v is for nobody", wait)
			}
		}
	})
}

func asText(value any) string {
	text, _ := json.Marshal(value)
	return string(text)
}

// What a run decided, carried out in order, brings everybody's numbers to where the run itself saw them at its end.
func TestWhatARandomProgramDecidesAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, state, _ := drawn(t)
		from := rapid.SliceOfN(rapid.SampledFrom(beginnings(p)), 1, 4).Draw(t, "from")
		o := p.Run(state, append(from, tell(program.Referrer), tell(program.Invitee))...)
		if o.Truncated {
			t.Fatal("a small program ran out of its budget")
		}
		told := o.Ops[len(o.Ops)-2:]
		for i, who := range []program.Role{program.Referrer, program.Invitee} {
			numbers := carriedOut(state.People[who], who, o.Ops)
			if want := fmt.Sprintf("points=%d visits=%d", numbers["points"], numbers["visits"]); told[i].Text != want {
				t.Fatalf("the %s was told %s, the operations give %s", who, told[i].Text, want)
			}
		}
	})
}

// carriedOut gives a person's numbers after the operations.
func carriedOut(person *program.Person, who program.Role, ops []program.Op) map[string]int64 {
	numbers := maps.Clone(person.Numbers)
	for _, op := range ops {
		switch {
		case op.Who != who:
		case op.Kind == program.OpIncrement:
			numbers[op.Field] += op.Delta
		case op.Kind == program.OpSetNumber:
			numbers[op.Field] = op.Number
		}
	}
	return numbers
}

// A trigger whose condition doesn't hold does nothing, and one whose condition holds does what it would do without one.
func TestATriggersConditionOnlySaysWhetherItRuns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, state, _ := drawn(t)
		for i, trigger := range p.Triggers {
			if trigger.If == nil {
				continue
			}
			start := fmt.Sprintf("triggers[%d]", i)
			asked := p.Run(state, program.Cursor{For: program.Referrer, At: start})
			steps := p.Run(state, program.Cursor{For: program.Referrer, At: start + ".do[0]"})
			runs := len(asked.Ops) > 0 || len(asked.Waits) > 0
			if runs && (!reflect.DeepEqual(asked.Ops, steps.Ops) || !reflect.DeepEqual(asked.Waits, steps.Waits)) {
				t.Fatalf("%s did %v, its steps do %v", start, asked.Ops, steps.Ops)
			}
			if len(asked.Checks) == 0 || asked.Checks[0].Path[:len(start)+3] != start+".if" {
				t.Fatalf("%s asked %v", start, asked.Checks)
			}
		}
	})
}
