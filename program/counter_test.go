package program

import "testing"

func TestEqualsNamesTheTotalsAroundTheValueSkipped(t *testing.T) {
	tests := []struct {
		name       string
		increments []int64
		starts     []int64
		value      int64
		from, to   int64
		skips      bool
	}{
		{"steps of one", []int64{1}, nil, 10, 0, 0, false},
		{"steps of one and two", []int64{1, 2}, nil, 10, 9, 11, true},
		{"steps of two to an even value", []int64{2}, nil, 10, 0, 0, false},
		{"steps of two to an odd value", []int64{2}, nil, 11, 10, 12, true},
		{"steps of two from an odd start", []int64{2}, []int64{5}, 10, 9, 11, true},
		{"the first step goes too far", []int64{20}, nil, 10, 0, 20, true},
		{"steps up and down", []int64{-1, 5}, nil, 10, 9, 14, true},
		{"far away", []int64{2}, nil, 1_000_001, 1_000_000, 1_000_002, true},
		{"far away and even", []int64{2}, nil, 1_000_000, 0, 0, false},
		{"never incremented", nil, nil, 10, 0, 0, false},
		{"nought", []int64{5}, nil, 0, 0, 0, false},
		{"below nought", []int64{5}, nil, -5, 0, 0, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &counter{increments: different(test.increments), starts: append(test.starts, 0)}
			c.findPossible()
			from, to, skips := c.skips(test.value)
			if from != test.from || to != test.to || skips != test.skips {
				t.Errorf("got %d, %d, %v", from, to, skips)
			}
		})
	}
}
