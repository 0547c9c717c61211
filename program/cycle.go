package program

import (
	"maps"
	"slices"
	"strings"
)

// checkCycles reports flows that run each other without a wait between: they would never end.
func checkCycles(p *Program, f *findings) {
	s := &cycleSearch{findings: f, program: p, state: map[string]visitState{}}
	for _, name := range slices.Sorted(maps.Keys(p.Flows)) {
		if s.state[name] == unvisited {
			s.visit(name)
		}
	}
}

type visitState int

const (
	unvisited visitState = iota
	underway
	visited
)

type cycleSearch struct {
	*findings
	program *Program
	state   map[string]visitState
	way     []string // the flows under way, each run by the one before
}

func (s *cycleSearch) visit(name string) {
	s.state[name] = underway
	s.way = append(s.way, name)
	s.follow(flowPath(name), s.program.Flows[name])
	s.way = s.way[:len(s.way)-1]
	s.state[name] = visited
}

// follow visits the flows a list runs before it waits, and says whether it waits on every way to its end.
func (s *cycleSearch) follow(path string, steps []Step) (waits bool) {
	for i, step := range steps {
		at := item(path, i)
		switch step := step.(type) {
		case WaitStep:
			return true
		case RunFlowStep:
			s.run(at+"."+runFlow, step.Flow)
		case IfStep:
			then := s.follow(at+".then", step.Then)
			otherwise := s.follow(at+".else", step.Else)
			if then && otherwise {
				return true
			}
		}
	}
	return false
}

func (s *cycleSearch) run(path, name string) {
	if _, ok := s.program.Flows[name]; !ok {
		return
	}
	switch s.state[name] {
	case unvisited:
		s.visit(name)
	case underway:
		cycle := append(slices.Clone(s.way[slices.Index(s.way, name):]), name)
		s.error(path, codeFlowCycle, excerptCycle(cycle))
	}
}

// excerptCycle names the flows of a cycle, leaving out the middle of a long one.
func excerptCycle(names []string) string {
	const most = 8
	if len(names) > most {
		names = slices.Concat(names[:most-2], []string{"…"}, names[len(names)-1:])
	}
	return strings.Join(names, " → ")
}

// checkMultiplying reports flows that, after a wait, start themselves more than once: there would be twice as many of
// them each time, without end.
func checkMultiplying(p *Program, f *findings) {
	runBy := map[string][]string{} // flow → the flows that run it
	for name, steps := range p.Flows {
		for _, other := range p.flowsRunBy(steps) {
			runBy[other] = append(runBy[other], name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Flows)) {
		if len(runBy[name]) > 0 && returns(p.Flows[name], leadingTo(name, runBy)) > 1 {
			f.error(flowPath(name), codeFlowMultiplies, name)
		}
	}
}

// leadingTo is the set of flows that come to run the named one, itself included.
func leadingTo(name string, runBy map[string][]string) map[string]bool {
	leading := map[string]bool{}
	for ahead := []string{name}; len(ahead) > 0; {
		next := ahead[len(ahead)-1]
		ahead = ahead[:len(ahead)-1]
		if !leading[next] {
			leading[next] = true
			ahead = append(ahead, runBy[next]...)
		}
	}
	return leading
}

// returns counts, on the way through a list that has most of them, the steps that run one of the flows.
func returns(steps []Step, flows map[string]bool) int {
	count := 0
	for _, step := range steps {
		switch step := step.(type) {
		case RunFlowStep:
			if flows[step.Flow] {
				count++
			}
		case IfStep:
			count += max(returns(step.Then, flows), returns(step.Else, flows))
		}
	}
	return count
}
