package program

import (
	"strconv"
	"strings"
)

// Operator names a comparison.
type Operator string

// The operators.
const (
	Equals    Operator = "equals"
	NotEquals Operator = "not_equals"
	Greater   Operator = "greater"
	AtLeast   Operator = "at_least"
	Less      Operator = "less"
	AtMost    Operator = "at_most"
	Contains  Operator = "contains"
	IsSet     Operator = "is_set"
	Reaches   Operator = "reaches"
	// ReachesEvery asks whether a change came to, or passed, a multiple of a number.
	ReachesEvery Operator = "reaches_every"
)

var (
	numberOperators = []Operator{Equals, NotEquals, Greater, AtLeast, Less, AtMost, IsSet, Reaches, ReachesEvery}
	textOperators   = []Operator{Equals, NotEquals, Contains, IsSet}
	operators       = []Operator{Equals, NotEquals, Greater, AtLeast, Less, AtMost, Contains, IsSet, Reaches, ReachesEvery}
)

// The keys that join conditions in the file.
const (
	allOf = "all"
	anyOf = "any"
)

// A Condition asks about a field or a tag of the person a flow runs for, or joins conditions: exactly one of Field, Tag,
// All and Any is given.
type Condition struct {
	Field    string
	Tag      string
	Operator Operator
	Number   int64       // what a number field is compared with
	Text     string      // what a text field is compared with
	Is       bool        // what is_set expects
	All      []Condition // each must hold
	Any      []Condition // one must hold
}

// joined gives the conditions a condition joins and the key that joins them; the key of one that asks by itself is "".
func (c Condition) joined() (key string, parts []Condition) {
	switch {
	case len(c.All) > 0:
		return allOf, c.All
	case len(c.Any) > 0:
		return anyOf, c.Any
	}
	return "", nil
}

// eachQuestion visits what a condition asks, in file order, each question with its path: "flows.revisar[0].if.all[1]".
func (c Condition) eachQuestion(path string, visit func(path string, question Condition)) {
	key, parts := c.joined()
	if key == "" {
		visit(path, c)
		return
	}
	for i, part := range parts {
		part.eachQuestion(item(path+"."+key, i), visit)
	}
}

// questions counts what a condition asks.
func (c Condition) questions() int {
	count := 0
	c.eachQuestion("", func(string, Condition) { count++ })
	return count
}

// threshold is the total a grant inside the condition rests on, if it rests on one. Where several conditions must hold it
// is the only threshold among them: of two, neither alone earned the grant. Under any it is none, for another of them may
// have held.
func (c Condition) threshold() *Basis {
	if c.Operator == Reaches || c.Operator == AtLeast {
		return &Basis{Field: c.Field, Threshold: c.Number}
	}
	var only *Basis
	for _, part := range c.All {
		switch basis := part.threshold(); {
		case basis == nil:
		case only != nil:
			return nil
		default:
			only = basis
		}
	}
	return only
}

// every is the path of the one question under which a grant is given for each multiple that was come to, if there is one: as with
// thresholds, it must be the only one among those that must all hold.
func (c Condition) every(path string) (at string, ok bool) {
	if c.Operator == ReachesEvery {
		return path, true
	}
	if c.threshold() != nil {
		return "", false
	}
	for i, part := range c.All {
		if partAt, found := part.every(item(path+"."+allOf, i)); found {
			if ok {
				return "", false
			}
			at, ok = partAt, true
		}
	}
	return at, ok
}

// decide evaluates a condition for the chain's person. All its questions are asked and recorded, even when the first ones
// settle it: a reaches condition that was passed over would see an old change as new the next time.
func (r *run) decide(condition Condition, path string, c *chain) bool {
	key, parts := condition.joined()
	if key == "" {
		return r.holds(condition, path, c)
	}
	held := 0
	for i, part := range parts {
		if r.decide(part, item(path+"."+key, i), c) {
			held++
		}
	}
	return held == len(parts) || key == anyOf && held > 0
}

// holds evaluates one question and records it.
func (r *run) holds(condition Condition, path string, c *chain) bool {
	check := Check{
		Path: path, Who: c.who, Field: condition.Field, Operator: string(condition.Operator),
		With: r.comparedWith(condition), Ops: len(r.outcome.Ops),
	}
	switch {
	case condition.Tag != "":
		r.checkTag(&check, condition, c)
	case r.program.Fields[condition.Field].Type == NumberField:
		r.checkNumber(&check, condition, c)
	default:
		r.checkText(&check, condition, c)
	}
	r.outcome.Checks = append(r.outcome.Checks, check)
	return check.Held
}

// comparedWith is what a condition compares a value with, as text.
func (r *run) comparedWith(condition Condition) string {
	switch {
	case condition.Tag != "", condition.Operator == IsSet:
		return strconv.FormatBool(condition.Is)
	case r.program.Fields[condition.Field].Type == NumberField:
		return strconv.FormatInt(condition.Number, 10)
	default:
		return condition.Text
	}
}

func (r *run) checkTag(check *Check, condition Condition, c *chain) {
	before, after := r.before[c.who].Tags[condition.Tag], c.person.Tags[condition.Tag]
	check.Field = "tag:" + condition.Tag
	check.Before, check.After = strconv.FormatBool(before), strconv.FormatBool(after)
	check.Held = after == condition.Is
}

func (r *run) checkNumber(check *Check, condition Condition, c *chain) {
	before, wasSet := r.before[c.who].Numbers[condition.Field]
	after, isSet := c.person.Numbers[condition.Field]
	switch condition.Operator {
	case IsSet:
		check.Before, check.After = numberIfSet(before, wasSet), numberIfSet(after, isSet)
		check.Held = isSet == condition.Is
		return
	case Reaches:
		before = r.sinceLast(sight{check.Path, c.who}, before, after)
	case ReachesEvery:
		seen := sight{check.Path, c.who}
		before = r.sinceLast(seen, before, after)
		r.crossed[seen] = crossing(condition, before, after)
	}
	check.Before, check.After = strconv.FormatInt(before, 10), strconv.FormatInt(after, 10)
	check.Held = compare(condition.Operator, before, after, condition.Number)
}

// sinceLast is the value a reaches condition saw last in this run, or the value the run started with; after is what it
// sees now. Two triggers that add and then check the same condition therefore cross a threshold once between them.
func (r *run) sinceLast(seen sight, start, after int64) int64 {
	before, ok := r.lastSeen[seen]
	r.lastSeen[seen] = after
	if !ok {
		return start
	}
	return before
}

func compare(operator Operator, before, value, with int64) bool {
	switch operator {
	case Equals:
		return value == with
	case NotEquals:
		return value != with
	case Greater:
		return value > with
	case AtLeast:
		return value >= with
	case Less:
		return value < with
	case AtMost:
		return value <= with
	case Reaches:
		return before < with && with <= value
	case ReachesEvery:
		return value >= with && value/with > max(before, 0)/with
	}
	return false
}

func numberIfSet(n int64, isSet bool) string {
	if !isSet {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// checkText compares as people do, without regard to case and accents. An empty text counts as not set.
func (r *run) checkText(check *Check, condition Condition, c *chain) {
	check.Before, check.After = r.before[c.who].Texts[condition.Field], c.person.Texts[condition.Field]
	value, with := fold(check.After), fold(condition.Text)
	switch condition.Operator {
	case Equals:
		check.Held = value == with
	case NotEquals:
		check.Held = value != with
	case Contains:
		check.Held = strings.Contains(value, with)
	case IsSet:
		check.Held = (check.After != "") == condition.Is
	}
}
