package linear

import (
	"maps"
	"slices"
)

// succession is what is certain about the values of a key that had each of them at most once: who
// wrote it, who took it away, and from when on it had certainly been there.
type succession struct {
	key *key
	// By value; none where there is none. A writer that is unknown and that nobody observed is
	// left out: if it took effect, it did so unseen.
	writer   []int32
	consumer []int32 // the cas that replaced it
	// Of its reads (found values of failed cas included, successful cas not).
	firstRead []int32 // the one that returned first
	lastRead  []int32 // the one that was called last
	// first is the earliest event that proves that the value had been written: the return of its
	// writer, of a read, or of something further on in its chain. -1 for nil.
	first   []int64
	firstOp []int32
	root    []int32 // where its chain begins
	depth   []int32 // its place in the chain
	// gone is, of the acknowledged cas further on in the chain, the one that returned first: after
	// it the value cannot come back.
	gone  []int32
	roots []int32    // the values that no cas wrote
	twice [][2]int32 // cas that took the same value
	// broken is set if the values alone, without any clock, cannot be.
	broken *conflict
}

// newSuccession needs a key whose values are unique and whose results are exact.
func newSuccession(k *key) *succession {
	s := &succession{key: k}
	for _, column := range []*[]int32{&s.writer, &s.consumer, &s.firstRead, &s.lastRead, &s.firstOp, &s.root, &s.depth, &s.gone} {
		*column = make([]int32, k.values)
		for v := range *column {
			(*column)[v] = none
		}
	}
	s.first = make([]int64, k.values)
	s.observe()
	if len(s.twice) > 0 {
		s.broken = s.consumedBy(s.twice[0][0], s.twice[0][1])
	}
	s.chain()
	s.date()
	return s
}

// observe finds the writers that certainly took effect, to a fixed point: those that were answered,
// and the unknown ones whose value was seen by a read or taken away by a cas that itself took effect.
// It must be a fixed point: after an unknown cas nil→1 and an unknown cas 1→2, a read of 2 is
// linearizable, though no answered operation ever saw 1.
func (s *succession) observe() {
	ops := s.key.ops
	var seen []int32 // values to be accounted for
	for i := range ops {
		o := &ops[i]
		if o.writes() {
			s.writer[o.to] = int32(i)
		}
		if o.unknown() {
			continue
		}
		if v, ok := o.shows(); ok {
			seen = append(seen, v)
		}
		if o.kind == cas {
			s.consume(o.from, int32(i))
		} else if o.kind != write {
			s.read(o.from, int32(i))
		}
	}
	certain := make([]bool, s.key.values)
	for len(seen) > 0 {
		v := seen[len(seen)-1]
		seen = seen[:len(seen)-1]
		if certain[v] {
			continue
		}
		certain[v] = true
		w := s.writer[v]
		if w == none || !ops[w].unknown() {
			continue
		}
		if ops[w].kind == cas {
			s.consume(ops[w].from, w)
			seen = append(seen, ops[w].from)
		}
	}
	for v, w := range s.writer {
		if w != none && ops[w].unknown() && !certain[v] {
			s.writer[v] = none
		}
	}
}

func (s *succession) read(v, at int32) {
	ops := s.key.ops
	if r := s.firstRead[v]; r == none || ops[at].ret < ops[r].ret {
		s.firstRead[v] = at
	}
	if r := s.lastRead[v]; r == none || ops[at].call > ops[r].call {
		s.lastRead[v] = at
	}
}

func (s *succession) consume(v, at int32) {
	if s.consumer[v] == none {
		s.consumer[v] = at
		return
	}
	s.twice = append(s.twice, [2]int32{min(s.consumer[v], at), max(s.consumer[v], at)})
}

// consumedBy is the conflict of two cas that took the same value.
func (s *succession) consumedBy(a, b int32) *conflict {
	ops := []int32{a, b}
	for _, at := range []int32{a, b} {
		o := &s.key.ops[at]
		if w := s.writer[o.from]; w != none {
			ops = append(ops, w)
		}
		for v := o.to; s.key.ops[at].unknown(); v = s.next(v) {
			if r := s.firstRead[v]; r != none {
				at = r
			} else {
				at = s.consumer[v]
			}
			ops = append(ops, at)
		}
	}
	return &conflict{kind: consumed, focus: b, with: a, ops: sorted(ops)}
}

// next is the value that took v's place; none if no cas did.
func (s *succession) next(v int32) int32 {
	if c := s.consumer[v]; c != none {
		return s.key.ops[c].to
	}
	return none
}

// chain gives each value its place behind the plain write that its chain began with. A value has one
// writer, so that no chain joins another or closes into a ring.
func (s *succession) chain() {
	ops := s.key.ops
	for v := range int32(s.key.values) {
		w := s.writer[v]
		if v != initial && (w == none || ops[w].kind == cas) {
			continue
		}
		s.roots = append(s.roots, v)
		for next, depth := v, int32(0); next != none; next, depth = s.next(next), depth+1 {
			s.root[next], s.depth[next] = v, depth
		}
	}
	for v := range int32(s.key.values) {
		if s.broken == nil && s.root[v] == none && (s.firstRead[v] != none || s.consumer[v] != none) {
			s.broken = s.orphan(v)
		}
	}
}

// orphan says what is wrong with a value that was seen and that no plain write leads to: going back,
// either somebody saw what nobody wrote, or the cas form a ring.
func (s *succession) orphan(v int32) *conflict {
	var links []int32
	for start := v; s.writer[v] != none; {
		links = append(links, s.writer[v])
		v = s.key.ops[s.writer[v]].from
		if v == start {
			return &conflict{kind: cycle, focus: slices.Max(links), with: none, ops: sorted(links)}
		}
		if len(links) == s.key.values {
			start = v // behind so many links is the ring itself
			links = links[:0]
		}
	}
	return s.unwritten(v)
}

// unwritten is the conflict of a value that nobody wrote and somebody saw. If only an unknown cas
// took it, then that cas is known to have happened by what came after it.
func (s *succession) unwritten(v int32) *conflict {
	var links []int32
	for s.firstRead[v] == none {
		c := s.consumer[v]
		links = append(links, c)
		if !s.key.ops[c].unknown() {
			return &conflict{kind: unwritten, focus: c, with: none, ops: sorted(links)}
		}
		v = s.key.ops[c].to
	}
	focus := s.firstRead[v]
	return &conflict{kind: unwritten, focus: focus, with: none, ops: sorted(append(links, focus))}
}

// date computes first. A chain is walked from its end, so that what came after a value proves it
// too. For an unknown writer this is its tightened return: whoever saw the value came later.
func (s *succession) date() {
	for v := range int32(s.key.values) {
		s.first[v] = never
		s.prove(v, s.writer[v])
		s.prove(v, s.firstRead[v])
	}
	var chain []int32
	for _, root := range s.roots {
		chain = chain[:0]
		for v := root; v != none; v = s.next(v) {
			chain = append(chain, v)
		}
		for i := len(chain) - 1; i > 0; i-- {
			v, after := chain[i-1], chain[i]
			s.prove(v, s.firstOp[after])
			s.gone[v] = s.gone[after]
			if c := s.consumer[v]; !s.key.ops[c].unknown() {
				s.gone[v] = s.key.earlier(c, s.gone[v])
			}
		}
	}
	s.first[initial], s.firstOp[initial] = -1, none
}

// prove notes that the operation returned after v had been written.
func (s *succession) prove(v, at int32) {
	if at == none {
		return
	}
	if ret := s.key.ops[at].ret; ret < s.first[v] {
		s.first[v], s.firstOp[v] = ret, at
	}
}

// home is the value whose place in the chain the operation fixes: what it wrote, else what it saw.
func (s *succession) home(at int32) int32 {
	o := &s.key.ops[at]
	if o.writes() {
		return o.to
	}
	return o.from
}

// close adds to some operations whatever they need to prove something alone: the writers of the
// values that they saw, the links between places of one chain, and for an unknown one the
// operation that shows that it happened.
func (s *succession) close(ats ...int32) []int32 {
	set := make(map[int32]bool)
	ends := make(map[int32][2]int32) // root → first and last value of the stretch
	var add func(at int32)
	add = func(at int32) {
		if at == none || set[at] {
			return
		}
		set[at] = true
		v := s.home(at)
		if s.root[v] != none {
			e, known := ends[s.root[v]]
			if !known {
				e = [2]int32{v, v}
			}
			if s.depth[v] < s.depth[e[0]] {
				e[0] = v
			}
			if s.depth[v] > s.depth[e[1]] {
				e[1] = v
			}
			ends[s.root[v]] = e
		}
		if s.key.ops[at].unknown() {
			add(s.firstOp[v])
		}
	}
	for _, at := range ats {
		add(at)
	}
	for _, e := range ends {
		for v := e[0]; ; v = s.next(v) {
			if w := s.writer[v]; w != none {
				set[w] = true
			}
			if v == e[1] {
				break
			}
		}
	}
	return sorted(slices.Collect(maps.Keys(set)))
}

// sorted puts operations into the order of their calls, each once.
func sorted(ats []int32) []int32 {
	ats = slices.Clone(ats)
	slices.Sort(ats)
	return slices.Compact(ats)
}
