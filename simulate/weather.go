package simulate

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Weather is how badly the platform behaves. Shares are of the visits, from 0 to 1.
type Weather struct {
	Duplicates float64       // come twice
	Reorder    float64       // come at another place in their wave
	Lost       float64       // don't arrive at first, and are sent again when the rest of their wave has been
	Delay      time.Duration // the most a webhook is held back
}

// A Sending is one webhook that goes out.
type Sending struct {
	Visit Visit
	Again bool // it was sent before, or will have been
	Delay time.Duration
}

// A forecast is the webhooks of each wave, in the order they go out.
type forecast struct {
	waves      [][]placed
	duplicates int
	lost       int
}

type placed struct {
	at float64
	Sending
}

// Forecast says, the same for the same seed, which webhook goes out when. Some duplicates come at once, some later in their wave, and
// some in a later one.
func (c Campaign) forecast(weather Weather) forecast {
	chance := chanceOf(c.Seed, 2)
	plan := forecast{waves: make([][]placed, len(c.Waves))}
	for wave, visits := range c.Waves {
		for i, visit := range visits {
			at := place(chance, weather, i, len(visits))
			if at >= float64(len(visits)) {
				plan.lost++
			}
			plan.add(wave, at, Sending{Visit: visit, Delay: delay(chance, weather)})
			if chance.Float64() < weather.Duplicates {
				plan.duplicates++
				later, at := echo(chance, wave, at, c.Waves)
				plan.add(later, at, Sending{Visit: visit, Again: true, Delay: delay(chance, weather)})
			}
		}
	}
	for _, sendings := range plan.waves {
		slices.SortStableFunc(sendings, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	}
	return plan
}

func (f *forecast) add(wave int, at float64, sending Sending) {
	f.waves[wave] = append(f.waves[wave], placed{at, sending})
}

func (f *forecast) webhooks() int {
	count := 0
	for _, wave := range f.waves {
		count += len(wave)
	}
	return count
}

// place is where in its wave a visit's webhook goes out: behind all others when it is lost at first.
func place(chance *rand.Rand, weather Weather, i, count int) float64 {
	lost, reordered, elsewhere := chance.Float64() < weather.Lost, chance.Float64() < weather.Reorder, chance.Float64()
	switch {
	case lost:
		return float64(count) * (1 + elsewhere)
	case reordered:
		return float64(count) * elsewhere
	}
	return float64(i)
}

// echo is where a duplicate goes out: at the same moment, later, or in a later wave that has any visits.
func echo(chance *rand.Rand, wave int, at float64, waves [][]Visit) (later int, place float64) {
	later = wave + chance.IntN(len(waves)-wave)
	switch {
	case later > wave && len(waves[later]) > 0:
		return later, chance.Float64() * float64(len(waves[later]))
	case chance.IntN(2) == 0:
		return wave, at
	}
	return wave, at + chance.Float64()*float64(len(waves[wave]))
}

func delay(chance *rand.Rand, weather Weather) time.Duration {
	return time.Duration(chance.Float64() * float64(weather.Delay))
}
