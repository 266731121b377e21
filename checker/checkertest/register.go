package checkertest

import "schism/history"

// Wants is what an operation wants a register to become, if it wants a change.
func Wants(o *history.Operation) (v history.Value, change bool) {
	switch o.F {
	case history.Write:
		return o.Input, true
	case history.CAS:
		from, to, _ := history.SplitPair(o.Input)
		return to, string(from) != string(to)
	}
	return nil, false
}

// Told is what an operation was told that a register held, if it was.
func Told(o *history.Operation) (v history.Value, told bool) {
	switch {
	case o.F == history.Read:
		return o.Output, o.Outcome == history.OK
	case o.F == history.CAS && o.Outcome == history.OK:
		from, _, _ := history.SplitPair(o.Input)
		return from, true
	}
	return o.Found(), o.Found() != nil
}
