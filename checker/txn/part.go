package txn

import (
	"slices"
	"sort"
)

// cutter cuts components out of a graph, each a graph of its own.
type cutter struct {
	*graph
	local []int32 // what a node is in the part that is cut; and one more
}

func newCutter(g *graph) *cutter { return &cutter{graph: g, local: make([]int32, g.nodes())} }

// cut is the graph of some nodes and the edges between them.
func (c *cutter) cut(nodes []int32) *graph {
	slices.Sort(nodes)
	part := &graph{member: nodes, txns: sort.Search(len(nodes), func(i int) bool { return int(nodes[i]) >= c.txns })}
	for i, v := range nodes {
		c.local[v] = int32(i) + 1
	}
	part.first = make([]uint32, 1, len(nodes)+1)
	for _, v := range nodes {
		for _, e := range c.edges(v) {
			if to, k := target(e); c.local[to] != 0 {
				part.out = append(part.out, uint32(c.local[to]-1)<<kindBits|uint32(k))
			}
		}
		part.first = append(part.first, uint32(len(part.out)))
	}
	for _, v := range nodes {
		c.local[v] = 0
	}
	if c.after == nil {
		return part
	}
	part.after = make([]int32, part.txns)
	for i, v := range nodes[:part.txns] {
		at, _ := slices.BinarySearch(nodes[:part.txns], c.after[v])
		part.after[i] = int32(at)
	}
	return part
}

// circular are the parts of a graph within which every transaction comes before every other, as far as edges of some
// kinds go.
func circular(g *graph, along mask) []*graph {
	var all []*graph
	var c *cutter
	s := tarjan{graph: g, along: along}
	s.components(func(found []int32) bool {
		if c == nil {
			c = newCutter(g)
		}
		var nodes []int32
		for _, x := range found {
			if v, _ := s.base(x); v != none {
				nodes = append(nodes, v)
			}
		}
		all = append(all, c.cut(nodes))
		return true
	})
	slices.SortFunc(all, func(a, b *graph) int { return int(a.member[0] - b.member[0]) })
	return all
}

// circling says whether a graph has one at all, along edges of some kinds, and gives the nodes of one component. If no
// two rw may follow each other, it gives those that are left by something else than rw in some circle.
func circling(g *graph, along mask, apart bool) []int32 {
	var nodes, byRW []int32
	s := tarjan{graph: g, along: along, apart: apart}
	s.components(func(found []int32) bool {
		for _, x := range found {
			v, reached := s.base(x)
			if v == none || int(v) >= g.txns {
				continue
			}
			nodes = append(nodes, v)
			if reached {
				byRW = append(byRW, v)
			}
		}
		return len(nodes) == 0
	})
	if len(byRW) > 0 {
		nodes = byRW // who was reached by rw goes on by something else; the others may not
	}
	slices.Sort(nodes)
	return nodes
}
