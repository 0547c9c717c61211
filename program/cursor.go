package program

import (
	"strconv"
	"strings"
)

// A Cursor says where a run starts or goes on, for whom, and which reward was granted last on the way there. It is kept
// in histories and databases: its JSON may grow, what is there and the grammar of At never change.
//
//	At     = step | "triggers[" index "]"
//	step   = ( "flows." name | "triggers[" index "].do" ) "[" index "]" { ".then[" index "]" | ".else[" index "]" }
//	index  = "0" | digit from 1 to 9 { digit }
//
// A trigger's index alone is the trigger's start: its condition first, and its steps when that holds.
type Cursor struct {
	For    Role   `json:"for"`
	At     string `json:"at"`
	Reward string `json:"reward,omitempty"`
	// OtherReward is the reward granted last to the other person of the referral.
	OtherReward string `json:"other_reward,omitempty"`
	// Alone says that nothing is done for anybody but For: of a referral that doesn't count, the referrer has nothing.
	Alone bool `json:"alone,omitempty"`
	// Crossed is what the reaches_every around the place had seen.
	Crossed *Crossing `json:"crossed,omitempty"`
}

// A frame is a list of steps being run: which one comes next, and the threshold that led into the list.
type frame struct {
	path  string // of the list: "flows.revisar[0].then"
	steps []Step
	next  int
	basis *Basis
	// crossed are the multiples under whose reaches_every the list stands; nil for none.
	crossed *Crossing
}

func flowPath(name string) string        { return "flows." + name }
func triggerStart(index int) string      { return item("triggers", index) }
func triggerPath(index int) string       { return triggerStart(index) + ".do" }
func item(path string, index int) string { return path + "[" + strconv.Itoa(index) + "]" }

func flowStart(name string, who Role) Cursor { return Cursor{For: who, At: item(flowPath(name), 0)} }

// locate finds the lists of steps a cursor stands in, outermost first, each with the step to go on with: the step itself
// in the innermost list, the step after the if in those around it. It is nil for a place that doesn't exist.
func (p *Program) locate(at string) []frame {
	list, rest, ok := p.root(at)
	if !ok {
		return nil
	}
	frames := []frame{list}
	for {
		top := &frames[len(frames)-1]
		top.next, rest, ok = cutIndex(rest)
		if !ok || top.next >= len(top.steps) {
			return nil
		}
		if rest == "" {
			return frames
		}
		branch, after, ok := top.descend(rest)
		if !ok {
			return nil
		}
		top.next++
		frames, rest = append(frames, branch), after
	}
}

// root finds the flow or trigger a place belongs to, and what of the place is left to read.
func (p *Program) root(at string) (list frame, rest string, ok bool) {
	if named, isFlow := strings.CutPrefix(at, "flows."); isFlow {
		name, _, _ := strings.Cut(named, "[")
		steps, known := p.Flows[name]
		return frame{path: flowPath(name), steps: steps}, named[len(name):], known
	}
	numbered, isTrigger := strings.CutPrefix(at, "triggers")
	index, rest, indexed := cutIndex(numbered)
	rest, isList := strings.CutPrefix(rest, ".do")
	if !isTrigger || !indexed || !isList || index >= len(p.Triggers) {
		return frame{}, "", false
	}
	return p.triggered(index), rest, true
}

// triggered is the list of a trigger's steps. A grant in it rests on the threshold of the trigger's condition.
func (p *Program) triggered(index int) frame {
	trigger := p.Triggers[index]
	list := frame{path: triggerPath(index), steps: trigger.Do}
	if trigger.If != nil {
		list.basis = trigger.If.threshold()
	}
	return list
}

// triggerAt gives the trigger a place is the start of.
func (p *Program) triggerAt(at string) (index int, ok bool) {
	numbered, isTrigger := strings.CutPrefix(at, "triggers")
	index, rest, indexed := cutIndex(numbered)
	return index, isTrigger && indexed && rest == "" && index < len(p.Triggers)
}

// descend enters the branch of the if at the next step that rest begins with.
func (f *frame) descend(rest string) (branch frame, after string, ok bool) {
	choice, isIf := f.steps[f.next].(IfStep)
	if !isIf {
		return frame{}, "", false
	}
	if after, ok = strings.CutPrefix(rest, ".then"); ok {
		return f.branch(choice, true), after, true
	}
	after, ok = strings.CutPrefix(rest, ".else")
	return f.branch(choice, false), after, ok
}

// branch is the list an if at the next step leads to. A grant in a then list rests on the threshold of its condition.
func (f *frame) branch(choice IfStep, held bool) frame {
	if !held {
		return frame{path: item(f.path, f.next) + ".else", steps: choice.Else, basis: f.basis, crossed: f.crossed}
	}
	branch := frame{path: item(f.path, f.next) + ".then", steps: choice.Then, basis: f.basis, crossed: f.crossed}
	if basis := choice.Condition.threshold(); basis != nil {
		branch.basis = basis
	}
	return branch
}

// cutIndex reads "[12]" from the front of text.
func cutIndex(text string) (index int, rest string, ok bool) {
	inside, isOpen := strings.CutPrefix(text, "[")
	digits, rest, isClosed := strings.Cut(inside, "]")
	index, err := strconv.Atoi(digits)
	if !isOpen || !isClosed || err != nil || index < 0 || strconv.Itoa(index) != digits {
		return 0, "", false
	}
	return index, rest, true
}
