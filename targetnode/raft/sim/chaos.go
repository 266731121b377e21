package sim

import "math/rand/v2"

// source is what disturbs the cluster. Each has a stream of random numbers of its own, so that leaving
// out what one of them did leaves the others' doings as they were: that is what makes shrinking work.
type source uint32

const (
	seedOfPlan source = iota
	faults
	clients
	admins
	firstNode
	firstLink = firstNode + maxNodes
)

// disturbance is the nth thing that a source did.
type disturbance struct {
	source source
	nth    uint32
}

// chaos counts what the sources have done.
type chaos [int(firstLink) + maxNodes*maxNodes]uint32

func (s *sim) stream(of source) *rand.Rand {
	return rand.New(rand.NewPCG(s.Seed, uint64(of)))
}

// disturb says whether the next thing that a source has for the cluster happens.
func (s *sim) disturb(from source) bool {
	s.chaos[from]++
	d := disturbance{from, s.chaos[from]}
	if s.without[d] {
		return false
	}
	if s.note != nil {
		*s.note = append(*s.note, d)
	}
	return true
}

// disturbs draws whether a source disturbs now, which it does in so many of 100 cases.
func (s *sim) disturbs(rng *rand.Rand, from source, percent int) bool {
	return percent > 0 && rng.IntN(100) < percent && s.disturb(from)
}
