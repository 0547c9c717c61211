package program

import (
	"maps"
	"slices"
)

// firstOccurrence is that of a reward which is earned once.
const firstOccurrence = 1

// grant gives a reward to the chain's person, unless they hold it: then it is only at hand for the messages that follow.
func (r *run) grant(reward string, basis *Basis, c *chain) {
	c.rewards[c.who] = reward
	held := c.person.Grants[reward]
	if slices.Contains(held, firstOccurrence) {
		return
	}
	c.person.Grants[reward] = append(slices.Clip(held), firstOccurrence)
	r.do(Op{Kind: OpGrant, Who: c.who, Reward: reward, Basis: copiedBasis(basis)})
	r.rewarded(reward, basis, c)
}

// rewarded fires the triggers of a reward that was just granted, for the winner. Each may grant others, which fire theirs: that ends, for
// what is held isn't granted again, and each firing costs a step.
func (r *run) rewarded(reward string, basis *Basis, c *chain) {
	for i, trigger := range r.program.Triggers {
		if trigger.On != RewardGranted || trigger.Reward != "" && trigger.Reward != reward || !trigger.isFor(r.entryPoint) {
			continue
		}
		if !r.spend(1) {
			return
		}
		rewards := maps.Clone(c.rewards)
		rewards[c.who] = reward
		r.trigger(i, basis, &chain{who: c.who, person: c.person, rewards: rewards, alone: c.alone})
	}
}
