package linear

import (
	"cmp"
	"slices"
)

// conflict is a reason why a key is not linearizable: operations that no order fits, first of all the
// one that broke the promise.
type conflict struct {
	kind  conflictKind
	focus int32   // index in key.ops
	with  int32   // the operation that it contradicts most of all; none if there is no single one
	ops   []int32 // all that prove it, focus and with among them
}

type conflictKind uint8

const (
	unwritten conflictKind = iota + 1 // focus saw a value that nobody wrote
	selfless                          // focus failed to match a value, and tells that it found it
	consumed                          // two cas took the same value away
	cycle                             // every cas of a ring needs another one before it
	future                            // focus ended before what it must follow had begun
	overlap                           // two values, each of which was there before and after the other
)

// zones decides a key whose written values are unique and whose results are exact, in O(n log n).
// It returns nil if the key is linearizable. Any number of operations may be unknown.
//
// Source: Gibbons and Korach, Testing shared memories (SIAM J. Comput. 26, 1997), section 4: with
// unique values, a register's history is linearizable if and only if no read ends before its write
// starts, no two forward zones overlap and no backward zone lies inside a forward one. Here a cas is
// glued to the value that it takes away: nothing can come between, so that a whole chain of cas moves
// as one block.
//
//   - block = the values of one chain: a plain write (or the initial nil), its reads, the cas that
//     took the value away, the reads of what that one wrote, and so on
//   - f = the earliest return in the block, s = the latest call: block A must come before block B if
//     and only if f(A) < s(B)
//   - zone = the interval between f and s: forward if f < s, else backward
func (s *succession) zones() *conflict {
	k := s.key
	for i := range k.ops {
		o := &k.ops[i]
		if o.kind == mismatch && o.from == o.to {
			return &conflict{kind: selfless, focus: int32(i), with: none, ops: []int32{int32(i)}}
		}
	}
	if s.broken != nil {
		return s.broken
	}
	zones := make([]zone, 0, len(s.roots))
	for _, root := range s.roots {
		z, wrong := s.block(root)
		if wrong != nil {
			return wrong
		}
		if z.sOp != none { // nil may have been seen by nobody
			zones = append(zones, z)
		}
	}
	return s.sweep(zones)
}

// zone is a block seen from outside.
type zone struct {
	f, s     int64
	fOp, sOp int32 // whose they are
}

func (z *zone) forward() bool { return z.f < z.s }
func (z *zone) low() int64    { return min(z.f, z.s) }

// block walks one chain from its root on. The chain fixes the order of its operations: each value's
// writer, its reads, then the cas that takes it away. The clock must not contradict: nothing may
// return before something earlier in the chain was called. Reads of one value may come in any order.
func (s *succession) block(root int32) (zone, *conflict) {
	z := zone{f: s.first[root], fOp: s.firstOp[root], s: -1, sOp: none}
	last := func(call int64, at int32) {
		if call > z.s {
			z.s, z.sOp = call, at
		}
	}
	for v := root; v != none; v = s.next(v) {
		if w := s.writer[v]; w != none {
			o := &s.key.ops[w]
			if o.ret < z.s {
				return z, s.tooEarly(w, z.sOp)
			}
			last(o.call, w)
		}
		if r := s.firstRead[v]; r != none {
			if s.key.ops[r].ret < z.s {
				return z, s.tooEarly(r, z.sOp)
			}
			r = s.lastRead[v]
			last(s.key.ops[r].call, r)
		}
	}
	return z, nil
}

func (s *succession) tooEarly(focus, before int32) *conflict {
	return &conflict{kind: future, focus: focus, with: before, ops: s.close(focus, before)}
}

// sweep looks for two zones that cannot both be blocks. Longer cycles of blocks need no search: let
// A have the least f and B the greatest s of a cycle; then A is before B, and either B is before A
// too or some third block overlaps one of them.
func (s *succession) sweep(zones []zone) *conflict {
	slices.SortFunc(zones, func(a, b zone) int { return cmp.Compare(a.low(), b.low()) })
	open := none // the last forward zone
	for i := range zones {
		z := &zones[i]
		// Two forward zones that share a stretch, or a backward one wholly inside: f(A) < s(B) and
		// f(B) < s(A). A backward zone that only begins inside is free to come after.
		if open >= 0 && z.f < zones[open].s {
			return s.between(&zones[open], z)
		}
		if z.forward() {
			open = i
		}
	}
	return nil
}

// between makes the conflict of two blocks. The focus is the later called of the two operations that
// came too late.
func (s *succession) between(a, b *zone) *conflict {
	focus, with := a.sOp, b.fOp
	if s.key.ops[b.sOp].call > s.key.ops[focus].call {
		focus, with = b.sOp, a.fOp
	}
	return &conflict{kind: overlap, focus: focus, with: with, ops: s.close(a.fOp, a.sOp, b.fOp, b.sOp)}
}
