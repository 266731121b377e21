package linear

import "math/bits"

// maxTree holds numbers from 0 on by place, and answers for the greatest of a stretch of them.
type maxTree struct {
	leaves int     // a power of two
	t      []int64 // the leaves behind their parents; the parent of i is i/2
}

// nothing is less than any event, nil's -1 too.
const nothing = -2

// reset makes room for n numbers and forgets all.
func (m *maxTree) reset(n int) {
	const least = 7 // a history may have many keys
	m.leaves = 1 << bits.Len(uint(max(n, least)))
	if cap(m.t) < 2*m.leaves {
		m.t = make([]int64, 2*m.leaves)
	}
	m.t = m.t[:2*m.leaves]
	for i := range m.t {
		m.t[i] = nothing
	}
}

// put replaces the number at a place by a greater one.
func (m *maxTree) put(at int, n int64) {
	if at >= m.leaves {
		old := m.t[m.leaves:]
		m.t = nil
		m.reset(at)
		for i, n := range old {
			m.put(i, n)
		}
	}
	for i := m.leaves + at; i > 0 && m.t[i] < n; i /= 2 {
		m.t[i] = n
	}
}

// max is the greatest from one place to before another.
func (m *maxTree) max(from, to int) int64 {
	greatest := int64(nothing)
	for lo, hi := m.leaves+from, m.leaves+to; lo < hi; lo, hi = lo/2, hi/2 {
		if lo&1 == 1 {
			greatest = max(greatest, m.t[lo])
			lo++
		}
		if hi&1 == 1 {
			hi--
			greatest = max(greatest, m.t[hi])
		}
	}
	return greatest
}
