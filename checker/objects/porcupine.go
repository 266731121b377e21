package objects

import (
	"context"
	"fmt"
	"hash/maphash"
	"time"

	"github.com/anishathalye/porcupine"

	"schism/checker"
	"schism/checker/search"
)

// judgement is what is known about one key so far.
type judgement struct {
	search.Problem
	key    *key
	found  []*finding // of the near-linear check
	choice *key       // what may have happened, and is linearizable; nil: none was found, or needed
	shown  bool       // it is linearizable: an order was found
	second bool       // Porcupine agreed
}

func newJudgement(k *key) *judgement {
	j := &judgement{key: k}
	j.Problem = search.Problem{
		Size: len(k.ops), Bad: len(k.ops), Model: k.model(),
		Beginning: func(n int) []porcupine.Operation { return forPorcupine(k.tighten(k.beginning(n))) },
	}
	return j
}

// model is the object for Porcupine. Its inputs are *op.
func (k *key) model() porcupine.Model {
	seed := maphash.MakeSeed()
	return porcupine.Model{
		Init: func() any { return k.object.start(k) },
		Step: func(state, input, _ any) (bool, any) {
			next, ok := k.object.step(k, state, input.(*op))
			return ok, next
		},
		Hash: func(state any) uint64 { return maphash.Comparable(seed, state) },
	}
}

func forPorcupine(ops []op) []porcupine.Operation {
	all := make([]porcupine.Operation, len(ops))
	for i := range ops {
		all[i] = porcupine.Operation{Input: &ops[i], Call: ops[i].call, Return: ops[i].ret}
	}
	return all
}

// A second opinion is asked for on keys of at most this many operations, for at most this long: the
// near-linear answer stands without it.
const (
	confirmOps  = 5000
	confirmTime = 250 * time.Millisecond
)

// refuted says whether something is certainly wrong with a key that the near-linear check does not fit.
func (j *judgement) refuted(ctx context.Context, c Checker) bool {
	if j.key.object.refute != nil {
		j.found = j.key.object.refute(ctx, j.key)
	}
	if len(j.found) == 0 {
		j.found = c.asWatched(ctx, j.key)
	}
	return len(j.found) > 0
}

// settled says whether the key is decided though the near-linear check does not fit it.
func (j *judgement) settled(ctx context.Context, c Checker) bool {
	if j.key.object.settle == nil {
		return false
	}
	var v checker.Verdict
	v, j.found = j.key.object.settle(ctx, c.Limits, j.key)
	j.shown = v == checker.Valid && !j.key.part
	return j.shown || len(j.found) > 0
}

// chosen says whether a choice of what the unknown operations did makes the key linearizable.
func (j *judgement) chosen() bool {
	if j.key.object.choose == nil {
		return false
	}
	if c := j.key.object.choose(j.key); c != nil && len(j.key.object.decide(c)) == 0 {
		j.choice = c
	}
	return j.choice != nil
}

// quickly decides by the near-linear check.
func (j *judgement) quickly() {
	if len(j.found) == 0 && j.choice == nil && !j.shown {
		j.found = j.key.object.decide(j.key)
	}
	j.Verdict = checker.Valid
	if len(j.found) > 0 {
		j.Verdict = checker.Invalid
	}
}

// confirm compares with Porcupine where that is cheap. The two must never differ; if they do, one of them is
// wrong, and nobody can say which: the key is unknown.
func (j *judgement) confirm(ctx context.Context, g *search.Guard) {
	limit := min(confirmTime, search.UntilEnd(ctx))
	if j.Size > confirmOps || limit <= 0 {
		return
	}
	linearizable, ok, _ := g.Ask(ctx, j.Model, forPorcupine(j.key.tighten(j.key.ops)), limit)
	if !ok {
		return
	}
	if j.second = linearizable == (j.Verdict == checker.Valid); !j.second {
		j.Why = fmt.Sprintf("the near-linear check of a %s says %v and Porcupine the opposite: one of them is wrong, please report this history", j.key.object.noun, j.Verdict)
		j.Verdict = checker.Unknown
	}
}
