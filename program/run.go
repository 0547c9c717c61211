package program

import (
	"slices"
	"strings"
)

// stepBudget bounds a run: flows that fan out into one another could otherwise go on for ever.
const stepBudget = 10_000

// Run evaluates the program from each cursor in turn until it waits or ends. Later cursors see what earlier ones
// changed. It is pure: the state and its people are left as they were, and the same arguments give the same outcome. A
// cursor whose place or person doesn't exist ends quietly.
func (p *Program) Run(state State, from ...Cursor) Outcome {
	r := newRun(p, state)
	for _, cursor := range from {
		person := r.people[cursor.For]
		if person == nil {
			continue
		}
		rewards := map[Role]string{cursor.For: p.knownReward(cursor.Reward), cursor.For.other(): p.knownReward(cursor.OtherReward)}
		r.start(cursor.At, &chain{who: cursor.For, person: person, rewards: rewards, alone: cursor.Alone, crossed: cursor.Crossed, refused: map[Role]bool{}})
	}
	return r.outcome
}

func (r *run) start(at string, c *chain) {
	if index, ok := r.program.triggerAt(at); ok {
		r.trigger(index, nil, c)
		return
	}
	frames := r.program.locate(at)
	if c.crossed != nil && len(frames) > 0 {
		frames[len(frames)-1].crossed = c.crossed
	}
	r.follow(frames, c)
}

// trigger runs a trigger's steps if its condition holds now, with what the triggers before it have changed. What fired it may have
// rested on a total, and then so does what it grants.
func (r *run) trigger(index int, basis *Basis, c *chain) {
	list := r.program.triggered(index)
	if list.basis == nil {
		list.basis = basis
	}
	if condition := r.program.Triggers[index].If; condition != nil {
		if !r.spend(condition.questions()) || !r.decide(*condition, triggerStart(index)+"."+ifElse, c) {
			return
		}
		list.crossed = r.crossing(*condition, triggerStart(index)+"."+ifElse, c)
	}
	r.follow([]frame{list}, c)
}

func (p *Program) knownReward(name string) string {
	if _, ok := p.Rewards[name]; !ok {
		return ""
	}
	return name
}

// A run is one evaluation under way: people as changed so far, and what has been decided.
type run struct {
	program    *Program
	entryPoint string
	people     map[Role]*Person
	before     map[Role]*Person // as they were; never changed
	lastSeen   map[sight]int64
	crossed    map[sight]Crossing // what each reaches_every saw last
	granted    map[string]int64
	steps      int
	outcome    Outcome
}

// A sight is one reaches condition looking at one person.
type sight struct {
	path string
	who  Role
}

// A chain is one cursor's way through flows that run each other: for whom, and the reward granted last to each person.
type chain struct {
	who     Role
	person  *Person
	rewards map[Role]string
	alone   bool          // nothing is done for anybody else
	crossed *Crossing     // that led to where it starts
	refused map[Role]bool // the last reward was refused: its limit is reached
}

// reward is the one granted last to the chain's person.
func (c *chain) reward() string { return c.rewards[c.who] }

// forWhom gives the way on which a step is done that says whom it is for; nil when they aren't there, or nothing is to be done for them.
func (r *run) forWhom(who Role, c *chain) *chain {
	if who == "" || who == c.who {
		return c
	}
	person := r.people[who]
	if person == nil || c.alone {
		return nil
	}
	return &chain{who: who, person: person, rewards: c.rewards, refused: c.refused}
}

func newRun(p *Program, state State) *run {
	people := make(map[Role]*Person, len(state.People))
	for role, person := range state.People {
		if person != nil {
			people[role] = person.copied()
		}
	}
	return &run{
		program: p, entryPoint: state.EntryPoint,
		people: people, before: state.People, lastSeen: map[sight]int64{}, crossed: map[sight]Crossing{},
		granted: copiedMap(state.Granted),
	}
}

// follow runs the innermost list to its end, then goes on in the lists around it. A wait ends them all: its cursor says
// where they go on.
func (r *run) follow(frames []frame, c *chain) {
	for frames = unfinished(frames); len(frames) > 0; frames = unfinished(frames) {
		top := &frames[len(frames)-1]
		if !r.spend(price(top.steps[top.next])) {
			return
		}
		switch step := top.steps[top.next].(type) {
		case WaitStep:
			top.next++
			r.wait(step, unfinished(frames), c)
			return
		case IfStep:
			at := item(top.path, top.next) + "." + ifElse
			held := r.decide(step.Condition, at, c)
			branch := top.branch(step, held)
			if crossed := r.crossing(step.Condition, at, c); held && crossed != nil {
				branch.crossed = crossed
			}
			top.next++
			frames = append(frames, branch)
		case RunFlowStep:
			top.next++
			r.runFlow(step, *top, c)
		default:
			top.next++
			r.act(step, *top, c)
		}
	}
}

// runFlow runs a flow for whom the step says.
func (r *run) runFlow(step RunFlowStep, in frame, c *chain) {
	to := r.forWhom(step.For, c)
	if to == nil {
		return
	}
	r.follow([]frame{{path: flowPath(step.Flow), steps: r.program.Flows[step.Flow], basis: in.basis.of(to, c), crossed: in.crossed}}, to)
}

// of is the basis that somebody's grant has: a total is its owner's alone.
func (b *Basis) of(to, counted *chain) *Basis {
	if to.who != counted.who {
		return nil
	}
	return b
}

// price is what a step takes of the budget: each question of a condition and each text of a call count as a step.
func price(step Step) int {
	switch step := step.(type) {
	case IfStep:
		return step.Condition.questions()
	case CallWebhookStep:
		return max(1, len(step.With))
	}
	return 1
}

// spend takes steps off the budget. Once there aren't enough, nothing more is run.
func (r *run) spend(steps int) bool {
	if r.outcome.Truncated || r.steps+steps > stepBudget {
		r.outcome.Truncated = true
		return false
	}
	r.steps += steps
	return true
}

// unfinished drops the lists that have come to their end.
func unfinished(frames []frame) []frame {
	for len(frames) > 0 && frames[len(frames)-1].next >= len(frames[len(frames)-1].steps) {
		frames = frames[:len(frames)-1]
	}
	return frames
}

// wait notes where to go on. With nothing left to do there is nothing to wait for.
func (r *run) wait(step WaitStep, frames []frame, c *chain) {
	if len(frames) == 0 {
		return
	}
	top := frames[len(frames)-1]
	cursor := Cursor{
		For: c.who, At: item(top.path, top.next), Reward: c.reward(), OtherReward: c.rewards[c.who.other()], Alone: c.alone,
		Crossed: top.crossed,
	}
	r.outcome.Waits = append(r.outcome.Waits, Wait{Cursor: cursor, For: step.For})
}

func (r *run) act(step Step, in frame, from *chain) {
	c := r.forWhom(step.whom(), from)
	if c == nil {
		return
	}
	switch step := step.(type) {
	case IncrementStep:
		r.increment(step, c)
	case SetStep:
		r.set(step, c)
	case AddTagStep:
		c.person.Tags[step.Tag] = true
		r.do(Op{Kind: OpAddTag, Who: c.who, Tag: step.Tag})
	case RemoveTagStep:
		delete(c.person.Tags, step.Tag)
		r.do(Op{Kind: OpRemoveTag, Who: c.who, Tag: step.Tag})
	case GrantRewardStep:
		r.grant(step.Reward, in, from, c)
	case SendStep:
		r.send(step, c)
	case CallWebhookStep:
		r.do(Op{Kind: OpCall, Who: c.who, Webhook: step.Webhook, With: r.renderEach(step.With, c)})
	}
}

func (r *run) do(op Op) { r.outcome.Ops = append(r.outcome.Ops, op) }

// increment gives as delta what the number really changed by: near its limits that is less than was asked for, and the
// ledger must add up to the number.
func (r *run) increment(step IncrementStep, c *chain) {
	before := c.person.Numbers[step.Field]
	after := clamp(clamp(before) + step.By)
	c.person.Numbers[step.Field] = after
	r.do(Op{Kind: OpIncrement, Who: c.who, Field: step.Field, Delta: after - before})
}

func clamp(n int64) int64 { return max(-MaxNumber, min(n, MaxNumber)) }

func (r *run) set(step SetStep, c *chain) {
	if r.program.Fields[step.Field].Type == NumberField {
		c.person.Numbers[step.Field] = step.Number
		r.do(Op{Kind: OpSetNumber, Who: c.who, Field: step.Field, Number: step.Number})
		return
	}
	text := r.render(step.Text, c)
	c.person.Texts[step.Field] = text
	r.do(Op{Kind: OpSetText, Who: c.who, Field: step.Field, Text: text})
}

func (r *run) send(step SendStep, c *chain) {
	if c.reward() == "" && c.refused[c.who] && slices.ContainsFunc(step.Text.variables(), speaksOfReward) {
		return // it would tell of a reward that wasn't given
	}
	op := Op{
		Kind: OpSend, Who: c.who, Text: r.render(step.Text, c),
		Picture: r.picture(step.Picture, c), QuickReplies: slices.Clone(step.QuickReplies),
	}
	if hasHole(op.Text) {
		op.Reward = c.reward()
	}
	r.do(op)
}

// picture is the address of a message's picture. A message whose address isn't known goes without.
func (r *run) picture(address Text, c *chain) string {
	rendered := r.render(address, c)
	if !strings.HasPrefix(rendered, secure) {
		return ""
	}
	return rendered
}

func (r *run) renderEach(texts map[string]Text, c *chain) map[string]string {
	if len(texts) == 0 {
		return nil
	}
	rendered := make(map[string]string, len(texts))
	for key, text := range texts {
		rendered[key] = r.render(text, c)
	}
	return rendered
}

// copiedBasis keeps what an outcome holds apart from the program, which is shared.
func copiedBasis(basis *Basis) *Basis {
	if basis == nil {
		return nil
	}
	copied := *basis
	return &copied
}
