package report

import (
	"cmp"
	"slices"

	"schism/checker"
	"schism/history"
)

// proofOp is an operation of an anomaly's proof.
type proofOp struct {
	history.Operation
	key   string // the anomaly's; a final read has none of its own
	focus bool   // it broke the promise
	rival bool   // it is what the focus contradicts
}

// proof finds the operations that an anomaly names, in the order of their calls. Those that the
// history does not have are left out.
func proof(h *history.History, a checker.Anomaly) []proofOp {
	var ops []proofOp
	for _, call := range a.Ops {
		op, ok := find(h.Operations, call)
		if !ok {
			op, ok = find(h.FinalReads, call)
		}
		if ok {
			ops = append(ops, proofOp{Operation: op, key: a.Key, focus: call == a.Focus})
		}
	}
	slices.SortFunc(ops, func(a, b proofOp) int { return cmp.Compare(a.Call, b.Call) })
	ops = slices.CompactFunc(ops, func(a, b proofOp) bool { return a.Call == b.Call })
	about(ops, a.Key)
	if i := rivalOf(ops, a.Name); i >= 0 {
		ops[i].rival = true
	}
	return ops
}

func find(ops []history.Operation, call int64) (history.Operation, bool) {
	i, ok := slices.BinarySearchFunc(ops, call, func(o history.Operation, c int64) int { return cmp.Compare(o.Call, c) })
	if !ok {
		return history.Operation{}, false
	}
	return ops[i], true
}

// rivalOf is the operation that the focus cannot be reconciled with: of those that had ended before
// it began and that hold another value, the last; a write rather than a read. -1: there is none.
func rivalOf(ops []proofOp, anomaly string) int {
	f := slices.IndexFunc(ops, func(o proofOp) bool { return o.focus })
	if f < 0 {
		return -1
	}
	focus, best := ops[f], -1
	for i, o := range ops {
		if i == f || !o.contradicts(focus, anomaly) {
			continue
		}
		if best >= 0 && behindIt(anomaly) {
			break // the first is what is missing
		}
		if best < 0 || cmp.Or(cmp.Compare(o.weight(), ops[best].weight()), cmp.Compare(o.Return, ops[best].Return)) > 0 {
			best = i
		}
	}
	return best
}

// behindIt says whether an anomaly is that something is seen without what its session had done or seen before.
func behindIt(anomaly string) bool {
	return anomaly == checker.MonotonicWrites || anomaly == checker.WritesFollowReads
}

func (o proofOp) contradicts(focus proofOp, anomaly string) bool {
	switch anomaly {
	case checker.DirtyRead:
		return o.Outcome == history.Fail && o.Return >= 0 && o.Return < focus.Call
	case checker.Fractured:
		return o.F == history.FinalRead && o.holds() != focus.holds()
	case checker.DuplicateApply:
		return false // one list shows it all, whenever it was read
	case checker.SplitBrain:
		if !o.ofLock() {
			return false // its values are not what is wrong
		}
		return focus.ofLock() && o.F == history.Acquire && o.Call < focus.Call && o.holds() != focus.holds()
	case checker.Unavailable:
		return false
	}
	if ofIsolation(anomaly) {
		return focus.misses(o)
	}
	return o.Outcome == history.OK && o.Return >= 0 && o.Return < focus.Call && o.holds() != focus.holds()
}

func (o proofOp) weight() int {
	if o.F == history.Dequeue || !history.Changes(o.F, o.Input) {
		return 0
	}
	return 1
}

// noAnswer says whether the operation's end is not known.
func (o proofOp) noAnswer() bool { return o.Outcome == history.Info }

// who is whose operation it is: "client 7", or the name of the node that was read at the end.
func (o proofOp) who() string {
	if o.F == history.FinalRead {
		return "final read"
	}
	return "client " + o.Process.String()
}
