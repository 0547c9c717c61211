package program

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// compiledSchema also holds the schema against the rules for schemas.
var compiledSchema = sync.OnceValue(func() *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("program.json", document); err != nil {
		panic(err)
	}
	return compiler.MustCompile("program.json")
})

// checkValidates holds a source that parses against the schema: what can be run must not be underlined in an editor.
func checkValidates(t interface {
	Helper()
	Errorf(format string, args ...any)
}, source string,
) {
	t.Helper()
	if err := compiledSchema().Validate(asEditorsReadIt(source)); err != nil {
		t.Errorf("the schema refuses what parses: %#v\n%s", err, source)
	}
}

func asEditorsReadIt(source string) any {
	var document yaml.Node
	if err := yaml.Unmarshal(withYAMLEscapes([]byte(source)), &document); err != nil {
		return nil
	}
	return asJSON(document.Content[0])
}

func asJSON(node *yaml.Node) any {
	switch node.Kind {
	case yaml.MappingNode:
		values := map[string]any{}
		for i := 0; i+1 < len(node.Content); i += 2 {
			values[node.Content[i].Value] = asJSON(node.Content[i+1])
		}
		return values
	case yaml.SequenceNode:
		items := make([]any, len(node.Content))
		for i, item := range node.Content {
			items[i] = asJSON(item)
		}
		return items
	}
	var value any
	if node.Decode(&value) != nil || slices.Contains([]string{"!!timestamp", "!!binary"}, node.ShortTag()) {
		return node.Value
	}
	return value
}

func TestTemplatesValidateAndPointToTheirSchema(t *testing.T) {
	t.Parallel()
	for _, locale := range []string{"es", "en"} {
		source := string(Template(locale))
		checkValidates(t, source)
		if !strings.HasPrefix(source, "# yaml-language-server: $schema=http://127.0.0.1:8080/schema/program.json\n") {
			t.Errorf("%s: an editor would not find the schema", locale)
		}
	}
}

func TestMistakesOfShapeAreRefusedByBothTheReaderAndTheSchema(t *testing.T) {
	t.Parallel()
	step := func(step string) string { return stepsOf("    - " + step) }
	top := func(lines string) string { return "flows: {f: [{send: hola}]}\nentry_points: {a: {flow: f}}\n" + lines }
	tests := map[string]string{
		"no entry points":                   "name: Nada",
		"empty entry points":                "entry_points: {}\nflows: {f: [{send: hola}]}",
		"a key that isn't one":              top("flow: {}"),
		"an entry point without a flow":     "entry_points: {a: {}}",
		"an entry point with a strange key": "flows: {f: [{send: a}]}\nentry_points: {a: {flow: f, atribution: first_touch}}",
		"an unknown attribution":            "flows: {f: [{send: a}]}\nentry_points: {a: {flow: f, attribution: last_touch}}",
		"allow_mutual that isn't yes or no": "flows: {f: [{send: a}]}\nentry_points: {a: {flow: f, allow_mutual: sí}}",
		"an entry point links can't carry":  "flows: {f: [{send: a}]}\nentry_points: {campaña: {flow: f}}",
		"an entry point that looks shared":  "flows: {f: [{send: a}]}\nentry_points: {summer-cabcdefghij: {flow: f}}",
		"a locale that isn't one":           top("locale: español de México"),
		"a field without a type":            top("fields: {puntos: {}}"),
		"an unknown field type":             top("fields: {puntos: {type: numero}}"),
		"a field called like a variable":    top("fields: {first_name: {type: text}}"),
		"a field whose name is none":        top("fields: {1puntos: {type: text}}"),
		"a field whose name ends in space":  top("fields: {\"a \": {type: text}}"),
		"a reward without a title":          top("rewards: {cafe: {codes: pool}}"),
		"an unknown source of codes":        top("rewards: {cafe: {title: Café, codes: lista}}"),
		"keywords that aren't a list":       top("keywords: {match: a, flow: f}"),
		"a keyword without words":           top("keywords: [{flow: f}]"),
		"a keyword without a flow":          top("keywords: [{match: a}]"),
		"a keyword with an empty list":      top("keywords: [{match: [], flow: f}]"),
		"a keyword that begins with none":   top("keywords: [{starts_with: [], flow: f}]"),
		"a keyword that is blank":           top("keywords: [{match: ' ', flow: f}]"),
		"a trigger without an event":        top("triggers: [{do: {send: a}}]"),
		"a trigger on an unknown event":     top("triggers: [{on: referred_contact, do: {send: a}}]"),
		"a trigger that does nothing":       top("triggers: [{on: referred_new_contact}]"),
		"a trigger with then":               top("triggers: [{on: referred_new_contact, if: {tag: a, is_set: true}, then: {send: a}}]"),
		"a trigger with an empty condition": top("triggers: [{on: referred_new_contact, if: , do: {send: a}}]"),
		"a step that is a text":             step("hola"),
		"a step without an action":          step("{}"),
		"a step with only a companion":      step("{by: 2}"),
		"a step with two actions":           step("{send: a, add_tag: b}"),
		"an unknown action":                 step("{incremnt: puntos}"),
		"another action's companion":        step("{send: a, by: 2}"),
		"a message without a text":          step("{send: }"),
		"a message in braces":               step("{send: {{first_name}}}"),
		"a picture that isn't secure":       step("{send: a, picture: http://example.com/a.png}"),
		"quick replies that aren't a list":  step("{send: a, quick_replies: b}"),
		"no quick replies":                  step("{send: a, quick_replies: []}"),
		"too long a quick reply":            step("{send: a, quick_replies: [abcdefghijklmnopqrstu]}"),
		"a quick reply with a variable":     step("{send: a, quick_replies: ['{{puntos}}']}"),
		"the same quick reply twice":        step("{send: a, quick_replies: [b, b]}"),
		"too many quick replies":            step("{send: a, quick_replies: [a, b, c, d, e, f, g, h, i, j, k, l, m, n]}"),
		"a webhook in capitals":             step("{call_webhook: CRM}"),
		"a list to tell":                    step("{call_webhook: crm, with: [a]}"),
		"a bad name to tell":                step("{call_webhook: crm, with: {Ciudad: a}}"),
		"an addition of nought":             step("{increment: puntos, by: 0}"),
		"an addition in quotes":             step("{increment: puntos, by: '2'}"),
		"an addition of half":               step("{increment: puntos, by: 2.5}"),
		"a number too big":                  step("{increment: puntos, by: 9007199254740993}"),
		"a value without its field":         step("{set: puntos}"),
		"a tag with a dot":                  step("{add_tag: a.b}"),
		"a wait without a unit":             step("{wait: 10}"),
		"a wait of no time":                 step("{wait: 0s}"),
		"an if without then":                step("{if: {tag: a, is_set: true}}"),
		"a condition without a subject":     step("{if: {is_set: true}, then: {send: a}}"),
		"a condition without an operator":   step("{if: {field: puntos}, then: {send: a}}"),
		"a condition with two operators":    step("{if: {field: puntos, less: 3, greater: 1}, then: {send: a}}"),
		"a condition on a field and a tag":  step("{if: {field: puntos, tag: a, is_set: true}, then: {send: a}}"),
		"a tag that is compared":            step("{if: {tag: a, equals: b}, then: {send: a}}"),
		"an unknown operator":               step("{if: {field: puntos, reach: 3}, then: {send: a}}"),
		"all of nothing":                    step("{if: {all: []}, then: {send: a}}"),
		"any that isn't a list":             step("{if: {any: {tag: a, is_set: true}}, then: {send: a}}"),
		"all and any at once":               step("{if: {all: [{tag: a, is_set: true}], any: [{tag: a, is_set: true}]}, then: {send: a}}"),
		"all beside a field":                step("{if: {all: [{tag: a, is_set: true}], field: puntos}, then: {send: a}}"),
	}
	for name, source := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p, _ := Parse([]byte(source)); p != nil {
				t.Error("the reader accepts it")
			}
			if compiledSchema().Validate(asEditorsReadIt(source)) == nil {
				t.Error("the schema accepts it")
			}
		})
	}
}

// schemaNode is the definition of that name as it stands in the file; "program" is the whole of it.
func schemaNode(t *testing.T, name string) map[string]any {
	t.Helper()
	node, _ := asEditorsReadIt(string(Schema())).(map[string]any)
	if name == "program" {
		return node
	}
	node, ok := node["$defs"].(map[string]any)[name].(map[string]any)
	if !ok {
		t.Fatalf("the schema doesn't describe %s", name)
	}
	return node
}

func propertiesOf(t *testing.T, name string) []string {
	t.Helper()
	properties, _ := schemaNode(t, name)["properties"].(map[string]any)
	return slices.Sorted(maps.Keys(properties))
}

func TestTheSchemaHasTheKeysThatTheReaderKnows(t *testing.T) {
	t.Parallel()
	want := maps.Clone(shapes)
	for _, action := range actions {
		want["step."+action] = append([]string{action}, companions[action]...)
	}
	var ofConditions, inConditions []string
	for _, kind := range []string{"field", "tag", allOf, anyOf} {
		ofConditions = append(ofConditions, propertiesOf(t, "condition."+kind)...)
	}
	inConditions = append(inConditions, conditionKeys()...)
	inConditions = append(inConditions, string(IsSet)) // of fields and of tags
	want["condition.tag"], want["condition.all"], want["condition.any"] = []string{"tag", string(IsSet)}, []string{allOf}, []string{anyOf}
	for name, keys := range want {
		if got := propertiesOf(t, name); !slices.Equal(got, slices.Sorted(slices.Values(keys))) {
			t.Errorf("%s: the schema has %v, the reader %v", name, got, keys)
		}
	}
	slices.Sort(ofConditions)
	slices.Sort(inConditions)
	if !slices.Equal(ofConditions, inConditions) {
		t.Errorf("conditions: the schema has %v, the reader %v", ofConditions, inConditions)
	}
	if steps := schemaNode(t, "step")["oneOf"].([]any); len(steps) != len(actions) {
		t.Errorf("a step is one of %d, the reader knows %d", len(steps), len(actions))
	}
}

// at goes down the schema by keys.
func at(t *testing.T, name string, keys ...string) any {
	t.Helper()
	var value any = schemaNode(t, name)
	for _, key := range keys {
		value = value.(map[string]any)[key]
	}
	return value
}

func TestTheSchemaHasTheWordsAndBoundsOfTheReader(t *testing.T) {
	t.Parallel()
	words := map[string]struct {
		found any
		want  []string
	}{
		"types of field":    {at(t, "field", "properties", "type", "enum"), fieldTypes},
		"attributions":      {at(t, "entry_point", "properties", "attribution", "enum"), attributions},
		"triggers":          {at(t, "trigger", "properties", "on", "enum"), triggerKinds},
		"sources of codes":  {at(t, "reward", "properties", "codes", "enum"), []string{string(CodePool)}},
		"names of no field": {at(t, "program", "properties", "fields", "propertyNames", "not", "enum"), reservedNames()},
	}
	for name, test := range words {
		var found []string
		for _, word := range test.found.([]any) {
			found = append(found, word.(string))
		}
		slices.Sort(found)
		if want := slices.Sorted(slices.Values(test.want)); !slices.Equal(found, want) {
			t.Errorf("%s: got %v, want %v", name, found, want)
		}
	}
	bounds := map[string]struct {
		found any
		want  any
	}{
		"fields":                {at(t, "program", "properties", "fields", "maxProperties"), mostFields},
		"entry points":          {at(t, "program", "properties", "entry_points", "maxProperties"), mostEntryPoints},
		"flows":                 {at(t, "program", "properties", "flows", "maxProperties"), mostFlows},
		"rewards":               {at(t, "program", "properties", "rewards", "maxProperties"), mostRewards},
		"letters of a text":     {at(t, "text", "maxLength"), longestText},
		"letters of a keyword":  {at(t, "word", "maxLength"), longestKeyword},
		"numbers":               {at(t, "whole", "maximum"), int(MaxNumber)},
		"quick replies":         {at(t, "step.send", "properties", "quick_replies", "maxItems"), mostQuickReplies},
		"letters of a button":   {at(t, "step.send", "properties", "quick_replies", "items", "maxLength"), longestQuickReply},
		"values told":           {at(t, "step.call_webhook", "properties", "with", "maxProperties"), mostWith},
		"names of values told":  {at(t, "step.call_webhook", "properties", "with", "propertyNames", "pattern"), withPattern.String()},
		"names of webhooks":     {at(t, "step.call_webhook", "properties", "call_webhook", "pattern"), webhookPattern.String()},
		"names of entry points": {at(t, "entry_point_name", "pattern"), entryPointPattern.String()},
	}
	for name, test := range bounds {
		if test.found != test.want {
			t.Errorf("%s: got %v, want %v", name, test.found, test.want)
		}
	}
}

func TestEverythingInTheSchemaIsDescribedInBothLanguages(t *testing.T) {
	t.Parallel()
	var visit func(path string, value any)
	visit = func(path string, value any) {
		node, _ := value.(map[string]any)
		for key, child := range node {
			if key != "properties" && key != "$defs" {
				continue
			}
			for name, described := range child.(map[string]any) {
				at := path + "." + name
				description, _ := described.(map[string]any)["description"].(string)
				if es, en, both := strings.Cut(description, " / "); !both || es == "" || en == "" || es == en {
					t.Errorf("%s is described as %q", at, description)
				}
				visit(at, described)
			}
		}
	}
	visit("", asEditorsReadIt(string(Schema())))
}
