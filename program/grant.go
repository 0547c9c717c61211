package program

import (
	"maps"
	"slices"
	"strconv"
)

// firstOccurrence is that of a reward which is earned once.
const firstOccurrence = 1

// LimitReached is the operator of the check that tells of a grant refused because its reward's limit was reached.
const LimitReached = "limit_reached"

// A Crossing is the multiples of a number that a change came to or passed, from First to Last.
type Crossing struct {
	Field string `json:"field"`
	Every int64  `json:"every"`
	First int64  `json:"first"`
	Last  int64  `json:"last"`
}

func crossing(condition Condition, before, after int64) Crossing {
	every := condition.Number
	return Crossing{Field: condition.Field, Every: every, First: max(before, 0)/every + 1, Last: max(after, 0) / every}
}

// crossing gives the multiples that a condition which just held had seen crossed, if it grants for each of them.
func (r *run) crossing(condition Condition, path string, c *chain) *Crossing {
	at, ok := condition.every(path)
	if !ok {
		return nil
	}
	crossed := r.crossed[sight{at, c.who}]
	return &crossed
}

// grant gives a reward once or, under reaches_every, once for each multiple that was crossed.
func (r *run) grant(reward string, in frame, from, c *chain) {
	if in.crossed == nil {
		r.grantOnce(reward, firstOccurrence, copiedBasis(in.basis.of(c, from)), c)
		return
	}
	for occurrence := in.crossed.First; occurrence <= in.crossed.Last && r.spend(1); occurrence++ {
		basis := &Basis{Field: in.crossed.Field, Threshold: occurrence * in.crossed.Every}
		r.grantOnce(reward, occurrence, basis.of(c, from), c)
	}
}

// grantOnce gives a reward to the chain's person, unless they hold it: then it is only at hand for the messages that follow. When its
// limit is reached it isn't, and messages that speak of it are left out.
func (r *run) grantOnce(reward string, occurrence int64, basis *Basis, c *chain) {
	held := c.person.Grants[reward]
	had := slices.Contains(held, occurrence)
	if !had && r.limited(reward, held, c) {
		c.refused[c.who] = len(held) == 0
		c.rewards[c.who] = ""
		if len(held) > 0 {
			c.rewards[c.who] = reward
		}
		return
	}
	c.rewards[c.who], c.refused[c.who] = reward, false
	if had {
		return
	}
	c.person.Grants[reward] = append(slices.Clip(held), occurrence)
	r.granted[reward]++
	r.do(Op{Kind: OpGrant, Who: c.who, Reward: reward, Occurrence: occurrence, Basis: basis})
	r.rewarded(reward, basis, c)
}

// limited says whether a limit of the reward is reached, and records it.
func (r *run) limited(reward string, held []int64, c *chain) bool {
	limit := r.program.Rewards[reward].Limit
	bound, count := limit.PerContact, int64(len(held))
	if bound == 0 || count < bound {
		bound, count = limit.Total, r.granted[reward]
	}
	if bound == 0 || count < bound {
		return false
	}
	number := strconv.FormatInt(count, 10)
	r.outcome.Checks = append(r.outcome.Checks, Check{
		Path: "rewards." + reward + ".limit", Who: c.who, Field: "reward:" + reward, Operator: LimitReached,
		With: strconv.FormatInt(bound, 10), Before: number, After: number, Held: true, Ops: len(r.outcome.Ops),
	})
	return true
}

// speaksOfReward: with a fallback, the author has thought of there being no reward.
func speaksOfReward(v *variable) bool {
	return (v.kind == rewardCode || v.kind == rewardTitle || v.kind == rewardExpires) && v.fallback == ""
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
		r.trigger(i, basis, &chain{who: c.who, person: c.person, rewards: rewards, alone: c.alone, refused: map[Role]bool{}})
	}
}
