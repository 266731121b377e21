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

// RWRegister judges transactions (history.Txn) that read and write registers, [["w","x",1],["r","x",null]], by a level of
// isolation. A register is nil before its first write, and no value is written to it twice.
//
// A read tells whose write it saw, and not which writes came before that. So the order of the writes is not known, and
// a level holds if there is one with which it holds:
//
// At the serializable levels, and at repeatable-read, iff the transactions can be executed one after the other, in the level's order, so that
// they see what they saw: the order of the writes is then theirs. At snapshot isolation, iff there is an order of
// the writes to each register with which no circle is without two rw in a row (theorem 10 of Cerone and Gotsman 2018). At
// read-committed, iff wr alone has no circle: the writes can then be taken in an order that wr agrees with, and no ww
// closes any. At read-uncommitted there is always one.
//
// What is certain in every order is found first (follow.go, seenorder.go, times.go), and a circle of that is a violation. If there is none,
// an order of the transactions is made (witness.go); one that is serializable satisfies every weaker level. If that comes to
// nothing, the orders of the writes are decided one by one (choices.go), and what is left after that is unknown.
//
// Elle accepts reads of values that nobody wrote. They are dirty reads here.
type RWRegister struct {
	Limits    checker.Limits // the time and the jobs
	Isolation Isolation
}

// Name is the checker's name in results.
func (c RWRegister) Name() string { return c.Isolation.name() }

// Check judges the history as a whole.
func (c RWRegister) Check(ctx context.Context, h *history.History) checker.Check {
	return checkWithin(ctx, h, c.Limits, c.Isolation, func(ctx context.Context, into *checker.Check) error { return c.judge(ctx, h, into) })
}

func (c RWRegister) judge(ctx context.Context, h *history.History, check *checker.Check) error {
	level := c.Isolation.Level()
	r, err := take(ctx, h, c.Limits, writes)
	if err != nil {
		return err
	}
	check.Figures["keys"] = float64(len(r.keys))
	rs, found := newRegisters(r, level)
	arcs, later, more := rs.follow()
	found.merge(&more)
	for _, name := range slices.Sorted(maps.Keys(found.first)) {
		check.Anomalies = append(check.Anomalies, rs.tell(h, found.first[name], found.keys[name]))
	}
	g := rs.graph(arcs)
	check.Figures["dependencies"] = float64(len(g.out))
	check.Anomalies = append(check.Anomalies, rs.circles(h, g)...)
	g = rs.graph(append(arcs, later))
	if len(check.Anomalies) == 0 && len(later) > 0 {
		check.Anomalies = rs.circles(h, g)
	}
	undecided := ""
	if len(check.Anomalies) == 0 && level.Forbidden(checker.GSingle) {
		check.Anomalies, undecided = rs.order(ctx, h, g, check.Figures)
	}
	check.Verdict, check.Message = r.sum(level, check.Anomalies, cmp.Or(rs.unsure(), undecided))
	return nil
}

// follow are the edges that are certain.
func (rs *registers) follow() (arcs [][]arc, later []arc, found finds) {
	var orders map[int32][]seen
	if rs.level.Forbidden(checker.GSingle) {
		later, orders = rs.seenOrders()
	}
	spans := rs.spans(len(rs.keys), 1)
	parts := make([]follower, len(spans))
	rs.each(spans, func(s span) {
		f := newFollower(rs)
		for k := s.from; k < s.to; k++ {
			f.key(int32(k), orders[int32(k)])
		}
		parts[s.number] = *f
	})
	for i := range parts {
		found.merge(&parts[i].finds)
		arcs = append(arcs, parts[i].arcs)
		later = append(later, parts[i].later...)
	}
	if rs.level.Order == SessionOrder {
		arcs = append(arcs, sessions(rs.record, rs.counts))
	}
	return arcs, later, found
}

func (rs *registers) circles(h *history.History, g *graph) []checker.Anomaly {
	c := newCircles(rs.level)
	c.look(g, rs)
	return c.tell(h, rs.record, rs)
}

func (rs *registers) graph(arcs [][]arc) *graph {
	g := newGraph(len(rs.ops), len(rs.ops)+len(rs.keys), arcs...)
	if rs.level.Order == RealTime {
		g.after, g.counts = invokedAfter(rs.record), rs.counts
	}
	return g
}

// order looks for an order of the writes.
func (rs *registers) order(ctx context.Context, h *history.History, g *graph, figures map[string]float64) (found []checker.Anomaly, undecided string) {
	if rs.unsure() != "" || rs.witness(ctx, g, true) || rs.level.Order != RealTime && rs.witness(ctx, g, false) {
		return nil, ""
	}
	const why = "No order of the writes was found with which %s holds, and none was excluded"
	choices, all := rs.choices()
	figures["writes_without_order"] = float64(len(choices))
	work := choiceWork
	c := newChooser(rs.level, g, choices, &work)
	if !all || ctx.Err() != nil {
		return nil, fmt.Sprintf(why+"; no violation is certain.", rs.level.Isolation)
	}
	switch c.settle() {
	case checker.Invalid:
		return []checker.Anomaly{tellChoice(h, rs.record, rs, c, 1)}, ""
	case checker.Unknown:
		return nil, fmt.Sprintf(why+" in the time allowed; of %d pairs of writes %d are in order, and no violation is certain.",
			rs.level.Isolation, len(choices), len(choices)-len(c.open))
	}
	return nil, ""
}

// mostChoices is how many pairs of writes without an order are looked at.
const mostChoices = 20_000

// choices are the pairs of chains of the same register: one of two comes first. Within a chain nothing is open, and
// nothing comes in between.
func (rs *registers) choices() (all []choice, complete bool) {
	f := newFollower(rs)
	for k := range rs.keys {
		chains := rs.keys[k].chains
		if len(chains) < 2 {
			continue
		}
		f.collect(int32(k))
		f.sortReads()
		before := func(a, b chain) []arc {
			arcs := []arc{edge(a.last, b.first, ww)}
			for _, r := range f.readers[a.last] {
				if r != b.first {
					arcs = append(arcs, edge(r, b.first, rw))
				}
			}
			return arcs
		}
		for i, a := range chains {
			for _, b := range chains[:i] {
				if len(all) == mostChoices {
					return all, false
				}
				all = append(all, choice{int32(k), [2]int32{b.first, a.first}, [2][]arc{before(b, a), before(a, b)}})
			}
		}
	}
	return all, true
}

// unsure is why the writes of some register cannot be told apart; empty if all can.
func (rs *registers) unsure() string {
	return rs.record.unsure(rs.level, "On %s of %d the reads do not tell whose writes they saw", func(k int) string { return rs.keys[k].unsure })
}
