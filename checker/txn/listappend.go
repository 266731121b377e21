package txn

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"schism/checker"
	"schism/history"
)

// ListAppend judges transactions (history.Txn) that append to lists and read them whole, [["append","x",1],["r","x",
// null]], by a level of isolation. A list is empty before its first append, and every element of it is appended by
// one transaction at most.
//
// What is found is there, and where nothing is found the level holds. Of the serializable levels:
//
// Let there be no finding of one key, and no circle among the transactions that count, along ww, wr, rw and the
// level's order. Take any order of them that all edges agree with. Executed one after the other in that order they
// see what they saw: the appends to a list that reads show follow each other in the order of the longest read, since
// each one's transaction has ww to the next one's, and those of one transaction stand together and in its own order.
// A read that ends with the element e comes behind e's transaction (wr), which has appended all that it ever does to
// that list (no G1b), and before the next one's (rw), and nothing else is appended in between: what no read shows
// comes behind the last that one does (ww), and behind all who read the longest list (rw). Unanswered transactions
// of which nobody saw anything are left out; they may never have happened. And there is such an order that keeps
// to the level's. The other way round, every edge holds in every order that explains what was read: an order of
// the appends that another explains is not left, for a list shows its whole past.
//
// Of snapshot isolation it is theorem 10 of Cerone and Gotsman 2018: the snapshots and commits of such a history are
// those of a dependency graph in which no circle is without two rw in a row. The order of a client or of real time is
// an edge among those that may not be missed. It wants an order of all appends to a list, and of those that no read shows it is not
// known; see unseen.go.
//
// At read-committed and read-uncommitted it is Adya's definition: circles along ww and wr, or along ww alone.
type ListAppend struct {
	Limits    checker.Limits // the time and the jobs
	Isolation Isolation
}

// Name is the checker's name in results.
func (c ListAppend) Name() string { return c.Isolation.name() }

// Check judges the history as a whole.
func (c ListAppend) Check(ctx context.Context, h *history.History) checker.Check {
	return checkWithin(ctx, h, c.Limits, c.Isolation, func(ctx context.Context, into *checker.Check) error { return c.judge(ctx, h, into) })
}

func (c ListAppend) judge(ctx context.Context, h *history.History, check *checker.Check) error {
	level := c.Isolation.Level()
	r, err := take(ctx, h, c.Limits, appends)
	if err != nil {
		return err
	}
	check.Figures["keys"] = float64(len(r.keys))
	ls, found, err := newLists(r, level)
	if err != nil {
		return err
	}
	g, more := ls.depend()
	found.merge(&more)
	if ctx.Err() != nil {
		return fmt.Errorf("the time was over before the dependencies were searched: %w", ctx.Err())
	}
	check.Figures["dependencies"] = float64(len(g.out))
	t := teller{ls, h}
	for _, name := range slices.Sorted(maps.Keys(found.first)) {
		check.Anomalies = append(check.Anomalies, t.tell(found.first[name], found.keys[name]))
	}
	circles := newCircles(level)
	allowed := circles.look(g, ls)
	check.Anomalies = append(check.Anomalies, circles.tell(h, r, ls)...)
	undecided := ""
	if len(check.Anomalies) == 0 && level.Forbidden(checker.GNonadjacent) {
		check.Anomalies, undecided = ls.unseenOrders(h, allowed)
	}
	check.Verdict, check.Message = r.sum(level, check.Anomalies, cmp.Or(undecided, ls.unsure()))
	return nil
}

// depend is the graph of all dependencies that the level counts.
func (ls *lists) depend() (*graph, finds) {
	spans := ls.spans(len(ls.keys), 1)
	parts, found := make([]depender, len(spans)), finds{}
	ls.each(spans, func(s span) {
		steps := int(ls.start[s.to] - ls.start[s.from])
		d := depender{lists: ls, isLate: make(map[int32]bool), arcs: make([]arc, 0, steps+steps/2)}
		for k := s.from; k < s.to; k++ {
			d.key(int32(k))
		}
		parts[s.number] = d
	})
	var arcs [][]arc
	for i := range parts {
		found.merge(&parts[i].finds)
		arcs = append(arcs, parts[i].arcs)
	}
	if ls.level.Order == SessionOrder {
		arcs = append(arcs, sessions(ls.record, ls.counts))
	}
	g := newGraph(len(ls.ops), len(ls.ops)+len(ls.keys), arcs...)
	if ls.level.Order == RealTime {
		g.after, g.counts = invokedAfter(ls.record), ls.counts
	}
	return g, found
}

// unsure is why no order of some lists is known; empty if all are.
func (ls *lists) unsure() string {
	return ls.record.unsure(ls.level, "Of %s of %d no order is known", func(k int) string { return ls.keys[k].unsure })
}
