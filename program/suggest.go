package program

import "unicode/utf8"

// longestSuggestion bounds the work of comparing names, which grows with the square of their length.
const longestSuggestion = 64

// nearest finds the name somebody most likely meant to write: at most a third of its letters differ.
func nearest(written string, names []string) (string, bool) {
	if len(written) > 4*longestSuggestion {
		return "", false
	}
	folded := []rune(fold(written))
	best, distance := "", 1+max(1, len(folded)/3)
	for _, name := range names {
		if tooFar(utf8.RuneCountInString(name), len(folded), distance) {
			continue
		}
		if d := editDistance(folded, []rune(fold(name))); d < distance {
			best, distance = name, d
		}
	}
	return best, best != ""
}

func tooFar(a, b, distance int) bool {
	return a > longestSuggestion || b > longestSuggestion || a-b >= distance || b-a >= distance
}

// editDistance counts the letters to insert, remove, replace or swap with their neighbour.
func editDistance(a, b []rune) int {
	var beforeLast []int
	last := countTo(len(b))
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost(a[i], b[j]))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], beforeLast[j-1]+1)
			}
		}
		beforeLast, last = last, row
	}
	return last[len(b)]
}

func countTo(n int) []int {
	row := make([]int, n+1)
	for i := range row {
		row[i] = i
	}
	return row
}

func cost(a, b rune) int {
	if a == b {
		return 0
	}
	return 1
}
