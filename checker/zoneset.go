package checker

import (
	"math"
	"slices"
	"sort"
)

// ZoneSet are the zones of the blocks of operations of one key while its history grows. A block A must come before a
// block B iff F(A) < S(B), so that no two may each come before the other (Gibbons and Korach, Testing Shared
// Memories, SIAM J. Comput. 26, 1997).
//
// F is the event at which the first of a block's operations returned: later blocks have later F. S is the latest call
// among them: it grows, and may be Endless for a while. What T is, its owner knows.
type ZoneSet[T any] struct {
	zones []*Zone[T] // by F, the dead ones left out
	s     MaxTree    // by place in zones: their S, of one that is Endless what it was
}

// Zone is the zone of one block.
type Zone[T any] struct {
	F, S int64
	Of   T
	Dead bool // nothing that is open, or to come, may raise its S
	at   int  // its place
}

// Endless is the S of a block that everything else must come before.
const Endless = math.MaxInt64

// NewZoneSet is one without zones.
func NewZoneSet[T any]() *ZoneSet[T] {
	z := &ZoneSet[T]{}
	z.s.Reset(0)
	return z
}

// Len is how many zones are kept.
func (z *ZoneSet[T]) Len() int { return len(z.zones) }

// Begin adds a zone whose F is later than that of all others.
func (z *ZoneSet[T]) Begin(f, s int64, of T) *Zone[T] {
	zone := &Zone[T]{F: f, Of: of, at: len(z.zones)}
	z.zones = append(z.zones, zone)
	z.Raise(zone, s)
	return zone
}

// Raise moves the S of a zone, to one that is later than any it had before, or Endless.
func (z *ZoneSet[T]) Raise(zone *Zone[T], s int64) {
	if zone.S = s; s != Endless {
		z.s.Put(zone.at, s)
	}
}

// Fits says whether no other zone must come both before and after this one. It does not look at others that are
// Endless.
func (z *ZoneSet[T]) Fits(zone *Zone[T]) bool {
	before := sort.Search(len(z.zones), func(i int) bool { return z.zones[i].F >= zone.S })
	other := max(z.s.Max(0, min(zone.at, before)), z.s.Max(zone.at+1, before))
	return other <= zone.F
}

// Sweep leaves out the zones that are dead, and tells forget of each. All zones fit each other, and whatever is open, or
// to come, is called at the event now or later.
//
// A block A is dead if another one, B, has F(B) < now and S(B) > F(A): an operation that raises the S of A raises
// it to now or more, and then F(B) < S(A), a conflict. And what is dead is not needed to tell that another block is:
// let C not be dead, and S(A) > F(C). Then F(A) < now makes C dead, and from F(A) >= now follows F(B) < F(A) <
// S(B) <= F(C) < S(A), so that A and B were a conflict.
func (z *ZoneSet[T]) Sweep(now int64, forget func(T)) {
	var first, second *Zone[T] // of those with F < now, by the greatest S
	for _, o := range z.zones {
		switch {
		case o.F >= now:
		case first == nil || o.S > first.S:
			first, second = o, first
		case second == nil || o.S > second.S:
			second = o
		}
	}
	z.zones = slices.DeleteFunc(z.zones, func(o *Zone[T]) bool {
		by := first
		if by == o {
			by = second
		}
		if o.Dead = by != nil && by.S > o.F; o.Dead {
			forget(o.Of)
		}
		return o.Dead
	})
	z.s.Reset(len(z.zones))
	for i, o := range z.zones {
		o.at = i
		z.Raise(o, o.S)
	}
}
