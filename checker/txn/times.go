package txn

import (
	"cmp"
	"slices"
	"sort"

	"schism/history"
)

// What a level's order tells of the order of writes, beside what follows from reads:
//
// Who read a version missed every write that was invoked after that version was acknowledged (rw).
//
// Who read a version was told of a write that comes behind all that were acknowledged before the read was invoked (ww).
// The circles of these are found by the first rule too, and have a better name there, unless the version was still
// under way. So they count only where the first finds nothing; and so do ww from who read the initial value and wrote,
// for there rw is already.

// mostNear bounds how many of such edges a read has. Those that are left out are implied by real time, nearly always;
// and no edge that is left out makes anything valid: that takes an order that was tried.
const mostNear = 32

// inRealTime gives those edges for real time.
func (f *follower) inRealTime() {
	f.returned = f.returned[:0]
	for _, w := range f.writers {
		if f.ok(w) {
			f.returned = append(f.returned, w)
		}
	}
	slices.SortFunc(f.returned, func(a, b int32) int { return cmp.Compare(f.ops[a].Return, f.ops[b].Return) })
	for _, s := range f.outer {
		t, v := f.steps[s].txn, f.version(s)
		if v == none {
			continue
		}
		f.missedInvoked(t, v)
		reader, version := &f.ops[t], &f.ops[v]
		at := sort.Search(len(f.returned), func(i int) bool { return f.ops[f.returned[i]].Return > reader.Call })
		for i := at - 1; i >= max(0, at-mostNear) && f.ops[f.returned[i]].Return > version.Call; i-- {
			if w := f.returned[i]; w != v {
				f.later = append(f.later, edge(w, v, ww))
			}
		}
	}
}

// missedInvoked: what was invoked after the version v was acknowledged, the reader of v missed.
func (f *follower) missedInvoked(t, v int32) {
	if !f.ok(v) {
		return
	}
	at := sort.Search(len(f.writers), func(i int) bool { return f.ops[f.writers[i]].Call > f.ops[v].Return })
	for _, w := range f.writers[at:min(len(f.writers), at+mostNear)] {
		if f.ops[w].Call > f.ops[t].Return {
			break // real time says so
		}
		f.arc(t, w, rw)
	}
}

// inSessions gives them for the order of each client: the nearest are enough.
func (f *follower) inSessions() {
	by := make(map[history.Process][]int32)
	for _, w := range f.writers {
		by[f.ops[w].Process] = append(by[f.ops[w].Process], w)
	}
	for _, s := range f.outer {
		t, v := f.steps[s].txn, f.version(s)
		if v == none {
			continue
		}
		if f.ok(v) {
			all := by[f.ops[v].Process]
			if at := sort.Search(len(all), func(i int) bool { return f.ops[all[i]].Call > f.ops[v].Return }); at < len(all) {
				f.arc(t, all[at], rw)
			}
		}
		all := by[f.ops[t].Process]
		at := sort.Search(len(all), func(i int) bool { return f.ops[all[i]].Call >= f.ops[t].Call })
		for at > 0 && !f.ok(all[at-1]) {
			at--
		}
		if at > 0 && all[at-1] != v && f.ops[all[at-1]].Return < f.ops[t].Call {
			f.later = append(f.later, edge(all[at-1], v, ww))
		}
	}
}
