package checker

import "math/bits"

// MaxTree holds numbers by place, from 0 on, and answers for the greatest of a stretch of them.
type MaxTree struct {
	leaves int     // a power of two
	t      []int64 // the leaves behind their parents; the parent of i is i/2
}

// nothing is less than any event, and than the -1 of what was always there.
const nothing = -2

// Reset makes room for n numbers and forgets all.
func (m *MaxTree) Reset(n int) {
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

// Put replaces the number at a place by a greater one.
func (m *MaxTree) Put(at int, n int64) {
	if at >= m.leaves {
		old := m.t[m.leaves:]
		m.t = nil
		m.Reset(at)
		for i, n := range old {
			m.Put(i, n)
		}
	}
	for i := m.leaves + at; i > 0 && m.t[i] < n; i /= 2 {
		m.t[i] = n
	}
}

// Max is the greatest from one place to before another.
func (m *MaxTree) Max(from, to int) int64 {
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
