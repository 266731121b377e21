package report

import (
	"cmp"
	"slices"
	"time"

	"schism/checker"
	"schism/history"
)

// story is one anomaly, told: which part of the run is drawn, whose lanes, in which steps.
type story struct {
	anomaly checker.Anomaly
	all     []proofOp // that prove it
	ops     []proofOp // of these, those that are drawn and told
	window  interval
	folds   []interval
	lanes   []lane
	faults  []history.FaultLife // those that overlap the window
	steps   []step
	lens    *lens // nil if no two operations contradict each other by the clock
}

// lane is one client's row. The rival's lane and the focus's come last, next to each other, so that
// the arrows between them cross no other lane.
type lane struct {
	who   string
	ops   []proofOp
	ticks []interval // the client's other operations on the key, in the window
	focus bool
}

// chronicle is what every part of the report is made from.
type chronicle struct {
	h      *history.History
	net    network
	strips []strip
	reigns []reign
	// tenures are those of region leaders, where there is a region.
	tenures []tenure
}

func newChronicle(h *history.History, nodes []string) chronicle {
	c := chronicle{h: h, net: newNetwork(h, nodes)}
	c.strips = strips(h, c.net)
	c.reigns, c.tenures = reigns(c.strips), tenures(h)
	return c
}

// windowPad is the part of the drawn length that is added on both sides of what happened.
const windowPad = 0.08

// tell makes the story of an anomaly. ok is false if the history has none of its operations.
func (c chronicle) tell(a checker.Anomaly) (s story, ok bool) {
	s = story{anomaly: a, all: proof(c.h, a)}
	if s.ops = mostTelling(s.all); len(s.ops) == 0 {
		return s, false
	}
	s.window = c.core(s.ops)
	s.faults = c.faultsIn(s.window)
	s.steps = c.steps(s)
	s.folds = c.folds(s)
	s.window = c.pad(s.window, s.folds)
	s.lens = lensOf(s)
	s.lanes = lanes(s.ops)
	c.ticks(&s)
	return s, true
}

// mostDrawn is how many operations a reader can follow. What a counter must be can take hundreds of adds to
// prove, of which one is like the other.
const mostDrawn = 8

// mostTelling are the two operations that contradict each other, and those that were called last before the
// focus.
func mostTelling(all []proofOp) []proofOp {
	if len(all) <= mostDrawn {
		return all
	}
	focus := focusOf(all)
	var some []proofOp
	for _, o := range slices.Backward(all) {
		if o.focus || o.rival || o.Call == focus.Call {
			some = append(some, o)
		}
	}
	for _, o := range slices.Backward(all) {
		if len(some) < mostDrawn && o.Call < focus.Call && !o.rival {
			some = append(some, o)
		}
	}
	slices.SortFunc(some, func(a, b proofOp) int { return cmp.Compare(a.Call, b.Call) })
	return some
}

// core is the time from the first call to the last return, with the start of the faults that were on
// at the focus and the last change of leader before it.
func (c chronicle) core(ops []proofOp) interval {
	w := interval{ops[0].CallTime, ops[0].ReturnTime}
	for _, o := range ops {
		w.from = min(w.from, o.CallTime)
		w.to = max(w.to, o.CallTime, o.ReturnTime)
	}
	focus := focusOf(ops)
	for _, f := range c.h.Struck() {
		if f.ActiveAt(focus.CallTime) && !refuted(f) {
			w.from = min(w.from, f.Start)
		}
	}
	for _, r := range slices.Backward(c.reigns) {
		if r.from > 0 && r.from <= focus.CallTime {
			w.from = min(w.from, r.from)
			break
		}
	}
	return w
}

// focusOf is the operation that broke the promise; the last one if the anomaly names none.
func focusOf(ops []proofOp) proofOp {
	for _, o := range ops {
		if o.focus {
			return o
		}
	}
	return ops[len(ops)-1]
}

func rivalIn(ops []proofOp) (proofOp, bool) {
	i := slices.IndexFunc(ops, func(o proofOp) bool { return o.rival })
	if i < 0 {
		return proofOp{}, false
	}
	return ops[i], true
}

func (c chronicle) faultsIn(w interval) []history.FaultLife {
	var in []history.FaultLife
	for _, f := range c.h.Struck() {
		if f.Start <= w.to && faultEnd(f, c.h.End) >= w.from {
			in = append(in, f)
		}
	}
	return in
}

// faultEnd is when the fault was gone, as far as anybody knows.
func faultEnd(f history.FaultLife, end time.Duration) time.Duration {
	if f.Healed >= 0 {
		return f.Healed
	}
	return end
}

// moments are the times in the window at which something happens; busy are the operations, which
// must not be folded.
func (c chronicle) moments(s story) (at []time.Duration, busy []interval) {
	w := s.window
	at = append(at, w.from, w.to)
	for _, o := range s.ops {
		at = append(at, o.CallTime, o.ReturnTime)
		busy = append(busy, interval{o.CallTime, o.ReturnTime})
	}
	for _, f := range s.faults {
		at = append(at, f.Start, faultEnd(f, c.h.End))
	}
	for _, st := range c.strips {
		for _, x := range st.stretches {
			if x.role != roleFollower && x.role != "" {
				at = append(at, x.from)
			}
		}
	}
	for _, st := range s.steps {
		at = append(at, st.at)
	}
	at = slices.DeleteFunc(at, func(t time.Duration) bool { return !w.contains(t) })
	slices.Sort(at)
	return slices.Compact(at), busy
}

// Two folds are as many as a reader follows with ease. More, up to five, are made only while the two
// operations that contradict each other would stand too close for the eye to tell which came first.
const (
	goodFolds = 2
	mostFolds = 5
	tooClose  = 0.05 // of what is drawn
)

func (c chronicle) folds(s story) []interval {
	moments, busy := c.moments(s)
	folds := fold(moments, busy, goodFolds)
	rival, ok := rivalIn(s.ops)
	if !ok {
		return folds
	}
	focus := focusOf(s.ops)
	for n := goodFolds + 1; n <= mostFolds; n++ {
		a := newAxis(s.window, folds, 0, 1, 0)
		if a.x(focus.CallTime)-a.x(rival.ReturnTime) >= tooClose {
			break
		}
		folds = fold(moments, busy, n)
	}
	return folds
}

func (c chronicle) pad(w interval, folds []interval) interval {
	visible := w.to - w.from
	for _, f := range folds {
		visible -= f.to - f.from
	}
	p := max(time.Duration(windowPad*float64(visible)), time.Millisecond)
	return interval{max(0, w.from-p), min(max(c.h.End, w.to), w.to+p)}
}

func lanes(ops []proofOp) []lane {
	var all []lane
	var last, rival lane
	for _, o := range ops {
		switch {
		case o.focus:
			last = lane{who: o.who(), ops: []proofOp{o}, focus: true}
		case o.rival:
			rival = lane{who: o.who(), ops: []proofOp{o}}
		}
	}
	for _, o := range ops {
		if o.focus || o.rival {
			continue
		}
		if len(rival.ops) > 0 && rival.who == o.who() {
			rival.ops = append(rival.ops, o)
			continue
		}
		i := slices.IndexFunc(all, func(l lane) bool { return l.who == o.who() })
		if i < 0 {
			i, all = len(all), append(all, lane{who: o.who()})
		}
		all[i].ops = append(all[i].ops, o)
	}
	for _, l := range []lane{rival, last} {
		if len(l.ops) > 0 {
			slices.SortFunc(l.ops, func(a, b proofOp) int { return cmp.Compare(a.Call, b.Call) })
			all = append(all, l)
		}
	}
	return all
}

// ticks gives each lane its client's other operations on the key.
func (c chronicle) ticks(s *story) {
	lanes := make(map[history.Process]int)
	told := make(map[int64]bool)
	for i, l := range s.lanes {
		for _, o := range l.ops {
			told[o.Call] = true
			if o.F != history.FinalRead {
				lanes[o.Process] = i
			}
		}
	}
	for i := range c.h.Operations {
		o := &c.h.Operations[i]
		if told[o.Call] || !s.window.contains(o.CallTime) || !s.touches(o) {
			continue
		}
		if i, ok := lanes[o.Process]; ok {
			s.lanes[i].ticks = append(s.lanes[i].ticks, interval{o.CallTime, o.ReturnTime})
		}
	}
}
