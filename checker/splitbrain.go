package checker

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"schism/history"
)

// OneLeader finds split-brain: two nodes that each acknowledged a write while it led the same term. It
// rests on what the nodes told the observer of themselves, which no safety checker reads: what follows
// from it for the data, those prove from the clients' operations alone.
//
// A write is counted to a term only where the node was heard to lead that term before the write was asked
// for and after it was answered. The observer writes every answer down while two nodes claim one term, so
// that a true case has these pairs.
type OneLeader struct{}

// Name is the checker's name in results.
func (OneLeader) Name() string { return "one-leader" }

// Check is unknown if nobody was ever seen to lead.
func (c OneLeader) Check(_ context.Context, h *history.History) Check {
	claims := claimsOf(h)
	check := Check{Name: c.Name(), Verdict: Valid}
	terms := make(map[uint64][]claim)
	for _, cl := range claims {
		terms[cl.term] = append(terms[cl.term], cl)
	}
	twice := 0
	for _, term := range slices.Sorted(maps.Keys(terms)) {
		a, found := splitBrain(h, terms[term])
		if found {
			check.Anomalies = append(check.Anomalies, a)
		}
		if len(nodesThatClaim(terms[term])) > 1 {
			twice++
		}
	}
	check.Figures = map[string]float64{"terms": float64(len(terms)), "terms_with_two_leaders": float64(twice)}
	switch {
	case len(claims) == 0:
		check.Verdict, check.Message = Unknown, "Nobody was ever seen to lead."
	case len(check.Anomalies) > 0:
		check.Verdict, check.Message = Invalid, "Two nodes acknowledged writes as leaders of one term."
	case twice > 0:
		check.Message = fmt.Sprintf("%d of %d terms had two leaders, and no two of them are proved to have acknowledged writes.", twice, len(terms))
	default:
		check.Message = fmt.Sprintf("Each of %d terms had one leader.", len(terms))
	}
	return check
}

// claim is a time during which a node said again and again that it led a term: at least at both ends.
type claim struct {
	node        string
	term        uint64
	from, to    time.Duration
	first, last int64 // the events
}

func claimsOf(h *history.History) []claim {
	var all []claim
	open := make(map[string]int) // node → its newest claim
	for _, e := range h.Roles {
		var r history.Role
		if json.Unmarshal(e.Value, &r) != nil {
			continue
		}
		i, leads := open[e.Node]
		switch {
		case r.Role != "leader":
			delete(open, e.Node)
		case leads && all[i].term == r.Term:
			all[i].to, all[i].last = e.At(), e.Index
		default:
			open[e.Node] = len(all)
			all = append(all, claim{e.Node, r.Term, e.At(), e.At(), e.Index, e.Index})
		}
	}
	return all
}

func nodesThatClaim(claims []claim) []string {
	var nodes []string
	for _, c := range claims {
		nodes = append(nodes, c.node)
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

// splitBrain gives the first acknowledged write of each of two leaders of one term.
func splitBrain(h *history.History, claims []claim) (Anomaly, bool) {
	var proof []acknowledged
	for _, c := range claims {
		if slices.ContainsFunc(proof, func(a acknowledged) bool { return a.by.node == c.node }) {
			continue
		}
		if w, ok := acknowledgedBy(h, c); ok {
			proof = append(proof, w)
		}
	}
	if len(proof) < 2 {
		return Anomaly{}, false
	}
	slices.SortFunc(proof, func(a, b acknowledged) int { return int(a.write.Call - b.write.Call) })
	a, b := proof[0], proof[1]
	return Anomaly{
		Name: SplitBrain, Key: b.write.Key, Ops: []int64{a.write.Call, b.write.Call}, Focus: b.write.Call, Faults: FaultsAt(h, b.write),
		Events: []int64{a.by.first, a.by.last, b.by.first, b.by.last},
		Message: fmt.Sprintf("Split brain: %s acknowledged %s at %s as leader of term %d, although %s acknowledged %s at %s as leader of the same term.",
			b.by.node, ShowWrite(b.write), ShowTime(b.write.ReturnTime), b.by.term, a.by.node, ShowWrite(a.write), ShowTime(a.write.ReturnTime)),
		Proof: fmt.Sprintf("each of the two said before its write was asked for, and after it was answered, that it led term %d; a term has one leader at most.", a.by.term),
	}, true
}

type acknowledged struct {
	by    claim
	write *history.Operation
}

// acknowledgedBy is the first write that was asked of the claim's node and acknowledged, both within the
// claim.
func acknowledgedBy(h *history.History, c claim) (acknowledged, bool) {
	for i := range h.Operations {
		o := &h.Operations[i]
		if o.Node == c.node && o.Outcome == history.OK && history.Changes(o.F, o.Input) && o.Call > c.first && o.Return >= 0 && o.Return < c.last {
			return acknowledged{c, o}, true
		}
	}
	return acknowledged{}, false
}
