package program

import (
	"maps"
	"slices"
)

// A checker looks names up in the typed program.
type checker struct {
	*findings
	program     *Program
	flows       []string
	fields      []string
	rewards     []string
	entryPoints []string
}

// checkReferences reports every name that nothing in the program has.
func checkReferences(p *Program, f *findings) {
	c := newChecker(p, f)
	for _, entryPoint := range p.EntryPoints {
		c.flow(flowOf("entry_points."+entryPoint.Name), entryPoint.Flow)
	}
	for i, keyword := range p.Keywords {
		c.flow(flowOf(item("keywords", i)), keyword.Flow)
	}
	for i, trigger := range p.Triggers {
		c.entryPoint(triggerStart(i)+".entry_point", trigger.EntryPoint)
		c.reward(triggerStart(i)+".reward", trigger.Reward)
		if trigger.If != nil {
			c.condition(triggerStart(i)+"."+ifElse, *trigger.If)
		}
	}
	p.eachStep(c.step)
}

func newChecker(p *Program, f *findings) *checker {
	c := &checker{
		findings: f, program: p,
		flows:   slices.Sorted(maps.Keys(p.Flows)),
		fields:  slices.Sorted(maps.Keys(p.Fields)),
		rewards: slices.Sorted(maps.Keys(p.Rewards)),
	}
	for _, entryPoint := range p.EntryPoints {
		c.entryPoints = append(c.entryPoints, entryPoint.Name)
	}
	return c
}

func flowOf(path string) string { return path + ".flow" }

// eachStep visits every step that could be read, with its path: triggers first, then flows by name.
func (p *Program) eachStep(visit func(path string, step Step)) {
	for i, trigger := range p.Triggers {
		eachStep(triggerPath(i), trigger.Do, visit)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Flows)) {
		eachStep(flowPath(name), p.Flows[name], visit)
	}
}

func eachStep(path string, steps []Step, visit func(path string, step Step)) {
	for i, step := range steps {
		if step == nil {
			continue
		}
		at := item(path, i)
		visit(at, step)
		if choice, ok := step.(IfStep); ok {
			eachStep(at+".then", choice.Then, visit)
			eachStep(at+".else", choice.Else, visit)
		}
	}
}

func (c *checker) step(path string, step Step) {
	at := path + "." + step.action()
	switch step := step.(type) {
	case IncrementStep:
		c.increment(at, step)
	case SetStep:
		c.field(at, step.Field)
		c.text(path+".to", step.Text, false)
	case SendStep:
		c.text(at, step.Text, true)
		c.picture(path+".picture", step.Picture)
	case CallWebhookStep:
		for _, key := range slices.Sorted(maps.Keys(step.With)) {
			c.text(withPath(path, key), step.With[key], false)
		}
	case RunFlowStep:
		c.flow(at, step.Flow)
	case GrantRewardStep:
		c.reward(at, step.Reward)
	case IfStep:
		c.condition(at, step.Condition)
	}
}

func withPath(path, key string) string { return join(path+".with", key) }

func (c *checker) condition(path string, condition Condition) {
	condition.eachQuestion(path, func(path string, question Condition) { c.field(path+".field", question.Field) })
}

// picture checks the variables of an address. One that is a single variable has to be a text field's.
func (c *checker) picture(path string, address Text) {
	c.text(path, address, false)
	if isSecure(address.Source) || address.Source == "" {
		return
	}
	v := address.variables()[0]
	if v.kind != fieldVariable && v.kind != rewardCode || c.program.Fields[v.name].Type == NumberField {
		c.error(path, codeBadPicture)
	}
}

func (c *checker) increment(path string, step IncrementStep) {
	if c.program.Fields[step.Field].Type == TextField {
		c.error(path, codeIncrementOfText, step.Field)
		return
	}
	c.field(path, step.Field)
}

// A name left empty was reported when it was read.

func (c *checker) field(path, name string) {
	if _, ok := c.program.Fields[name]; !ok && name != "" {
		c.unknown(path, codeUnknownField, name, c.fields)
	}
}

func (c *checker) flow(path, name string) {
	if _, ok := c.program.Flows[name]; !ok && name != "" {
		c.unknown(path, codeUnknownFlow, name, c.flows)
	}
}

func (c *checker) reward(path, name string) {
	if _, ok := c.program.Rewards[name]; !ok && name != "" {
		c.unknown(path, codeUnknownReward, name, c.rewards)
	}
}

func (c *checker) entryPoint(path, name string) {
	if _, ok := c.program.EntryPoint(name); !ok && name != "" {
		c.unknown(path, codeUnknownEntryPoint, name, c.entryPoints)
	}
}

// text checks the variables of a text. Codes are for messages only: a field would keep them where they can't be revoked.
func (c *checker) text(path string, text Text, isMessage bool) {
	for _, v := range text.variables() {
		switch v.kind {
		case linkVariable:
			c.entryPoint(path, v.name)
		case rewardCode, rewardExpires:
			if !isMessage {
				c.error(path, codeCodeOutsideMessage)
			}
		case fieldVariable:
			c.variable(path, v)
		}
	}
}

func (c *checker) variable(path string, v *variable) {
	if _, ok := c.program.Fields[v.name]; ok {
		return
	}
	if v.written == "" {
		c.error(path, codeEmptyVariable)
		return
	}
	known := slices.Concat(slices.Sorted(maps.Keys(personVariables)), c.fields)
	prefix := ""
	if v.role != "" {
		prefix = string(v.role) + "."
	} else {
		known = append(known, slices.Sorted(maps.Keys(runVariables))...)
	}
	for _, name := range c.entryPoints {
		known = append(known, linkPrefix+name)
	}
	for i := range known {
		known[i] = prefix + known[i]
	}
	c.unknown(path, codeUnknownVariable, v.written, known)
}
