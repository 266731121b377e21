package report

import (
	"cmp"
	"slices"
	"time"
)

// axis maps times to places. Between two of its pieces lies no time: a folded piece is as wide as its
// sign, however long it lasted.
type axis struct{ pieces []piece }

type piece struct {
	from, to time.Duration
	x0, x1   float64
	folded   bool
}

// interval is a closed stretch of time.
type interval struct{ from, to time.Duration }

func (i interval) contains(t time.Duration) bool { return t >= i.from && t <= i.to }

const (
	foldAbove  = 0.33 // of what is drawn: a quiet gap that takes more is folded
	foldMargin = 0.04 // of what is drawn: left standing on both sides of a fold
)

// fold finds the long gaps in which nothing happens. moments are the times at which something does,
// in order; no gap inside one of busy is folded, and at most the most longest are.
func fold(moments []time.Duration, busy []interval, most int) []interval {
	var gaps []interval
	var open time.Duration // what the gaps that stay open take
	for i := 1; i < len(moments); i++ {
		g := interval{moments[i-1], moments[i]}
		open += g.to - g.from
		if !slices.ContainsFunc(busy, func(b interval) bool { return b.from < g.to && b.to > g.from }) {
			gaps = append(gaps, g)
		}
	}
	slices.SortStableFunc(gaps, func(a, b interval) int { return cmp.Compare(b.to-b.from, a.to-a.from) })
	n := 0
	for n < len(gaps) && n < most {
		length := gaps[n].to - gaps[n].from
		if float64(length) <= foldAbove*drawn(open, n) {
			break
		}
		open -= length
		n++
	}
	margin := time.Duration(foldMargin * drawn(open, n))
	folds := make([]interval, 0, n)
	for _, g := range gaps[:n] {
		folds = append(folds, interval{g.from + margin, g.to - margin})
	}
	slices.SortFunc(folds, func(a, b interval) int { return cmp.Compare(a.from, b.from) })
	return folds
}

// drawn is the length that is drawn when n gaps are folded and the others take open: a fold leaves
// two margins, which are shares of the very length asked for.
func drawn(open time.Duration, n int) float64 {
	return max(float64(open), float64(time.Millisecond)) / (1 - 2*foldMargin*float64(n))
}

// newAxis lays the window between two places, with each fold foldWidth wide.
func newAxis(w interval, folds []interval, left, right, foldWidth float64) axis {
	var hidden time.Duration
	for _, f := range folds {
		hidden += f.to - f.from
	}
	scale := (right - left - foldWidth*float64(len(folds))) / max(1, float64(w.to-w.from-hidden))
	var a axis
	at, x := w.from, left
	add := func(to time.Duration, width float64, folded bool) {
		a.pieces = append(a.pieces, piece{at, to, x, x + width, folded})
		at, x = to, x+width
	}
	for _, f := range folds {
		add(f.from, float64(f.from-at)*scale, false)
		add(f.to, foldWidth, true)
	}
	add(w.to, float64(w.to-at)*scale, false)
	return a
}

func (a axis) window() interval {
	return interval{a.pieces[0].from, a.pieces[len(a.pieces)-1].to}
}

func (a axis) right() float64 { return a.pieces[len(a.pieces)-1].x1 }

// x is the place of t; what lies outside of the window is put on its edge.
func (a axis) x(t time.Duration) float64 {
	for _, p := range a.pieces {
		if t <= p.to {
			if t <= p.from || p.to == p.from {
				return p.x0
			}
			return p.x0 + (p.x1-p.x0)*float64(t-p.from)/float64(p.to-p.from)
		}
	}
	return a.right()
}

func (a axis) hides(t time.Duration) bool {
	return slices.ContainsFunc(a.pieces, func(p piece) bool { return p.folded && t > p.from && t < p.to })
}

// drawnLength is the length of time that the axis shows, without what is folded.
func (a axis) drawnLength() time.Duration {
	var sum time.Duration
	for _, p := range a.pieces {
		if !p.folded {
			sum += p.to - p.from
		}
	}
	return sum
}

// marks are the times to be labelled: round ones, about n of them, none in a fold.
func (a axis) marks(n int) (at []time.Duration, step time.Duration) {
	step = axisStep(a.drawnLength(), n)
	w := a.window()
	for _, p := range a.pieces {
		if p.folded {
			continue
		}
		for t := (p.from + step - 1) / step * step; t <= p.to && t <= w.to; t += step {
			at = append(at, t)
		}
	}
	return slices.Compact(at), step
}
