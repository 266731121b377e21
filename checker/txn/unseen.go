package txn

import (
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// unseenOrder decides snapshot isolation where two transactions appended to a list what no read shows, in an order
// that nobody knows. One of them must have been committed when the other took its snapshot: of two that write the same and
// overlap only one commits. The dependency graph of theorem 10 has an edge ww between them, one way or the other.
//
//	T1: read y = [], append 1 to x          T2: read z = [], append 2 to x
//	    append 3 to z                           append 4 to y
//
// is allowed as far as ww, wr and rw are known, for the two miss each other's writes; either order of 1 and 2 is a
// circle with only one rw.
//
// a before b is excluded iff some way leads from b to a on which no two rw follow each other, whatever it begins or
// ends with. Where one order is excluded, the other is an edge; that is repeated as long as it adds any. What is left
// is tried. Transactions that lie on no common circle of any kind take no part: edges between them that keep to one order
// of all such groups add no circle. Of the serializable levels nothing is left to decide, as ListAppend tells.
type unseenOrder struct {
	part     *graph
	arcs     []arc // those of the part, and what was found or assumed
	open     [][2]int32
	whys     []why
	attempts int
}

// why is an order that was found: from comes before to, because the way closes a circle with the opposite.
type why struct {
	from, to int32 // in the part
	way      []hop
}

// mostAttempts and mostPairs bound what is tried; beyond them it is unknown.
const (
	mostAttempts = 500
	mostPairs    = 400
)

// unseenPairs are the pairs of transactions of a part that appended to the same list what no read shows.
func (ls *lists) unseenPairs(part *graph) [][2]int32 {
	var all [][2]int32
	by := make(map[int32][]int32)
	for v, t := range part.member[:part.txns] {
		for s := ls.first[t]; s < ls.first[t+1]; s++ {
			k := ls.steps[s].key
			l := &ls.keys[k]
			if ls.steps[s].does == reads || ls.place[s] != unseen || l.wrong || l.unsure != "" || slices.Contains(by[k], int32(v)) {
				continue
			}
			for _, u := range by[k] {
				all = append(all, [2]int32{u, int32(v)})
			}
			by[k] = append(by[k], int32(v))
			if len(all) > mostPairs {
				return all
			}
		}
	}
	return all
}

// decide says whether the pairs can be put in order: unknown if that takes too long.
func decide(part *graph, pairs [][2]int32) (checker.Verdict, *unseenOrder) {
	u := &unseenOrder{part: part, open: pairs}
	if len(pairs) > mostPairs {
		return checker.Unknown, u
	}
	for v := range int32(part.nodes()) {
		for _, e := range part.edges(v) {
			u.arcs = append(u.arcs, arc{v, e})
		}
	}
	return u.settle(), u
}

// settle adds what must be, and then tries what may be.
func (u *unseenOrder) settle() checker.Verdict {
	for again := true; again; {
		again = false
		if u.attempts++; u.attempts > mostAttempts {
			return checker.Unknown
		}
		g := newGraph(u.part.txns, u.part.nodes(), u.arcs)
		g.after, g.member = u.part.after, u.part.member
		endless := 1 << 62
		w := newWalker(g, only(ww, wr, rw, session, realTime), apartRW, &endless)
		var left [][2]int32
		for _, p := range u.open {
			back, forth := w.path(p[1], p[0]), w.path(p[0], p[1])
			switch {
			case back != nil && forth != nil:
				u.whys = append(u.whys, why{p[1], p[0], back}, why{p[0], p[1], forth})
				return checker.Invalid
			case back != nil:
				u.add(p[1], p[0], back)
			case forth != nil:
				u.add(p[0], p[1], forth)
			default:
				left = append(left, p)
				continue
			}
			// What was added may speak for others.
			left = append(left, u.open[slices.Index(u.open, p)+1:]...)
			again = true
			break
		}
		u.open = left
	}
	if len(u.open) == 0 {
		return checker.Valid
	}
	p := u.open[0]
	for _, order := range [][2]int32{p, {p[1], p[0]}} {
		one := *u
		one.arcs, one.open, one.whys = slices.Clone(u.arcs), u.open[1:], slices.Clone(u.whys)
		one.add(order[0], order[1], nil)
		verdict := one.settle()
		u.attempts = one.attempts
		if verdict != checker.Invalid {
			return verdict
		}
	}
	u.whys = nil // no single pair is to blame
	return checker.Invalid
}

func (u *unseenOrder) add(from, to int32, way []hop) {
	u.arcs = append(u.arcs, arc{from, uint32(to)<<kindBits | uint32(ww)})
	u.whys = append(u.whys, why{from, to, way})
}

// unseenOrders decides the parts of a graph whose circles the level allows.
func (ls *lists) unseenOrders(h *history.History, allowed []*graph) (found []checker.Anomaly, undecided string) {
	var first *unseenOrder
	groups, open := 0, 0
	for _, part := range allowed {
		pairs := ls.unseenPairs(part)
		if len(pairs) == 0 {
			continue
		}
		switch verdict, u := decide(part, pairs); verdict {
		case checker.Invalid:
			if groups++; first == nil {
				first = u
			}
		case checker.Unknown:
			open++
		}
	}
	switch {
	case first != nil:
		found = []checker.Anomaly{ls.tellUnseen(h, first, groups)}
	case open > 0:
		undecided = fmt.Sprintf("%s appended to the same lists what no read shows, and no order of that was found or excluded; there is no other violation of %s.",
			count(open, "group of transactions"), ls.level.Isolation)
	}
	return found, undecided
}

// tellUnseen puts into words why no order of appends that nobody saw is possible.
func (ls *lists) tellUnseen(h *history.History, u *unseenOrder, groups int) checker.Anomaly {
	s := story{name: checker.GNonadjacent, members: u.part.member[:u.part.txns]}
	s.text = fmt.Sprintf("in whatever order %s appended to the same lists what no read shows, there is a circle in which no two transactions in a row miss each other's writes",
		count(len(s.members), "transaction"))
	for _, t := range s.members {
		for i := ls.first[t]; i < ls.first[t+1]; i++ {
			if ls.steps[i].does != reads && ls.place[i] != unseen {
				s.others = append(s.others, ls.reader(i, none))
			}
		}
	}
	if len(u.whys) > 0 {
		s = ls.contradiction(u)
	}
	for _, t := range s.members {
		if !ls.ok(t) {
			s.others = append(s.others, ls.whoSaw(t))
		}
	}
	others := slices.DeleteFunc(append(s.others, s.members...), func(t int32) bool { return t == none })
	a := anomaly(h, s.name, "", slices.Max(s.members), others...)
	a.Message = fmt.Sprintf("%s: %s. %s.", titles[s.name], s.text, ls.names(s.members).who())
	a.Proof = fmt.Sprintf("of two transactions that write the same, one commits before the other takes its snapshot; here neither can be the first. Found in %s of transactions.", count(groups, "such group"))
	return a
}

// story is what is told of some transactions, and who else proves it.
type story struct {
	name, text      string
	members, others []int32
}

// contradiction tells of the two that can stand in neither order.
func (ls *lists) contradiction(u *unseenOrder) story {
	last := u.whys[len(u.whys)-1]
	one, two := u.part.member[last.from], u.part.member[last.to]
	needed := u.needed()
	all := []int32{one, two}
	for _, w := range needed {
		for _, h := range w.way {
			all = append(all, h.from)
		}
		all = append(all, u.part.member[w.from], u.part.member[w.to])
	}
	n := ls.names(all)
	s := story{name: nameOf(append([]hop{{two, ww}}, last.way...)), members: n.all}
	s.text = fmt.Sprintf("%s and %s appended to the same list, and no read shows in which order; either order closes a circle", n.call[one], n.call[two])
	for _, w := range needed {
		way := append(slices.Clone(w.way), hop{u.part.member[w.to], ww})
		for _, l := range explain(ls, way) {
			if l.to == way[0].from && l.from == u.part.member[w.to] {
				continue // it closes the circle
			}
			s.text += "; " + n.link(l)
			s.others = append(s.others, ls.witnesses(l)...)
		}
	}
	return s
}

// needed are the two reasons of the contradiction, and those of every order that was found and that they rest on.
func (u *unseenOrder) needed() []why {
	all := slices.Clone(u.whys[len(u.whys)-2:])
	for i := 0; i < len(all); i++ {
		for j, h := range all[i].way {
			to := u.part.member[all[i].to]
			if j+1 < len(all[i].way) {
				to = all[i].way[j+1].from
			}
			for _, w := range u.whys {
				if h.kind == ww && u.part.member[w.from] == h.from && u.part.member[w.to] == to &&
					!slices.ContainsFunc(all, func(o why) bool { return o.from == w.from && o.to == w.to }) {
					all = append(all, w)
				}
			}
		}
	}
	return all
}
