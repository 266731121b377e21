package linear

import (
	"context"
	"slices"
	"time"

	"schism/checker/search"
)

// prover answers whether some of a key's operations prove alone that the key is not linearizable.
type prover struct {
	key     *key
	guard   *search.Guard
	writers map[int32][]int32 // value → all that may have written it
	changes []int32           // all that may have written anything
}

func newProver(k *key, g *search.Guard) *prover {
	p := &prover{key: k, guard: g, writers: make(map[int32][]int32)}
	for i := range k.ops {
		if o := &k.ops[i]; o.writes() {
			p.writers[o.to] = append(p.writers[o.to], int32(i))
			p.changes = append(p.changes, int32(i))
		}
	}
	return p
}

// proves says whether no order fits the operations alone, whatever the others did. Any order of all
// operations, reduced to these, must then have been legal for these, so only what can be reduced is
// accepted:
//
//   - with a value that was seen must come all that may have written it by then: read 1 alone proves
//     nothing if somebody wrote 1
//   - a cas whose value was written by somebody left out counts as the write that it also is
//   - a failed cas that only tells what was not there needs all writes by then
//
// ats must be in order. They count as they were known by the event now; never for all that is known.
// What Porcupine cannot decide in limit proves nothing. It is spared proofs with thousands of links in a
// chain of cas, for which it would need gigabytes: those, the zones judge again.
func (p *prover) proves(ats []int32, now int64, limit time.Duration) bool {
	sub := p.key.only(ats, now)
	for i := range sub.ops {
		o := &sub.ops[i]
		then := min(o.ret, now)
		switch o.kind {
		case read, mismatch:
			if contradicts := o.kind == mismatch && o.from == o.to; contradicts {
				continue // whoever wrote that value
			}
			if !p.complete(p.writers[o.from], ats, then) {
				return false
			}
		case cas:
			if !p.complete(p.writers[o.from], ats, then) {
				o.kind, o.from = write, initial
			}
		case notFrom:
			if !p.complete(p.changes, ats, then) {
				return false
			}
		}
	}
	if len(sub.ops) > confirmOps && sub.unique && sub.exact {
		return newSuccession(sub).zones() != nil
	}
	linearizable, ok, _ := p.guard.Ask(context.Background(), model(), forPorcupine(sub.tighten()), limit)
	return ok && !linearizable
}

// complete says whether all of some operations that were called by then are among ats.
func (p *prover) complete(need, ats []int32, then int64) bool {
	for _, at := range need {
		if p.key.ops[at].call >= then {
			return true // and so were the rest
		}
		if _, found := slices.BinarySearch(ats, at); !found {
			return false
		}
	}
	return true
}

// shrink leaves out whatever a proof can do without: first halves, then quarters, down to single
// operations. What is in keep stays. It stops early when its time is over: what is left proves as
// much, only longer.
func (p *prover) shrink(ats []int32, now int64, limit time.Duration, keep ...int32) []int32 {
	end := time.Now().Add(limit)
	for part := (len(ats) + 1) / 2; part > 0; part /= 2 {
		for i := 0; i < len(ats); {
			left := time.Until(end)
			if left <= 0 {
				return ats
			}
			less := slices.Concat(ats[:i], ats[min(i+part, len(ats)):])
			if len(less) > 0 && containsAll(less, keep) && p.proves(less, now, left) {
				ats = less
			} else {
				i += part
			}
		}
	}
	return ats
}

func containsAll(ats, all []int32) bool {
	for _, at := range all {
		if _, found := slices.BinarySearch(ats, at); !found && at != none {
			return false
		}
	}
	return true
}

// shortest is the number of operations in the shortest beginning that is not linearizable, among the
// first n, which are not. It is found by bisection: cutting a history off leaves it linearizable if it was.
func (p *prover) shortest(n int, limit time.Duration) int {
	end := time.Now().Add(limit)
	low, high := 0, n // the first low operations are fine, the first high ones are not
	for high-low > 1 {
		left := time.Until(end)
		if left <= 0 {
			break
		}
		middle := (low + high) / 2
		if ats, now := p.key.beginning(middle); p.proves(ats, now, left) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}
