package channeltest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// disguised is the same JSON with the members of every object in reverse alphabetical order and one that nobody knows.
func disguised(t *testing.T, body string) string {
	t.Helper()
	var out strings.Builder
	writeReversed(t, &out, decode(t, body))
	return out.String()
}

func writeReversed(t *testing.T, out *strings.Builder, value any) {
	t.Helper()
	switch value := value.(type) {
	case map[string]any:
		out.WriteString(`{"zz_from_the_future": {"id": 1, "type": "new"}`)
		for _, key := range slices.Backward(slices.Sorted(maps.Keys(value))) {
			fmt.Fprintf(out, ", %s: ", encode(t, key))
			writeReversed(t, out, value[key])
		}
		out.WriteString("}")
	case []any:
		out.WriteString("[")
		for i, element := range value {
			out.WriteString(strings.Repeat(", ", min(i, 1)))
			writeReversed(t, out, element)
		}
		out.WriteString("]")
	default:
		out.WriteString(encode(t, value))
	}
}

// spoilt gives variants of a body, by what was done to it: each member missing in turn, and each of another type.
func spoilt(t *testing.T, body string) map[string]string {
	t.Helper()
	root := decode(t, body)
	variants := map[string]string{}
	visit(root, "", func(path string, object map[string]any, key string) {
		original := object[key]
		delete(object, key)
		variants["no "+path] = encode(t, root)
		for _, other := range []any{nil, true, -1, json.Number("1e300"), "", "odd", []any{}, []any{nil}, map[string]any{}} {
			object[key] = other
			variants[fmt.Sprintf("%s = %v (%T)", path, other, other)] = encode(t, root)
		}
		object[key] = original
	})
	return variants
}

func visit(value any, path string, member func(path string, object map[string]any, key string)) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			member(path+"."+key, value, key)
			visit(value[key], path+"."+key, member)
		}
	case []any:
		for i, element := range value {
			visit(element, fmt.Sprintf("%s[%d]", path, i), member)
		}
	}
}

// decode keeps numbers as they are written: as floats, large ids would be rounded.
func decode(t *testing.T, body string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("a golden body isn't JSON: %v", err)
	}
	return value
}

func encode(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("encode %v: %v", value, err)
	}
	return string(text)
}
