package checkertest

import (
	"slices"

	"schism/history"
)

// Events are the events that a history's operations were made of.
func Events(ops []history.Operation) []history.Event {
	var all []history.Event
	for _, o := range ops {
		e := history.Event{Process: o.Process, F: o.F, Key: o.Key}
		call, end := e, e
		call.Index, call.Kind, call.Value = o.Call, history.Invoke, o.Input
		end.Index, end.Kind, end.Value, end.Error, end.Found = o.Return, o.Outcome, o.Input, o.Error, o.Found()
		if o.Outcome == history.OK && (o.F == history.Read || o.Output != nil) {
			end.Value = o.Output
		}
		all = append(all, call, end)
	}
	slices.SortFunc(all, func(a, b history.Event) int { return int(a.Index - b.Index) })
	return all
}

// SoFar is what was known of a history's operations by the event now.
func SoFar(ops []history.Operation, now int64) []history.Operation {
	var known []history.Operation
	for _, o := range ops {
		if o.Call > now {
			break
		}
		if o.Return > now {
			o.Outcome, o.Output, o.Rare, o.Error = history.Info, nil, nil, ""
		}
		known = append(known, o)
	}
	return known
}
