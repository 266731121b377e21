package txn

import (
	"fmt"

	"schism/checker"
	"schism/history"
)

// tell is what is wrong on one register.
func (rs *registers) tell(h *history.History, f find, keys int) checker.Anomaly {
	message, proof := rs.wrong(f)
	others := []int32{}
	if f.other != none {
		others = append(others, rs.steps[f.other].txn)
	}
	a := anomaly(h, f.name, rs.record.keys[f.key], rs.steps[f.focus].txn, others...)
	a.Message = titles[f.name] + ": " + message + "."
	a.Proof, a.Extent = proof+".", checker.OnKeys(keys, len(rs.keys))
	return a
}

func (rs *registers) wrong(f find) (message, proof string) {
	saw := rs.saw(f.focus)
	if f.name == checker.DirtyRead {
		return saw + ", which nobody ever asked to write", "a register holds nothing but what transactions wrote to it"
	}
	whose := rs.whose(rs.steps[f.other].txn)
	switch f.name {
	case checker.G1a:
		return fmt.Sprintf("%s, although %s, which wrote that, was aborted", saw, whose), "what is aborted must never be seen"
	case checker.G1b:
		return fmt.Sprintf("%s, although %s wrote over that itself", saw, whose), "only what a transaction wrote last is there when it is over"
	case checker.LostUpdate:
		return fmt.Sprintf("%s, %s had read the same, and both then wrote to it", saw, whose),
			"of two transactions that write the next version of what they read, one did not know of the other"
	}
	switch f.how {
	case ownMissing:
		return fmt.Sprintf("%s, although it had itself written %s before", saw, rs.show(f.other)), "a transaction sees its own writes"
	case ownEarly:
		return saw + ", which it was itself only going to write", "a transaction sees nothing that it has not done yet"
	}
	return fmt.Sprintf("%s, although it had %s before and wrote nothing in between", saw, rs.did(f.other)), "until a transaction is over, what it read does not change"
}
