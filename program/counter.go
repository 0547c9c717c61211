package program

import "slices"

const (
	// farthestTotal is up to where the totals a counter can take are followed one by one; beyond it, every total that the
	// increments divide is taken to be possible.
	farthestTotal = 10_000

	// mostIncrements bounds how many different increments of a field are followed.
	mostIncrements = 64
)

// A counter is what steps do to a number field: which totals it can take, starting at nought or where a step sets it.
type counter struct {
	increments []int64 // different ones, ascending
	starts     []int64
	possible   []bool // totals below farthestTotal that can be come to
}

func newCounter(p *Program, field string) *counter {
	c := &counter{starts: []int64{0}}
	p.eachStep(func(_ string, step Step) {
		switch step := step.(type) {
		case IncrementStep:
			if step.Field == field {
				c.increments = append(c.increments, step.By)
			}
		case SetStep:
			if step.Field == field {
				c.starts = append(c.starts, step.Number)
			}
		}
	})
	c.increments, c.starts = different(c.increments), different(c.starts)
	c.findPossible()
	return c
}

func different(numbers []int64) []int64 {
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	return numbers[:min(len(numbers), mostIncrements)]
}

func (c *counter) findPossible() {
	c.possible = make([]bool, farthestTotal)
	onlyUp := len(c.increments) == 0 || c.increments[0] > 0
	for total := range int64(farthestTotal) {
		if onlyUp {
			c.possible[total] = slices.Contains(c.starts, total) || c.followsAnother(total)
		} else {
			c.possible[total] = c.divides(total)
		}
	}
}

func (c *counter) followsAnother(total int64) bool {
	return slices.ContainsFunc(c.increments, func(by int64) bool { return by <= total && c.possible[total-by] })
}

// divides: with increments up and down, or far from the start, the counter comes to every total that differs from a start
// by a multiple of what divides all increments.
func (c *counter) divides(total int64) bool {
	var divisor int64
	for _, by := range c.increments {
		divisor = greatestCommonDivisor(divisor, by)
	}
	return slices.ContainsFunc(c.starts, func(start int64) bool { return divisor != 0 && (total-start)%divisor == 0 })
}

func (c *counter) canBe(total int64) bool {
	if total < farthestTotal {
		return c.possible[total]
	}
	return c.divides(total)
}

// skips finds the nearest total from which an increment jumps over value, and the total it jumps to.
func (c *counter) skips(value int64) (from, to int64, ok bool) {
	for distance := int64(1); distance <= min(value, farthestTotal); distance++ {
		over, found := c.shortestOver(distance)
		if !found {
			return 0, 0, false
		}
		if before := value - distance; c.canBe(before) {
			return before, before + over, true
		}
	}
	return 0, 0, false
}

func (c *counter) shortestOver(distance int64) (by int64, found bool) {
	i := slices.IndexFunc(c.increments, func(by int64) bool { return by > distance })
	if i < 0 {
		return 0, false
	}
	return c.increments[i], true
}

func greatestCommonDivisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return max(a, -a)
}
