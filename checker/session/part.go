package session

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// Watch judges a history part by part. Each guarantee says that some operations contradict one another, whatever the
// others did: so a part from which what needs more is left out contradicts itself only if the whole does.
func (c Sessions) Watch() checker.Watch {
	w := &checker.Parts{Written: asksToWrite, Part: c.checkPart}
	if c.Lists {
		w.Written = asksToAppend
	}
	return w
}

func asksToWrite(e *history.Event) ([]history.Value, error) {
	v, writes, err := checker.Written(&history.Operation{F: e.F, Input: e.Value, Call: e.Index})
	if err != nil || !writes {
		return nil, err
	}
	return []history.Value{v}, nil
}

func asksToAppend(e *history.Event) ([]history.Value, error) {
	switch e.F {
	case history.Append:
		return []history.Value{e.Value}, nil
	case history.Read:
		return nil, nil
	}
	return nil, fmt.Errorf("event %d invokes %q: sessions on lists know append and read", e.Index, e.F)
}

// checkPart leaves out whatever saw a value that was asked for before the part, of a list that value, and of a cas what
// it was changed from.
func (c Sessions) checkPart(ctx context.Context, h *history.History, asked *checker.Numbers) checker.Check {
	mine := map[string]bool{"null": true}
	for i := range h.Operations {
		o := &h.Operations[i]
		if v, writes, err := checker.Written(o); err == nil && writes {
			mine[history.Text(v)] = true
		} else if o.F == history.Append {
			mine[history.Text(o.Input)] = true
		}
	}
	known := func(v history.Value) bool {
		text := history.Text(v)
		return mine[text] || asked.Lacks(text)
	}
	part := *h
	part.Operations = nil
	for _, o := range h.Operations {
		if c.Lists && o.F == history.Read && o.Outcome == history.OK {
			o.Output = without(o.Output, known)
		} else if v, shown := checker.Shown(&o); shown && !known(v) {
			to, writes, _ := checker.Written(&o)
			if !writes || o.Outcome != history.OK {
				continue
			}
			o.F, o.Input, o.Output = history.Write, to, to
		}
		part.Operations = append(part.Operations, o)
	}
	return c.Check(ctx, &part)
}

// without leaves the elements of a list out that are not known. What is no list stays as it is.
func without(v history.Value, known func(history.Value) bool) history.Value {
	var list []json.RawMessage
	if json.Unmarshal(v, &list) != nil {
		return v
	}
	return history.Encode(slices.DeleteFunc(list, func(e json.RawMessage) bool { return !known(e) }))
}
