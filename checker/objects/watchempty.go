package objects

import (
	"slices"
	"sort"
)

// watchedEmpties are the dequeues that found nothing. For each there must be a moment, behind an event from its call to
// before its return, at which no value was certainly in the queue: see decideQueue. Moments are covered when a value is
// dequeued, by which it is known until when it was there; never uncovered again.
//
// To look at those that returned since the value was there is enough. Of those that had returned before all that is open
// was called even less is: what is dequeued from then on was there until after them. So one of them has no moment left
// if the value was there before the first one that is left to it.
type watchedEmpties struct {
	covered []span       // apart from each other, in order
	found   []foundEmpty // in the order of their returns
	before  int64        // no value that is still to be dequeued was there before; none: all may have been
}

// span is a stretch of moments, named by the events before them; end is not in it.
type span struct{ begin, end int64 }

type foundEmpty struct{ call, ret int64 }

// free is the first moment from an event on that is not covered.
func (w *watchedEmpties) free(event int64) int64 {
	at := sort.Search(len(w.covered), func(i int) bool { return w.covered[i].end > event })
	if at < len(w.covered) && w.covered[at].begin <= event {
		return w.covered[at].end
	}
	return event
}

func (w *watchedEmpties) add(call, now int64) (fits bool) {
	w.found = append(w.found, foundEmpty{call, now})
	return w.free(call) < now
}

// cover says that from one event on to another a value was there.
func (w *watchedEmpties) cover(begin, end int64) (fits bool) {
	if begin >= end {
		return true
	}
	if begin < w.before {
		return false
	}
	from := sort.Search(len(w.covered), func(i int) bool { return w.covered[i].end >= begin })
	to, all := from, span{begin, end}
	for ; to < len(w.covered) && w.covered[to].begin <= end; to++ {
		all.begin, all.end = min(all.begin, w.covered[to].begin), max(all.end, w.covered[to].end)
	}
	w.covered = slices.Replace(w.covered, from, to, all)
	first := sort.Search(len(w.found), func(i int) bool { return w.found[i].ret > begin })
	return !slices.ContainsFunc(w.found[first:], func(f foundEmpty) bool { return w.free(f.call) >= f.ret })
}

// sweep forgets what returned before the event now, when all that is open was not called yet.
func (w *watchedEmpties) sweep(now int64) {
	done := sort.Search(len(w.found), func(i int) bool { return w.found[i].ret >= now })
	for _, f := range w.found[:done] {
		w.before = max(w.before, w.free(f.call))
	}
	w.found = slices.Delete(w.found, 0, done)
	for _, f := range w.found {
		now = min(now, f.call)
	}
	w.covered = slices.DeleteFunc(w.covered, func(s span) bool { return s.end <= now })
}
