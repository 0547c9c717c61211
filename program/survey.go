package program

import (
	"maps"
	"slices"
)

// A survey works out what may have happened before each step, over all ways through the program: which fields may have
// changed in the same run, and which reward may have been granted last. It errs towards "may have".
type survey struct {
	program *Program
	number  map[string]int   // fields and rewards, each kind counted from nought
	effects map[string]facts // by flow: what running it may bring about
	entry   map[string]facts // by flow: what may be so when it starts
	queue   []string

	changedBefore map[string]bool  // by path of a reaches: its field may have changed in the same run
	grantedBefore map[string]names // by path of a send: the rewards it may speak of
}

// facts may hold at a point. Its zero value is a run that has just begun.
type facts struct {
	changed, granted names
	others           names // rewards that may have been granted by steps that say whom they are for
	spoken           bool  // something was sent, told or granted
}

// swapped are the facts as they are for the other person.
func (f facts) swapped(step Step) facts {
	if step.whom() != "" {
		f.granted, f.others = f.others, f.granted
	}
	return f
}

// spokenOf are the rewards a message may speak of: steps that say whom they are for may say who it is anyway.
func (f facts) spokenOf() names {
	if f.granted.isEmpty() {
		return f.others
	}
	return f.granted
}

// names is a set of fields or of rewards, by number. As a plain value it is copied by assignment.
type names [mostFields / 64]uint64

func (n *names) add(i int) { n[i/64] |= 1 << (i % 64) }

func (n *names) has(i int) bool { return n[i/64]&(1<<(i%64)) != 0 }

func (n *names) isEmpty() bool { return *n == names{} }

func (n names) with(others names) names {
	for i := range n {
		n[i] |= others[i]
	}
	return n
}

func (f facts) with(others facts) facts {
	return facts{
		f.changed.with(others.changed), f.granted.with(others.granted), f.others.with(others.others), f.spoken || others.spoken,
	}
}

func newSurvey(p *Program) *survey {
	s := &survey{
		program: p, number: map[string]int{}, effects: map[string]facts{}, entry: map[string]facts{},
		changedBefore: map[string]bool{}, grantedBefore: map[string]names{},
	}
	for i, name := range slices.Sorted(maps.Keys(p.Fields)) {
		s.number["field "+name] = i
	}
	for i, name := range slices.Sorted(maps.Keys(p.Rewards)) {
		s.number["reward "+name] = i
	}
	s.findEffects()
	s.start()
	for len(s.queue) > 0 {
		name := s.queue[0]
		s.queue = s.queue[1:]
		s.follow(flowPath(name), p.Flows[name], s.entry[name])
	}
	return s
}

// findEffects adds up what each flow does with what the flows it runs do, until nothing is added.
func (s *survey) findEffects() {
	runs := map[string][]string{}
	for name, steps := range s.program.Flows {
		s.effects[name] = s.ownEffects(steps)
		runs[name] = s.program.flowsRunBy(steps)
	}
	for grown := true; grown; {
		grown = false
		for name, others := range runs {
			effects := s.effects[name]
			for _, other := range others {
				effects = effects.with(s.effects[other])
			}
			if effects != s.effects[name] {
				s.effects[name], grown = effects, true
			}
		}
	}
}

func (s *survey) ownEffects(steps []Step) facts {
	var f facts
	eachStep("", steps, func(_ string, step Step) { f = s.after(f, step) })
	return f
}

// mayDo adds up what a list does and what the flows it runs do.
func (s *survey) mayDo(steps []Step) facts {
	f := s.ownEffects(steps)
	for _, flow := range s.program.flowsRunBy(steps) {
		f = f.with(s.effects[flow])
	}
	return f
}

// flowsRunBy lists the flows that some step of a list runs.
func (p *Program) flowsRunBy(steps []Step) []string {
	var flows []string
	eachStep("", steps, func(_ string, step Step) {
		if run, ok := step.(RunFlowStep); ok {
			if _, known := p.Flows[run.Flow]; known && !slices.Contains(flows, run.Flow) {
				flows = append(flows, run.Flow)
			}
		}
	})
	return flows
}

// after adds what an action does by itself.
func (s *survey) after(f facts, step Step) facts {
	switch step := step.(type) {
	case IncrementStep:
		f.changed = s.mark(f.changed, "field "+step.Field)
	case SetStep:
		f.changed = s.mark(f.changed, "field "+step.Field)
	case GrantRewardStep:
		f = f.swapped(step)
		f.granted = s.mark(f.granted, "reward "+step.Reward)
		f = f.swapped(step)
		f.spoken = true
	case SendStep, CallWebhookStep:
		f.spoken = true
	}
	return f
}

func (s *survey) mark(set names, name string) names {
	if i, ok := s.number[name]; ok {
		set.add(i)
	}
	return set
}

// start begins where people do. The triggers of one referral share a run, so each may see what those before it changed; those of its
// invitee's having qualified come first.
func (s *survey) start() {
	for _, entryPoint := range s.program.EntryPoints {
		s.enter(entryPoint.Flow, facts{})
	}
	for _, keyword := range s.program.Keywords {
		s.enter(keyword.Flow, facts{})
	}
	qualified := s.qualifiedChanges()
	triggered := map[TriggerKind]names{ // the fields that the triggers of a kind may have changed so far
		ReferredNewContact: qualified, ReferredExistingContact: qualified,
	}
	for i, trigger := range s.program.Triggers {
		before := facts{changed: triggered[trigger.On]}
		if trigger.If != nil {
			s.see(triggerStart(i)+"."+ifElse, *trigger.If, before)
		}
		s.follow(triggerPath(i), trigger.Do, before)
		triggered[trigger.On] = before.changed.with(s.mayDo(trigger.Do).changed)
	}
}

func (s *survey) qualifiedChanges() names {
	var changed names
	for _, trigger := range s.program.Triggers {
		if trigger.On == ReferralQualified {
			changed = changed.with(s.mayDo(trigger.Do).changed)
		}
	}
	return changed
}

// enter starts a flow, again only when that may be under new circumstances.
func (s *survey) enter(flow string, with facts) {
	if _, ok := s.program.Flows[flow]; !ok {
		return
	}
	before, entered := s.entry[flow]
	with = with.with(before)
	if entered && with == before {
		return
	}
	s.entry[flow] = with
	if !slices.Contains(s.queue, flow) {
		s.queue = append(s.queue, flow)
	}
}

func (s *survey) follow(path string, steps []Step, f facts) facts {
	for i, step := range steps {
		at := item(path, i)
		switch step := step.(type) {
		case GrantRewardStep:
			if step.For == "" {
				f.granted = names{}
			}
			f = s.after(f, step)
		case WaitStep:
			f.changed = names{} // what follows is a run of its own
		case SendStep:
			s.grantedBefore[at] = s.grantedBefore[at].with(f.swapped(step).spokenOf())
		case RunFlowStep:
			s.enter(step.Flow, f.swapped(step))
			f = f.with(s.effects[step.Flow].swapped(step))
		case IfStep:
			s.see(at+"."+ifElse, step.Condition, f)
			f = s.follow(at+".then", step.Then, f).with(s.follow(at+".else", step.Else, f))
		default:
			f = s.after(f, step)
		}
	}
	return f
}

func (s *survey) see(path string, condition Condition, f facts) {
	condition.eachQuestion(path, func(path string, question Condition) {
		if question.Operator == Reaches {
			i, ok := s.number["field "+question.Field]
			s.changedBefore[path] = s.changedBefore[path] || ok && f.changed.has(i)
		}
	})
}

// reachable lists the flows that may run when these do, themselves included.
func (p *Program) reachable(flows ...string) map[string]bool {
	reached := map[string]bool{}
	for len(flows) > 0 {
		name := flows[len(flows)-1]
		flows = flows[:len(flows)-1]
		if _, ok := p.Flows[name]; ok && !reached[name] {
			reached[name] = true
			flows = append(flows, p.flowsRunBy(p.Flows[name])...)
		}
	}
	return reached
}
