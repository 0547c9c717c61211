package program

import (
	"slices"
	"strings"
	"testing"
)

func TestSourcesThatCannotBeReadAtAll(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	tests := map[string]struct{ source, want string }{
		"empty":                        {"", "line 1: empty_program"},
		"only comments":                {"# nada\n", "line 1: empty_program"},
		"null":                         {"null", "line 1: empty_program"},
		"a list":                       {"\n- a", "line 2: mapping_expected"},
		"a word":                       {"hola", "line 1: mapping_expected"},
		"two documents":                {"a: 1\n---\nb: 2", "line 1: several_documents"},
		"tab":                          {"flows:\n\tf: []", "line 2: tab_indentation"},
		"colon in a text":              {"flows:\n  f:\n    - send: Hola: amigo", "line 3: unquoted_colon"},
		"open quote":                   {"locale: es\nname: \"Hola\n\nfields: {}\nflows: {}", "line 2: not_yaml"},
		"open bracket":                 {"name: a\nflows: [\n\n", "line 2: not_yaml"},
		"indentation":                  {"flows:\n  f:\n    - send: a\n    - send: b\n   g:\n    - send: c\n", "line 5: not_yaml"},
		"star before a space":          {"name: a\nlocale: * b", "line 2: anchor_refused"},
		"name of nothing":              {"name: a\nlocale: *b", "line 2: anchor_refused"},
		"JSON without a comma":         {"{\n\"name\": \"a\"\n\"locale\": \"es\"}", "line 3: not_yaml"},
		"JSON without an end":          {"{\n\"name\": \"a\"\n", "line 2: not_yaml"},
		"indentation in a long source": {"name: a\n" + strings.Repeat("# nada\n", 30_000) + "flows:\n  f:\n    - send: a\n   g: b\n" + strings.Repeat("locale: \"es\"\n", 3_000), "line 30002: not_yaml"},
		"star in a text":               {"flows:\n  f:\n    - send: *referir* hola", "line 3: anchor_refused"},
		"bytes that aren't UTF-8":      {"name: hola\nlocale: \xff", "line 2: not_utf8"},
		"longer than 256 KiB":          {strings.Repeat("#", longestSource+1), "line 1: source_too_long"},
		"nested deeper than 32 levels": {"name: a\nflows: {f: " + deep + "}", "line 2: too_deep"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p, problems := Parse([]byte(test.source))
			if got := foundProblems(problems); p != nil || !slices.Equal(got, []string{test.want}) {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
}
