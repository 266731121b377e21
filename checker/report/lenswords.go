package report

import (
	"schism/checker"
	"schism/history"
)

// lens are the words between the two operations that contradict each other.
type lens struct {
	clock, value, verdict words
}

// words are one text in a long and a short form.
type words struct{ long, short string }

func lensOf(s story) *lens {
	rival, ok := rivalIn(s.ops)
	if !ok {
		return nil
	}
	focus := focusOf(s.ops)
	was, is, later := rival.holds(), focus.holds(), span(focus.CallTime-rival.ReturnTime)
	l := &lens{clock: words{"by the clock: " + was + " came " + later + " earlier", later + " earlier"}, verdict: words{"no order fits both", "no order fits"}}
	switch s.anomaly.Name {
	case checker.DirtyRead:
		return &lens{
			words{"by the answer: the write certainly failed", "it failed"},
			words{"by the value: " + is + " was read", is + " was read"}, words{"both cannot be true", "not both"},
		}
	case checker.Fractured:
		return &lens{
			words{"both read after everything had healed", "both after healing"},
			words{"one holds " + was + ", the other " + is, was + " and " + is}, words{"the nodes disagree", "they disagree"},
		}
	}
	switch {
	case behindIt(s.anomaly.Name):
		l.value = words{"by the value: what its client wrote afterwards is there, and this is not before it", "its successor is there"}
	case rival.F == history.Acquire:
		l.clock = words{"by the clock: " + was + " had it " + later + " earlier", later + " earlier"}
		l.value = words{"by the answer: " + is + " got it, so nobody had it", is + " got it"}
	case rival.F == history.Add:
		l.clock = words{"by the clock: it was added " + later + " earlier", later + " earlier"}
		l.value = words{"by the value: " + is + " does not count it", is + " is too little"}
	case focus.F == history.Dequeue && is == nothing:
		l.value = words{"by the answer: there was nothing, and so not " + was, "nothing, not " + was}
	case focus.F == history.Dequeue && rival.F == history.Enqueue:
		l.clock = words{"by the clock: " + was + " was put in " + later + " earlier", later + " earlier"}
		l.value = words{"by the order: " + is + " came out, and " + was + " had not", is + " before " + was}
	case s.anomaly.Name == checker.LostWrite:
		l.value = words{"by the value: " + is + " is there, " + was + " is not", was + " is gone"}
	default:
		l.value = words{"by the value: it read " + is + ", so it came before " + was, is + " is before " + was}
	}
	return l
}

// conclusion is what the focus ends with.
func (s story) conclusion() string {
	switch s.anomaly.Name {
	case checker.LostWrite:
		return "What was acknowledged is gone."
	case checker.DirtyRead:
		return "Nobody can have written it."
	case checker.DuplicateApply:
		return "One operation took effect twice."
	case checker.Fractured:
		return "The nodes hold different states."
	case checker.SplitBrain:
		if focusOf(s.ops).ofLock() {
			return "A lock has one holder at most."
		}
		return "One term has one leader at most."
	case checker.Unavailable:
		return "From here on nobody was served for longer than the scenario allows."
	case checker.MonotonicWrites, checker.WritesFollowReads:
		return "What came later is there without it."
	case checker.ReadYourWrites, checker.MonotonicReads:
		return "The client had seen more before."
	}
	if ofIsolation(s.anomaly.Name) {
		return "What was promised does not allow it."
	}
	return "No order of these operations allows it."
}

// demand is what must hold from an acknowledged write on.
func demand(s story, o proofOp) string {
	if !o.rival || o.weight() == 0 || s.anomaly.Name == checker.DirtyRead {
		return ""
	}
	switch o.F {
	case history.Txn:
		if o.appendsTo(o.key) {
			return " From now on " + o.holds() + " is in " + name(o.key) + "."
		}
	case history.Append:
		return " From now on " + o.holds() + " is in " + name(o.key) + "."
	case history.Add:
		return " From now on " + name(o.key) + " counts it."
	case history.Enqueue:
		return " From now on " + o.holds() + " is in " + name(o.key) + " until somebody takes it out."
	case history.Acquire:
		return " From now on nobody else gets " + name(o.key) + " until it is released."
	}
	return " From now on " + name(o.key) + " is " + o.holds() + " or newer."
}
