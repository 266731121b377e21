package txn

import "schism/history"

// kind is why one transaction comes before another.
type kind uint8

const (
	ww       kind = iota // it wrote what the other wrote over
	wr                   // it wrote what the other read
	rw                   // it read what the other wrote over
	via                  // the second half of an edge that goes through a node in the middle
	session              // the same client had its answer, and went on
	realTime             // it was acknowledged before the other was invoked
)

const kindBits = 3

// graph has transactions in the order of their calls for its nodes, and some nodes in the middle behind them.
type graph struct {
	txns  int // nodes 0 to txns-1
	first []uint32
	out   []uint32 // target and kind of each edge: of node v those from first[v] to first[v+1]
	// after is, of a transaction that was acknowledged, the first that was invoked later, in the order of the calls: all
	// from there on come after it in real time. They are not stored one by one. txns if there is none; nil if real
	// time does not count.
	after  []int32
	counts []bool  // transactions that real time leads to; nil: all
	member []int32 // of a part of a graph: what the node is in the whole
}

func (g *graph) nodes() int { return len(g.first) - 1 }

func (g *graph) edges(v int32) []uint32 { return g.out[g.first[v]:g.first[v+1]] }

func target(e uint32) (int32, kind) { return int32(e >> kindBits), kind(e & (1<<kindBits - 1)) }

// whole is what a node of a part is in the whole graph.
func (g *graph) whole(v int32) int32 {
	if g.member == nil {
		return v
	}
	return g.member[v]
}

// newGraph puts edges together, which it takes from several places.
func newGraph(txns, nodes int, parts ...[]arc) *graph {
	g := &graph{txns: txns, first: make([]uint32, nodes+2)}
	all := 0
	for _, arcs := range parts {
		all += len(arcs)
		for _, a := range arcs {
			g.first[a.from+2]++
		}
	}
	for v := 2; v < len(g.first); v++ {
		g.first[v] += g.first[v-1]
	}
	g.out = make([]uint32, all)
	for _, arcs := range parts {
		for _, a := range arcs {
			at := &g.first[a.from+1]
			g.out[*at] = a.to
			*at++
		}
	}
	g.first = g.first[:nodes+1]
	return g
}

// invokedAfter finds for each transaction that was acknowledged the first that was invoked after that. The
// transactions overlap with few others, so that it is looked for near by.
func invokedAfter(r *record) []int32 {
	n := len(r.ops)
	after := make([]int32, n)
	r.each(r.spans(n, 1024), func(s span) {
		for t := s.from; t < s.to; t++ {
			o := &r.ops[t]
			if o.Outcome != history.OK {
				after[t] = int32(n)
				continue
			}
			from, width := t+1, 1
			for from+width < n && r.ops[from+width-1].Call < o.Return {
				from, width = from+width, 2*width
			}
			to := min(from+width, n)
			for from < to {
				if middle := (from + to) / 2; r.ops[middle].Call < o.Return {
					from = middle + 1
				} else {
					to = middle
				}
			}
			after[t] = int32(from)
		}
	})
	return after
}
