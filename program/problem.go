package program

import (
	"cmp"
	"slices"
	"strings"
)

// Severity says whether a problem keeps a program from being used.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// A Problem is one mistake or doubtful thing in what an author wrote.
type Problem struct {
	Severity Severity
	Code     string   // stable, snake_case: "unknown_flow"
	Path     string   // "flows.compartir[0].send"; "" means the whole file
	Line     int      // 1-based
	Column   int      // 1-based, in characters
	Args     []string // what the message names: the flow's name, a suggestion
}

// Problems are sorted by where they stand in the file.
type Problems []Problem

// Errors are the problems that keep the program from being used.
func (ps Problems) Errors() Problems { return ps.of(SeverityError) }

// Warnings are the problems that don't.
func (ps Problems) Warnings() Problems { return ps.of(SeverityWarning) }

func (ps Problems) of(severity Severity) Problems {
	var some Problems
	for _, problem := range ps {
		if problem.Severity == severity {
			some = append(some, problem)
		}
	}
	return some
}

// mostProblems, of each severity, bounds the work on a file that is wrong throughout; nobody reads further.
const mostProblems = 200

// A place is where something stands in the file.
type place struct{ line, column int }

// findings collects problems, and remembers where each element of the file stands so that a problem found in the typed
// program can still point at its line.
type findings struct {
	problems Problems
	count    map[Severity]int
	places   map[string]place // by path
}

func newFindings() *findings {
	return &findings{count: map[Severity]int{}, places: map[string]place{}}
}

func (f *findings) error(path, code string, args ...string) {
	f.add(SeverityError, f.placeOf(path), path, code, args)
}

func (f *findings) errorAt(at place, path, code string, args ...string) {
	f.add(SeverityError, at, path, code, args)
}

func (f *findings) warn(path, code string, args ...string) {
	f.add(SeverityWarning, f.placeOf(path), path, code, args)
}

// unknown reports a name that means nothing, with the name that was probably meant.
func (f *findings) unknown(path, code, name string, known []string) {
	if f.count[SeverityError] >= mostProblems {
		return // a suggestion would be costly, and not be seen
	}
	args := []string{excerpt(name)}
	if suggestion, ok := nearest(name, known); ok {
		args = append(args, suggestion)
	}
	f.error(path, code, args...)
}

func (f *findings) add(severity Severity, at place, path, code string, args []string) {
	if f.count[severity] >= mostProblems {
		return
	}
	f.count[severity]++
	f.problems = append(f.problems, Problem{
		Severity: severity, Code: code, Path: path, Line: at.line, Column: at.column, Args: args,
	})
}

// placeOf is where an element stands or, when the file has no such element, the nearest one around it.
func (f *findings) placeOf(path string) place {
	for path != "" {
		if at, ok := f.places[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return place{1, 1}
}

func (f *findings) sorted() Problems {
	slices.SortStableFunc(f.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return f.problems
}

func (f *findings) hasErrors() bool { return f.count[SeverityError] > 0 }

// excerpt keeps what a message quotes short.
func excerpt(text string) string {
	runes := []rune(text)
	if len(runes) <= longestName {
		return text
	}
	return string(runes[:longestName]) + "…"
}
