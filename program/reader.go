package program

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/unicode/norm"
)

const (
	longestName = 60   // characters
	longestText = 4096 // characters
	nullTag     = "!!null"
	textTag     = "!!str"
)

var wholeNumber = regexp.MustCompile(`^[-+]?[0-9]+$`)

// An element is one node of the file and its path.
type element struct {
	path string
	node *yaml.Node
}

// An entry is one line of a mapping.
type entry struct {
	key string
	element
}

// A reader takes elements apart, noting where each stands and what is wrong with its shape.
type reader struct {
	*findings
	program *Program
}

// absent is what an author left empty: "flows:" with nothing behind. Aliases count as such, they were reported.
func (e element) absent() bool {
	return e.node == nil || e.node.Kind == yaml.AliasNode || e.isScalar() && e.node.ShortTag() == nullTag
}

func (e element) isScalar() bool  { return e.node.Kind == yaml.ScalarNode }
func (e element) isMapping() bool { return e.node != nil && e.node.Kind == yaml.MappingNode }

// isEmptyList is a list without items, or nothing where a list should be.
func (e element) isEmptyList() bool {
	return e.node.Kind != yaml.AliasNode && (e.absent() || e.node.Kind == yaml.SequenceNode && len(e.node.Content) == 0)
}

// plain is a scalar written without quotes, which may therefore be a number or a truth value.
func (e element) plain() bool {
	return e.isScalar() && e.node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) == 0
}

// entries lists a mapping in file order; a key given twice counts once.
func (r *reader) entries(e element) []entry {
	if e.absent() {
		return nil
	}
	if !e.isMapping() {
		r.error(e.path, codeMappingExpected)
		return nil
	}
	var entries []entry
	seen := map[string]bool{}
	for i := 0; i+1 < len(e.node.Content); i += 2 {
		key, value := e.node.Content[i], e.node.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			r.errorAt(nodePlace(key), e.path, codeQuotesNeeded)
			continue
		}
		name := norm.NFC.String(key.Value)
		path := join(e.path, name)
		if seen[name] {
			r.errorAt(nodePlace(key), path, codeDuplicateKey, excerpt(name), strconv.Itoa(r.placeOf(path).line))
			continue
		}
		seen[name] = true
		r.places[path] = nodePlace(key)
		entries = append(entries, entry{name, element{path, value}})
	}
	return entries
}

// join keeps paths short however long a key is.
func join(path, key string) string {
	if path == "" {
		return excerpt(key)
	}
	return path + "." + excerpt(key)
}

// shapes are the mappings of which the keys are known. The schema describes each under the same name.
var shapes = map[string][]string{
	"program": {"name", "locale", "link_suffix", "fields", "entry_points", "keywords", "triggers", "flows", "rewards"},
	"field":   {"type"},
	"entry_point": {
		"flow", "attribution", "allow_mutual", "active", "paused", "channels", "caps", "velocity", "typed_code", "hold", "approval",
	},
	"active":   {"from", "until"},
	"caps":     {"per_day", "per_referrer", "total"},
	"velocity": {"at_most", "within"},
	"hold":     {"for", "until"},
	"keyword":  {"match", "starts_with", "flow"},
	"trigger":  {"on", "entry_point", "reward", "if", "do"},
	"reward":   {"title", "codes", "on_void", "limit", "valid", "redeem", "low_stock"},
	"limit":    {"per_contact", "total"},
}

// object reads a mapping of one of the shapes.
func (r *reader) object(e element, shape string) map[string]element {
	known, values := shapes[shape], map[string]element{}
	for _, entry := range r.entries(e) {
		if !slices.Contains(known, entry.key) {
			r.unknown(entry.path, codeUnknownKey, entry.key, known)
			continue
		}
		values[entry.key] = entry.element
	}
	return values
}

// need gives the value of a key that must be there.
func (r *reader) need(e element, values map[string]element, key string) (element, bool) {
	value, ok := values[key]
	if !ok || value.node.Kind == yaml.ScalarNode && value.absent() {
		r.error(e.path, codeMissingKey, key)
		return element{}, false
	}
	return value, !value.absent()
}

// items lists a sequence.
func (r *reader) items(e element) []element {
	if e.absent() {
		return nil
	}
	if e.node.Kind != yaml.SequenceNode {
		r.error(e.path, codeListExpected)
		return nil
	}
	return r.placed(e, e.node.Content)
}

// itemsOrOne also takes a single item that isn't in a list.
func (r *reader) itemsOrOne(e element, kind yaml.Kind) []element {
	if e.node != nil && e.node.Kind == kind && !e.absent() {
		return r.placed(e, []*yaml.Node{e.node})
	}
	return r.items(e)
}

func (r *reader) placed(e element, nodes []*yaml.Node) []element {
	elements := make([]element, len(nodes))
	for i, node := range nodes {
		elements[i] = element{item(e.path, i), node}
		r.places[elements[i].path] = nodePlace(node)
	}
	return elements
}

// text reads a scalar of any kind: whoever writes "send: 10" means the text.
func (r *reader) text(e element) string {
	switch {
	case e.node != nil && e.node.Kind == yaml.AliasNode:
		return ""
	case e.absent():
		r.error(e.path, codeEmptyText)
	case !e.isScalar():
		r.error(e.path, r.textFault(e))
	case strings.TrimSpace(e.node.Value) == "":
		r.error(e.path, codeEmptyText)
	case utf8.RuneCountInString(e.node.Value) > longestText:
		r.error(e.path, codeTextTooLong, strconv.Itoa(longestText))
	case strings.ContainsFunc(e.node.Value, forbidden):
		r.error(e.path, codeControlCharacter)
	default:
		return e.node.Value
	}
	return ""
}

// textFault recognises "send: {{name}}", which YAML takes for mappings.
func (r *reader) textFault(e element) string {
	if e.isMapping() && e.node.Style&yaml.FlowStyle != 0 {
		return codeQuotesNeeded
	}
	return codeTextExpected
}

func forbidden(c rune) bool { return unicode.IsControl(c) && !strings.ContainsRune("\t\r\n", c) }

// word reads a short text that names something; accents come in one shape.
func (r *reader) word(e element) string {
	return norm.NFC.String(strings.TrimSpace(r.text(e)))
}

// whole reads a number as authors write them: no fractions, no octal or scientific notation, no quotes.
func (r *reader) whole(e element) (int64, bool) {
	if e.node == nil || e.node.Kind == yaml.AliasNode {
		return 0, false
	}
	if !e.plain() || !wholeNumber.MatchString(e.node.Value) {
		r.error(e.path, codeNumberExpected)
		return 0, false
	}
	number, err := strconv.ParseInt(e.node.Value, 10, 64)
	if err != nil || clamp(number) != number {
		r.error(e.path, codeNumberTooBig, strconv.FormatInt(MaxNumber, 10))
		return 0, false
	}
	return number, true
}

func (r *reader) trueOrFalse(e element) bool {
	if e.node == nil || e.node.Kind == yaml.AliasNode {
		return false
	}
	if e.plain() {
		switch strings.ToLower(e.node.Value) {
		case "true":
			return true
		case "false":
			return false
		}
	}
	r.error(e.path, codeTrueOrFalse)
	return false
}
