package report

import (
	"slices"
	"strings"
	"time"

	"schism/history"
)

// network answers who could talk to whom, as the recorded faults tell it.
type network struct {
	nodes []string
	cuts  []cut
	downs []outage
	end   time.Duration
}

// cut is one partition while it was fully in place.
type cut struct {
	from, to time.Duration
	links    map[[2]string]bool // from → to
}

// outage is the time during which a fault kept nodes from running.
type outage struct {
	from, to time.Duration
	kind     string // down, paused
	nodes    []string
}

func newNetwork(h *history.History, nodes []string) network {
	n := network{nodes: nodes, end: h.End}
	for _, f := range h.Faults {
		if refuted(f) {
			continue // it was ordered and did not bite: the links were open
		}
		from, to := inPlace(f, h.End)
		all := f.Resolved()
		if links := silenced(all); len(links) > 0 {
			n.cuts = append(n.cuts, cut{from, to, links})
		}
		if kind := outageKind(f.F); kind != "" && len(all.Nodes) > 0 {
			n.downs = append(n.downs, outage{from, to, kind, all.Nodes})
		}
	}
	return n
}

// refuted says whether the fault was proved not to have had its effect.
func refuted(f history.FaultLife) bool { return f.Bit != nil && !*f.Bit }

// inPlace is the time during which the fault is known to have been whole: before it the links go one
// by one, after it they come back one by one. What was never whole counts from its start.
func inPlace(f history.FaultLife, end time.Duration) (from, to time.Duration) {
	from, to = f.Active, f.End
	if from < 0 {
		from = f.Start
	}
	if to < 0 {
		to = f.Healed
	}
	if to < 0 {
		to = end
	}
	return from, to
}

func outageKind(f string) string {
	switch {
	case strings.Contains(f, "pause"):
		return "paused"
	case strings.Contains(f, "kill"), strings.Contains(f, "restart"):
		return "down"
	}
	return ""
}

func silenced(f history.Fault) map[[2]string]bool {
	links := make(map[[2]string]bool)
	for _, l := range f.Cut {
		links[l] = true
	}
	if len(f.Cut) > 0 {
		return links
	}
	for i, a := range f.Groups {
		for j, b := range f.Groups {
			if i != j {
				join(links, a, b)
			}
		}
	}
	return links
}

func join(links map[[2]string]bool, from, to []string) {
	for _, a := range from {
		for _, b := range to {
			links[[2]string{a, b}] = true
		}
	}
}

// cut says whether what from sends to to was silenced at t.
func (n network) cut(from, to string, t time.Duration) bool {
	for _, c := range n.cuts {
		if t >= c.from && t <= c.to && c.links[[2]string{from, to}] {
			return true
		}
	}
	return false
}

// anyCut says whether a partition was in place at t.
func (n network) anyCut(t time.Duration) bool {
	return slices.ContainsFunc(n.cuts, func(c cut) bool { return t >= c.from && t <= c.to })
}

// stopped says whether a fault kept the node from running at t.
func (n network) stopped(node string, t time.Duration) bool {
	return slices.ContainsFunc(n.downs, func(o outage) bool {
		return t >= o.from && t <= o.to && slices.Contains(o.nodes, node)
	})
}

// majority says whether node can exchange messages with more than half of all nodes, itself counted.
func (n network) majority(node string, t time.Duration) bool {
	reach := 1
	for _, other := range n.nodes {
		if other != node && !n.stopped(other, t) && !n.cut(node, other, t) && !n.cut(other, node, t) {
			reach++
		}
	}
	return reach > len(n.nodes)/2
}

// edges are all times at which an answer of n may change.
func (n network) edges() []time.Duration {
	var at []time.Duration
	for _, c := range n.cuts {
		at = append(at, c.from, c.to+1) // both ends belong to the cut
	}
	for _, o := range n.downs {
		at = append(at, o.from, o.to+1)
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// sides are the nodes in groups of those that could talk to each other both ways at t, directly or
// through others; each group and the groups in the order of the nodes.
func (n network) sides(t time.Duration) [][]string {
	group := make(map[string]int)
	var sides [][]string
	for _, start := range n.nodes {
		if _, seen := group[start]; seen {
			continue
		}
		id := len(sides)
		group[start] = id
		for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
			for _, b := range n.nodes {
				if _, seen := group[b]; !seen && !n.cut(queue[0], b, t) && !n.cut(b, queue[0], t) {
					group[b] = id
					queue = append(queue, b)
				}
			}
		}
		sides = append(sides, nil)
	}
	for _, node := range n.nodes {
		sides[group[node]] = append(sides[group[node]], node)
	}
	return sides
}
