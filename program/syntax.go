package program

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// searchBudget bounds the bytes read again to find the line of a syntax error.
const searchBudget = 8 << 20

var (
	syntaxLine  = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	looksLikeIt = regexp.MustCompile(`^\s*\{\s*"`) // a source meant as JSON
)

// reportSyntax says where a source can't be read, and names the mistakes authors make most by codes of their own.
func reportSyntax(source []byte, err error, f *findings) {
	var syntax *json.SyntaxError
	if looksLikeIt.Match(source) && errors.As(json.Unmarshal(source, new(any)), &syntax) {
		f.errorAt(placeAt(source, int(syntax.Offset)-1), "", codeNotYAML, excerpt(syntax.Error()))
		return
	}
	at := place{syntaxErrorLine(source, err), 1}
	detail := syntaxLine.ReplaceAllString(err.Error(), "")
	switch {
	case strings.Contains(detail, "unknown anchor"), strings.Contains(detail, "expected alphabetic or numeric character"):
		f.errorAt(at, "", codeAnchorRefused, "*")
	case strings.Contains(detail, "cannot start any token") && bytes.Contains(line(source, at.line), []byte("\t")):
		f.errorAt(at, "", codeTabIndentation)
	case strings.Contains(detail, "mapping values are not allowed"):
		f.errorAt(at, "", codeUnquotedColon)
	default:
		f.errorAt(at, "", codeNotYAML, excerpt(detail))
	}
}

// syntaxErrorLine is the line after the longest beginning that can be read: where a quote was opened, rather than the
// end of the file, where it was missed. In a source too long to search, it is the line the YAML reader gave.
func syntaxErrorLine(source []byte, err error) int {
	end := len(source)
	for budget := searchBudget; end > 0 && budget > 0; budget -= end {
		end = bytes.LastIndexByte(source[:end-1], '\n') + 1
		if readable(source[:end]) {
			return 1 + bytes.Count(source[:end], []byte("\n"))
		}
	}
	number, _ := strconv.Atoi(syntaxLine.FindStringSubmatch(err.Error())[1])
	return max(1, number)
}

func readable(source []byte) bool {
	_, err := decodeYAML(source)
	return err == nil || errors.Is(err, io.EOF)
}

func placeAt(source []byte, offset int) place {
	before := source[:max(0, min(offset, len(source)))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return place{1 + bytes.Count(before, []byte("\n")), 1 + utf8.RuneCount(before[start:])}
}

func line(source []byte, number int) []byte {
	lines := bytes.Split(source, []byte("\n"))
	return lines[min(number, len(lines))-1]
}
