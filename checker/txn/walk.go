package txn

// allow is how many rw a circle may have.
type allow uint8

const (
	noRW    allow = iota
	oneRW         // at most
	apartRW       // no two in a row
	anyRW
)

// hop is one edge of a circle, from the transaction that it leaves.
type hop struct {
	from int32
	kind kind
}

// walker finds short circles, breadth first.
type walker struct {
	*graph
	along  mask
	allow  allow
	budget *int // edges that may still be looked at

	seen  []int32 // by node and state: the number of the walk that has been there
	back  []place // where it came from
	walks int32
	queue []int32
	swept [2]int32 // by state: what real time has led to from there on
}

type place struct {
	node int32 // and state
	kind kind
}

func newWalker(g *graph, along mask, allow allow, budget *int) *walker {
	n := 2 * g.nodes()
	return &walker{graph: g, along: along, allow: allow, budget: budget, seen: make([]int32, n), back: make([]place, n)}
}

// shortest is the shortest circle through one of some transactions, as far as the budget goes; nil if it found none.
func (w *walker) shortest(starts []int32) []hop {
	const most = 4096
	var best []hop
	stride := max(1, len(starts)/most)
	for i := 0; i < len(starts); i += stride {
		if c := w.circle(starts[i], len(best)); c != nil {
			best = c
		}
		if len(best) == 2 || *w.budget <= 0 {
			break
		}
	}
	return best
}

// follow is the state behind an edge: whether rw was used already, or last. It says whether it may be used.
func (w *walker) follow(state int32, k kind) (int32, bool) {
	switch {
	case k == via:
		return state, true
	case !w.along.has(k):
		return 0, false
	case w.allow == noRW:
		return 0, k != rw
	case w.allow == anyRW:
		return 0, true
	case k == rw:
		return 1, state == 0
	case w.allow == oneRW:
		return state, true
	}
	return 0, true
}

// circle is the shortest circle through v, if it is shorter than so many edges; 0: however long.
func (w *walker) circle(v int32, shorter int) []hop {
	start := 2 * v
	if w.allow == apartRW {
		start++ // as if rw had led here: any edge may then close the circle
	}
	w.walks++
	w.swept = [2]int32{int32(w.txns), int32(w.txns)}
	w.queue = append(w.queue[:0], start)
	w.seen[start] = w.walks
	depth, level := 1, 1
	for i := 0; i < len(w.queue) && *w.budget > 0; i++ {
		if i == level {
			depth, level = depth+1, len(w.queue)
		}
		if shorter > 0 && depth >= shorter {
			return nil
		}
		at := w.queue[i]
		for _, e := range w.edges(at / 2) {
			*w.budget--
			to, k := target(e)
			if state, may := w.follow(at%2, k); may && w.reach(2*to+state, at, k, v) {
				return w.way(start, at, k)
			}
		}
		if w.after == nil || !w.along.has(realTime) || int(at/2) >= w.txns {
			continue
		}
		state, _ := w.follow(at%2, realTime)
		from := w.after[at/2]
		for t := from; t < w.swept[state]; t++ {
			*w.budget--
			if w.reach(2*t+state, at, realTime, v) {
				return w.way(start, at, realTime)
			}
		}
		w.swept[state] = min(w.swept[state], from)
	}
	return nil
}

// reach notes that one node leads to another, and says whether that closes the circle.
func (w *walker) reach(to, from int32, k kind, goal int32) bool {
	if to/2 == goal {
		return true
	}
	if w.seen[to] != w.walks {
		w.seen[to] = w.walks
		w.back[to] = place{from, k}
		w.queue = append(w.queue, to)
	}
	return false
}

// way is the circle from start to a node and, by an edge of kind k, back to where it began, in the order of its edges.
func (w *walker) way(start, at int32, k kind) []hop {
	var all []hop
	for {
		if v := at / 2; int(v) < w.txns { // else k is via, and what led here is the edge
			all = append(all, hop{w.whole(v), k})
		}
		if at == start {
			break
		}
		b := w.back[at]
		at, k = b.node, b.kind
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}
