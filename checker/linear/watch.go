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
// see it is a conflict like any other (see watchedKey.Sweep). What stays is what may still be seen: the values
// around the operations that are open, and the unknown writes that nobody saw. Of the rest two bits each
// tell that it was written, so that a value that recurs is noticed.
type Watch struct {
	*checker.KeyedWatch[pendingOp]
	register Register
	asked    checker.Numbers // values that somebody asked to write
	written  checker.Numbers // those of them whose write has not failed
}

// pendingOp is an operation that was called.
type pendingOp struct {
	f  string
	to *version // what it wants to write
}

// Watch begins with an empty history.
func (c Register) Watch() checker.Watch {
	w := &Watch{register: c}
	w.KeyedWatch = checker.NewKeyedWatch(func() checker.KeyWatch[pendingOp] { return newWatchedKey(w) })
	return w
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
