package appendlist

import (
	"context"

	"schism/checker"
	"schism/history"
)

// Watch decides lists while they grow: after each event, whether the history so far is linearizable, exactly as
// Lists would decide it. Keys on which a token may have been appended twice are Unwatched.
//
// Why one event costs little: all reads so far show beginnings of the longest one, so that of the next one only
// what goes on beyond that has to be taken apart, once for all; the rest is compared as a text. See watchedList.
//
// Why memory does not grow with the history: what every read that is open, or to come, must show, nobody has to
// look at again. A hash of it tells whether they do. That two lists have the same hash may hide a difference, which
// the check at the end finds; it never makes one. What stays are the tokens that nobody was shown yet, and two bits
// for each that was asked for.
type Watch struct {
	*checker.KeyedWatch[*watchedToken]
	lists    Lists
	asked    checker.Numbers // tokens that somebody asked to append
	appended checker.Numbers // those of them whose append has not failed
}

// Watch begins with an empty history.
func (c Lists) Watch() checker.Watch {
	w := &Watch{lists: c}
	w.KeyedWatch = checker.NewKeyedWatch(func() checker.KeyWatch[*watchedToken] { return newWatchedList(w) })
	return w
}

// CheckPart judges keys by the operations that were called in the last part of a history. Left out of every list are
// the tokens that were asked for before. What is left are lists too: if they are not linearizable, the whole is not.
func (w *Watch) CheckPart(ctx context.Context, h *history.History) checker.Check {
	keys := split(h)
	for _, k := range keys {
		k.before = func(text string) bool { return !w.asked.Lacks(text) }
	}
	return w.lists.judge(ctx, h, keys)
}
