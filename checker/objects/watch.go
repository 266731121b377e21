package objects

import (
	"cmp"
	"context"
	"slices"

	"schism/checker"
	"schism/history"
)

// Watch decides objects of one kind while their history grows: after each event, whether the history so far is
// linearizable, exactly as the near-linear check of that kind would decide it. Keys that it does not fit are Unwatched.
// How that is known at a cost per event that does not grow is told in the file of each kind.
type Watch struct {
	keyed
	checker Checker
	cut     func(*key)
	asked   checker.Numbers // values that somebody asked to put in, or to have the lock as
	held    checker.Numbers // those of them that have not failed
	apart   checker.Numbers // those that something was done with that a part may not show, though it shows that
}

// keyed is a checker.KeyedWatch, of whatever a kind has to know of operations.
type keyed interface {
	Add(*history.Event) checker.Sight
	SweepSoon(key string)
	SoFar([]history.Operation) []history.Operation
}

// eye begins to watch a kind of object. Cut leaves out, of a key of which only the last operations are there, what needs
// more to mean anything: what is left is linearizable if the whole is.
type eye func(*Watch) (w keyed, cut func(*key))

// Watch begins with an empty history. It is nil for a kind that cannot be watched.
func (c Checker) Watch() checker.Watch {
	if c.object.together {
		return c.watchGroups()
	}
	if c.object.eye == nil {
		return nil
	}
	w := &Watch{checker: c}
	w.keyed, w.cut = c.object.eye(w)
	return w
}

// CheckPart judges keys by the operations that were called in the last part of a history, as they were when a key
// broke.
func (w *Watch) CheckPart(ctx context.Context, h *history.History) checker.Check {
	part := *h
	part.Operations = w.SoFar(h.Operations)
	return w.checker.judge(ctx, &part, func(k *key) {
		k.part = true
		w.cut(k)
	})
}

// asWatched gives the reasons for which a key was broken before it came to be one that the near-linear check does not
// fit: what was told while the history grew is found at its end too. Linearizability is closed under beginnings.
func (c Checker) asWatched(ctx context.Context, k *key) []*finding {
	w, is := c.Watch().(*Watch)
	if !is || k.part {
		return nil
	}
	one := *k.h
	one.Operations = nil
	for _, at := range k.from {
		one.Operations = append(one.Operations, k.h.Operations[at])
	}
	for _, e := range eventsOf(one.Operations) {
		switch w.Add(&e) {
		case checker.Unwatched:
			return nil
		case checker.Broken:
			one.Operations = w.SoFar(one.Operations)
			begun := c.normalize(&one)[0]
			if c.object.fits(begun) {
				return c.object.decide(begun)
			}
			return c.object.refute(ctx, begun)
		}
	}
	return nil
}

// eventsOf are the calls and answers that operations were made of, as far as a Watch reads them.
func eventsOf(ops []history.Operation) []history.Event {
	var all []history.Event
	for i := range ops {
		o := &ops[i]
		e := history.Event{Index: o.Call, Process: o.Process, Kind: history.Invoke, F: o.F, Key: o.Key, Value: o.Input}
		if all = append(all, e); o.Return >= 0 {
			e.Index, e.Kind = o.Return, o.Outcome
			if o.Outcome == history.OK && o.Output != nil {
				e.Value = o.Output
			}
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b history.Event) int { return cmp.Compare(a.Index, b.Index) })
	return all
}
