package txn

import (
	"slices"

	"schism/checker"
)

// circle is a cycle of dependencies, each edge from one transaction to the next and from the last to the first.
type circle struct {
	name string
	hops []hop
}

// circleShapes are those that a level may forbid, each the name of circles with edges as below: the worse ones first,
// so that G1c is said of what is no G0.
var circleShapes = []struct {
	name  string
	along mask
	allow allow
}{
	{checker.G0, only(ww), noRW},
	{checker.G1c, only(ww, wr), noRW},
	{checker.GSingle, only(ww, wr, rw), oneRW},
	{checker.GNonadjacent, only(ww, wr, rw), apartRW},
	{checker.G2Item, only(ww, wr, rw), anyRW},
}

// classifier names the circles of a graph.
type classifier struct {
	level  Level
	budget int // edges that may still be looked at for shorter circles
}

// worst is the worst circle of a part of a graph that the level forbids; nil if there is none. One that needs the
// order of a client or of real time counts only if there is none without.
func (c *classifier) worst(g *graph) *circle {
	orders := []mask{0}
	switch c.level.Order {
	case SessionOrder:
		orders = append(orders, only(session))
	case RealTime:
		orders = append(orders, only(realTime))
	}
	for _, order := range orders {
		all := order | only(ww, wr, rw)
		if len(circling(g, all, false)) == 0 {
			continue
		}
		for _, s := range circleShapes {
			if !c.level.Forbidden(s.name) {
				continue
			}
			if hops := c.find(g, s.along|order, s.allow); hops != nil {
				return &circle{nameOf(hops), hops}
			}
		}
	}
	return nil
}

// find gives a short circle of one shape. Whether there is one is certain but for oneRW, which is looked for within
// the budget: it is then found among those with no two rw in a row.
func (c *classifier) find(g *graph, along mask, allow allow) []hop {
	var starts []int32
	switch allow {
	case oneRW:
		for v := range int32(g.txns) {
			if slices.ContainsFunc(g.edges(v), func(e uint32) bool { _, k := target(e); return k == rw }) {
				starts = append(starts, v)
			}
		}
	case apartRW:
		starts = circling(g, along, true)
	default:
		starts = circling(g, along, false)
	}
	if len(starts) == 0 {
		return nil
	}
	hops := newWalker(g, along, allow, &c.budget).shortest(starts)
	if hops == nil && allow != oneRW {
		enough := 1 << 62 // there is one, so that this comes to an end
		hops = newWalker(g, along, allow, &enough).shortest(starts[:1])
	}
	return simple(hops)
}

// simple leaves out the detours of a circle that comes by a transaction twice. Where no two rw follow each other in
// the circle, none do in what is left.
func simple(hops []hop) []hop {
	for i := range hops {
		for j := i + 1; j < len(hops); j++ {
			if hops[j].from != hops[i].from {
				continue
			}
			inner, outer := hops[i:j], slices.Concat(hops[:i], hops[j:])
			if badness(inner) <= badness(outer) {
				return simple(slices.Clone(inner))
			}
			return simple(outer)
		}
	}
	return hops
}

// nameOf is the name of a circle by its edges.
func nameOf(hops []hop) string {
	rws, row, wrs := 0, false, 0
	for i, h := range hops {
		switch h.kind {
		case rw:
			rws++
			row = row || len(hops) > 1 && hops[(i+1)%len(hops)].kind == rw
		case wr:
			wrs++
		}
	}
	switch {
	case rws > 1 && row:
		return checker.G2Item
	case rws > 1:
		return checker.GNonadjacent
	case rws == 1:
		return checker.GSingle
	case wrs > 0:
		return checker.G1c
	}
	return checker.G0
}

// badness is the place of a circle's name among those, the worst being 0.
func badness(hops []hop) int {
	name := nameOf(hops)
	for i, s := range circleShapes {
		if s.name == name {
			return i
		}
	}
	return len(circleShapes)
}
