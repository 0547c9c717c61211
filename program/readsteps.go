package program

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// companions are the keys that may stand beside an action.
var companions = map[string][]string{
	increment:   {"by", forWhom},
	set:         {"to", forWhom},
	addTag:      {forWhom},
	removeTag:   {forWhom},
	send:        {"picture", "quick_replies", forWhom},
	runFlow:     {forWhom},
	grantReward: {forWhom},
	callWebhook: {"with", forWhom},
	ifElse:      {"then", "else"},
}

// forWhom is the key that says whom an action is for.
const forWhom = "for"

var people = []string{string(Referrer), string(Invitee), string(Contact)}

const longestWait = 365 * 24 * time.Hour

var (
	durationPattern = regexp.MustCompile(`^([0-9]{1,9})([smhd])$`)
	durationUnits   = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
)

// steps reads a list of steps, or one step that isn't in a list. A step that can't be read is nil.
func (r *reader) steps(e element) []Step {
	elements := r.itemsOrOne(e, yaml.MappingNode)
	if e.isEmptyList() {
		r.warn(e.path, codeEmptyList)
	}
	steps := make([]Step, len(elements))
	for i, element := range elements {
		steps[i] = r.step(element)
	}
	return steps
}

func (r *reader) step(e element) Step {
	if e.node.Kind == yaml.AliasNode {
		return nil
	}
	if !e.isMapping() {
		r.error(e.path, codeStepExpected)
		return nil
	}
	entries := r.entries(e)
	action, ok := r.action(e, entries)
	if !ok {
		return nil
	}
	values := map[string]element{}
	for _, entry := range entries {
		values[entry.key] = entry.element
	}
	return r.actionStep(action, e, values)
}

// action finds the one key that says what a step does.
func (r *reader) action(e element, entries []entry) (string, bool) {
	var found []string
	var others []entry
	for _, entry := range entries {
		if slices.Contains(actions, entry.key) {
			found = append(found, entry.key)
		} else {
			others = append(others, entry)
		}
	}
	switch len(found) {
	case 0:
		r.reportNoAction(e, others)
		return "", false
	case 1:
		r.reportStrangers(found[0], others)
		return found[0], true
	}
	r.error(e.path, codeTwoActions, found[0], found[1])
	return "", false
}

func (r *reader) reportNoAction(e element, others []entry) {
	for _, other := range others {
		if !isCompanion(other.key) {
			r.unknown(other.path, codeUnknownAction, other.key, actions)
			return
		}
	}
	if len(others) > 0 || len(e.node.Content) == 0 {
		r.error(e.path, codeMissingAction)
	}
}

func isCompanion(key string) bool {
	for _, keys := range companions {
		if slices.Contains(keys, key) {
			return true
		}
	}
	return false
}

func (r *reader) reportStrangers(action string, others []entry) {
	for _, other := range others {
		if !slices.Contains(companions[action], other.key) {
			r.unknown(other.path, codeUnknownKey, other.key, companions[action])
		}
	}
}

func (r *reader) actionStep(action string, e element, values map[string]element) Step {
	value, who := values[action], r.whom(values)
	switch action {
	case increment:
		return IncrementStep{Field: r.word(value), By: r.by(values), For: who}
	case set:
		return r.set(e, values, who)
	case addTag:
		return AddTagStep{Tag: r.tag(value), For: who}
	case removeTag:
		return RemoveTagStep{Tag: r.tag(value), For: who}
	case send:
		return r.send(values, who)
	case runFlow:
		return RunFlowStep{Flow: r.word(value), For: who}
	case grantReward:
		return GrantRewardStep{Reward: r.word(value), For: who}
	case callWebhook:
		return r.callWebhook(values, who)
	case wait:
		return WaitStep{For: r.duration(value)}
	default:
		return r.ifElse(e, values)
	}
}

// whom reads for whom a step is, where the author says so.
func (r *reader) whom(values map[string]element) Role {
	who, ok := values[forWhom]
	if !ok {
		return ""
	}
	role := Role(r.oneOf(who, codeUnknownPerson, people))
	if role == Contact { // whom the flow runs for, as without the key
		return ""
	}
	return role
}

func (r *reader) by(values map[string]element) int64 {
	by, ok := values["by"]
	if !ok {
		return 1
	}
	number, ok := r.whole(by)
	if ok && number == 0 {
		r.error(by.path, codeZeroIncrement)
	}
	return number
}

func (r *reader) set(e element, values map[string]element, who Role) Step {
	step := SetStep{Field: r.word(values[set]), For: who}
	to, ok := values["to"]
	if !ok {
		r.error(e.path, codeMissingKey, "to")
		return step
	}
	switch r.program.Fields[step.Field].Type {
	case NumberField:
		step.Number, _ = r.whole(to)
	case TextField:
		step.Text = r.textOrNothing(to)
	}
	return step
}

// textOrNothing: a text field is emptied by setting it to "".
func (r *reader) textOrNothing(e element) Text {
	if e.isScalar() && !e.plain() && e.node.Value == "" {
		return Text{}
	}
	return r.message(e)
}

func (r *reader) tag(e element) string {
	tag := r.word(e)
	if tag != "" {
		r.checkName(e.path, tag)
	}
	return tag
}

func (r *reader) message(e element) Text {
	text, unclosed, ok := compileText(r.text(e))
	if !ok {
		r.error(e.path, codeUnclosedVariable, excerpt(unclosed))
	}
	return text
}

func (r *reader) duration(e element) time.Duration {
	written := r.word(e)
	if written == "" {
		return 0
	}
	found := durationPattern.FindStringSubmatch(written)
	if found == nil {
		r.error(e.path, codeBadDuration, excerpt(written))
		return 0
	}
	count, _ := strconv.ParseInt(found[1], 10, 64)
	unit := durationUnits[found[2]]
	if count == 0 || count > int64(longestWait/unit) {
		r.error(e.path, codeBadDuration, written)
		return 0
	}
	return time.Duration(count) * unit
}

func (r *reader) ifElse(e element, values map[string]element) Step {
	step := IfStep{Condition: r.condition(values[ifElse])}
	if then, ok := values["then"]; ok {
		step.Then = r.steps(then)
	} else {
		r.error(e.path, codeMissingKey, "then")
	}
	if otherwise, ok := values["else"]; ok {
		step.Else = r.steps(otherwise)
	}
	return step
}
