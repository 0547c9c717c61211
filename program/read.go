package program

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// What a program may hold at most: far more than anybody writes by hand, and little enough to check quickly.
const (
	mostFields      = 256
	mostRewards     = 256
	mostEntryPoints = 256
	mostFlows       = 1000
)

var (
	namePattern       = regexp.MustCompile(`^[\p{L}_][\p{L}\p{M}\p{N}_ -]{0,59}$`)
	entryPointPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$`)
	localePattern     = regexp.MustCompile(`^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$`)

	attributions = []string{string(FirstTouch), string(PerReferrer)}
	triggerKinds = []string{
		string(ReferredNewContact), string(ReferredExistingContact), string(ReferralQualified), string(ReferralVoided),
		string(RewardGranted), string(ContactCreated), string(EntryPointOpened),
	}
	fieldTypes = []string{string(NumberField), string(TextField)}
)

// read turns the file into a typed program. A part that is wrong leaves a gap, so that paths keep counting as in the
// file. Names are not looked up yet, except fields: their types say how values are read.
func read(root *yaml.Node, f *findings) *Program {
	p := &Program{
		Fields: map[string]Field{}, Flows: map[string][]Step{}, Rewards: map[string]Reward{},
		keywords: map[string]string{}, prefixes: map[string]string{},
	}
	r := &reader{findings: f, program: p}
	values := r.object(element{"", root}, "program")
	r.heading(values)
	r.fields(values["fields"])
	r.entryPoints(values["entry_points"])
	r.keywords(values["keywords"])
	r.triggers(values["triggers"])
	r.flows(values["flows"])
	r.rewards(values["rewards"])
	return p
}

func (r *reader) heading(values map[string]element) {
	r.program.Locale, r.program.LinkSuffix = "en", DefaultLinkSuffix
	if name, ok := values["name"]; ok {
		r.program.Name = r.word(name)
	}
	if locale, ok := values["locale"]; ok {
		r.program.Locale = r.word(locale)
		if !localePattern.MatchString(r.program.Locale) {
			r.error(locale.path, codeBadLocale, excerpt(r.program.Locale))
		}
	}
	if suffix, ok := values["link_suffix"]; ok {
		r.program.LinkSuffix = r.linkSuffix(suffix)
	}
}

// named lists a mapping from names to things, at most so many.
func (r *reader) named(e element, most int) []entry {
	entries := r.entries(e)
	if len(entries) > most {
		r.error(entries[most].path, codeTooMany, strconv.Itoa(most))
		return entries[:most]
	}
	return entries
}

func (r *reader) checkName(path, name string) {
	if !namePattern.MatchString(name) || strings.HasSuffix(name, " ") {
		r.error(path, codeBadName, excerpt(name))
	}
}

func (r *reader) fields(e element) {
	for _, field := range r.named(e, mostFields) {
		r.checkName(field.path, field.key)
		if slices.Contains(reservedNames(), field.key) {
			r.error(field.path, codeReservedName, field.key)
		}
		r.program.Fields[field.key] = r.field(field.element)
	}
}

// reservedNames are those of which a field would hide a variable, or the other way round.
func reservedNames() []string {
	return append(slices.Sorted(maps.Keys(personVariables)),
		"entry_point", "link", "reward", string(Contact), string(Invitee), string(Referrer))
}

func (r *reader) field(e element) Field {
	kind, ok := r.need(e, r.object(e, "field"), "type")
	if !ok {
		return Field{}
	}
	return Field{Type: FieldType(r.oneOf(kind, codeUnknownFieldType, fieldTypes))}
}

// oneOf reads a word out of a few; it is empty when it is none of them.
func (r *reader) oneOf(e element, code string, known []string) string {
	word := r.word(e)
	if word == "" || slices.Contains(known, word) {
		return word
	}
	r.unknown(e.path, code, word, known)
	return ""
}

func (r *reader) entryPoints(e element) {
	entries := r.named(e, mostEntryPoints)
	if len(entries) == 0 && (e.absent() || e.isMapping()) {
		r.error("entry_points", codeNoEntryPoints)
	}
	for _, entry := range entries {
		r.program.EntryPoints = append(r.program.EntryPoints, r.entryPoint(entry))
	}
}

func (r *reader) entryPoint(e entry) EntryPoint {
	if !entryPointPattern.MatchString(e.key) {
		r.error(e.path, codeBadEntryPointName, excerpt(e.key))
	} else {
		r.checkAmbiguous(e)
	}
	entryPoint := EntryPoint{Name: e.key, Attribution: FirstTouch, Approval: AutoApproval}
	values := r.object(e.element, "entry_point")
	if flow, ok := r.need(e.element, values, "flow"); ok {
		entryPoint.Flow = r.word(flow)
	}
	if attribution, ok := values["attribution"]; ok {
		entryPoint.Attribution = Attribution(r.oneOf(attribution, codeUnknownAttribution, attributions))
	}
	if allowed, ok := values["allow_mutual"]; ok {
		entryPoint.AllowMutual = r.trueOrFalse(allowed)
	}
	r.gate(values, &entryPoint)
	return entryPoint
}

func (r *reader) keywords(e element) {
	exact := declaration{r.program.keywords, map[string]string{}}
	beginning := declaration{r.program.prefixes, map[string]string{}}
	for _, item := range r.items(e) {
		values := r.object(item, "keyword")
		var keyword Keyword
		if flow, ok := r.need(item, values, "flow"); ok {
			keyword.Flow = r.word(flow)
		}
		match, hasMatch := values["match"]
		if hasMatch {
			keyword.Match = r.words(match, keyword.Flow, exact)
		}
		startsWith, hasStart := values["starts_with"]
		if hasStart {
			keyword.StartsWith = r.words(startsWith, keyword.Flow, beginning)
		}
		if !hasMatch && !hasStart {
			r.error(item.path, codeKeywordWithoutWords)
		}
		r.program.Keywords = append(r.program.Keywords, keyword)
	}
	for prefix := range r.program.prefixes {
		r.program.longestPrefix = max(r.program.longestPrefix, len(prefix))
	}
}

// A declaration is what keywords of one kind say: which flow they start, and where they stand, by folded word.
type declaration struct{ flows, paths map[string]string }

func (r *reader) words(e element, flow string, declared declaration) []string {
	var words []string
	elements := r.itemsOrOne(e, yaml.ScalarNode)
	if len(elements) == 0 && !e.isMapping() {
		r.error(e.path, codeEmptyText)
	}
	for _, element := range elements {
		word := r.word(element)
		words = append(words, word)
		if word != "" {
			r.declare(word, element.path, flow, declared)
		}
	}
	return words
}

func (r *reader) declare(word, path, flow string, declared declaration) {
	folded := fold(word)
	before, twice := declared.paths[folded]
	switch {
	case folded == "":
		r.error(path, codeEmptyText)
	case utf8.RuneCountInString(word) > longestKeyword:
		r.error(path, codeTextTooLong, strconv.Itoa(longestKeyword))
	case twice:
		r.error(path, codeDuplicateKeyword, word, strconv.Itoa(r.placeOf(before).line))
	default:
		declared.paths[folded] = path
		declared.flows[folded] = flow
	}
}

func (r *reader) triggers(e element) {
	for _, item := range r.items(e) {
		r.program.Triggers = append(r.program.Triggers, r.trigger(item))
	}
}

func (r *reader) trigger(e element) Trigger {
	var trigger Trigger
	values := r.object(e, "trigger")
	if on, ok := r.need(e, values, "on"); ok {
		trigger.On = TriggerKind(r.oneOf(on, codeUnknownTrigger, triggerKinds))
	}
	if entryPoint, ok := values["entry_point"]; ok {
		trigger.EntryPoint = r.word(entryPoint)
	}
	if reward, ok := values["reward"]; ok {
		trigger.Reward = r.word(reward)
		if trigger.On != RewardGranted && trigger.On != "" {
			r.error(reward.path, codeRewardOfOtherTrigger, string(trigger.On))
		}
	}
	if condition, ok := values[ifElse]; ok {
		read := r.condition(condition)
		trigger.If = &read
	}
	if do, ok := r.need(e, values, "do"); ok {
		trigger.Do = r.steps(do)
	}
	return trigger
}

func (r *reader) flows(e element) {
	for _, flow := range r.named(e, mostFlows) {
		r.checkName(flow.path, flow.key)
		r.program.Flows[flow.key] = r.steps(flow.element)
	}
}

func (r *reader) rewards(e element) {
	for _, reward := range r.named(e, mostRewards) {
		r.checkName(reward.path, reward.key)
		r.program.Rewards[reward.key] = r.reward(reward.element)
	}
}

func (r *reader) reward(e element) Reward {
	reward := Reward{OnVoid: KeepOnVoid}
	values := r.object(e, "reward")
	if title, ok := r.need(e, values, "title"); ok {
		reward.Title = r.text(title)
	}
	if codes, ok := values["codes"]; ok {
		reward.Codes = CodeSource(r.oneOf(codes, codeUnknownCodeSource, []string{string(CodePool)}))
	}
	if onVoid, ok := values["on_void"]; ok {
		reward.OnVoid = VoidPolicy(r.oneOf(onVoid, codeUnknownVoidPolicy, voidPolicies))
	}
	r.terms(values, &reward)
	return reward
}
