package checker

import (
	"context"
	"slices"

	"schism/history"
)

// Parts is the watch of a checker that cannot tell by single events what is broken, but by a part of a history: by the
// operations that were called in it. Parts that overlap find at a bounded cost whatever a part proves. A value that is
// seen in a part must not have been written before it as well: keys on which values recur are Unwatched.
//
// What is kept is a bit for every value.
type Parts struct {
	// Written are the values that an operation wants to write; there is an error for what the checker does not know.
	Written func(invocation *history.Event) ([]history.Value, error)
	// Part judges a part. Asked are the values that somebody asked to write, in it or before.
	Part func(ctx context.Context, h *history.History, asked *Numbers) Check

	asked Numbers
	over  map[string]bool // keys that are Unwatched
}

// Add takes the next event. It is never Broken.
func (w *Parts) Add(e *history.Event) Sight {
	if !e.Process.IsClient() || e.F == history.FinalRead || e.Kind != history.Invoke || w.over[e.Key] {
		return Fine
	}
	values, err := w.Written(e)
	known := err == nil
	for _, v := range values {
		text := history.Text(v)
		known = known && !w.asked.Has(text) && w.asked.Add(text)
	}
	if known {
		return Fine
	}
	if w.over == nil {
		w.over = make(map[string]bool)
	}
	w.over[e.Key] = true
	return Unwatched
}

// CheckPart judges the keys that are watched.
func (w *Parts) CheckPart(ctx context.Context, h *history.History) Check {
	part := *h
	if len(w.over) > 0 {
		part.Operations = slices.DeleteFunc(slices.Clone(h.Operations), func(o history.Operation) bool { return w.over[o.Key] })
	}
	return w.Part(ctx, &part, &w.asked)
}

// Over says whether a key is Unwatched.
func (w *Parts) Over(key string) bool { return w.over[key] }

// InParts makes it a PartialWatch.
func (w *Parts) InParts() {}
