package program

import (
	"strconv"
	"strings"
)

// holds evaluates a condition for the chain's person and records it.
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
	before, after := r.start[c.who].Tags[condition.Tag], c.person.Tags[condition.Tag]
	check.Field = "tag:" + condition.Tag
	check.Before, check.After = strconv.FormatBool(before), strconv.FormatBool(after)
	check.Held = after == condition.Is
}

func (r *run) checkNumber(check *Check, condition Condition, c *chain) {
	before, wasSet := r.start[c.who].Numbers[condition.Field]
	after, isSet := c.person.Numbers[condition.Field]
	switch condition.Operator {
	case IsSet:
		check.Before, check.After = numberIfSet(before, wasSet), numberIfSet(after, isSet)
		check.Held = isSet == condition.Is
		return
	case Reaches:
		before = r.sinceLast(sight{check.Path, c.who}, before, after)
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
	check.Before, check.After = r.start[c.who].Texts[condition.Field], c.person.Texts[condition.Field]
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
