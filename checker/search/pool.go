package search

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"

	"schism/checker"
)

// Problem is one key of a history, for Porcupine to decide, and what is known about it so far.
type Problem struct {
	Size  int // in operations
	Model porcupine.Model
	// Beginning is what the first n operations had told when the next one was called, tightened.
	Beginning func(n int) []porcupine.Operation

	Verdict checker.Verdict
	Why     string // of Unknown, once nothing more will be tried
	// The first Good operations are linearizable; of Invalid, the first Bad ones are not.
	Good, Bad int
}

// Pool runs Porcupine on several keys at a time.
type Pool struct {
	Jobs  int // 0: the number of processors
	Guard *Guard
}

// firstSlice is the time that each key gets at first. Whoever needs more waits until all have had
// theirs, and then gets four times as much: one hopeless key must not use up the time of the others,
// and beginning anew costs only a third on top.
const firstSlice = 100 * time.Millisecond

// Decide works on all problems until ctx ends.
func (p *Pool) Decide(ctx context.Context, left []*Problem) {
	// Small ones first: they are the likeliest to be decided.
	left = slices.Clone(left)
	slices.SortStableFunc(left, func(a, b *Problem) int { return cmp.Compare(a.Size, b.Size) })
	for slice := firstSlice; len(left) > 0; slice *= 4 {
		Each(p, left, func(one *Problem) { p.decide(ctx, one, slice) })
		left = slices.DeleteFunc(left, func(one *Problem) bool { return one.Verdict != checker.Unknown || one.Why != "" })
	}
}

// Each does something with every one of all, as many at a time as the pool has jobs. If that panics so does
// Each, when all are done.
func Each[T any](p *Pool, all []T, do func(T)) {
	jobs := p.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	var wg sync.WaitGroup
	var panics caught
	turns := make(chan struct{}, jobs)
	for _, one := range all {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() {
				panics.keep(recover())
				<-turns
			}()
			do(one)
		})
	}
	wg.Wait()
	panics.again()
}

// decide gives one key one slice of time: half of it to the whole key, the rest to longer and longer
// beginnings of it, because what goes wrong early is found there even if the whole is hopeless. It
// leaves Why empty if another slice may help.
func (p *Pool) decide(ctx context.Context, one *Problem, slice time.Duration) {
	slice = min(slice, UntilEnd(ctx))
	if slice <= 0 {
		one.Why = fmt.Sprintf("no order was found or ruled out for its %d operations in the time allowed%s", one.Size, one.soFar())
		return
	}
	end := time.Now().Add(slice)
	p.try(ctx, one, one.Size, slice/2)
	for one.Verdict == checker.Unknown && one.Why == "" {
		n := min(max(2*one.Good, shortest), one.Size-1)
		left := time.Until(end)
		if n <= one.Good || left <= 0 || !p.try(ctx, one, n, left) {
			return
		}
	}
}

// shortest is the beginning of a key that is searched first.
const shortest = 16

// try searches the first n operations of a key, and notes what it finds. It says whether it came to an
// end.
func (p *Pool) try(ctx context.Context, one *Problem, n int, limit time.Duration) bool {
	linearizable, ok, full := p.Guard.Ask(ctx, one.Model, one.Beginning(n), limit)
	switch {
	case ok && !linearizable:
		one.Verdict, one.Bad = checker.Invalid, n
	case ok:
		one.Good = n
		if n == one.Size {
			one.Verdict = checker.Valid
		}
	case full:
		one.Why = fmt.Sprintf("the search over its %d operations needed more memory than allowed (%d MB)%s", one.Size, p.Guard.cap>>20, one.soFar())
	}
	return ok
}

// soFar is what is known of an undecided key.
func (one *Problem) soFar() string {
	if one.Good == 0 {
		return ""
	}
	return fmt.Sprintf("; its first %d operations are linearizable", one.Good)
}

// UntilEnd is the time until ctx ends, which may be its cancellation.
func UntilEnd(ctx context.Context) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Hour
	}
	return time.Until(deadline)
}
