package linear

import (
	"context"

	"schism/checker"
	"schism/history"
)

// Watch decides registers while their history grows: after each event, whether the history so far is
// linearizable, exactly as zones would decide it. Keys whose values recur, or whose results are not exact, are
// Unwatched.
//
// Why one event costs little: a block's f is the event at which the first of its operations returned, so that
// later blocks have later f, and only a completion that shows a value can make a conflict, by moving the s of one
// block. See watchedKey.
//
// Why memory does not grow with the history: a value that nothing may see any more is forgotten, and then to
// see it is a conflict like any other (see watchedKey.sweep). What stays is what may still be seen: the values
// around the operations that are open, and the unknown writes that nobody saw. Of the rest two bits each
// tell that it was written, so that a value that recurs is noticed.
type Watch struct {
	register Register
	keys     map[string]*watchedKey
	open     map[history.Process]pendingOp
	asked    checker.Numbers // values that somebody asked to write
	written  checker.Numbers // those of them whose write has not failed
}

// pendingOp is an operation that was called.
type pendingOp struct {
	key  *watchedKey // nil: it is not watched
	f    string
	call int64
	to   *version // what it wants to write
}

// Watch begins with an empty history.
func (c Register) Watch() checker.Watch {
	return &Watch{register: c, keys: make(map[string]*watchedKey), open: make(map[history.Process]pendingOp)}
}

// Add takes the next event.
func (w *Watch) Add(e *history.Event) checker.Sight {
	if !e.Process.IsClient() || e.F == history.FinalRead {
		return checker.Fine
	}
	k := w.keys[e.Key]
	if k == nil {
		k = newWatchedKey()
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
		if e.Kind == history.Fail && p.to != nil {
			delete(k.versions, p.to.text)
			w.written.Remove(p.to.text)
		}
		s = k.complete(p, e)
	}
	if s != checker.Fine {
		*k = watchedKey{over: true}
	}
	return s
}

// call notes what may take effect from now on.
func (w *Watch) call(k *watchedKey, e *history.Event) checker.Sight {
	p := pendingOp{key: k, f: e.F, call: e.Index}
	var from, to history.Value
	switch e.F {
	case history.Read:
	case history.Write:
		to = e.Value
	case history.CAS:
		var err error
		if from, to, err = history.SplitPair(e.Value); err != nil {
			return checker.Unwatched
		}
	default:
		return checker.Unwatched
	}
	if e.F != history.Read {
		v := &version{call: e.Index, seen: never, cas: e.F == history.CAS, text: history.Text(to)}
		if v.cas {
			v.from = history.Text(from)
		}
		if _, known := k.versions[v.text]; known {
			return checker.Unwatched
		}
		if w.written.Has(v.text) {
			return checker.Unwatched
		}
		w.asked.Add(v.text)
		v.noted, p.to = w.written.Add(v.text), v
		k.versions[v.text] = v
	}
	k.open = append(k.open, e.Index)
	w.open[e.Process] = p
	return checker.Fine
}

// CheckPart judges keys by the operations that were called in the last part of a history. Left out is what
// needs more to mean anything: what saw a value whose write is not among them, and of a cas that it took such a
// value away. Whatever is not linearizable without them is not with them (see prover.proves).
func (w *Watch) CheckPart(ctx context.Context, h *history.History) checker.Check {
	return w.register.judge(ctx, h, func(h *history.History) []*key {
		keys := split(h)
		for _, k := range keys {
			k.cut(&w.asked)
		}
		return keys
	})
}

// cut leaves out what saw a value that was asked for before the first operation.
func (k *key) cut(asked *checker.Numbers) {
	known := make([]bool, k.values) // here, or never asked for at all
	known[initial] = true
	for text, v := range k.ids {
		if asked.Lacks(text) {
			known[v] = true
		}
	}
	for i := range k.ops {
		if o := &k.ops[i]; o.writes() {
			known[o.to] = true
		}
	}
	for v := range k.failed {
		known[v] = true // what failed must not be seen
	}
	rest := k.ops[:0]
	for _, o := range k.ops {
		if v, ok := o.shows(); ok && !known[v] {
			if o.kind != cas {
				continue
			}
			o.kind, o.from = write, initial
		}
		rest = append(rest, o)
	}
	k.ops = rest
}
