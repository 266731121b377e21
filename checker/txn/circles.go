package txn

import (
	"maps"
	"slices"

	"schism/checker"
	"schism/history"
)

// circles are the worst circle of each name, and how many groups of transactions have one.
type circles struct {
	classifier
	first  map[string]circle
	groups map[string]int
}

// searchBudget bounds the search for shorter circles, in edges; that there is one is found without it.
const searchBudget = 20_000_000

func newCircles(level Level) *circles {
	return &circles{classifier{level, searchBudget}, make(map[string]circle), make(map[string]int)}
}

// kinds are the edges that count at the level.
func (l Level) kinds() mask {
	m := only(ww, wr, rw)
	switch l.Order {
	case SessionOrder:
		m |= only(session)
	case RealTime:
		m |= only(realTime)
	}
	return m
}

// look searches a graph. Nearly all have no circle, which one pass shows. It gives the parts that have none but
// such as the level allows.
func (c *circles) look(g *graph, e evidence) (allowed []*graph) {
	for _, part := range circular(g, c.level.kinds()) {
		one := c.worst(part)
		if one == nil {
			allowed = append(allowed, part)
			continue
		}
		c.groups[one.name]++
		if known, is := c.first[one.name]; !is || len(one.hops) < len(known.hops) {
			c.first[one.name] = *one
		}
	}
	for name, one := range c.first {
		kinds := only(ww, wr, rw)
		for _, h := range one.hops {
			kinds |= only(h.kind)
		}
		one.hops = fromTheFirst(shorten(e, one.hops, kinds))
		c.first[name] = one
	}
	return allowed
}

// fromTheFirst lets the story of a circle begin with the transaction that was invoked first.
func fromTheFirst(hops []hop) []hop {
	at := 0
	for i, h := range hops {
		if h.from < hops[at].from {
			at = i
		}
	}
	return slices.Concat(hops[at:], hops[:at])
}

func (c *circles) tell(h *history.History, r *record, e evidence) []checker.Anomaly {
	var all []checker.Anomaly
	for _, name := range slices.Sorted(maps.Keys(c.first)) {
		all = append(all, tellCircle(h, r, e, c.first[name], c.groups[name]))
	}
	return all
}
