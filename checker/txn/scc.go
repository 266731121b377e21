package txn

import "math"

// mask is a set of kinds of edges.
type mask uint8

func only(kinds ...kind) (m mask) {
	for _, k := range kinds {
		m |= 1 << k
	}
	return m
}

func (m mask) has(k kind) bool { return m&(1<<k) != 0 }

// tarjan finds the strongly connected components of a graph, as far as edges of some kinds go (Tarjan 1972, without
// recursion).
//
// apart doubles the nodes: one for who was reached by rw, which another rw cannot leave, and one for who was not. A
// circle in that graph is one without two rw in a row (Cerone and Gotsman 2018, theorem 10).
//
// Real time goes through a chain of its own nodes, one a transaction: the first leads to that transaction and to the
// next of the chain. So it costs as many edges as there are transactions.
type tarjan struct {
	*graph
	along mask
	apart bool

	number []int32 // in the order of the visits, from 1 on; 0: not visited; done: its component is known
	frames []frame
	stack  []int32
}

type frame struct {
	node, low int32
	next      uint32 // edge
}

const done = math.MaxInt32

func (s *tarjan) size() int32 {
	n := int32(s.nodes())
	if s.apart {
		n *= 2
	}
	if s.after != nil && s.along.has(realTime) {
		n += int32(s.txns)
	}
	return n
}

// base is the node of the graph that a node of the search is about; none for one of the chain.
func (s *tarjan) base(x int32) (v int32, byRW bool) {
	if s.apart {
		v, byRW = x/2, x%2 == 1
	} else {
		v = x
	}
	if int(v) >= s.nodes() {
		return none, false
	}
	return v, byRW
}

func (s *tarjan) node(v int32, byRW bool) int32 {
	switch {
	case !s.apart:
		return v
	case byRW:
		return 2*v + 1
	}
	return 2 * v
}

// chain is the node of the chain that leads to transaction t and those behind it.
func (s *tarjan) chain(t int32) int32 { return s.node(int32(s.nodes()), false) + t }

// step follows one edge, and says where it leads; none if it may not be gone.
func (s *tarjan) step(e uint32, byRW bool) int32 {
	to, k := target(e)
	switch {
	case k == via:
		return s.node(to, byRW)
	case !s.along.has(k), k == rw && byRW:
		return none
	}
	return s.node(to, s.apart && k == rw)
}

// next is the next node that one leads to; ok is false if there is no more.
func (s *tarjan) next(f *frame) (to int32, ok bool) {
	v, byRW := s.base(f.node)
	if v == none {
		return s.nextInChain(f)
	}
	out := s.edges(v)
	for int(f.next) < len(out) {
		f.next++
		if to := s.step(out[f.next-1], byRW); to != none {
			return to, true
		}
	}
	if int(f.next) == len(out) && s.after != nil && int(v) < s.txns && s.along.has(realTime) {
		f.next++
		if t := s.after[v]; int(t) < s.txns {
			return s.chain(t), true
		}
	}
	return none, false
}

func (s *tarjan) nextInChain(f *frame) (to int32, ok bool) {
	t := f.node - s.chain(0)
	f.next++
	switch {
	case f.next == 1 && (s.counts == nil || s.counts[t]):
		return s.node(t, false), true
	case f.next <= 2 && int(t)+1 < s.txns:
		f.next = 2
		return s.chain(t + 1), true
	}
	return none, false
}

// components calls yield with the nodes of every component of more than one, and goes on while that says so. The later
// transactions come first: what real time leads to is then known already, and the search stays where it is.
func (s *tarjan) components(yield func(nodes []int32) bool) {
	s.number = make([]int32, s.size())
	visits := int32(0)
	for t := int32(s.nodes()) - 1; t >= 0; t-- {
		if s.after != nil && int(t) < s.txns && s.along.has(realTime) && !s.from(s.chain(t), &visits, yield) {
			return
		}
		if !s.from(s.node(t, false), &visits, yield) {
			return
		}
		if s.apart && !s.from(s.node(t, true), &visits, yield) {
			return
		}
	}
}

func (s *tarjan) from(root int32, visits *int32, yield func([]int32) bool) bool {
	if s.number[root] != 0 {
		return true
	}
	s.enter(root, visits)
	for len(s.frames) > 0 {
		f := &s.frames[len(s.frames)-1]
		if to, ok := s.next(f); ok {
			switch n := s.number[to]; {
			case n == 0:
				s.enter(to, visits)
			case n != done && n < f.low:
				f.low = n
			}
			continue
		}
		low, node := f.low, f.node
		s.frames = s.frames[:len(s.frames)-1]
		if low < s.number[node] {
			parent := &s.frames[len(s.frames)-1]
			parent.low = min(parent.low, low)
			continue
		}
		if !s.leave(node, yield) {
			return false
		}
	}
	return true
}

func (s *tarjan) enter(x int32, visits *int32) {
	*visits++
	s.number[x] = *visits
	s.frames = append(s.frames, frame{node: x, low: *visits})
	s.stack = append(s.stack, x)
}

// leave takes a component from the stack, whose first node was x.
func (s *tarjan) leave(x int32, yield func([]int32) bool) bool {
	at := len(s.stack) - 1
	for s.stack[at] != x {
		at--
	}
	nodes := s.stack[at:]
	for _, y := range nodes {
		s.number[y] = done
	}
	s.stack = s.stack[:at]
	return len(nodes) == 1 || yield(nodes)
}
