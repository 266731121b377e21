package nemesis

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"schism/configs/strictyaml"
)

// Schedule is when which faults strike. Entries run side by side, the steps of one entry in turn.
type Schedule []Entry

// Entry is one fault at a time, or a sequence of steps; once, or every so often.
type Entry struct {
	At time.Duration // since the clients began
	// Every is the time between the beginnings of two rounds; 0: there is one round only.
	Every  time.Duration
	Jitter time.Duration // each round begins up to this much later, by the seed
	// Times is how many rounds there are; 0: as many as surely end within the run.
	Times    int
	Sequence bool // written as a sequence, even if it has one step
	Steps    []Step
}

// Step is a fault, an operation, a wait of For, or a condition that must hold within For. A fault lasts
// For, or until its condition holds, or as long as the steps of Meanwhile take.
type Step struct {
	Fault     Fault         // nil: none
	Ask       *Ask          // nil: none
	Until     Condition     // the zero value: none
	For       time.Duration // with Until: the bound on it
	Meanwhile []Step
}

// Length is the time that one round is ordered to take at most; applying and proving its faults takes
// longer, and so do operations.
func (e Entry) Length() time.Duration { return length(e.Steps) }

func length(steps []Step) time.Duration {
	var sum time.Duration
	for _, s := range steps {
		sum = plus(sum, s.length())
	}
	return sum
}

func (s Step) length() time.Duration { return plus(s.For, length(s.Meanwhile)) }

// Shortest is the least that the schedule takes in a run of this length if all goes as ordered: conditions
// hold at once, and nothing has to be waited for but what says so.
func (s Schedule) Shortest(length time.Duration) (longest time.Duration) {
	for _, e := range s {
		begin := plus(e.At, times(e.Every, e.rounds(length)-1))
		longest = max(longest, plus(begin, shortest(e.Steps)))
	}
	return longest
}

func shortest(steps []Step) (sum time.Duration) {
	for _, s := range steps {
		if s.Until == (Condition{}) {
			sum = plus(sum, s.For)
		}
		sum = plus(sum, shortest(s.Meanwhile))
	}
	return sum
}

// each visits the steps in their order, each before those that happen meanwhile.
func each(steps []Step, visit func(s *Step)) {
	for i := range steps {
		visit(&steps[i])
		each(steps[i].Meanwhile, visit)
	}
}

// size is the number of steps, those that happen meanwhile included.
func size(steps []Step) (n int) {
	each(steps, func(*Step) { n++ })
	return n
}

// end is when round k is over at the latest.
func (e Entry) end(k int) time.Duration {
	begin := e.At
	if e.Every > 0 {
		begin = plus(begin, times(e.Every, k))
	}
	return plus(plus(begin, e.Jitter), e.Length())
}

// rounds is how many there are in a run of this length. No seed changes their number: a verdict rests
// on all of them.
func (e Entry) rounds(length time.Duration) int {
	first := e.end(0)
	switch {
	case e.Every == 0:
		return 1
	case e.Times > 0:
		return e.Times
	case first > length:
		return 1
	}
	return int((length-first)/e.Every) + 1
}

// maxSteps bounds a schedule, all rounds together. A run with more would prove less than many runs.
const maxSteps = 10_000

// plus and times stay at the longest duration there is: a file may hold any number.
func plus(a, b time.Duration) time.Duration {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

func times(d time.Duration, n int) time.Duration {
	if n > 0 && d > math.MaxInt64/time.Duration(n) {
		return math.MaxInt64
	}
	return d * time.Duration(n)
}

// Faults are the faults of the schedule in a run of this length: each must strike, whatever the seed.
func (s Schedule) Faults(length time.Duration) []Planned {
	return slices.DeleteFunc(s.Plan(0, length), func(p Planned) bool { return p.What.Fault == nil })
}

// Asks counts the operations of the schedule in a run of this length.
func (s Schedule) Asks(length time.Duration) (n int) {
	for _, e := range s {
		each(e.Steps, func(step *Step) {
			if step.Ask != nil {
				n += e.rounds(length)
			}
		})
	}
	return n
}

// Each visits every step there is, in the order in which they are written.
func (s Schedule) Each(visit func(*Step)) {
	for _, e := range s {
		each(e.Steps, visit)
	}
}

// NamesRegionLeader says whether any step chooses the region leader or waits for it. What a step does is
// all in its text.
func (s Schedule) NamesRegionLeader() (names bool) {
	s.Each(func(step *Step) { names = names || strings.Contains(step.String(), string(RegionLeader)) })
	return names
}

// Check reports what cannot be with these nodes and this length of the run.
func (s Schedule) Check(nodes []string, length time.Duration, d *strictyaml.Document) {
	s.checkNames(d)
	steps := 0
	for i := range s {
		s[i].check(nodes, d)
		if length == 0 {
			continue // that is told by somebody else
		}
		n, in := s[i].rounds(length), size(s[i].Steps)
		if n > (maxSteps-steps)/in {
			d.Errorf("make every longer", []any{&s[i].Times, &s[i].Every, &s[i]}, "the schedule has more than %d steps", maxSteps)
			return
		}
		steps += n * in
		s[i].checkLength(length, d)
	}
}

// checkNames reports what speaks of an operation that nobody asks, and two operations of one name.
func (s Schedule) checkNames(d *strictyaml.Document) {
	names := make(map[string]bool)
	s.Each(func(step *Step) {
		if a := step.Ask; a != nil && a.Name != "" && names[a.Name] {
			d.Errorf("give it another name", []any{&a.Name}, "two operations are called %s", a.Name)
		} else if a != nil {
			names[a.Name] = true
		}
	})
	known := slices.Sorted(maps.Keys(names))
	s.Each(func(step *Step) {
		if step.Until.test == held && !names[step.Until.name] {
			d.Errorf(strictyaml.DidYouMean(step.Until.name, known), []any{&step.Until}, "no operation of the schedule is called %s", step.Until.name)
		}
		if f, ok := step.Fault.(*Failpoint); ok && f.UpTo != "" && !names[f.UpTo] {
			d.Errorf(strictyaml.DidYouMean(f.UpTo, known), []any{&f.UpTo}, "no operation of the schedule is called %s", f.UpTo)
		}
	})
}

func (e *Entry) check(nodes []string, d *strictyaml.Document) {
	each(e.Steps, func(step *Step) {
		if step.Fault != nil {
			step.Fault.Check(nodes, d)
		}
		if step.Ask != nil {
			step.Ask.check(nodes, d)
		}
		step.Until.check(nodes, d)
	})
	if round := plus(e.Length(), e.Jitter); e.Every > 0 && round > e.Every {
		d.Errorf("make every longer, or the fault shorter", []any{&e.Every},
			"a round may take %v, but the next one begins after %v", round, e.Every)
	}
}

// checkLength reports what does not end within the run.
func (e *Entry) checkLength(length time.Duration, d *strictyaml.Document) {
	n := e.rounds(length)
	switch end := e.end(n - 1); {
	case end <= length:
	case n > 1:
		d.Errorf("make the workload's duration longer, or times smaller", []any{&e.Times, e},
			"round %d of %d would end %v after the start, but the run lasts %v", n, n, end, length)
	default:
		d.Errorf("make the workload's duration longer, or the fault shorter", []any{&e.At, e},
			"the fault would end %v after the start, but the run lasts %v", end, length)
	}
}

func (e Entry) String() string {
	var words []string
	for _, s := range e.Steps {
		words = append(words, s.String())
	}
	text := fmt.Sprintf("at %v", e.At)
	if e.Every > 0 {
		text += fmt.Sprintf(" and every %v", e.Every)
	}
	return text + " " + strings.Join(words, ", then ")
}

// String is the step in one line: "partition: [leader, rest], for 2s".
func (s Step) String() string {
	var parts []string
	if s.Fault != nil {
		parts = append(parts, s.Fault.String())
	}
	switch {
	case s.Ask != nil:
		parts = append(parts, s.Ask.String())
	case len(s.Meanwhile) > 0:
		parts = append(parts, "meanwhile:")
	case s.Until != Condition{}:
		parts = append(parts, fmt.Sprintf("until: %s, within %v", s.Until, s.For))
	case s.Fault == nil:
		parts = append(parts, fmt.Sprintf("wait %v", s.For))
	case s.For > 0:
		parts = append(parts, fmt.Sprintf("for %v", s.For))
	}
	return strings.Join(parts, ", ")
}
