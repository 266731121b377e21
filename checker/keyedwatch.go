package checker

import (
	"slices"

	"schism/history"
)

// KeyedWatch watches keys that are independent of each other. It brings every event to the watch of its key, a
// completion together with what was called. Of operations that are open it keeps when they were called, so that a
// key forgets what none of these, and none to come, can have to do with.
type KeyedWatch[P any] struct {
	begin func() KeyWatch[P]
	keys  map[string]*watchedKey[P]
	open  map[history.Process]pending[P]
}

// KeyWatch watches one key. P is what it wants to know of an operation when that is over.
type KeyWatch[P any] interface {
	// Call takes an invocation. It is not open unless that is Fine.
	Call(e *history.Event) (p P, s Sight)
	// Complete takes the completion of what was called at an event.
	Complete(call int64, p P, e *history.Event) Sight
	// Sweep forgets what matters to no operation that is called at the event now or later, and returns after how
	// many completions it wants to do so again.
	Sweep(now int64) (completions int)
}

// watchedKey is one key.
type watchedKey[P any] struct {
	watch KeyWatch[P]
	open  []int64 // calls of the operations that are open, in order
	until int     // completions until the next sweep
	over  bool    // nothing more is said of it
	last  int64   // the last event that it was given
}

// pending is an operation that was called.
type pending[P any] struct {
	key  *watchedKey[P]
	call int64
	p    P
}

// LeastSweep is the least number of completions between two sweeps that is worth while.
const LeastSweep = 64

// NewKeyedWatch begins with an empty history, and each key by begin.
func NewKeyedWatch[P any](begin func() KeyWatch[P]) *KeyedWatch[P] {
	return &KeyedWatch[P]{begin: begin, keys: make(map[string]*watchedKey[P]), open: make(map[history.Process]pending[P])}
}

// Add takes the next event.
func (w *KeyedWatch[P]) Add(e *history.Event) Sight {
	if !e.Process.IsClient() || e.F == history.FinalRead {
		return Fine
	}
	k := w.keys[e.Key]
	if k == nil {
		k = &watchedKey[P]{watch: w.begin(), until: LeastSweep}
		w.keys[e.Key] = k
	}
	if k.over {
		delete(w.open, e.Process)
		return Fine
	}
	k.last = e.Index
	s := w.take(k, e)
	switch s {
	case Broken:
		k.over, k.open = true, nil
	case Unwatched:
		*k = watchedKey[P]{over: true}
	}
	return s
}

func (w *KeyedWatch[P]) take(k *watchedKey[P], e *history.Event) Sight {
	if e.Kind == history.Invoke {
		p, s := k.watch.Call(e)
		if s == Fine {
			k.open = append(k.open, e.Index)
			w.open[e.Process] = pending[P]{k, e.Index, p}
		}
		return s
	}
	o := w.open[e.Process]
	delete(w.open, e.Process)
	if o.key != k {
		return Fine // it is not a history: its reader says so
	}
	if at, found := slices.BinarySearch(k.open, o.call); found {
		k.open = slices.Delete(k.open, at, at+1)
	}
	s := k.watch.Complete(o.call, o.p, e)
	if k.until--; s == Fine && k.until <= 0 {
		k.sweep(e.Index)
	}
	return s
}

// sweep after the event now: what is open was called before it, what is to come after it.
func (k *watchedKey[P]) sweep(now int64) {
	if len(k.open) > 0 {
		now = k.open[0]
	}
	k.until = k.watch.Sweep(now)
}

// Key is the watch of one key, as long as it is Fine or Broken, else nil.
func (w *KeyedWatch[P]) Key(name string) KeyWatch[P] {
	if k := w.keys[name]; k != nil {
		return k.watch
	}
	return nil
}

// SoFar leaves out, or open, what came on a key after the event that broke it. Its watch has not heard of that.
func (w *KeyedWatch[P]) SoFar(ops []history.Operation) []history.Operation {
	known := make([]history.Operation, 0, len(ops))
	for _, o := range ops {
		k := w.keys[o.Key]
		if k == nil || o.Call > k.last {
			continue
		}
		if o.Return > k.last {
			o.Outcome, o.Output, o.Rare, o.Error = history.Info, nil, nil, ""
		}
		known = append(known, o)
	}
	return known
}

// SweepSoon has a key forget after the next completion.
func (w *KeyedWatch[P]) SweepSoon(name string) {
	if k := w.keys[name]; k != nil {
		k.until = 1
	}
}
