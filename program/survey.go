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
	onGrant map[string]facts // by reward: what the triggers of its being granted may bring about
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
		program: p, number: map[string]int{}, effects: map[string]facts{}, onGrant: map[string]facts{}, entry: map[string]facts{},
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

// A doing is what a list of steps does by itself, and what it sets going.
type doing struct {
	own     facts
	flows   []string
	rewards []string
}

func (s *survey) doingOf(steps []Step) doing {
	return doing{s.ownEffects(steps), s.program.flowsRunBy(steps), rewardsGrantedBy(steps)}
}

// findEffects adds up what each flow does with what the flows it runs and the rewards it grants set going, until nothing is added.
func (s *survey) findEffects() {
	flows, rewarded := map[string]doing{}, map[string]doing{}
	for name, steps := range s.program.Flows {
		flows[name] = s.doingOf(steps)
	}
	for name := range s.program.Rewards {
		rewarded[name] = s.doingOf(s.program.onReward(name))
	}
	for grown := true; grown; {
		grown = s.grow(s.effects, flows)
		if s.grow(s.onGrant, rewarded) {
			grown = true
		}
	}
}

// grow adds to each what it sets going, and says whether that added anything.
func (s *survey) grow(effects map[string]facts, doings map[string]doing) (grown bool) {
	for name, doing := range doings {
		all := effects[name].with(s.allOf(doing))
		if all != effects[name] {
			effects[name], grown = all, true
		}
	}
	return grown
}

func (s *survey) allOf(doing doing) facts {
	all := doing.own
	for _, flow := range doing.flows {
		all = all.with(s.effects[flow])
	}
	for _, reward := range doing.rewards {
		all = all.with(s.onGrant[reward].elsewhere())
	}
	return all
}

// elsewhere are the facts without what is granted: that is known to the messages of the trigger alone.
func (f facts) elsewhere() facts { return facts{changed: f.changed, spoken: f.spoken} }

// onReward are the steps of all triggers that fire when a reward is granted.
func (p *Program) onReward(name string) []Step {
	var steps []Step
	for _, trigger := range p.Triggers {
		if trigger.On == RewardGranted && (trigger.Reward == "" || trigger.Reward == name) {
			steps = append(steps, trigger.Do...)
		}
	}
	return steps
}

// rewardsGrantedBy lists the rewards that some step of a list grants.
func rewardsGrantedBy(steps []Step) []string {
	var rewards []string
	eachStep("", steps, func(_ string, step Step) {
		if grant, ok := step.(GrantRewardStep); ok && !slices.Contains(rewards, grant.Reward) {
			rewards = append(rewards, grant.Reward)
		}
	})
	return rewards
}

func (s *survey) ownEffects(steps []Step) facts {
	var f facts
	eachStep("", steps, func(_ string, step Step) { f = s.after(f, step) })
	return f
}

// mayDo adds up what a list does and what the flows it runs do.
func (s *survey) mayDo(steps []Step) facts { return s.allOf(s.doingOf(steps)) }

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
		f = f.swapped(step).with(s.onGrant[step.Reward].elsewhere())
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
// invitee's having qualified come first. A welcome sees what was changed for who came in, a keyword's flow what was for somebody new.
func (s *survey) start() {
	var before names // what a referral may have changed for who came in
	if s.program.changesOthers() {
		before = s.changesOn(ReferralQualified, ReferredNewContact, ReferredExistingContact, ReferralVoided)
	}
	created := before.with(s.changesOn(ContactCreated))
	for _, entryPoint := range s.program.EntryPoints {
		s.enter(entryPoint.Flow, facts{changed: created.with(s.changesOn(EntryPointOpened))})
	}
	for _, keyword := range s.program.Keywords {
		s.enter(keyword.Flow, facts{changed: s.changesOn(ContactCreated)})
	}
	qualified := s.changesOn(ReferralQualified)
	triggered := map[TriggerKind]names{ // the fields that the triggers of a kind may have changed so far
		ReferredNewContact: qualified, ReferredExistingContact: qualified, ContactCreated: before, EntryPointOpened: created,
		RewardGranted: s.changesAnywhere(),
	}
	for i, trigger := range s.program.Triggers {
		before := facts{changed: triggered[trigger.On]}
		if trigger.On == RewardGranted {
			before.granted = s.rewardsOf(trigger)
		}
		if trigger.If != nil {
			s.see(triggerStart(i)+"."+ifElse, *trigger.If, before)
		}
		s.follow(triggerPath(i), trigger.Do, before)
		triggered[trigger.On] = before.changed.with(s.mayDo(trigger.Do).changed)
	}
}

// changesOn are the fields that the triggers of some kinds may change.
func (s *survey) changesOn(kinds ...TriggerKind) names {
	var changed names
	for _, trigger := range s.program.Triggers {
		if slices.Contains(kinds, trigger.On) {
			changed = changed.with(s.mayDo(trigger.Do).changed)
		}
	}
	return changed
}

func (s *survey) changesAnywhere() names {
	var changed names
	s.program.eachStep(func(_ string, step Step) { changed = changed.with(s.after(facts{}, step).changed) })
	return changed
}

// rewardsOf are the rewards that may have fired a trigger.
func (s *survey) rewardsOf(trigger Trigger) names {
	var rewards names
	if trigger.Reward != "" {
		return s.mark(rewards, "reward "+trigger.Reward)
	}
	s.program.eachStep(func(_ string, step Step) {
		if grant, ok := step.(GrantRewardStep); ok {
			rewards = s.mark(rewards, "reward "+grant.Reward)
		}
	})
	return rewards
}

// changesOthers says whether any step is for somebody else than whom its flow runs for.
func (p *Program) changesOthers() bool {
	others := false
	p.eachStep(func(_ string, step Step) { others = others || step.whom() != "" })
	return others
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
		if question.Operator == Reaches || question.Operator == ReachesEvery {
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
