package objects

import (
	"context"

	"schism/checker"
	"schism/checker/linear"
	"schism/history"
)

// watchedGroups watches each register of a group alone, as refuteByRegister looks at it: after each event it is known
// whether one of them is broken. What only several together show is found in parts of the history, if a part shows it.
//
// Registers that a transaction uses twice are not watched, nor keys on which values recur. What is kept is what
// linear.Watch keeps, and of each transaction that is open what it asked for.
type watchedGroups struct {
	*checker.Parts
	registers checker.Watch
	open      map[history.Process][]history.Access
}

func (c Checker) watchGroups() checker.Watch {
	return &watchedGroups{
		Parts:     &checker.Parts{Written: writtenTogether, Part: c.checkPart},
		registers: linear.Register{}.Watch(),
		open:      make(map[history.Process][]history.Access),
	}
}

// checkPart looks only for what is certain.
func (c Checker) checkPart(ctx context.Context, h *history.History, asked *checker.Numbers) checker.Check {
	var here checker.Numbers // whichever register they are for: no value recurs
	for i := range h.Operations {
		all, _ := history.SplitTxn(h.Operations[i].Input) // Parts has looked
		for _, a := range all {
			if a.Kind != history.Reads {
				here.Add(history.Text(a.Value))
			}
		}
	}
	return c.judge(ctx, h, func(k *key) {
		k.part = true
		k.cutSeen(func(value string) bool { return !asked.Lacks(value) && !here.Has(value) })
	})
}

// Add takes the next event.
func (w *watchedGroups) Add(e *history.Event) checker.Sight {
	if s := w.Parts.Add(e); s != checker.Fine || w.Over(e.Key) || !e.Process.IsClient() || e.F == history.FinalRead {
		return s
	}
	all := w.open[e.Process]
	if e.Kind == history.Invoke {
		all, _ = history.SplitTxn(e.Value) // Parts has looked
		w.open[e.Process] = all
	} else {
		delete(w.open, e.Process)
	}
	shown := all
	if e.Kind == history.OK && !history.IsNil(e.Value) {
		if shown, _ = history.SplitTxn(e.Value); len(shown) != len(all) {
			return checker.Fine // it is not an answer: its reader says so
		}
	}
	sight := checker.Fine
	for i, a := range all {
		one := history.Event{Index: e.Index, Process: e.Process*mostAccesses + history.Process(i), Kind: e.Kind, Key: e.Key + "\x00" + a.Register, F: alone(all, i), Value: a.Value}
		if a.Kind == history.Reads {
			one.Value = shown[i].Value
		}
		if w.registers.Add(&one) == checker.Broken {
			sight = checker.Broken
		}
	}
	return sight
}

// mostAccesses is more than a transaction has of them. Each is a process of its own for the watch of registers.
const mostAccesses = 1 << 20

// alone is what a transaction does to a register; twice, which nobody watches, if it uses that more than once.
func alone(all []history.Access, i int) string {
	for j, b := range all {
		if j != i && b.Register == all[i].Register {
			return "twice"
		}
	}
	switch all[i].Kind {
	case history.Reads:
		return history.Read
	case history.Writes:
		return history.Write
	}
	return history.Append
}
