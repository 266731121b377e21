package txn

import (
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// unseenOrders decides snapshot isolation where two transactions appended to a list what no read shows, in an order
// that nobody knows. One of them must have been committed when the other took its snapshot, for of two that write the
// same and overlap only one commits. The dependency graph of theorem 10 has an edge ww between them, one way or the other.
//
//	T1: read y = [], append 1 to x          T2: read z = [], append 2 to x
//	    append 3 to z                           append 4 to y
//
// is allowed as far as ww, wr and rw are known, for the two miss each other's writes; with 1 before 2, or 2 before 1,
// there is a circle with only one rw.
//
// It is given the parts of the graph whose circles the level allows. Transactions that lie on no common circle of any
// kind take no part: edges between them that keep to one order of all such groups add no circle. At the serializable
// levels nothing is left to decide, as ListAppend tells.
func (ls *lists) unseenOrders(h *history.History, allowed []*graph) (found []checker.Anomaly, undecided string) {
	var first *chooser
	groups, open, work := 0, 0, choiceWork
	for _, part := range allowed {
		choices, all := ls.unseenPairs(part)
		switch {
		case !all:
			open++
			continue
		case len(choices) == 0:
			continue
		}
		c := newChooser(ls.level, part, choices, &work)
		switch c.settle() {
		case checker.Invalid:
			if groups++; first == nil {
				first = c
			}
		case checker.Unknown:
			open++
		}
	}
	switch {
	case first != nil:
		found = []checker.Anomaly{tellChoice(h, ls.record, ls, first, groups)}
	case open > 0:
		undecided = fmt.Sprintf("%s appended to the same lists what no read shows, and no order of that was found or excluded; there is no other violation of %s.",
			checker.ShowCount(open, "group of transactions"), ls.level.Isolation)
	}
	return found, undecided
}

// unseenPairs are the pairs of transactions of a part that appended to the same list what no read shows, if there are
// not too many.
func (ls *lists) unseenPairs(part *graph) (all []choice, complete bool) {
	by := make(map[int32][]int32)
	for v, t := range part.member[:part.txns] {
		for s := ls.first[t]; s < ls.first[t+1]; s++ {
			k := ls.steps[s].key
			l := &ls.keys[k]
			if ls.steps[s].does == reads || ls.place[s] != unseen || l.wrong || l.unsure != "" || slices.Contains(by[k], int32(v)) {
				continue
			}
			if len(all)+len(by[k]) > mostChoices {
				return nil, false
			}
			for _, u := range by[k] {
				all = append(all, choice{k, [2]int32{u, int32(v)}, [2][]arc{{edge(u, int32(v), ww)}, {edge(int32(v), u, ww)}}})
			}
			by[k] = append(by[k], int32(v))
		}
	}
	return all, true
}

func edge(from, to int32, k kind) arc { return arc{from, uint32(to)<<kindBits | uint32(k)} }
