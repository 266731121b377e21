package schism

import (
	"fmt"

	"schism/checker"
	"schism/history"
	"schism/nemesis"
	"schism/workload"
)

// Preview is what is known of a run before there is a cluster: what follows from scenario and seed.
type Preview struct {
	Scenario *Scenario         // with the seed chosen
	Faults   []nemesis.Planned // all of them; selectors choose when they strike
	// Operations are the first ones, in the order in which clients take them up. Which client takes
	// one, and when, the run decides. The value that a cas expects is nil here: it is what an answer
	// told last.
	Operations []workload.Op
}

// Preview tells what a run will do, with its first so many operations. A seed of 0 leaves the
// scenario's.
func (s *Scenario) Preview(seed uint64, operations int) *Preview {
	p := &Preview{Scenario: s.resolved(Options{Seed: seed})}
	p.Faults = p.Scenario.Nemesis.Plan(p.Scenario.Seed, s.Workload.Duration)
	kind, _ := findWorkload(s.Workload.Name) // Parse has looked
	generator, random := kind.New(s.Workload.options()), workload.Random(p.Scenario.Seed)
	for range operations {
		p.Operations = append(p.Operations, generator.Next(random))
	}
	return p
}

// Sketch is an operation of a preview in words: "write x = 1".
func Sketch(o workload.Op) string {
	if o.F == history.CAS {
		_, to, _ := history.SplitPair(o.Value) // a generator makes pairs
		return fmt.Sprintf("cas %s from what was seen last to %s", o.Key, checker.ShowValue(to))
	}
	return checker.ShowAsked(o.F, o.Key, o.Value)
}
