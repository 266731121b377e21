package strictyaml

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"
)

// Error is one thing that is wrong in a file.
type Error struct {
	File         string
	Line, Column int
	Message      string
	Hint         string // what to do, or ""
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
	if e.Hint != "" {
		text += " (" + e.Hint + ")"
	}
	return text
}

// Errors is everything that is wrong in a file, a line each.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return e
}

// DidYouMean is a hint for a name that is none of the known ones: the nearest, else all of them.
func DidYouMean(name string, known []string) string {
	best, distance := "", len(name)/2+1
	for _, k := range known {
		d := levenshtein.Distance(strings.ToLower(name), k, nil)
		if len(name) > 2 && strings.HasPrefix(k, strings.ToLower(name)) {
			d = 0 // begun and not finished
		}
		if d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "known: " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
}
