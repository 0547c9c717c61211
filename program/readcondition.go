package program

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// clauses are the keys of one condition, by what they do.
type clauses struct {
	subjects, comparisons, joins []entry
}

// condition reads a condition. One that is wrong is left empty.
func (r *reader) condition(e element) Condition {
	found, ok := r.clauses(e)
	if !ok || e.node.Kind == yaml.AliasNode || !e.absent() && !e.isMapping() {
		return Condition{} // reported already
	}
	if len(found.joins) > 0 {
		return r.join(e, found)
	}
	if !r.exactlyOne(e, found.subjects, codeMissingSubject, codeTwoSubjects) ||
		!r.exactlyOne(e, found.comparisons, codeMissingOperator, codeTwoOperators) {
		return Condition{}
	}
	return r.question(found.subjects[0], found.comparisons[0])
}

func (r *reader) clauses(e element) (found clauses, ok bool) {
	for _, entry := range r.entries(e) {
		switch {
		case entry.key == "field" || entry.key == "tag":
			found.subjects = append(found.subjects, entry)
		case entry.key == allOf || entry.key == anyOf:
			found.joins = append(found.joins, entry)
		case slices.Contains(operators, Operator(entry.key)):
			found.comparisons = append(found.comparisons, entry)
		default:
			r.unknown(entry.path, codeUnknownOperator, entry.key, conditionKeys())
			return clauses{}, false
		}
	}
	return found, true
}

// join reads the conditions under all or any, which stands alone.
func (r *reader) join(e element, found clauses) Condition {
	join := found.joins[0]
	if others := slices.Concat(found.joins[1:], found.subjects, found.comparisons); len(others) > 0 {
		r.error(e.path, codeJoinNotAlone, join.key, others[0].key)
		return Condition{}
	}
	elements := r.items(join.element)
	if join.isEmptyList() {
		r.error(join.path, codeNothingToJoin, join.key)
	}
	parts := make([]Condition, len(elements))
	for i, element := range elements {
		parts[i] = r.condition(element)
	}
	if join.key == allOf {
		return Condition{All: parts}
	}
	return Condition{Any: parts}
}

func (r *reader) question(subject, comparison entry) Condition {
	question := Condition{Operator: Operator(comparison.key)}
	if subject.key == "tag" {
		question.Tag = r.tag(subject.element)
		r.compareTag(&question, comparison.element)
		return question
	}
	question.Field = r.word(subject.element)
	r.compareField(&question, comparison.element)
	return question
}

// conditionKeys are those a condition may have.
func conditionKeys() []string {
	keys := []string{"field", "tag", allOf, anyOf}
	for _, operator := range operators {
		keys = append(keys, string(operator))
	}
	return keys
}

func (r *reader) exactlyOne(e element, entries []entry, codeNone, codeTwo string) bool {
	switch len(entries) {
	case 0:
		r.error(e.path, codeNone)
	case 1:
		return true
	default:
		r.error(e.path, codeTwo, entries[0].key, entries[1].key)
	}
	return false
}

func (r *reader) compareTag(condition *Condition, with element) {
	if condition.Operator != IsSet {
		r.error(with.path, codeOperatorNotForTag, string(condition.Operator))
		return
	}
	condition.Is = r.trueOrFalse(with)
}

// compareField reads the value a field is compared with, as the field's type has it.
func (r *reader) compareField(condition *Condition, with element) {
	switch kind := r.program.Fields[condition.Field].Type; {
	case condition.Operator == IsSet:
		condition.Is = r.trueOrFalse(with)
	case kind == NumberField && r.suits(condition, with, codeOperatorNotForNumber, numberOperators):
		condition.Number, _ = r.whole(with)
		if condition.Operator == ReachesEvery && condition.Number < 1 {
			condition.Number = 1
			r.error(with.path, codeEveryOfNothing)
		}
	case kind == TextField && r.suits(condition, with, codeOperatorNotForText, textOperators):
		condition.Text = r.text(with)
	}
}

func (r *reader) suits(condition *Condition, with element, code string, suitable []Operator) bool {
	if slices.Contains(suitable, condition.Operator) {
		return true
	}
	var names []string
	for _, operator := range suitable {
		names = append(names, string(operator))
	}
	r.error(with.path, code, string(condition.Operator), condition.Field, strings.Join(names, ", "))
	return false
}
