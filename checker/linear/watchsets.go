package linear

import (
	"math/bits"
	"strconv"
)

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

// numbers is a set of values that are whole numbers, and not too great, by a bit each.
type numbers struct {
	pages []*[pageBits / 64]uint64
}

const (
	pageBits = 1 << 16
	// mostBits bounds a set: 32 MB.
	mostBits = 1 << 28
)

// number is what can be in a set.
func number(text string) (n uint64, can bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return n, err == nil && n < mostBits && (len(text) == 1 || text[0] != '0')
}

func (s *numbers) has(text string) bool {
	word, bit := s.find(text)
	return word != nil && *word&bit != 0
}

// add is false for what cannot be in a set.
func (s *numbers) add(text string) bool {
	n, can := number(text)
	if !can {
		return false
	}
	for page := int(n / pageBits); len(s.pages) <= page; {
		s.pages = append(s.pages, nil)
	}
	if page := &s.pages[n/pageBits]; *page == nil {
		*page = new([pageBits / 64]uint64)
	}
	word, bit := s.find(text)
	*word |= bit
	return true
}

func (s *numbers) remove(text string) {
	if word, bit := s.find(text); word != nil {
		*word &^= bit
	}
}

// find is where the bit of a value stands; nil if nothing near it was ever added.
func (s *numbers) find(text string) (word *uint64, bit uint64) {
	n, can := number(text)
	page := int(n / pageBits)
	if !can || page >= len(s.pages) || s.pages[page] == nil {
		return nil, 0
	}
	return &s.pages[page][n%pageBits/64], 1 << (n % 64)
}
