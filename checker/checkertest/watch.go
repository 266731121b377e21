package checkertest

import (
	"fmt"
	"math/rand/v2"

	"schism/checker"
	"schism/history"
)

// Watched holds the watch of one kind of object to its check: random small histories are watched event by event, and
// after each what it says is compared with what the check says of the beginning. Key is "x" in all of them.
type Watched struct {
	Watch func() checker.Watch
	Play  func(r *rand.Rand, round int) []history.Operation
	// Says is what the check says of a beginning: Unwatched if it cannot judge it.
	Says func(known []history.Operation) checker.Sight
	// Part says whether the watch finds something in some of the last operations.
	Part func(w checker.Watch, part []history.Operation) (found bool, err error)
	// Whole says whether what is broken can be proved by all operations, as parts.
	Whole func(known []history.Operation) bool
}

// Watching is what came of random histories that were watched.
type Watching struct {
	Fine, Broken, Unwatched int
	Parts                   int // of histories that were judged alone
	Proved                  int // of them those that show what is broken
}

// Agree watches so many histories. In every other one the watch forgets as early as may be.
func (k *Watched) Agree(rounds int, a, b uint64) (count Watching, err error) {
	r := rand.New(rand.NewPCG(a, b))
	for round := range rounds {
		ops := k.Play(r, round)
		if err := k.one(ops, round%2 == 0, &count); err != nil {
			return count, fmt.Errorf("%w\n%s", err, Dump(ops))
		}
	}
	return count, nil
}

// sweeper is a watch that can be told to forget.
type sweeper interface{ SweepSoon(key string) }

func (k *Watched) one(ops []history.Operation, forgetful bool, count *Watching) error {
	w := k.Watch()
	for _, e := range Events(ops) {
		sight := w.Add(&e)
		known := SoFar(ops, e.Index)
		if want := k.Says(known); sight != want {
			return fmt.Errorf("event %d: the check says %v, and the watch %v", e.Index, want, sight)
		}
		if sight == checker.Unwatched {
			count.Unwatched++
			return nil
		}
		if e.Index%8 == 7 || sight == checker.Broken {
			if err := k.partly(w, known, sight == checker.Fine, count); err != nil {
				return fmt.Errorf("event %d: %w", e.Index, err)
			}
		}
		if sight == checker.Broken {
			count.Broken++
			return nil
		}
		if forgetful {
			w.(sweeper).SweepSoon("x")
		}
	}
	count.Fine++
	return nil
}

// partly judges every last part of what was known at an event.
func (k *Watched) partly(w checker.Watch, known []history.Operation, valid bool, count *Watching) error {
	for from := range known {
		found, err := k.Part(w, known[from:])
		if err != nil {
			return fmt.Errorf("the operations from the %d. on: %w", from, err)
		}
		if found && valid || from == 0 && found == valid && k.Whole(known) {
			return fmt.Errorf("linearizable %v, and the operations from the %d. on are not: %v", valid, from, found)
		}
		count.Parts++
		if found {
			count.Proved++
		}
	}
	return nil
}

// Enough says what there is too little of, for so many histories to mean anything.
func (c Watching) Enough(rounds, unwatched int) error {
	if c.Fine < rounds/4 || c.Broken < rounds/4 || c.Unwatched < unwatched || c.Proved < rounds/4 {
		return fmt.Errorf("of %d histories: %+v: too few of one kind", rounds, c)
	}
	return nil
}
