package checker

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"schism/history"
)

// FinalReads judges what the nodes hold after a run, each by its own word (history.FinalRead):
//
//   - fractured: two nodes, or one at two times, held different things at the same applied index
//   - lost-write: what every node held is older than a write that had been acknowledged or seen
//   - dirty-read: a node held what nobody wrote, or what had been refused
//
// The last two are about registers. Of lists, counters and sets the checkers of their models say the
// same and more.
//
// It never judges linearizability: these reads are local and may be old. A read that is ok promises
// that the node had caught up with the cluster; one of a node that could not must be a fail.
//
// Register finds lost writes too, where a client read the older value. Both give them the same name
// and key, so that whoever puts the two together tells them once.
type FinalReads struct{}

// Name is the checker's name in results.
func (FinalReads) Name() string { return "final-reads" }

// Check is vacuous if the history has no final reads, and unknown if no majority of the nodes, or
// not every node that answered, could be compared with another one.
func (c FinalReads) Check(_ context.Context, h *history.History) Check {
	check := Check{Name: c.Name()}
	if len(h.FinalReads) == 0 {
		check.Verdict, check.Message = Vacuous, "The history has no final reads of the nodes' own states."
		return check
	}
	states, err := FinalStates(h)
	if err != nil {
		check.Message = "A final read cannot be understood: " + err.Error() + "."
		return check
	}
	f := finalReads{h: h, states: states, last: LastStates(states), nodes: nodesOf(h), registers: registersOf(h)}
	check.Figures = map[string]float64{"nodes": float64(len(f.nodes)), "nodes_read": float64(len(f.last)), "keys": float64(len(keysOf(states...)))}
	check.Anomalies = slices.Concat(f.fractures(), f.dirty(), f.losses())
	check.Verdict, check.Message = f.sum(check.Anomalies)
	return check
}

type finalReads struct {
	h      *history.History
	states []NodeState // every answer
	last   []NodeState // the last of each node
	nodes  []string    // all that there are

	registers map[string]*register // of every key that an operation touched
}

// nodesOf are the nodes of the cluster; if the header does not tell, those that were asked.
func nodesOf(h *history.History) []string {
	nodes := slices.Clone(h.Header.Nodes)
	if len(nodes) == 0 {
		for i := range h.FinalReads {
			nodes = append(nodes, h.FinalReads[i].Node)
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes)
}

func (f *finalReads) sum(found []Anomaly) (Verdict, string) {
	alone := f.alone()
	switch {
	case len(found) > 0:
		return Invalid, fmt.Sprintf("What the nodes held at the end breaks a promise: %s of key %s.", found[0].Name, ShowKey(found[0].Key))
	case len(f.last) == 0:
		return Unknown, fmt.Sprintf("No node answered a final read: %s.", f.silence())
	case 2*len(f.last) <= len(f.nodes):
		return Unknown, fmt.Sprintf("Only %d of %d nodes answered a final read, which is no majority: %s.", len(f.last), len(f.nodes), f.silence())
	case len(alone) > 0:
		return Unknown, fmt.Sprintf("%s never stood at the same applied index as another node, so that what it held cannot be compared.", ShowList(alone))
	}
	text := fmt.Sprintf("%d of %d nodes held the same at the end", len(f.last), len(f.nodes))
	if len(f.last) < len(f.nodes) {
		text += "; the others did not answer: " + f.silence()
	}
	return Valid, text + "."
}

// alone are the nodes that answered, but never at an applied index at which another one did too.
func (f *finalReads) alone() []string {
	if len(f.nodes) < 2 {
		return nil
	}
	var alone []string
	for _, node := range f.last {
		comparable := slices.ContainsFunc(f.states, func(a NodeState) bool {
			return a.Node == node.Node && slices.ContainsFunc(f.states, func(b NodeState) bool {
				return b.Node != a.Node && b.Applied == a.Applied
			})
		})
		if !comparable {
			alone = append(alone, node.Node)
		}
	}
	return alone
}

// silence is why the nodes that did not answer did not.
func (f *finalReads) silence() string {
	why := make(map[string]string)
	for i := range f.h.FinalReads {
		if op := &f.h.FinalReads[i]; op.Outcome != history.OK {
			why[op.Node] = op.Error
		}
	}
	for _, r := range f.h.Refusals {
		why[r.Node] = "it refused to start from its damaged log"
	}
	var words []string
	for _, node := range f.nodes {
		if slices.ContainsFunc(f.last, func(s NodeState) bool { return s.Node == node }) {
			continue
		}
		if reason, asked := why[node]; asked {
			words = append(words, node+": "+reason)
		} else {
			words = append(words, node+" was not asked")
		}
	}
	return strings.Join(words, "; ")
}

// fractures are the keys of which two states at one applied index differ, with the first such pair.
func (f *finalReads) fractures() []Anomaly {
	first := make(map[uint64]NodeState)
	seen := make(map[string]bool)
	var found []Anomaly
	for _, b := range f.states {
		a, known := first[b.Applied]
		if !known {
			first[b.Applied] = b
			continue
		}
		for _, key := range keysOf(a, b) {
			if !seen[key] && history.Text(a.State[key]) != history.Text(b.State[key]) {
				seen[key] = true
				found = append(found, f.fracture(key, a, b))
			}
		}
	}
	return found
}

func (f *finalReads) fracture(key string, a, b NodeState) Anomaly {
	there, here := ShowApart(a.State[key], b.State[key])
	return Anomaly{
		Name: Fractured, Key: key, Ops: []int64{a.Op.Call, b.Op.Call}, Focus: b.Op.Call, Faults: FaultsAt(f.h, b.Op),
		Message: fmt.Sprintf("Fractured: at the end %s held %s = %s, although %s held %s at the same applied index %d.",
			b.Node, ShowKey(key), here, a.Node, there, a.Applied),
		Proof: "nodes that have applied the same log up to the same index hold the same, whatever the clients did.",
	}
}
