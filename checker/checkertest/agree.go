// Package checkertest holds the checks of linearizability to the definition: it plays small random histories
// with an object that lies at times, and has each judged in every way that there is, two of which know nothing but
// the definition. Not one difference is allowed. And it holds every finding to its word: its operations must be
// illegal on their own, and beside whatever the others may have done.
package checkertest

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"schism/checker"
	"schism/history"
)

var (
	histories = flag.Int("histories", 0, "random histories of each kind to judge in every way; 0: as many as a test run has time for")
	seed      = flag.Uint64("seed", 1, "of the random histories")
	explain   = flag.Int("explain", 1, "explain one of so many, and hold the explanation to its word")
)

// Rounds is how many random histories a test judges: the usual number, unless -histories says another one.
func Rounds(usual int) int {
	if *histories > 0 {
		return *histories
	}
	return usual
}

// Seed is what -seed says.
func Seed() uint64 { return *seed }

// Kind is one kind of object and the ways to judge it.
type Kind struct {
	Name string
	Definition
	Object    func(*rand.Rand, Shape) Object
	Judge     func(*history.History) (Judgement, error)
	Histories int      // in a test run
	Quick     float64  // at least so many per cent of the histories fit the near-linear check
	Anomalies []string // each must be found
	// Unknown is the most unknown operations of a history; 0: mostUnknown. Where each order of changes makes another
	// state, one more of them takes gigabytes, and minutes, now and then, for Porcupine and for brute force.
	Unknown int
	// Anytime: a proof stands even if all others had been asked for from the beginning. And it shows what
	// they did, so that it proves nothing without them.
	Anytime bool
}

// Judgement is what the ways say of one history.
type Judgement struct {
	Linearizable map[string]bool // by way
	Quick        bool            // the near-linear check is one of them
	// Explain gives the findings. It may say what else is wrong.
	Explain func(linearizable bool) ([]checker.Anomaly, error)
}

// Agree judges random histories of each kind.
func Agree(t *testing.T, kinds []Kind) {
	for i := range kinds {
		k := &kinds[i]
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			all := k.agree(t, Rounds(k.Histories))
			t.Log(all)
			all.check(t, k)
		})
	}
}

// Fuzz is the same without an end.
func Fuzz(f *testing.F, kinds []Kind) {
	for i := range kinds {
		f.Add(uint64(i), uint64(2), uint8(i))
	}
	f.Fuzz(func(t *testing.T, a, b uint64, kind uint8) {
		if _, err := kinds[int(kind)%len(kinds)].agreeInPart(10, a, b); err != nil {
			t.Fatal(err)
		}
	})
}

func (k *Kind) agree(t *testing.T, rounds int) tally {
	const parts = 4
	var mu sync.Mutex
	var wg sync.WaitGroup
	all := tally{names: make(map[string]int)}
	for part := range parts {
		wg.Go(func() {
			mine, err := k.agreeInPart(rounds/parts, *seed, uint64(part))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			all.merge(mine)
		})
	}
	wg.Wait()
	return all
}

func (k *Kind) agreeInPart(rounds int, a, b uint64) (tally, error) {
	r := rand.New(rand.NewPCG(a, b))
	count := tally{names: make(map[string]int)}
	for range rounds {
		ops := k.random(r)
		if err := k.one(ops, &count); err != nil {
			return count, fmt.Errorf("%w\n%s", err, Dump(ops))
		}
	}
	return count, nil
}

// mostUnknown leaves orders few enough to try them all: an unknown operation may stand anywhere.
const mostUnknown = 6

func (k *Kind) random(r *rand.Rand) []history.Operation {
	for {
		s := RandomShape(r)
		ops := s.Play(r, k.Object(r, s))
		unknown := 0
		for _, o := range ops {
			if o.Outcome == history.Info {
				unknown++
			}
		}
		if unknown <= cmp.Or(k.Unknown, mostUnknown) {
			return ops
		}
	}
}

func (k *Kind) one(ops []history.Operation, count *tally) error {
	want := k.BruteForce(ops)
	h := &history.History{Operations: ops}
	j, err := k.Judge(h)
	if err != nil {
		return err
	}
	for _, got := range j.Linearizable {
		if got != want {
			return fmt.Errorf("brute force says linearizable: %v; %v", want, j.Linearizable)
		}
	}
	count.add(ops, want, j.Quick)
	if count.all%*explain != 0 {
		return nil
	}
	found, err := j.Explain(want)
	switch {
	case err != nil:
		return err
	case want != (len(found) == 0):
		return fmt.Errorf("linearizable: %v, and the findings are %+v", want, found)
	}
	for _, a := range found {
		count.names[a.Name]++
		count.longest = max(count.longest, len(a.Ops))
		if err := k.proved(ops, a); err != nil {
			return fmt.Errorf("%s, proved by %v: %w: %s", a.Name, a.Ops, err, a.Message)
		}
	}
	return nil
}

// proved holds one finding to its word.
func (k *Kind) proved(ops []history.Operation, a checker.Anomaly) error {
	var alone []history.Operation
	for _, o := range ops {
		if slices.Contains(a.Ops, o.Call) {
			alone = append(alone, o)
		}
	}
	if len(alone) != len(a.Ops) || !slices.Contains(a.Ops, a.Focus) {
		return fmt.Errorf("it names what is not there, or has the focus %d elsewhere", a.Focus)
	}
	if k.BruteForce(alone) {
		return fmt.Errorf("it is linearizable on its own")
	}
	if k.Porcupine(alone) {
		return fmt.Errorf("Porcupine finds it linearizable on its own")
	}
	if len(ops) > 10 {
		return nil // with so many that are free, brute force takes too long
	}
	if k.BruteForce(k.whatever(ops, a)) {
		return fmt.Errorf("it does not stand beside what the others may have done")
	}
	return nil
}

// whatever are the operations of a finding beside all others that change something, with no say in when they
// did, if at all.
func (k *Kind) whatever(ops []history.Operation, a checker.Anomaly) []history.Operation {
	var all []history.Operation
	for _, o := range ops {
		if !slices.Contains(a.Ops, o.Call) {
			reads := o.F == history.Read || o.F == history.Get || o.F == history.Dequeue && string(o.Output) == "null"
			if o.Outcome == history.Fail || reads {
				continue
			}
			if o.Outcome = history.Info; o.F != history.Dequeue {
				o.Output = nil
			}
			if k.Anytime {
				o.Call = -1
			}
		}
		all = append(all, o)
	}
	return all
}

// Dump is a history as people read it, an operation a line.
func Dump(ops []history.Operation) string {
	var b strings.Builder
	for _, o := range ops {
		fmt.Fprintf(&b, "%2d-%2d  client %d  %-8s %-8s %-4s output %s found %s %s\n", o.Call, o.Return, o.Process, o.F, o.Input, o.Outcome, o.Output, o.Found(), o.Error)
	}
	return b.String()
}
