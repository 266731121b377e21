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
	lists    Lists
	keys     map[string]*watchedList
	open     map[history.Process]pendingOp
	asked    checker.Numbers // tokens that somebody asked to append
	appended checker.Numbers // those of them whose append has not failed
}

// pendingOp is an operation that was called.
type pendingOp struct {
	key   *watchedList
	call  int64
	token *watchedToken // what it wants to append; nil: it is a read
}

// Watch begins with an empty history.
func (c Lists) Watch() checker.Watch {
	return &Watch{lists: c, keys: make(map[string]*watchedList), open: make(map[history.Process]pendingOp)}
}

// Add takes the next event.
func (w *Watch) Add(e *history.Event) checker.Sight {
	if !e.Process.IsClient() || e.F == history.FinalRead {
		return checker.Fine
	}
	k := w.keys[e.Key]
	if k == nil {
		k = newWatchedList()
		w.keys[e.Key] = k
	}
	if k.over {
		delete(w.open, e.Process)
		return checker.Fine
	}
	var s checker.Sight
	if e.Kind == history.Invoke {
		s = w.call(k, e)
	} else {
		p := w.open[e.Process]
		delete(w.open, e.Process)
		if p.key != k {
			return checker.Fine // it is not a history: its reader says so
		}
		if e.Kind == history.Fail && p.token != nil {
			delete(k.tokens, p.token.text)
			w.appended.Remove(p.token.text)
		}
		s = k.complete(p, e)
	}
	if s != checker.Fine {
		*k = watchedList{over: true}
	}
	return s
}

// call notes what may take effect from now on.
func (w *Watch) call(k *watchedList, e *history.Event) checker.Sight {
	p := pendingOp{key: k, call: e.Index}
	switch e.F {
	case history.Read:
	case history.Append:
		t := &watchedToken{text: history.Text(e.Value), call: e.Index, acked: never}
		if _, known := k.tokens[t.text]; known || w.appended.Has(t.text) {
			return checker.Unwatched
		}
		w.asked.Add(t.text)
		t.noted = w.appended.Add(t.text)
		k.tokens[t.text], p.token = t, t
	default:
		return checker.Unwatched
	}
	k.open = append(k.open, e.Index)
	w.open[e.Process] = p
	return checker.Fine
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
