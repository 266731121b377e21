// Package defect is how every part of the store lists its known bugs, which can be switched on to prove what
// a tester finds.
package defect

import (
	"fmt"
	"slices"
	"strings"
)

// Of is one entry of the table of a part; T has a switch for each, and its zero value is a correct part.
type Of[T any] struct {
	Name   string // as it is written in scenarios and on the command line
	About  string // one line: what the node does wrong
	Origin string // where the rule that it breaks comes from: a section of a paper, or the report of a real bug
	Seen   string // what a client sees of it
	Shown  string // what shows it: a scenario's file, "simulator" or "test"
	Field  func(*T) *bool
}

// In is the table of a part as that of the whole W, in which the part's switches are at.
func In[T, W any](table []Of[T], at func(*W) *T) []Of[W] {
	whole := make([]Of[W], len(table))
	for i, d := range table {
		whole[i] = Of[W]{d.Name, d.About, d.Origin, d.Seen, d.Shown, func(w *W) *bool { return d.Field(at(w)) }}
	}
	return whole
}

// Switch switches on the named defects. Its error names the first one that does not exist, and those that
// do.
func Switch[T any](table []Of[T], names []string) (on T, err error) {
	for _, name := range names {
		i := slices.IndexFunc(table, func(d Of[T]) bool { return d.Name == name })
		if i < 0 {
			var none T
			return none, fmt.Errorf("no defect is called %q; the known ones are %s", name, strings.Join(Names(table), ", "))
		}
		*table[i].Field(&on) = true
	}
	return on, nil
}

// Names are those of a table, in its order.
func Names[T any](table []Of[T]) []string {
	names := make([]string, len(table))
	for i, d := range table {
		names[i] = d.Name
	}
	return names
}
