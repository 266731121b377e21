package objects

import (
	"cmp"
	"slices"
)

// watchedTakers tell whether dequeues without an answer can have taken what is gone: of all values that are
// acknowledged, and that no answer shows, each that was enqueued before something that was dequeued, or before
// somebody found the queue empty. See refuteQueue, whose second condition it is: whoever returned at an event and tells
// that all that was there before another one is gone, tells that this was taken by dequeues called before he returned.
//
// Who returned between the calls of the same two of them tells of the same takers, so that of what these tell the most
// is enough. To be answered makes a taker less: only then can there be too few, for those who returned since its
// call. The values are in the order in which they were acknowledged: with n takers, the value at n must not be gone.
type watchedTakers struct {
	lost int     // those without an answer for good, that were called before all others
	told int64   // by whoever returned before the others were called: all before this event is gone
	open []taker // in the order of their calls
}

// taker is a dequeue without an answer.
type taker struct {
	call int64
	lost bool  // it will have none
	told int64 // since its call, and before that of the next one
}

func (t *watchedTakers) call(now int64) { t.open = append(t.open, taker{call: now, told: none}) }

func (t *watchedTakers) find(call int64) int {
	at, _ := slices.BinarySearchFunc(t.open, call, func(o taker, call int64) int { return cmp.Compare(o.call, call) })
	return at
}

func (t *watchedTakers) lose(call int64) { t.open[t.find(call)].lost = true }

// answer takes one away, and returns how many stand before it.
func (t *watchedTakers) answer(call int64) (before int) {
	at := t.find(call)
	told := t.open[at].told
	t.open = slices.Delete(t.open, at, at+1)
	t.hear(at-1, told)
	return at
}

// tell takes from who returns now that all that was there before an event is gone.
func (t *watchedTakers) tell(before int64) { t.hear(len(t.open)-1, before) }

func (t *watchedTakers) hear(at int, before int64) {
	told := &t.told
	if at >= 0 {
		told = &t.open[at].told
	}
	*told = max(*told, before)
}

// enough says whether those who returned since the call of one that had so many before it tell of no more values
// than there are takers.
func (t *watchedTakers) enough(before int, there []*queuedValue) bool {
	for at := before - 1; at < len(t.open); at++ {
		told, takers := t.told, t.lost
		if at >= 0 {
			told, takers = t.open[at].told, t.lost+at+1
		}
		if takers < len(there) && there[takers].acked < told {
			return false
		}
	}
	return true
}

// all is how many there are.
func (t *watchedTakers) all() int { return t.lost + len(t.open) }

// sweep only counts those that nothing can be said of any more: what was told of them was true, and stays so.
func (t *watchedTakers) sweep() {
	done := 0
	for done < len(t.open) && t.open[done].lost {
		t.told = max(t.told, t.open[done].told)
		done++
	}
	t.lost += done
	t.open = slices.Delete(t.open, 0, done)
}
