package txn

import (
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// choice is two transactions that wrote the same key, in an order that nobody was shown.
type choice struct {
	key  int32
	txns [2]int32
	arcs [2][]arc // if the first comes first, and if the second does
}

// chooser decides whether all choices can be made without a circle that the level forbids. An order that closes one is
// excluded, and the other is an edge; that is repeated as long as it adds any. What is left is tried.
type chooser struct {
	level Level
	graph *graph
	arcs  []arc // those of the graph, and of what was chosen
	open  []choice
	whys  []why
	work  *int // that may still be done, in edges
}

// why is a choice that was made, because the opposite closes a circle; an assumption has none.
type why struct {
	choice
	order  int // of the choice: what was excluded is the other
	circle []hop
}

// choiceWork bounds the work for all choices; beyond it they are unknown.
const choiceWork = 100_000_000

func newChooser(level Level, g *graph, open []choice, work *int) *chooser {
	c := &chooser{level: level, graph: g, open: open, work: work}
	for v := range int32(g.nodes()) {
		for _, e := range g.edges(v) {
			c.arcs = append(c.arcs, arc{v, e})
		}
	}
	return c
}

// circle is one that the choice closes in that order; nil if it closes none.
func (c *chooser) circle(one choice, order int) []hop {
	*c.work -= len(c.arcs) + c.graph.nodes()
	g := newGraph(c.graph.txns, c.graph.nodes(), c.arcs, one.arcs[order])
	g.after, g.counts, g.member = c.graph.after, c.graph.counts, c.graph.member
	allow := anyRW
	if !c.level.Forbidden(checker.G2Item) {
		allow = apartRW
	}
	return (&classifier{c.level, searchBudget / 100}).find(g, c.level.kinds(), allow)
}

// settle makes every choice: valid if all can be made, invalid if not, unknown if that takes too long.
func (c *chooser) settle() checker.Verdict {
	for again := true; again; {
		again = false
		var left []choice
		for _, one := range c.open {
			if *c.work <= 0 {
				return checker.Unknown
			}
			first, second := c.circle(one, 0), c.circle(one, 1)
			switch {
			case first != nil && second != nil:
				c.whys = append(c.whys, why{one, 1, first}, why{one, 0, second})
				return checker.Invalid
			case first != nil:
				c.choose(one, 1, first)
			case second != nil:
				c.choose(one, 0, second)
			default:
				left = append(left, one)
				continue
			}
			again = true
		}
		c.open = left
	}
	if len(c.open) == 0 {
		return checker.Valid
	}
	return c.try()
}

func (c *chooser) choose(one choice, order int, circle []hop) {
	c.arcs = append(c.arcs, one.arcs[order]...)
	c.whys = append(c.whys, why{one, order, circle})
}

// try assumes one order and then the other.
func (c *chooser) try() checker.Verdict {
	for order := range 2 {
		with := *c
		with.arcs, with.open, with.whys = slices.Clone(c.arcs), c.open[1:], slices.Clone(c.whys)
		with.choose(c.open[0], order, nil)
		if verdict := with.settle(); verdict != checker.Invalid {
			return verdict
		}
	}
	c.whys = nil // no single choice is to blame
	return checker.Invalid
}

// needed are the two reasons of the contradiction, and those of every choice that they rest on.
func (c *chooser) needed() []why {
	all := slices.Clone(c.whys[len(c.whys)-2:])
	for i := 0; i < len(all); i++ {
		for j, h := range all[i].circle {
			to := all[i].circle[(j+1)%len(all[i].circle)].from
			for _, w := range c.whys {
				chosen := slices.ContainsFunc(w.arcs[w.order], func(a arc) bool {
					at, k := target(a.to)
					return c.graph.whole(a.from) == h.from && c.graph.whole(at) == to && k == h.kind
				})
				if chosen && w.circle != nil && !slices.ContainsFunc(all, func(o why) bool { return o.key == w.key && o.txns == w.txns }) {
					all = append(all, w)
				}
			}
		}
	}
	return all
}

// tellChoice puts into words why two writes have no order.
func tellChoice(h *history.History, r *record, e evidence, c *chooser, groups int) checker.Anomaly {
	if len(c.whys) == 0 {
		return tellAllChoices(h, r, c, groups)
	}
	last := c.whys[len(c.whys)-1]
	one, two := c.graph.whole(last.txns[0]), c.graph.whole(last.txns[1])
	members, others := []int32{one, two}, []int32(nil)
	for _, w := range c.needed() {
		others = append(others, e.alongside(w.choice)...)
		for _, x := range w.circle {
			members = append(members, x.from)
		}
		members = append(members, c.graph.whole(w.txns[0]), c.graph.whole(w.txns[1]))
	}
	n, name := r.names(members), nameOf(last.circle)
	text := fmt.Sprintf("%s: %s and %s both wrote %s, and neither can have done it first", titles[name], n.call[one], n.call[two], checker.ShowKey(r.keys[last.key]))
	for _, w := range c.needed() {
		first, second := w.txns[1-w.order], w.txns[w.order]
		text += fmt.Sprintf("; if %s came before %s there, that would close a circle", n.call[c.graph.whole(first)], n.call[c.graph.whole(second)])
		for i, l := range explain(r, e, w.circle) {
			text += []string{": ", ", "}[min(i, 1)] + n.link(l)
			others = append(others, e.witnesses(l)...)
		}
	}
	for _, t := range n.all {
		others = append(others, e.whoSaw(t)...)
	}
	a := anomaly(h, name, r.keys[last.key], slices.Max(members), append(others, members...)...)
	a.Message = text + ". " + n.who() + "."
	a.Proof, a.Extent = "of two transactions that write the same key, one comes before the other.", inGroups(groups)
	return a
}

// tellAllChoices tells of a group that no two are to blame for.
func tellAllChoices(h *history.History, r *record, c *chooser, groups int) checker.Anomaly {
	name := checker.G2Item
	if !c.level.Forbidden(name) {
		name = checker.GNonadjacent
	}
	members := make(map[int32]bool)
	for v := range int32(c.graph.txns) {
		members[c.graph.whole(v)] = true
	}
	var all []int32
	touched := make(map[int32]bool)
	for t := range r.ops {
		if !members[int32(t)] || r.ops[t].Outcome == history.Fail {
			continue
		}
		for s := r.first[t]; s < r.first[t+1]; s++ {
			touched[r.steps[s].key] = true
		}
	}
	for s := range r.steps { // who else read the same keys is their witness
		if st := r.steps[s]; r.ok(st.txn) && touched[st.key] || members[st.txn] && r.ops[st.txn].Outcome != history.Fail {
			all = append(all, st.txn)
		}
	}
	a := anomaly(h, name, "", slices.Max(all), all...)
	a.Message = fmt.Sprintf("%s: in whatever order the transactions wrote the same keys, there is a circle among %s of them that %s forbids.",
		titles[name], checker.ShowCount(len(members), "one"), c.level.Isolation)
	a.Proof, a.Extent = "all orders were tried.", inGroups(groups)
	return a
}
