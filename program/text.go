package program

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// CodeHole stands in a rendered text where the reward's code goes: codes are given out only when the text is stored. It
// is a private-use character, taken out of everything a person or an author supplies.
const CodeHole = "\uE000"

// ExpiryHole stands where the day goes on which the reward expires: that is known once it is granted.
const ExpiryHole = "\uE001"

// FillExpiry puts the day on which a reward expires where a rendered text left room for it.
func FillExpiry(text, day string) string { return strings.ReplaceAll(text, ExpiryHole, day) }

// FillCode puts a reward's code where a rendered text left room for it.
func FillCode(text, code string) string { return strings.ReplaceAll(text, CodeHole, code) }

func hasHole(text string) bool { return strings.ContainsAny(text, CodeHole+ExpiryHole) }

// withoutHole makes text valid UTF-8 first, for the bytes of a hole might be split over two values.
func withoutHole(text string) string {
	return FillExpiry(FillCode(strings.ToValidUTF8(text, "\uFFFD"), ""), "")
}

// A Text is what an author wrote to be sent, with its variables found.
type Text struct {
	Source string
	parts  []part
}

// A part is a piece of text as it stands or, when variable is not nil, a value to fill in.
type part struct {
	literal  string
	variable *variable
}

// A variable is what stands between {{ and }}.
type variable struct {
	written  string // "invitee.first_name"
	role     Role   // "" means the person the flow runs for
	kind     variableKind
	name     string // of the person's variable, the field or the entry point
	fallback string
}

type variableKind int

const (
	fieldVariable variableKind = iota
	personVariable
	linkVariable
	entryPointVariable
	rewardCode
	rewardTitle
	rewardExpires
)

const (
	linkPrefix = "link."
	secure     = "https://" // how the address of a picture begins
)

// personVariables are those every person has.
var personVariables = map[string]func(*Person) string{
	"user_id":    func(p *Person) string { return p.UserID },
	"first_name": func(p *Person) string { return p.FirstName },
	"last_name":  func(p *Person) string { return p.LastName },
	"name":       (*Person).fullName,
	"username":   func(p *Person) string { return p.Username },
	"locale":     func(p *Person) string { return p.Locale },
}

// runVariables belong to the run rather than to a person.
var runVariables = map[string]variableKind{
	"entry_point":  entryPointVariable,
	"reward.code":  rewardCode,
	"reward.title": rewardTitle,
	// the day on which it expires, 2026-03-31
	"reward.expires": rewardExpires,
}

// compileText finds the variables of a text. When a {{ is never closed it gives false and the text from there.
func compileText(source string) (text Text, unclosed string, ok bool) {
	text = Text{Source: source}
	for rest := withoutHole(source); rest != ""; {
		literal, opened, found := strings.Cut(rest, "{{")
		if literal != "" {
			text.parts = append(text.parts, part{literal: literal})
		}
		if !found {
			break
		}
		inside, after, closed := strings.Cut(opened, "}}")
		if !closed || strings.Contains(inside, "{{") {
			return text, "{{" + inside, false
		}
		text.parts = append(text.parts, part{variable: parseVariable(inside)})
		rest = after
	}
	return text, "", true
}

func parseVariable(inside string) *variable {
	written, fallback, _ := strings.Cut(inside, "|")
	v := &variable{written: norm.NFC.String(strings.TrimSpace(written)), fallback: strings.TrimSpace(fallback)}
	if kind, ok := runVariables[v.written]; ok {
		v.kind = kind
		return v
	}
	v.name = v.written
	for _, role := range []Role{Invitee, Referrer} {
		if name, ok := strings.CutPrefix(v.written, string(role)+"."); ok {
			v.role, v.name = role, name
		}
	}
	if _, ok := personVariables[v.name]; ok {
		v.kind = personVariable
	}
	if name, ok := strings.CutPrefix(v.name, linkPrefix); ok {
		v.kind, v.name = linkVariable, name
	}
	return v
}

// variables lists those of a text, in order.
func (t Text) variables() []*variable {
	var variables []*variable
	for _, part := range t.parts {
		if part.variable != nil {
			variables = append(variables, part.variable)
		}
	}
	return variables
}

// render fills in a text for the chain's person, up to the length that authors' texts may have: a field set to itself
// twice would double with every step.
func (r *run) render(text Text, c *chain) string {
	var out []byte
	emptied := false // the part before was a variable without a value
	for _, part := range text.parts {
		piece := part.literal
		if part.variable != nil {
			piece = r.value(part.variable, c)
		}
		if emptied && part.variable == nil {
			out, piece = closeGap(out, piece)
		}
		emptied = part.variable != nil && piece == ""
		out = append(out, piece...)
		if len(out) > longestText*utf8.UTFMax {
			break
		}
	}
	if emptied {
		out = bytes.TrimSuffix(out, []byte(" "))
	}
	return firstCharacters(string(out), longestText)
}

func firstCharacters(text string, most int) string {
	if len(text) <= most {
		return text
	}
	count := 0
	for i := range text {
		if count == most {
			return text[:i]
		}
		count++
	}
	return text
}

// closeGap takes away the space that would stand alone where a variable had no value: "¡Hola {{first_name}}!" becomes
// "¡Hola!".
func closeGap(before []byte, after string) ([]byte, string) {
	if strings.ContainsAny(after[:1], ".,;:!?)\n") {
		return bytes.TrimSuffix(before, []byte(" ")), after
	}
	if len(before) == 0 || bytes.HasSuffix(before, []byte(" ")) || bytes.HasSuffix(before, []byte("\n")) {
		return before, strings.TrimPrefix(after, " ")
	}
	return before, after
}

func (r *run) value(v *variable, c *chain) string {
	if v.kind == rewardCode && r.program.Rewards[c.reward()].Codes == CodePool {
		return CodeHole
	}
	if v.kind == rewardExpires && r.program.Rewards[c.reward()].Valid > 0 {
		return ExpiryHole
	}
	if value := withoutHole(r.known(v, c)); value != "" {
		return value
	}
	return v.fallback
}

// known is a variable's value as far as there is one.
func (r *run) known(v *variable, c *chain) string {
	switch v.kind {
	case entryPointVariable:
		return r.entryPoint
	case rewardTitle:
		return r.program.Rewards[c.reward()].Title
	case rewardCode, rewardExpires:
		return ""
	}
	person := c.person
	if v.role != "" {
		person = r.people[v.role]
	}
	if person == nil {
		return ""
	}
	return r.ofPerson(v, person)
}

// ofPerson is a person's variable. A number never set is nought, as in conditions, unless the author gave a fallback.
func (r *run) ofPerson(v *variable, person *Person) string {
	switch {
	case v.kind == personVariable:
		return personVariables[v.name](person)
	case v.kind == linkVariable:
		return person.Links[v.name]
	case r.program.Fields[v.name].Type == TextField:
		return person.Texts[v.name]
	}
	number, isSet := person.Numbers[v.name]
	if !isSet && v.fallback != "" {
		return ""
	}
	return strconv.FormatInt(number, 10)
}
