package nemesis

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Planned is one step as it is known before the run: all but whom a selector will choose, and when
// exactly a step of a sequence follows the one before it.
type Planned struct {
	Entry, Round, Step int // places in the schedule, from 0 on
	Depth              int // of how many other steps it is one that happens meanwhile
	// At is since the clients began. The first step of a round begins then. Another one begins when
	// the one before it is over, conditions met and proofs made: At is then what they are ordered to
	// take.
	At   time.Duration
	What Step

	first bool // in its list
}

func (p Planned) String() string {
	about := strings.Repeat("    ", p.Depth)
	if p.Step > 0 && !p.first {
		about += "then "
	}
	return fmt.Sprintf("%9v  %s%s", p.At.Round(time.Millisecond), about, p.What)
}

// Place is where the step stands in the schedule, as the history tells it of a fault.
func (p Planned) Place() string { return fmt.Sprintf("%d.%d.%d", p.Entry+1, p.Round+1, p.Step+1) }

// Plan is what happens in a run of this length, in order of time. It depends on nothing else, and it
// is what Run carries out.
func (s Schedule) Plan(seed uint64, length time.Duration) []Planned {
	var plan []Planned
	for i, e := range s {
		for k := range e.rounds(length) {
			at := plus(e.At, times(e.Every, k))
			if e.Jitter > 0 {
				at = plus(at, time.Duration(stream(seed, i, k, jitterStream).Int64N(int64(e.Jitter)+1)))
			}
			plan = append(plan, planned(e.Steps, Planned{Entry: i, Round: k, At: at})...)
		}
	}
	slices.SortStableFunc(plan, func(a, b Planned) int { return cmp.Compare(a.At, b.At) })
	return plan
}

// planned are the steps of a list that begins at the place of p.
func planned(steps []Step, p Planned) (plan []Planned) {
	p.first = true
	for _, step := range steps {
		p.What = step
		inside := p
		inside.Step, inside.Depth = p.Step+1, p.Depth+1
		plan = append(append(plan, p), planned(step.Meanwhile, inside)...)
		p.Step, p.At, p.first = p.Step+1+size(step.Meanwhile), plus(p.At, step.length()), false
	}
	return plan
}

// jitterStream stands where the number of a step does.
const jitterStream = 1<<20 - 1

// stream is a source of its own for each step: what one fault draws never depends on when another one
// struck.
func stream(seed uint64, entry, round, step int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(entry)<<40|uint64(round)<<20|uint64(step)))
}
