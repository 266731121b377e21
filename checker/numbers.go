package checker

import "strconv"

// Numbers is a set of values that are whole numbers, and not too great, by a bit each.
type Numbers struct {
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

// Has says whether a value is in the set.
func (s *Numbers) Has(text string) bool {
	word, bit := s.find(text)
	return word != nil && *word&bit != 0
}

// Lacks says whether a value was certainly never added.
func (s *Numbers) Lacks(text string) bool {
	_, can := number(text)
	return can && !s.Has(text)
}

// Add is false for what cannot be in a set.
func (s *Numbers) Add(text string) bool {
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

// Remove takes a value out.
func (s *Numbers) Remove(text string) {
	if word, bit := s.find(text); word != nil {
		*word &^= bit
	}
}

// find is where the bit of a value stands; nil if nothing near it was ever added.
func (s *Numbers) find(text string) (word *uint64, bit uint64) {
	n, can := number(text)
	page := int(n / pageBits)
	if !can || page >= len(s.pages) || s.pages[page] == nil {
		return nil, 0
	}
	return &s.pages[page][n%pageBits/64], 1 << (n % 64)
}
