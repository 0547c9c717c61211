package program

import (
	"maps"
	"slices"
	"strconv"
)

// checkMeaning reports what can be run but won't do what its author expects: mostly warnings.
func checkMeaning(p *Program, f *findings) {
	w := &warner{findings: f, program: p, survey: newSurvey(p), counters: map[string]*counter{}}
	w.fromKeywords = p.reachable(p.keywordFlows()...)
	w.fromTriggers = p.reachable(p.triggerFlows()...)
	w.fromRecurring = p.reachable(p.recurringFlows()...)
	w.unusedFlows()
	w.forSomebody()
	w.rewardCircles()
	w.gates()
	for i, trigger := range p.Triggers {
		if trigger.If != nil {
			w.condition(triggerStart(i)+"."+ifElse, *trigger.If, codeReachesTooEarly)
		}
		eachStep(triggerPath(i), trigger.Do, w.step)
		if trigger.On.recurs() {
			eachStep(triggerPath(i), trigger.Do, w.repeated)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Flows)) {
		eachStep(flowPath(name), p.Flows[name], w.step)
		if w.fromKeywords[name] {
			eachStep(flowPath(name), p.Flows[name], w.alone)
		}
		if w.fromRecurring[name] {
			eachStep(flowPath(name), p.Flows[name], w.repeated)
		}
	}
}

type warner struct {
	*findings
	program      *Program
	survey       *survey
	counters     map[string]*counter // by field, made when first asked about
	fromKeywords map[string]bool
	fromTriggers map[string]bool
	// fromRecurring are the flows of triggers that fire for the same person again and again.
	fromRecurring map[string]bool
}

func (p *Program) keywordFlows() []string {
	var flows []string
	for _, keyword := range p.Keywords {
		flows = append(flows, keyword.Flow)
	}
	return flows
}

func (p *Program) triggerFlows() []string {
	var flows []string
	for _, trigger := range p.Triggers {
		flows = append(flows, p.flowsRunBy(trigger.Do)...)
	}
	return flows
}

// recurs says whether a trigger fires for the same person again and again.
func (on TriggerKind) recurs() bool { return on != RewardGranted && on != ContactCreated }

func (p *Program) recurringFlows() []string {
	var flows []string
	for _, trigger := range p.Triggers {
		if trigger.On.recurs() {
			flows = append(flows, p.flowsRunBy(trigger.Do)...)
		}
	}
	return flows
}

func (w *warner) unusedFlows() {
	starts := slices.Concat(w.program.keywordFlows(), w.program.triggerFlows())
	for _, entryPoint := range w.program.EntryPoints {
		starts = append(starts, entryPoint.Flow)
	}
	used := w.program.reachable(starts...)
	for _, name := range slices.Sorted(maps.Keys(w.program.Flows)) {
		if !used[name] {
			w.warn(flowPath(name), codeFlowNeverUsed, name)
		}
	}
}

func (w *warner) step(path string, step Step) {
	switch step := step.(type) {
	case SendStep:
		w.code(path, step)
		w.unheard(path+".quick_replies", step.QuickReplies)
	case IfStep:
		w.condition(path+"."+ifElse, step.Condition, codeReachesNeverHolds)
	}
}

// condition warns of questions that won't be answered as expected; neverReached is the code for a reaches that can't hold.
func (w *warner) condition(path string, condition Condition, neverReached string) {
	condition.eachQuestion(path, func(path string, question Condition) {
		w.reaches(path, question, neverReached)
		w.equals(path, question)
	})
}

// unheard: a button that no keyword listens to does nothing.
func (w *warner) unheard(path string, replies []string) {
	for i, reply := range replies {
		if _, heard := w.program.Keyword(reply); !heard {
			w.warn(item(path, i), codeUnheardReply, reply)
		}
	}
}

// code: a message speaks of a code. When no reward it may speak of has codes that is an error, when some haven't a
// warning.
func (w *warner) code(path string, step SendStep) {
	w.expiry(path, step)
	if !slices.ContainsFunc(step.Text.variables(), isBareCode) {
		return
	}
	granted, surveyed := w.survey.grantedBefore[path]
	if !surveyed {
		return // in a flow never used
	}
	if granted.isEmpty() {
		w.warn(path+"."+send, codeNoRewardBefore)
		return
	}
	with, without := w.byCodes(granted)
	switch {
	case len(without) == 0:
	case len(with) == 0:
		w.error(path+"."+send, codeRewardWithoutCodes, without[0])
	default:
		w.warn(path+"."+send, codeRewardWithoutCodes, without[0])
	}
}

// expiry: a message tells when a reward expires that never does.
func (w *warner) expiry(path string, step SendStep) {
	granted := w.survey.grantedBefore[path]
	for i, name := range slices.Sorted(maps.Keys(w.program.Rewards)) {
		if granted.has(i) && w.program.Rewards[name].Valid == 0 && slices.ContainsFunc(step.Text.variables(), isBareExpiry) {
			w.warn(path+"."+send, codeNeverExpires, name)
			return
		}
	}
}

func isBareExpiry(v *variable) bool { return v.kind == rewardExpires && v.fallback == "" }

// isBareCode: with a fallback, the author has thought of there being no code.
func isBareCode(v *variable) bool { return v.kind == rewardCode && v.fallback == "" }

// byCodes splits rewards into those with codes and those without.
func (w *warner) byCodes(granted names) (with, without []string) {
	for i, name := range slices.Sorted(maps.Keys(w.program.Rewards)) {
		switch {
		case !granted.has(i):
		case w.program.Rewards[name].Codes == CodePool:
			with = append(with, name)
		default:
			without = append(without, name)
		}
	}
	return with, without
}

func (w *warner) reaches(path string, condition Condition, code string) {
	changed, surveyed := w.survey.changedBefore[path]
	if surveyed && !changed && w.program.Fields[condition.Field].Type == NumberField {
		w.warn(path+"."+string(condition.Operator), code, condition.Field)
	}
}

func (w *warner) equals(path string, condition Condition) {
	if condition.Operator != Equals || w.program.Fields[condition.Field].Type != NumberField {
		return
	}
	if w.counters[condition.Field] == nil {
		w.counters[condition.Field] = newCounter(w.program, condition.Field)
	}
	if from, to, ok := w.counters[condition.Field].skips(condition.Number); ok {
		w.warn(path+".equals", codeEqualsSkipped,
			condition.Field, strconv.FormatInt(condition.Number, 10), strconv.FormatInt(from, 10), strconv.FormatInt(to, 10))
	}
}

// repeated: after a referral, at_least holds again and again, and what stands in it is sent each time. As a trigger's own
// condition it is left alone: there it says from when on referrals count differently.
func (w *warner) repeated(path string, step Step) {
	choice, ok := step.(IfStep)
	if !ok || !w.survey.mayDo(choice.Then).spoken {
		return
	}
	if at, question, repeats := choice.Condition.repeating(path + "." + ifElse); repeats {
		operator := string(question.Operator)
		w.warn(at+"."+operator, codeAtLeastRepeats, operator, question.Field)
	}
}

// repeating finds a question that goes on holding while a number grows, and that is enough for the condition to hold.
// Beside another kind of question under all it isn't: that may be what keeps it from repeating.
func (c Condition) repeating(path string) (at string, question Condition, repeats bool) {
	key, parts := c.joined()
	if key == "" {
		return path, c, c.Operator == AtLeast || c.Operator == Greater
	}
	for i, part := range parts {
		partAt, partQuestion, partRepeats := part.repeating(item(path+"."+key, i))
		switch {
		case key == allOf && !partRepeats:
			return "", Condition{}, false
		case partRepeats && !repeats:
			at, question, repeats = partAt, partQuestion, true
		}
	}
	return at, question, repeats
}

// alone: in a flow that a keyword starts there is nobody but the contact.
func (w *warner) alone(path string, step Step) {
	switch step := step.(type) {
	case SendStep:
		w.others(path+"."+send, step.Text)
		w.others(path+".picture", step.Picture)
	case CallWebhookStep:
		for _, key := range slices.Sorted(maps.Keys(step.With)) {
			w.others(withPath(path, key), step.With[key])
		}
	}
}

func (w *warner) others(path string, text Text) {
	for _, v := range text.variables() {
		if v.role != "" && v.fallback == "" {
			w.warn(path, codeNobodyElse, v.written)
		}
	}
}
