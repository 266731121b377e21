package objects

import (
	"slices"

	"schism/checker"
	"schism/history"
)

// watchedLock is what there is to know of a lock, whose owners acquire it once each, and whose history so far is
// linearizable.
//
// The zones of decideLock come one by one: f of a hold is the event at which its acquire or its release first
// returned, so that later ones have later f. Its s is the call of its release, and there is no end of it before one is
// called, or when all have failed. So at most one hold has no end, the last: it must come after all others. Of the
// rest, s only grows: when a release is acknowledged that was not the first to be called, or the first fails. All
// conflicts come down to these:
//
//   - a release is acknowledged, and its owner's acquire was not called, or another release of it was acknowledged;
//   - an acquire fails whose release was acknowledged;
//   - another hold must come before and after one whose f is known now, or whose s has grown.
//
// What is kept: the holds that are not dead (see Sweep), and those that are not certain.
type watchedLock struct {
	all    *Watch
	owners map[string]*heldBy
	zones  *checker.ZoneSet[*heldBy]
	last   *heldBy // the hold without end; nil if there is none
}

// heldBy is what one owner did.
type heldBy struct {
	owner    string
	noted    bool                   // Watch.held has it
	acquire  int64                  // the call; none if there was none, or it failed
	releases []int64                // calls of those that have not failed
	released int64                  // the one of them that was acknowledged; none if there is none
	zone     *checker.Zone[*heldBy] // once it is certain
}

// lockOp is an operation on a lock that was called.
type lockOp struct {
	hold     *heldBy // nil: of an owner who is forgotten
	releases bool
}

func watchLocks(w *Watch) (keyed, func(*key)) {
	return checker.NewKeyedWatch(func() checker.KeyWatch[lockOp] {
		return &watchedLock{all: w, owners: make(map[string]*heldBy), zones: checker.NewZoneSet[*heldBy]()}
	}), w.cutLock
}

// Call takes an invocation.
func (k *watchedLock) Call(e *history.Event) (lockOp, checker.Sight) {
	owner := history.Text(e.Value)
	h, known := k.owners[owner]
	forgotten := known && h == nil || !known && k.all.held.Has(owner)
	switch {
	case e.F != history.Acquire && e.F != history.Release:
		return lockOp{}, checker.Unwatched
	case e.F == history.Acquire && (forgotten || known && h.acquire != none):
		return lockOp{}, checker.Unwatched
	case forgotten:
		return lockOp{releases: true}, checker.Fine
	case !known:
		h = &heldBy{owner: owner, acquire: none, released: none}
		k.owners[owner] = h
	}
	if e.F == history.Acquire {
		h.acquire = e.Index
		k.all.asked.Add(owner)
		h.noted = k.all.held.Add(owner)
		return lockOp{hold: h}, checker.Fine
	}
	if h.acquire == none {
		k.all.apart.Add(owner)
	}
	h.releases = append(h.releases, e.Index)
	if h.zone != nil && h.zone.S == checker.Endless {
		k.end(h)
	}
	return lockOp{hold: h, releases: true}, checker.Fine
}

// Complete takes the end of an operation.
func (k *watchedLock) Complete(call int64, p lockOp, e *history.Event) checker.Sight {
	fits := true
	switch h := p.hold; {
	case h == nil:
		fits = e.Kind != history.OK
	case e.Kind == history.Info:
	case !p.releases && e.Kind == history.OK:
		fits = h.zone != nil || k.begin(h, e.Index)
	case !p.releases:
		fits = h.released == none
		h.acquire = none
		k.all.held.Remove(h.owner)
		k.drop(h)
	case e.Kind == history.OK:
		if h.acquire == none || h.released != none || h.zone != nil && h.zone.Dead {
			return checker.Broken
		}
		if h.released = call; h.zone != nil {
			fits = k.end(h)
		} else {
			fits = k.begin(h, e.Index)
		}
	default:
		h.releases = slices.DeleteFunc(h.releases, func(r int64) bool { return r == call })
		fits = h.zone == nil || k.end(h)
		k.drop(h)
	}
	if !fits {
		return checker.Broken
	}
	return checker.Fine
}

// drop forgets an owner of whom nothing is left.
func (k *watchedLock) drop(h *heldBy) {
	if h.acquire == none && len(h.releases) == 0 {
		delete(k.owners, h.owner)
	}
}

// begin gives a hold its zone.
func (k *watchedLock) begin(h *heldBy, now int64) (fits bool) {
	h.zone = k.zones.Begin(now, none, h)
	return k.end(h)
}

// end says anew when a hold was given up at the latest.
func (k *watchedLock) end(h *heldBy) (fits bool) {
	s := int64(checker.Endless)
	switch {
	case h.released != none:
		s = max(h.acquire, h.released)
	case len(h.releases) > 0:
		s = max(h.acquire, h.releases[0])
	}
	switch {
	case s == h.zone.S:
		return true
	case h.zone.Dead:
		return false
	}
	if k.last == h {
		k.last = nil
	}
	k.zones.Raise(h.zone, s)
	fits = k.zones.Fits(h.zone) && (k.last == nil || k.last.zone.F >= s)
	if s == checker.Endless {
		k.last = h
	}
	return fits
}

// Sweep forgets holds that are over for good: a release of one that is dead, and that moves its s, is a conflict.
func (k *watchedLock) Sweep(now int64) int {
	k.zones.Sweep(now, k.forget)
	return max(checker.LeastSweep, k.zones.Len()/2)
}

// forget leaves a mark only where Watch.held cannot.
func (k *watchedLock) forget(h *heldBy) {
	if h.noted {
		delete(k.owners, h.owner)
	} else {
		k.owners[h.owner] = nil
	}
}

// cutLock keeps of each owner all or nothing: of those whose acquire is in the part, so that no release of them was
// called before, and of those that nobody ever asked to be. A lock with fewer owners is a lock.
func (w *Watch) cutLock(k *key) {
	whole := make([]bool, len(k.texts))
	for v, at := range k.failed {
		whole[v] = k.h.Operations[at].F == history.Acquire
	}
	for i := range k.ops {
		if o := &k.ops[i]; o.does == lockAcquire {
			whole[o.value] = true
		}
	}
	for v, text := range k.texts {
		whole[v] = w.asked.Lacks(text) || whole[v] && w.apart.Lacks(text)
	}
	k.ops = slices.DeleteFunc(k.ops, func(o op) bool { return !whole[o.value] })
}
