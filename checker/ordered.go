package checker

import (
	"fmt"
	"maps"
	"slices"

	"schism/history"
)

// Ordered is a fault that the scenario orders: it must have had its turn.
type Ordered struct {
	Kind string // partition, kill
	Step string // its place in the schedule, as history.Fault tells it
}

// haveStruck compares what was ordered with what the history tells of, one kind after the other: two kills make
// up for no partition. Whether a fault bit is another question.
func haveStruck(ordered []Ordered, h *history.History) []Worth {
	steps := make(map[string][]string) // by kind
	for _, o := range ordered {
		steps[o.Kind] = append(steps[o.Kind], o.Step)
	}
	var all []Worth
	for _, kind := range slices.Sorted(maps.Keys(steps)) {
		n := struck(kind, steps[kind], h)
		all = append(all, Worth{
			What: fmt.Sprintf("every %s of the scenario struck", kind), Holds: n == len(steps[kind]),
			Seen: fmt.Sprintf("%d of %d", n, len(steps[kind])),
		})
	}
	return all
}

// struck is how many of the steps the history tells of as ones that struck somebody. A step that struck twice makes up for no other one. An
// older history does not tell the steps: there each fault stands for one of its kind.
func struck(kind string, steps []string, h *history.History) (n int) {
	seen, unplaced := make(map[string]bool), 0
	for i := range h.Faults {
		if f := &h.Faults[i]; f.F != kind || f.Missed() {
			continue
		} else if step := f.Resolved().Step; step != "" {
			seen[step] = true
		} else {
			unplaced++
		}
	}
	for _, step := range steps {
		if seen[step] {
			n++
		}
	}
	return min(n+unplaced, len(steps))
}
