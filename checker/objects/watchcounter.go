package objects

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"schism/checker"
	"schism/history"
)

// watchedCounter is what there is to know of a counter, to which only 1 is added, whose history so far is
// linearizable.
//
// Theorem: let low be the greatest, over the start and all reads that are over, of what the read showed and the
// adds that were called after it and have returned. The history so far is linearizable iff each read showed no
// less than low was when it was called, and no more than the adds that were called before it returned and have not
// failed.
//
// That is what decideCounter comes to: the counter as low as it can be is at low at every moment. Let s be the last
// read that forced an add whose own return came later: every add that was open then returns later too, and what was
// done since are the adds that were called after s and have returned. And it lacks an open add iff a read shows more
// than there are.
//
// Why one event costs little: see lows. An add that fails makes what every read showed since it was called one too
// much nearer: how near is kept for the stretch behind the call of each open add.
//
// What is kept: of each open add its call and a number, and the reads since the oldest open call that raised low.
type watchedCounter struct {
	lows
	asked int64     // adds that were called and have not failed
	open  []openAdd // the adds that may still fail, in the order of their calls
}

// openAdd is an add without an answer. Slack is the least that reads fell short of all adds, of those that returned
// after its call and before that of the next one.
type openAdd struct{ call, slack int64 }

// watchedCount is an operation on a counter that was called.
type watchedCount struct {
	adds bool
	low  int64 // what a read has to show at least
}

// watchCounters cuts nothing: see decideLows.
func watchCounters(*Watch) (keyed, func(*key)) {
	return checker.NewKeyedWatch(func() checker.KeyWatch[watchedCount] { return new(watchedCounter) }), func(*key) {}
}

// Call takes an invocation.
func (c *watchedCounter) Call(e *history.Event) (watchedCount, checker.Sight) {
	switch e.F {
	case history.Read:
		return watchedCount{low: c.low}, checker.Fine
	case history.Add:
		if n, err := wholeNumber(e.Value); err == nil && n == 1 {
			c.asked++
			c.open = append(c.open, openAdd{e.Index, math.MaxInt64})
			return watchedCount{adds: true}, checker.Fine
		}
	}
	return watchedCount{}, checker.Unwatched
}

// Complete takes the end of an operation.
func (c *watchedCounter) Complete(call int64, p watchedCount, e *history.Event) checker.Sight {
	switch {
	case p.adds:
		if e.Kind == history.OK {
			c.returned(call)
		}
		if !c.close(call, e.Kind == history.Fail) {
			return checker.Broken
		}
	case e.Kind == history.OK:
		v := int64(0)
		if !history.IsNil(e.Value) {
			var err error
			if v, err = wholeNumber(e.Value); err != nil {
				return checker.Unwatched
			}
		}
		if v < p.low || v > c.asked {
			return checker.Broken
		}
		if last := len(c.open) - 1; last >= 0 {
			c.open[last].slack = min(c.open[last].slack, c.asked-v)
		}
		c.shown(v, e.Index)
	}
	return checker.Fine
}

// close takes an add away that cannot fail any more, or has. It is false if that was one too few.
func (c *watchedCounter) close(call int64, failed bool) (fits bool) {
	at, _ := slices.BinarySearchFunc(c.open, call, func(a openAdd, call int64) int { return cmp.Compare(a.call, call) })
	if failed {
		c.asked--
		for i := at; i < len(c.open); i++ {
			if c.open[i].slack == 0 {
				return false
			}
			c.open[i].slack--
		}
	}
	if at > 0 {
		c.open[at-1].slack = min(c.open[at-1].slack, c.open[at].slack)
	}
	c.open = slices.Delete(c.open, at, at+1)
	return true
}

// Sweep forgets the reads that no add can come up to any more: those that returned before it was called.
func (c *watchedCounter) Sweep(now int64) int {
	c.forget(now)
	return checker.LeastSweep
}

// lows is the least that a counter can be after an event.
//
// A read that shows more raises it at once. An add that returns raises by one all that was counted from a read that
// had returned when it was called, so the whole unless later reads have raised it since: then it comes up to the first of
// these, by one.
type lows struct {
	low   int64
	jumps []jump
}

// jump is what a read raised low by, less what came up to it since.
type jump struct{ at, by int64 }

func (l *lows) shown(v, now int64) {
	if v > l.low {
		l.jumps = append(l.jumps, jump{now, v - l.low})
		l.low = v
	}
}

func (l *lows) returned(call int64) {
	at := sort.Search(len(l.jumps), func(i int) bool { return l.jumps[i].at > call })
	if at == len(l.jumps) {
		l.low++
		return
	}
	if l.jumps[at].by--; l.jumps[at].by == 0 {
		l.jumps = slices.Delete(l.jumps, at, at+1)
	}
}

func (l *lows) forget(now int64) {
	l.jumps = slices.DeleteFunc(l.jumps, func(j jump) bool { return j.at < now })
}

// decideLows looks at the last operations of a counter for a read that showed less than it was: of that the adds
// before need not be known, for they only made it greater.
func decideLows(k *key) []*finding {
	type moment struct {
		event int64
		op    int32
	}
	var moments []moment
	for i := range k.ops {
		if moments = append(moments, moment{k.ops[i].call, int32(i)}); !k.ops[i].unknown() {
			moments = append(moments, moment{k.ops[i].ret, int32(i)})
		}
	}
	slices.SortFunc(moments, func(a, b moment) int { return cmp.Compare(a.event, b.event) })
	var l lows
	least := make([]int64, len(k.ops)) // by read: what it has to show
	for _, m := range moments {
		o := &k.ops[m.op]
		switch {
		case m.event == o.call:
			least[m.op] = l.low
		case o.does == counterAdd:
			l.returned(o.call)
		case o.n < 0: // no adds are missing that could tell it
			return []*finding{k.belowNothing(o)}
		case o.n < least[m.op]:
			return []*finding{k.tooLittle(m.op)}
		default:
			l.shown(o.n, o.ret)
		}
	}
	return nil
}
