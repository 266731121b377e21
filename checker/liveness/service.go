package liveness

import (
	"math"
	"slices"
	"time"

	"schism/history"
)

// service is what some nodes did for clients: who waited, and when somebody was served.
type service struct {
	waits []wait // in the order of their calls
	// known is the latest end of waits[0..i].
	known  []time.Duration
	served []success // in the order of their ends
}

type wait struct {
	interval
	call int64
}

type success struct {
	at   time.Duration
	call int64
}

// gap is a time in which clients waited and none was served, with the successes around it.
type gap struct {
	interval
	before, after int64 // invocations; -1: none
	waiting       int64 // the invocation of one that waited
	asked         int   // how many waited
}

// ever is the end of what has none.
const ever = time.Duration(math.MaxInt64)

// serviceOf takes what was asked of some nodes, and what they answered. Until is up to when a node, from t on, is one
// of them; t itself if it is not. Nobody waits for a node longer than that.
// A cas that did not match was served: only a working system can tell.
func serviceOf(ops []history.Operation, end time.Duration, until func(node string, t time.Duration) time.Duration) *service {
	s := new(service)
	for i := range ops {
		o := &ops[i]
		done := o.ReturnTime
		if o.Return < 0 {
			done = end
		}
		if to := until(o.Node, o.CallTime); to > o.CallTime {
			s.waits = append(s.waits, wait{interval{o.CallTime, min(done, to)}, o.Call})
		}
		if (o.Outcome == history.OK || o.Error == history.Mismatch) && until(o.Node, done) > done {
			s.served = append(s.served, success{done, o.Call})
		}
	}
	slices.SortStableFunc(s.served, func(a, b success) int { return int(a.at - b.at) })
	s.known = make([]time.Duration, len(s.waits))
	var latest time.Duration
	for i, w := range s.waits {
		latest = max(latest, w.to)
		s.known[i] = latest
	}
	return s
}

// longestGap is the longest in w. A gap begins when somebody waits and ends with the next success, or with
// the last wait.
func (s *service) longestGap(w interval) (best gap) {
	before := gap{interval: interval{from: w.from}, before: -1}
	for _, ok := range append(s.servedIn(w), success{w.to, -1}) {
		g := before
		g.to, g.after = ok.at, ok.call
		for _, g := range s.waited(g) {
			if g.length() > best.length() {
				best = g
			}
		}
		before = gap{interval: interval{from: ok.at}, before: ok.call}
	}
	return best
}

func (s *service) servedIn(w interval) []success {
	from, _ := slices.BinarySearchFunc(s.served, w.from, func(o success, t time.Duration) int { return int(o.at - t) })
	to, _ := slices.BinarySearchFunc(s.served, w.to, func(o success, t time.Duration) int { return int(o.at - t) })
	return slices.Clone(s.served[from:to])
}

// firstCall is the place of the first wait that begins at t or later.
func (s *service) firstCall(t time.Duration) int {
	i, _ := slices.BinarySearchFunc(s.waits, t, func(w wait, t time.Duration) int { return int(w.from - t) })
	return i
}

// waited narrows a gap to the time in which somebody did wait; there is none if nobody did. Where everybody had
// given up and whoever asked next was served, these are two gaps: nobody knows of the time in between.
func (s *service) waited(g gap) []gap {
	first, last := s.firstCall(g.from), s.firstCall(g.to)
	if last == 0 {
		return nil
	}
	carried := first > 0 && s.known[first-1] > g.from
	if !carried {
		if first == last {
			return nil
		}
		g.from = s.waits[first].from
	}
	g.to = min(g.to, s.known[last-1])
	g.asked, g.waiting = last-first, s.waits[min(first, last-1)].call
	if carried {
		g.asked++
	}
	if g.to <= g.from {
		return nil
	}
	if again := s.askedAgain(first, last, g.to); g.after >= 0 && again < last && (again > first || carried) {
		early, late := g, g
		early.to, early.after, early.asked = s.known[again-1], -1, g.asked-(last-again)
		late.from, late.before, late.asked, late.waiting = s.waits[again].from, -1, last-again, s.waits[again].call
		return []gap{early, late}
	}
	return []gap{g}
}

// askedAgain is the first of waits[first:last] that began when nobody waited any more and from which on nobody gave
// up before the success at t; last if there is none.
func (s *service) askedAgain(first, last int, t time.Duration) int {
	for i := last - 1; i >= max(first, 1); i-- {
		switch {
		case s.waits[i].to < t:
			return last
		case s.known[i-1] < s.waits[i].from:
			return i
		}
	}
	return last
}

// firstSuccess is when somebody was first served in w; false if nobody was.
func (s *service) firstSuccess(w interval) (time.Duration, bool) {
	if all := s.servedIn(w); len(all) > 0 {
		return all[0].at, true
	}
	return 0, false
}

// majority is the service of the nodes that reached a majority, whoever they were at the time, or of one of them, in
// operations of one kind or of all.
func (k *course) majority(f, node string) *service {
	ops := k.h.Operations
	if f != "" {
		ops = slices.DeleteFunc(slices.Clone(ops), func(o history.Operation) bool { return o.F != f })
	}
	return serviceOf(ops, k.h.End, func(n string, t time.Duration) time.Duration {
		if node != "" && n != node {
			return t
		}
		return k.reach.servedUntil(n, t)
	})
}

// longestGap is that of a service of nodes with a majority, in the whole run. While nobody has one nothing is
// promised, and a gap begins anew afterwards.
func (k *course) longestGap(s *service, node string) (best gap) {
	for _, w := range k.reach.whole(node) {
		if g := s.longestGap(w); g.length() > best.length() {
			best = g
		}
	}
	return best
}
