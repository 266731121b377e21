package linear

import (
	"sort"
)

// ages says from when on the values of a key were certainly there: by value, the event by which
// every write of it had taken effect; -1 for nil, never if that is not certain.
//
// It rests on nothing but single facts of the clock and of what was seen, so that it means something
// in a history that fits no order too: what was there before a write began is older than that write.
func (k *key) ages(s *succession) []int64 {
	if s != nil {
		return s.first
	}
	ages := make([]int64, k.values)
	for v := range ages {
		ages[v] = -1
	}
	written := make([]bool, k.values)
	written[initial] = true
	for i := range k.ops {
		if o := &k.ops[i]; o.writes() {
			written[o.to] = true
			ages[o.to] = max(ages[o.to], o.ret)
		}
	}
	for v, was := range written {
		if !was {
			ages[v] = never
		}
	}
	return ages
}

// stale is an operation that saw a value older than a write that had been acknowledged before it.
type stale struct {
	read  int32 // an answered read, failed cas or successful cas
	write int32 // of all such writes the one acknowledged first: from then on the value was outdated
	plain bool  // the write of the old value had ended before the newer one began: no more to prove
	// The write was gone for good: a cas took effect on an older value, or nobody ever saw it again.
	overwritten, vanished bool
}

// staleness finds all of them, in O(n log n), in the order of their calls.
func (k *key) staleness(s *succession, f finals) []stale {
	ages := k.ages(s)
	acked := k.acknowledged()
	losses := newLosses(k, ages, f)
	var found []stale
	for i := range k.ops {
		r := &k.ops[i]
		v, ok := r.shows()
		if !ok || r.unknown() || ages[v] == never {
			continue
		}
		w := acked.earliestAfter(ages[v])
		if s != nil {
			w = k.earlier(w, s.gone[v])
		}
		if w == none || k.ops[w].ret > r.call {
			continue
		}
		found = append(found, stale{
			read: int32(i), write: w, plain: k.plain(v, w, s),
			overwritten: losses.byCAS(w), vanished: losses.forGood(int32(i), w),
		})
	}
	return found
}

// earlier is the one of two operations that returned first; either may be none.
func (k *key) earlier(a, b int32) int32 {
	if a == none || b != none && k.ops[b].ret < k.ops[a].ret {
		return b
	}
	return a
}

// plain says whether the write of v had been answered before w began, or v is nil.
func (k *key) plain(v, w int32, s *succession) bool {
	if s == nil || v == initial {
		return true
	}
	by := s.writer[v]
	return by != none && k.ops[by].ret < k.ops[w].call
}

// acknowledged are the successful writes of a key in the order of their calls, ready to be asked
// which of those called after an event returned first.
type acknowledged struct {
	key   *key
	ats   []int32
	first []int32 // of ats[i:], the one that returned first
}

func (k *key) acknowledged() acknowledged {
	a := acknowledged{key: k}
	for i := range k.ops {
		if o := &k.ops[i]; o.writes() && !o.unknown() {
			a.ats = append(a.ats, int32(i))
		}
	}
	a.first = make([]int32, len(a.ats))
	best := int32(none)
	for i := len(a.ats) - 1; i >= 0; i-- {
		best = k.earlier(a.ats[i], best)
		a.first[i] = best
	}
	return a
}

func (a acknowledged) earliestAfter(event int64) int32 {
	i := sort.Search(len(a.ats), func(i int) bool { return a.key.ops[a.ats[i]].call > event })
	if i == len(a.ats) {
		return none
	}
	return a.first[i]
}

// losses tells which acknowledged writes were gone for good.
type losses struct {
	key *key
	// Of the operations from each one on: the least age of a value that a successful cas took away,
	// and the greatest age of a value that anybody saw.
	built, seen []int64
	final       int64 // the greatest age of what any node held at the end
}

func newLosses(k *key, ages []int64, f finals) *losses {
	n := len(k.ops)
	l := &losses{key: k, built: make([]int64, n+1), seen: make([]int64, n+1), final: f.age(k, ages)}
	l.built[n], l.seen[n] = never, -1
	for i := n - 1; i >= 0; i-- {
		l.built[i], l.seen[i] = l.built[i+1], l.seen[i+1]
		o := &k.ops[i]
		v, ok := o.shows()
		if !ok || o.unknown() {
			continue
		}
		l.seen[i] = max(l.seen[i], ages[v])
		if o.kind == cas {
			l.built[i] = min(l.built[i], ages[v])
		}
	}
	return l
}

// byCAS says whether a cas that was called after w had been acknowledged took away an older value:
// then w was not in the one line of values that the register went through, and a cas, unlike a
// read, changes the register itself.
func (l *losses) byCAS(w int32) bool {
	later := sort.Search(len(l.key.ops), func(i int) bool { return l.key.ops[i].call > l.key.ops[w].ret })
	return l.built[later] < l.key.ops[w].call
}

// forGood says whether from operation r on everything that anybody saw was older than w, and what
// every node held at the end too.
func (l *losses) forGood(r, w int32) bool {
	return max(l.seen[r], l.final) < l.key.ops[w].call
}
