// Package programtest draws random programs and people for property tests of whatever runs programs. Like the programs
// themselves it knows neither storage nor platforms.
package programtest

import (
	"fmt"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/millenniumm/referrals/program"
)

// What every program drawn has. Its triggers, keywords, flows and their steps differ.
var (
	NumberFields = []string{"points", "visits"}
	TextFields   = []string{"city", "photo"}
	EntryPoints  = []string{"campaign1", "club"}
	Rewards      = []string{"coffee", "hug"} // coffee has codes
	Tags         = []string{"vip", "done"}
)

// TellFlow is a flow of every program drawn: it sends all numbers, "points=3 visits=0", and does nothing else.
const TellFlow = "tell"

// mostFlows bounds the flows of a program; each runs only those after it, so that none goes round.
const mostFlows = 4

// Program draws the source of a program that parses, out of the whole grammar: several triggers for one event with and
// without conditions, joined conditions, thresholds, grants, waits, messages, calls, flows that run each other and tags.
func Program() *rapid.Generator[string] { return drawn(false) }

// Plain draws programs in which whoever a flow runs for gets what its steps say: no action is for somebody else, nothing is limited, no
// grant fires anything, and no event fires more than referrals do. Models of what programs do may stay simple with them.
func Plain() *rapid.Generator[string] { return drawn(true) }

func drawn(plain bool) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		d := &drawing{t: t, plain: plain, flows: rapid.IntRange(1, mostFlows).Draw(t, "flows")}
		source, err := yaml.Marshal(d.program())
		if err != nil {
			t.Fatalf("write the program: %v", err)
		}
		return string(source)
	})
}

// State draws the people of a referral, with some of their fields and tags set.
func State() *rapid.Generator[program.State] {
	return rapid.Custom(func(t *rapid.T) program.State {
		return program.State{
			EntryPoint: rapid.SampledFrom(EntryPoints).Draw(t, "entry point"),
			People:     map[program.Role]*program.Person{program.Referrer: person(t, "aaaaaaaaaa"), program.Invitee: person(t, "bbbbbbbbbb")},
		}
	})
}

func person(t *rapid.T, id string) *program.Person {
	p := &program.Person{
		UserID: id, FirstName: rapid.SampledFrom([]string{"", "Ana", "Íñigo", "{{user_id}}", program.CodeHole}).Draw(t, "first name"),
		Numbers: map[string]int64{}, Texts: map[string]string{}, Tags: map[string]bool{},
		Links: map[string]string{"campaign1": "https://t.me/bot?start=campaign1-c" + id},
	}
	for _, field := range NumberFields {
		if number := rapid.Int64Range(-3, 20).Draw(t, field); number != 0 {
			p.Numbers[field] = number
		}
	}
	for _, field := range TextFields {
		if text := rapid.SampledFrom([]string{"", "Lima", "https://example.com/a.png"}).Draw(t, field); text != "" {
			p.Texts[field] = text
		}
	}
	for _, tag := range Tags {
		if rapid.Bool().Draw(t, tag) {
			p.Tags[tag] = true
		}
	}
	return p
}

// A drawing is one program being drawn.
type drawing struct {
	t     *rapid.T
	flows int
	plain bool
}

type mapping = map[string]any

func (d *drawing) one(label string, of []string) string {
	return rapid.SampledFrom(of).Draw(d.t, label)
}

func (d *drawing) chance(label string) bool { return rapid.Bool().Draw(d.t, label) }

func (d *drawing) number(label string, from, to int) int {
	return rapid.IntRange(from, to).Draw(d.t, label)
}

func flowName(i int) string { return fmt.Sprintf("flow %d", i) }

func (d *drawing) program() mapping {
	flows := mapping{TellFlow: mapping{"send": "points={{points}} visits={{visits}}"}}
	for i := range d.flows {
		flows[flowName(i)] = d.steps(i+1, 2)
	}
	fields := mapping{}
	for _, field := range NumberFields {
		fields[field] = mapping{"type": "number"}
	}
	for _, field := range TextFields {
		fields[field] = mapping{"type": "text"}
	}
	return mapping{
		"name": "drawn", "fields": fields, "flows": flows,
		"entry_points": mapping{
			"campaign1": mapping{"flow": flowName(0), "attribution": d.one("attribution", []string{"first_touch", "per_referrer"})},
			"club":      mapping{"flow": TellFlow, "allow_mutual": d.chance("mutual")},
		},
		"rewards":  d.rewards(),
		"triggers": d.triggers(),
		"keywords": []any{
			mapping{"match": []any{"refer", "/refer"}, "flow": flowName(d.number("keyword's flow", 0, d.flows-1))},
			mapping{"match": "points", "starts_with": "how", "flow": TellFlow},
		},
	}
}

func (d *drawing) rewards() mapping {
	if d.plain {
		return mapping{"coffee": mapping{"title": "A coffee", "codes": "pool"}, "hug": mapping{"title": "A hug"}}
	}
	return mapping{
		"coffee": mapping{"title": "A coffee", "codes": "pool", "valid": "30d", "low_stock": 2},
		"hug":    mapping{"title": "A hug", "limit": mapping{"per_contact": d.number("hugs", 1, 3)}, "redeem": "once"},
	}
}

// events are what triggers may fire on.
func (d *drawing) events() []string {
	referred := []string{"referred_new_contact", "referred_existing_contact"}
	if d.plain {
		return referred
	}
	return append(referred, "reward_granted", "contact_created", "entry_point_opened")
}

func (d *drawing) operators() []string {
	operators := []string{"reaches", "reaches", "at_least", "equals", "not_equals", "greater", "less", "at_most"}
	if d.plain {
		return operators
	}
	return append(operators, "reaches_every")
}

func (d *drawing) triggers() []any {
	triggers := []any{}
	for range d.number("triggers", 0, 4) {
		trigger := mapping{"on": d.one("on", d.events()), "do": d.steps(0, 2)}
		if d.chance("one entry point") {
			trigger["entry_point"] = d.one("entry point", EntryPoints)
		}
		if d.chance("conditional") {
			trigger["if"] = d.condition(2)
		}
		triggers = append(triggers, trigger)
	}
	return triggers
}

// steps draws a list that runs flows from the number next on, with ifs up to so deep.
func (d *drawing) steps(next, depth int) []any {
	steps := []any{}
	for range d.number("steps", 1, 4) {
		steps = append(steps, d.step(next, depth))
	}
	return steps
}

func (d *drawing) step(next, depth int) mapping {
	step := d.action(next, depth)
	if _, isIf := step["if"]; !d.plain && !isIf && step["wait"] == nil && d.number("for somebody", 0, 3) == 0 {
		step["for"] = d.one("for", []string{"referrer", "invitee", "contact"})
	}
	return step
}

func (d *drawing) action(next, depth int) mapping {
	kinds := []string{"increment", "increment", "set number", "set text", "add_tag", "remove_tag", "send", "grant_reward", "call_webhook", "wait"}
	if next < d.flows {
		kinds = append(kinds, "run_flow", "run_flow")
	}
	if depth > 0 {
		kinds = append(kinds, "if", "if", "if")
	}
	switch kind := d.one("step", kinds); kind {
	case "increment":
		return mapping{"increment": d.one("field", NumberFields), "by": d.notZero("by")}
	case "set number":
		return mapping{"set": d.one("field", NumberFields), "to": d.number("to", -3, 20)}
	case "set text":
		return mapping{"set": "city", "to": d.one("text", []string{"", "Lima", "{{city}}{{points}}"})}
	case "add_tag", "remove_tag":
		return mapping{kind: d.one("tag", Tags)}
	case "grant_reward":
		return mapping{kind: d.one("reward", Rewards)}
	case "wait":
		return mapping{kind: d.one("time", []string{"1s", "15m", "7d"})}
	case "run_flow":
		return mapping{kind: flowName(d.number("flow", next, d.flows-1))}
	case "send":
		return d.send()
	case "call_webhook":
		return mapping{kind: d.one("webhook", []string{"crm", "shop"}), "with": mapping{"points": "{{points}}", "who": "{{invitee.first_name|nobody}}"}}
	default:
		step := mapping{"if": d.condition(2), "then": d.steps(next, depth-1)}
		if d.chance("else") {
			step["else"] = d.steps(next, depth-1)
		}
		return step
	}
}

// notZero draws a number that isn't nought.
func (d *drawing) notZero(label string) int {
	return rapid.SampledFrom([]int{-2, -1, 1, 1, 2, 3, 5}).Draw(d.t, label)
}

// send draws a message. One that may speak of a reward without codes has a fallback, as authors must give it.
func (d *drawing) send() mapping {
	step := mapping{"send": d.one("message", []string{
		"hello {{first_name|there}}", "{{points}} points, {{visits}} visits", "{{invitee.first_name|Somebody}} came to {{link.campaign1}}",
		"{{reward.title}}: {{reward.code|no code}}",
	})}
	if d.chance("picture") {
		step["picture"] = d.one("address", []string{"https://example.com/{{user_id}}.png", "{{photo}}"})
	}
	if d.chance("buttons") {
		step["quick_replies"] = []any{"Refer", "points"}
	}
	return step
}

// lowest is what an operator may compare with at least.
func lowest(operator string) int {
	if operator == "reaches_every" {
		return 1
	}
	return -3
}

// condition draws a question or, up to so deep, several joined.
func (d *drawing) condition(depth int) mapping {
	kinds := []string{"number", "number", "text", "tag"}
	if depth > 0 {
		kinds = append(kinds, "all", "any")
	}
	switch kind := d.one("condition", kinds); kind {
	case "number":
		operator := d.one("operator", d.operators())
		return mapping{"field": d.one("field", NumberFields), operator: d.number("than", lowest(operator), 20)}
	case "text":
		return mapping{"field": "city", d.one("operator", []string{"equals", "not_equals", "contains"}): d.one("than", []string{"lima", "1"})}
	case "tag":
		return mapping{"tag": d.one("tag", Tags), "is_set": d.chance("is set")}
	default:
		parts := []any{}
		for range d.number("parts", 1, 3) {
			parts = append(parts, d.condition(depth-1))
		}
		return mapping{kind: parts}
	}
}
