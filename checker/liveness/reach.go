package liveness

import (
	"slices"
	"time"

	"schism/history"
)

// reach is who could reach a majority, epoch by epoch. A fault counts from its start until it is proved
// to be gone: in between nobody can expect a link or a node to be whole.
type reach struct {
	nodes  []string
	epochs []epoch // one after the other, from 0 to the end
}

// epoch is a time in which nothing changed about who could reach whom.
type epoch struct {
	interval
	cut    map[[2]string]bool // from → to
	down   map[string]bool    // killed or paused
	served map[string]bool    // those that reach a majority both ways, themselves counted
}

func newReach(h *history.History) reach {
	r := reach{nodes: nodesOf(h)}
	edges := []time.Duration{0, h.End + 1}
	for i := range h.Faults {
		if f := &h.Faults[i]; f.ActiveAt(f.Start) {
			edges = append(edges, f.Start, healedAt(f, h.End)+1) // both ends belong to the fault
		}
	}
	for _, refusal := range h.Refusals {
		edges = append(edges, refusal.At)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	for i := range edges[:len(edges)-1] {
		r.epochs = append(r.epochs, r.epoch(h, interval{edges[i], edges[i+1]}))
	}
	return r
}

func nodesOf(h *history.History) []string {
	nodes := slices.Clone(h.Header.Nodes)
	if len(nodes) == 0 {
		for _, e := range h.Roles {
			nodes = append(nodes, e.Node)
		}
		slices.Sort(nodes)
		nodes = slices.Compact(nodes)
	}
	return nodes
}

func healedAt(f *history.FaultLife, end time.Duration) time.Duration {
	if f.Healed < 0 {
		return end
	}
	return f.Healed
}

func (r reach) epoch(h *history.History, i interval) epoch {
	e := epoch{interval: i, cut: make(map[[2]string]bool), down: make(map[string]bool), served: make(map[string]bool)}
	for k := range h.Faults {
		f := &h.Faults[k]
		if !f.ActiveAt(i.from) {
			continue
		}
		all := f.Resolved()
		for _, l := range all.Cut {
			e.cut[l] = true
		}
		if stops(f.F) {
			for _, node := range all.Nodes {
				e.down[node] = true
			}
		}
	}
	for _, refusal := range h.Refusals {
		if refusal.At <= i.from {
			e.down[refusal.Node] = true // for good: nobody mends what is damaged
		}
	}
	for _, node := range r.nodes {
		e.served[node] = e.majority(node, r.nodes)
	}
	return e
}

// stops says whether a fault of this kind keeps its nodes from running.
func stops(kind string) bool {
	return slices.Contains([]string{"corrupt-tail", "kill", "pause", "restart", "rolling-restart"}, kind)
}

func (e epoch) apart(a, b string) bool { return e.cut[[2]string{a, b}] || e.cut[[2]string{b, a}] }

func (e epoch) majority(node string, nodes []string) bool {
	if e.down[node] {
		return false
	}
	reached := 1
	for _, other := range nodes {
		if other != node && !e.down[other] && !e.apart(node, other) {
			reached++
		}
	}
	return reached > len(nodes)/2
}

// anybody says whether some node reaches a majority.
func (e epoch) anybody() bool {
	for _, ok := range e.served {
		if ok {
			return true
		}
	}
	return false
}

// at is the epoch of a time.
func (r reach) at(t time.Duration) epoch { return r.epochs[r.index(t)] }

func (r reach) index(t time.Duration) int {
	i, found := slices.BinarySearchFunc(r.epochs, t, func(e epoch, t time.Duration) int {
		switch {
		case e.to <= t:
			return -1
		case e.from > t:
			return 1
		}
		return 0
	})
	if !found {
		i = len(r.epochs) - 1 // past the end
	}
	return i
}

// in are the epochs that overlap i.
func (r reach) in(i interval) []epoch {
	var out []epoch
	for _, e := range r.epochs {
		if e.from <= i.to && e.to > i.from {
			out = append(out, e)
		}
	}
	return out
}

// servedUntil is up to when a node, from t on, reaches a majority; t if it does not.
func (r reach) servedUntil(node string, t time.Duration) time.Duration {
	until := t
	for i := r.index(t); i < len(r.epochs) && r.epochs[i].served[node]; i++ {
		until = r.epochs[i].to
	}
	if until >= r.epochs[len(r.epochs)-1].to {
		return ever // what is known of reach ends with the history
	}
	return until
}

// whole are the times in which a node, or without a name any of them, reached a majority.
func (r reach) whole(node string) []interval {
	var out []interval
	for _, e := range r.epochs {
		switch n := len(out); {
		case node == "" && !e.anybody(), node != "" && !e.served[node]:
		case n > 0 && out[n-1].to == e.from:
			out[n-1].to = e.to
		default:
			out = append(out, e.interval)
		}
	}
	return out
}
