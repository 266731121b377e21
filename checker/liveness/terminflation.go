package liveness

import (
	"fmt"

	"schism/checker"
)

// termInflation finds a term that rose further than allowed. Each election that a stall of the machine may
// have forced takes one term, and does not count against the system.
func termInflation(k *course) (*checker.Anomaly, string) {
	if k.limits.TermGrowth == nil {
		return nil, ""
	}
	limit := *k.limits.TermGrowth
	p, _ := k.highest()
	growth, where := k.growth(p), ""
	if alone, ok := k.highestAlone(); ok && k.growth(alone) > limit {
		p, growth, where = alone, k.growth(alone), ", while it reached no majority" // it tells more
	}
	switch {
	case growth <= limit:
		return nil, k.unseen(k.limits.TermGrowth)
	case growth-k.doubtful() <= limit:
		return nil, fmt.Sprintf("The term rose by %d, and the scenario allows %d; but the machine or a node stood still for %s or longer right before, so that nobody can tell whose doing it was.",
			growth, limit, checker.ShowSpan(k.limits.Stall))
	}
	return &checker.Anomaly{
		Name: checker.TermInflation, Ops: []int64{}, Focus: -1, Events: []int64{k.reigns[0].event, p.event}, Faults: k.faultsIn(interval{p.at, p.at}),
		Message: fmt.Sprintf("Term inflation: %s was in term %d at %s%s, %d above the first leader's term %d, although the scenario allows %d.",
			p.node, p.term, checker.ShowTime(p.at), where, growth, k.reigns[0].term, limit),
		Proof: "the nodes told these terms of themselves, and the scenario states the limit.",
	}, ""
}

// highestAlone is the highest term that a node was seen in while it reached no majority.
func (k *course) highestAlone() (p peak, ok bool) {
	for _, s := range k.seen {
		if s.Term > p.term && !k.reach.at(s.at).served[s.node] {
			p, ok = peak{s.node, s.Term, s.at, s.index}, true
		}
	}
	return p, ok
}
