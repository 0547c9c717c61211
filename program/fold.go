package program

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	longestKeyword            = 200  // characters
	longestMessageWithKeyword = 4096 // bytes; of a longer message only the beginning is looked at
)

// Fold gives texts that people take for the same one shape: without accents, case or needless white space. What is searched for
// is found by it, as keywords are.
func Fold(text string) string { return fold(text) }

// fold gives texts that people take for the same one shape: without accents, case or needless white space.
func fold(text string) string {
	bare := strings.Map(withoutMark, norm.NFKD.String(text))
	folded := cases.Fold().String(bare)
	return norm.NFC.String(strings.Join(strings.Fields(folded), " "))
}

func withoutMark(r rune) rune {
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return r
}
