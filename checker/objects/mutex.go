package objects

import (
	"cmp"
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// What operations do to a lock.
const (
	lockAcquire int8 = iota
	lockRelease
)

// Mutex judges every key as a lock, with acquire (history.Acquire) and release (history.Release): it can
// be acquired when nobody holds it, and released by who holds it. Their value names the owner; without
// values anybody may release what somebody holds. What failed changed nothing.
//
// Where every owner acquires the lock once, it is decided by zones in O(n log n); other locks by
// Porcupine.
func Mutex(l checker.Limits) checker.Checker {
	return Checker{Limits: l, object: object{
		noun: "lock", take: takeLock, eye: watchLocks, fits: fitsLock, decide: decideLock, observed: observedOfLock, name: (*key).twoAtOnce,
		start: func(*key) any { return int32(none) },
		state: func(k *key, state any) string {
			if state.(int32) == none {
				return "free"
			}
			return "held" + k.as(state.(int32))
		},
		step: func(_ *key, state any, o *op) (any, bool) {
			holder := state.(int32)
			switch {
			case o.does == lockAcquire && holder == none:
				return o.value, true
			case o.does == lockRelease && holder == o.value:
				return int32(none), true
			}
			return holder, o.unknown()
		},
		say: func(k *key, o *op) string {
			return map[int8]string{lockAcquire: "acquired ", lockRelease: "released "}[o.does] + checker.ShowKey(k.name) + k.as(o.value)
		},
	}}
}

func (k *key) as(owner int32) string {
	if k.texts[owner] == "null" {
		return ""
	}
	return " as " + k.show(owner)
}

func takeLock(k *key, from *history.Operation, o *op) (bool, error) {
	o.changes, o.value = true, k.id(from.Input)
	switch from.F {
	case history.Acquire:
		o.does = lockAcquire
	case history.Release:
		o.does = lockRelease
	default:
		return false, fmt.Errorf("a lock knows only acquire and release, not %q", from.F)
	}
	return true, nil
}

// observedOfLock says whether anybody can have noticed an unknown operation: an acquire by the owner's
// release, a release by what it may have freed.
func observedOfLock(_ *key, unknown *op, among []op) bool {
	return slices.ContainsFunc(among, func(o op) bool {
		return o.value == unknown.value && o.does != unknown.does && (unknown.does == lockRelease || !o.unknown())
	})
}

func fitsLock(k *key) bool {
	acquires := make([]int, len(k.texts))
	for i := range k.ops {
		if o := &k.ops[i]; o.does == lockAcquire {
			if acquires[o.value]++; acquires[o.value] > 1 {
				return false
			}
		}
	}
	return true
}

// hold is the time that one owner had the lock.
type hold struct {
	owner            int32
	acquire, release int32 // none if there is none
	f, s             int64 // the earliest return in it, and the latest call
	fOp, sOp         int32
}

func (h *hold) low() int64 { return min(h.f, h.s) }

// decideLock is the near-linear check of a lock that every owner acquires once.
//
// Theorem: an acquire and the release of the same owner are one block: nothing can come between. With f
// the earliest return in a block and s the latest call, block A must come before block B iff f(A) < s(B).
// The history is linearizable iff
//
//   - nobody releases what that owner did not acquire, before it was acquired, or twice
//   - no two blocks must each come before the other: no two forward ones (f < s) overlap, and no
//     backward one lies inside a forward one
//
// A hold without a release that may have happened lasts forever, so that its s is. Unknown acquires
// count only with a release that is ok; of unknown releases the one that was called first is taken, as
// it leaves the most freedom, and none beside one that is ok.
//
// Source: the zones of Gibbons and Korach, Testing shared memories (1997): a lock is a register in which
// every value is taken away by a compare-and-set.
//
// What forces each condition: release 1; acquire 1, release 1, release 1; acquire 1, acquire 2, release 1,
// release 2; and acquire 1, then acquire 2 and release 2 beside a release 1 that began before.
func decideLock(k *key) []*finding {
	holds := make([]hold, len(k.texts))
	for v := range holds {
		holds[v] = hold{owner: int32(v), acquire: none, release: none}
	}
	for i := range k.ops {
		o := &k.ops[i]
		h := &holds[o.value]
		switch {
		case o.does == lockAcquire:
			h.acquire = int32(i)
		case h.release == none || k.ops[h.release].unknown() && !o.unknown():
			h.release = int32(i)
		case !o.unknown() && !k.ops[h.release].unknown():
			return []*finding{k.releasedTwice(h.release, int32(i))}
		}
	}
	var blocks []hold
	for _, h := range holds {
		released := h.release != none && !k.ops[h.release].unknown()
		switch {
		case h.acquire == none && !released, h.acquire != none && k.ops[h.acquire].unknown() && !released:
			continue // it need not have happened
		case h.acquire == none:
			return []*finding{k.notHeldBy(h.release)}
		case h.release != none && k.ops[h.release].ret < k.ops[h.acquire].call:
			return []*finding{k.notYetHeld(h.release, h.acquire)}
		}
		h.measure(k)
		blocks = append(blocks, h)
	}
	return k.overlap(blocks)
}

func (h *hold) measure(k *key) {
	a := &k.ops[h.acquire]
	h.f, h.fOp, h.s, h.sOp = a.ret, h.acquire, never, h.acquire
	if h.release == none {
		return
	}
	r := &k.ops[h.release]
	h.s, h.sOp = a.call, h.acquire
	if r.call > h.s {
		h.s, h.sOp = r.call, h.release
	}
	if r.ret < h.f {
		h.f, h.fOp = r.ret, h.release
	}
}

func (k *key) overlap(blocks []hold) []*finding {
	slices.SortFunc(blocks, func(a, b hold) int { return cmp.Compare(a.low(), b.low()) })
	open := none // the last forward block
	for i := range blocks {
		h := &blocks[i]
		if open >= 0 && h.f < blocks[open].s {
			return []*finding{k.twoHolders(&blocks[open], h)}
		}
		if h.f < h.s {
			open = i
		}
	}
	return nil
}

func (k *key) twoHolders(a, b *hold) *finding {
	late, early := b, a
	if k.ops[late.acquire].call < k.ops[early.acquire].call {
		late, early = early, late
	}
	f := &finding{name: checker.SplitBrain, key: k, focus: k.source(&k.ops[late.acquire])}
	for _, at := range []int32{early.acquire, early.release, late.acquire, late.release} {
		if at != none {
			f.ops = append(f.ops, k.source(&k.ops[at]))
		}
	}
	f.message = fmt.Sprintf("Split brain: %s, although %s%s", k.held(late), k.held(early), k.gaveBack(early))
	f.proof = "a lock has one holder at a time, and these two holds cannot be put one after the other."
	return f
}

// twoAtOnce names an acquire that no order fits: somebody else had the lock.
func (k *key) twoAtOnce(f *finding, focus *op, ats []int32) bool {
	if focus.does != lockAcquire || len(ats) < 2 {
		return false
	}
	f.name = checker.SplitBrain
	f.message = "Split brain: " + k.did(focus) + ", although somebody still held it, in whatever order they came: " + k.listed(focus, ats)
	return true
}

func (k *key) held(h *hold) string {
	a := k.source(&k.ops[h.acquire])
	if k.ops[h.acquire].unknown() {
		return fmt.Sprintf("client %v had acquired %s%s, which its release shows", a.Process, checker.ShowKey(k.name), k.as(h.owner))
	}
	return fmt.Sprintf("client %v acquired %s%s%s at %s", a.Process, checker.ShowKey(k.name), k.as(h.owner), checker.ShowPlace("at", a), checker.ShowTime(a.ReturnTime))
}

func (k *key) gaveBack(h *hold) string {
	if h.release == none {
		return " and never released it"
	}
	return fmt.Sprintf(" and asked to release it only at %s", checker.ShowTime(k.source(&k.ops[h.release]).CallTime))
}

func (k *key) releasedTwice(first, again int32) *finding {
	f := k.pair(checker.DuplicateApply, [2]int32{again, first})
	f.message = fmt.Sprintf("Duplicate apply: %s, although %s and that owner acquired it only once", k.did(&k.ops[again]), k.did(&k.ops[first]))
	for i := range k.ops {
		if o := &k.ops[i]; o.does == lockAcquire && o.value == k.ops[again].value {
			f.ops = append(f.ops, k.source(o))
		}
	}
	f.proof = "what was acquired once is released once at most."
	return f
}

func (k *key) notHeldBy(release int32) *finding {
	f := &finding{name: checker.DirtyRead, key: k, focus: k.source(&k.ops[release])}
	f.ops = []*history.Operation{f.focus}
	f.message = fmt.Sprintf("Dirty read: %s, although nobody ever acquired it%s", k.did(&k.ops[release]), k.as(k.ops[release].value))
	if at, failed := k.failed[k.ops[release].value]; failed && k.h.Operations[at].F == history.Acquire {
		f.ops = append(f.ops, &k.h.Operations[at])
		f.message = fmt.Sprintf("Dirty read: %s, although %s had been refused", k.did(&k.ops[release]), checker.ShowWrite(&k.h.Operations[at]))
	}
	f.proof = "a lock can be released only by who holds it."
	return f
}

func (k *key) notYetHeld(release, acquire int32) *finding {
	f := k.pair(checker.NonLinearizable, [2]int32{release, acquire})
	f.message = fmt.Sprintf("Not linearizable: %s and was done %s %s began", k.did(&k.ops[release]),
		checker.ShowGap(f.ops[1].CallTime-f.focus.ReturnTime, "before"), checker.ShowWrite(f.ops[1]))
	f.proof = "a lock can be released only by who holds it."
	return f
}
