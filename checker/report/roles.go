package report

import (
	"encoding/json"
	"slices"
	"time"

	"schism/history"
)

// stretch is a time during which one node played one role, as the controller saw it.
type stretch struct {
	from, to time.Duration
	role     string // leader, candidate, pre-candidate, follower, down, paused; "" if nobody knows
	term     uint64
	alone    bool // a leader that could not reach a majority
}

// strip is the life of one node.
type strip struct {
	node      string
	stretches []stretch // one after the other, from 0 to the end of the history
}

// strips joins what the nodes said of themselves with the faults that kept them from saying anything:
// a killed node is seen to be down only at the next poll.
func strips(h *history.History, n network) []strip {
	said := make(map[string][]stretch)
	for _, e := range h.Roles {
		var r history.Role
		if json.Unmarshal(e.Value, &r) != nil {
			continue
		}
		said[e.Node] = append(said[e.Node], stretch{from: e.At(), role: r.Role, term: r.Term})
	}
	edges := n.edges()
	all := make([]strip, 0, len(n.nodes))
	for _, node := range n.nodes {
		s := chain(said[node], h.End)
		all = append(all, strip{node, refine(node, s, edges, n)})
	}
	return all
}

// chain gives each stretch its end: the start of the next.
func chain(s []stretch, end time.Duration) []stretch {
	if len(s) == 0 || s[0].from > 0 {
		s = slices.Insert(s, 0, stretch{})
	}
	for i := range s {
		s[i].to = end
		if i+1 < len(s) {
			s[i].to = s[i+1].from
		}
	}
	return s
}

// refine cuts the stretches at every edge of a fault, so that each piece is either wholly down or
// wholly up, and its leader wholly with or without a majority; equal neighbours are joined again.
func refine(node string, s []stretch, edges []time.Duration, n network) []stretch {
	var out []stretch
	for _, whole := range s {
		for from := whole.from; from < whole.to; {
			piece := whole
			piece.from = from
			if i, _ := slices.BinarySearch(edges, from+1); i < len(edges) && edges[i] < piece.to {
				piece.to = edges[i]
			}
			from = piece.to
			out = extend(out, n.judge(node, piece))
		}
	}
	return out
}

func (n network) judge(node string, s stretch) stretch {
	for _, o := range n.downs {
		if s.from >= o.from && s.from <= o.to && slices.Contains(o.nodes, node) {
			s.role, s.term = o.kind, 0
		}
	}
	s.alone = s.role == roleLeader && !n.majority(node, s.from)
	return s
}

func extend(out []stretch, s stretch) []stretch {
	if k := len(out) - 1; k >= 0 {
		last := out[k]
		last.from, last.to = s.from, s.to
		if last == s || s.role == roleFollower && out[k].role == s.role {
			out[k].to, out[k].term = s.to, s.term
			return out
		}
	}
	return append(out, s)
}

// What a node says of itself.
const (
	roleLeader       = "leader"
	roleCandidate    = "candidate"
	rolePreCandidate = "pre-candidate"
	roleFollower     = "follower"
	roleDown         = "down"
	rolePaused       = "paused"
)

// at is what the node was at t.
func (s strip) at(t time.Duration) stretch {
	for _, x := range s.stretches {
		if t >= x.from && t < x.to {
			return x
		}
	}
	if k := len(s.stretches); k > 0 && t >= s.stretches[k-1].to {
		return s.stretches[k-1]
	}
	return stretch{}
}

// roleOf is what node was at t, the zero stretch if it is not among the strips.
func roleOf(all []strip, node string, t time.Duration) stretch {
	for _, s := range all {
		if s.node == node {
			return s.at(t)
		}
	}
	return stretch{}
}

// reign is one node's time as leader of one term.
type reign struct {
	node string
	stretch
}

// reigns are all of them, in the order of their beginnings.
func reigns(all []strip) []reign {
	var out []reign
	for _, s := range all {
		for i, x := range s.stretches {
			if x.role != roleLeader {
				continue
			}
			if i > 0 && s.stretches[i-1].role == roleLeader && s.stretches[i-1].term == x.term {
				continue // the same reign, with or without a majority
			}
			out = append(out, reign{s.node, x})
		}
	}
	slices.SortStableFunc(out, func(a, b reign) int { return int(a.from - b.from) })
	return out
}
