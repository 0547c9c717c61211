package program

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// What a source may be at most.
const (
	longestSource = 256 << 10 // bytes
	deepestSource = 32        // mappings and lists inside one another
)

// Parse reads a program from YAML or JSON and reports everything wrong with it at once. The program is nil when there is
// an error; warnings may accompany a program. Time and memory are bounded whatever the source.
func Parse(source []byte) (*Program, Problems) {
	f := newFindings()
	root := decode(source, f)
	if root == nil {
		return nil, f.sorted()
	}
	p := read(root, f)
	checkReferences(p, f)
	checkCycles(p, f)
	checkMultiplying(p, f)
	checkMeaning(p, f)
	if f.hasErrors() {
		return nil, f.sorted()
	}
	return p, f.sorted()
}

// decode gives the one document of a source, or nil when it can't be read at all.
func decode(source []byte, f *findings) *yaml.Node {
	if len(source) > longestSource {
		f.error("", codeSourceTooLong, strconv.Itoa(longestSource>>10))
		return nil
	}
	if line, ok := invalidLine(source); ok {
		f.errorAt(place{line, 1}, "", codeNotUTF8)
		return nil
	}
	document, err := decodeYAML(withYAMLEscapes(source))
	switch {
	case errors.Is(err, io.EOF):
		f.error("", codeEmptyProgram)
		return nil
	case errors.Is(err, errSecondDocument):
		f.error("", codeSeveralDocuments)
		return nil
	case err != nil:
		reportSyntax(source, err, f)
		return nil
	}
	return checkedRoot(document, f)
}

func invalidLine(source []byte) (line int, ok bool) {
	for i, text := range bytes.Split(source, []byte("\n")) {
		if !utf8.Valid(text) {
			return i + 1, true
		}
	}
	return 0, false
}

var errSecondDocument = errors.New("the source has a second document")

// decodeYAML turns a panic of the YAML reader into an error: the bytes are a stranger's.
func decodeYAML(source []byte) (document *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("yaml: %v", r)
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	document = new(yaml.Node)
	if err := decoder.Decode(document); err != nil {
		return nil, err
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.Join(errSecondDocument, err)
	}
	return document, nil
}

// jsonEscape matches an escape sequence, or the two that JSON writes for a character beyond the first 65,536.
var jsonEscape = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\.`)

// withYAMLEscapes spells the two escapes of JSON that our YAML reader refuses the way YAML does. Columns after them on
// the same line are off by as much.
func withYAMLEscapes(source []byte) []byte {
	if !bytes.Contains(source, []byte(`\`)) || !json.Valid(source) {
		return source
	}
	return jsonEscape.ReplaceAllFunc(source, func(escape []byte) []byte {
		switch {
		case string(escape) == `\/`:
			return []byte("/")
		case len(escape) == 2:
			return escape
		}
		high, _ := strconv.ParseUint(string(escape[2:6]), 16, 32)
		low, _ := strconv.ParseUint(string(escape[8:]), 16, 32)
		return fmt.Appendf(nil, `\U%08X`, utf16.DecodeRune(rune(high), rune(low)))
	})
}

// checkedRoot refuses what no later stage should meet: a top level that isn't a mapping, and nesting without bounds.
func checkedRoot(document *yaml.Node, f *findings) *yaml.Node {
	if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
		f.error("", codeEmptyProgram)
		return nil
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == nullTag {
		f.error("", codeEmptyProgram)
		return nil
	}
	if root.Kind != yaml.MappingNode {
		f.errorAt(nodePlace(root), "", codeMappingExpected)
		return nil
	}
	if deep := tooDeep(root, deepestSource); deep != nil {
		f.errorAt(nodePlace(deep), "", codeTooDeep, strconv.Itoa(deepestSource))
		return nil
	}
	refuseAnchors(root, f)
	return root
}

// tooDeep finds the first node with more than levels mappings and lists around and including it.
func tooDeep(node *yaml.Node, levels int) *yaml.Node {
	if node.Kind != yaml.MappingNode && node.Kind != yaml.SequenceNode {
		return nil
	}
	if levels == 0 {
		return node
	}
	for _, child := range node.Content {
		if deep := tooDeep(child, levels-1); deep != nil {
			return deep
		}
	}
	return nil
}

// refuseAnchors: repeating parts of a file by reference makes places ambiguous and its size unbounded.
func refuseAnchors(node *yaml.Node, f *findings) {
	switch {
	case node.Kind == yaml.AliasNode:
		f.errorAt(nodePlace(node), "", codeAnchorRefused, "*"+excerpt(node.Value))
		return // what it stands for was visited where it is
	case node.Anchor != "":
		f.errorAt(nodePlace(node), "", codeAnchorRefused, "&"+excerpt(node.Anchor))
	}
	for _, child := range node.Content {
		refuseAnchors(child, f)
	}
}

func nodePlace(node *yaml.Node) place { return place{max(1, node.Line), max(1, node.Column)} }
