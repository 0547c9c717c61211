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

// rewardCircles warns of rewards whose triggers come to grant them again.
func (w *warner) rewardCircles() {
	leads := map[string][]string{} // reward → those that what it fires may grant
	for name := range w.program.Rewards {
		leads[name] = w.program.rewardsAfter(w.program.onReward(name))
	}
	for i, trigger := range w.program.Triggers {
		if trigger.On != RewardGranted {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(w.program.Rewards)) {
			if (trigger.Reward == "" || trigger.Reward == name) && leadsTo(w.program.rewardsAfter(trigger.Do), name, leads) {
				w.warn(triggerStart(i)+".on", codeRewardCircle, name)
				break
			}
		}
	}
}

// rewardsAfter lists the rewards that steps grant, those of the flows they run included.
func (p *Program) rewardsAfter(steps []Step) []string {
	rewards := rewardsGrantedBy(steps)
	for flow := range p.reachable(p.flowsRunBy(steps)...) {
		rewards = append(rewards, rewardsGrantedBy(p.Flows[flow])...)
	}
	return rewards
}

// leadsTo says whether one of these rewards is the wanted one, or comes to be followed by it.
func leadsTo(from []string, wanted string, leads map[string][]string) bool {
	seen := map[string]bool{}
	for ahead := slices.Clone(from); len(ahead) > 0; {
		next := ahead[len(ahead)-1]
		ahead = ahead[:len(ahead)-1]
		if next == wanted {
			return true
		}
		if !seen[next] {
			seen[next] = true
			ahead = append(ahead, leads[next]...)
		}
	}
	return false
}

// pairFlows are those that may start in a referral.
func (p *Program) pairFlows() []string {
	flows := p.triggerFlows()
	for _, entryPoint := range p.EntryPoints {
		flows = append(flows, entryPoint.Flow)
	}
	return flows
}
