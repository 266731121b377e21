package checkertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

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
	// Part says whether the watch finds something in some of the last operations; nil: by its CheckPart.
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
		part := k.Part
		if part == nil {
			part = checkPart
		}
		found, err := part(w, known[from:])
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

// checkPart holds each proof to what is in the part.
func checkPart(w checker.Watch, part []history.Operation) (found bool, err error) {
	check := w.CheckPart(context.Background(), &history.History{Operations: part})
	for _, a := range check.Anomalies {
		for _, at := range a.Ops {
			if !slices.ContainsFunc(part, func(o history.Operation) bool { return o.Call == at }) {
				return false, fmt.Errorf("a proof names event %d: %s", at, a.Message)
			}
		}
	}
	return check.Verdict == checker.Invalid, nil
}

// Respell has some of the values be texts, which no bit can stand for, with all that takes a list apart in them.
func Respell(ops []history.Operation) {
	for i := range ops {
		o := &ops[i]
		o.Input = respelled(o.Input)
		var list []json.RawMessage
		if json.Unmarshal(o.Output, &list) != nil || list == nil {
			o.Output = respelled(o.Output)
			continue
		}
		for j := range list {
			list[j] = respelled(list[j])
		}
		o.Output = history.Encode(list)
	}
}

func respelled(value history.Value) history.Value {
	if n, err := strconv.Atoi(string(value)); err == nil && n%2 == 0 {
		return history.Encode(fmt.Sprintf(`],"%d[,`, n))
	}
	return value
}

// HaveTexts says whether a value is a text. It may have been asked for before each part: that proves less.
func HaveTexts(ops []history.Operation) bool {
	return slices.ContainsFunc(ops, func(o history.Operation) bool { return bytes.ContainsRune(slices.Concat(o.Input, o.Output), '"') })
}

// Enough says what there is too little of, for the comparison to mean anything.
func (c Watching) Enough(least, unwatched int) error {
	if c.Fine < least || c.Broken < least || c.Unwatched < unwatched || c.Proved < least {
		return fmt.Errorf("%+v: too few of one kind", c)
	}
	return nil
}
