package program

import (
	"maps"
	"slices"
)

// forSomebody warns of steps for a person who won't be there, or for whom nothing is done.
func (w *warner) forSomebody() {
	holding := map[string]string{} // flow → an entry point that holds what it welcomes
	for _, entryPoint := range w.program.EntryPoints {
		if entryPoint.Hold.Until == "" && entryPoint.Approval != ManualApproval {
			continue
		}
		for flow := range w.program.reachable(entryPoint.Flow) {
			holding[flow] = entryPoint.Name
		}
	}
	withPair := w.program.reachable(w.program.pairFlows()...)
	for _, name := range slices.Sorted(maps.Keys(w.program.Flows)) {
		eachStep(flowPath(name), w.program.Flows[name], func(path string, step Step) {
			who := step.whom()
			switch {
			case who == "":
			case w.fromKeywords[name] && !withPair[name]:
				w.warn(path+"."+forWhom, codeForNobody, string(who))
			case who == Referrer && holding[name] != "" && !w.fromTriggers[name]:
				w.warn(path+"."+forWhom, codeForWhileHeld, holding[name])
			}
		})
	}
}

// pairFlows are those that may start in a referral.
func (p *Program) pairFlows() []string {
	flows := p.triggerFlows()
	for _, entryPoint := range p.EntryPoints {
		flows = append(flows, entryPoint.Flow)
	}
	return flows
}
