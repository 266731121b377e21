package appendlist

import (
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// finding is one anomaly of one key.
type finding struct {
	name    string
	key     *key
	focus   *history.Operation
	ops     []*history.Operation // that prove it
	message string               // without its full stop
	proof   string
}

func (k *key) newFinding(name string, focus *history.Operation) *finding {
	return &finding{name: name, key: k, focus: focus, ops: []*history.Operation{focus}}
}

// anomalies puts what was found on all keys into the words of a result.
func anomalies(h *history.History, found []*finding, keys int) []checker.Anomaly {
	on := make(map[string]int)
	for _, f := range found {
		on[f.name]++
	}
	var all []checker.Anomaly
	for _, f := range found {
		a := checker.Anomaly{Name: f.name, Key: f.key.name, Focus: f.focus.Call, Message: f.message + ".", Faults: checker.FaultsAt(h, f.focus)}
		for _, o := range f.ops {
			a.Ops = append(a.Ops, o.Call)
		}
		slices.Sort(a.Ops)
		a.Ops = slices.Compact(a.Ops)
		a.Proof, a.Extent = f.proof, checker.OnKeys(on[f.name], keys)
		all = append(all, a)
	}
	return all
}

// views are everything that was shown, the states of the nodes at the end last of all.
func (k *key) views() []*view { return slices.Concat(k.reads, k.finals) }

// duplicates finds the first list that shows a token twice: an append takes effect once, however often
// its client asked.
func (k *key) duplicates() []*finding {
	var first *finding
	repeated := make(map[int32]bool)
	for _, v := range k.views() {
		if v.clean == len(v.shown) {
			continue
		}
		place := make(map[int32]int, len(v.list))
		for i, t := range v.shown {
			before, again := place[t]
			if !again || k.tokens[t].before {
				place[t] = i + 1
				continue
			}
			repeated[t] = true
			if first == nil {
				first = k.duplicate(v, t, before, i+1)
			}
		}
	}
	k.repeated = len(repeated)
	if first == nil {
		return nil
	}
	return []*finding{first}
}

// dirty finds the first list that shows what nobody appended, or what had been refused.
func (k *key) dirty() []*finding {
	for _, v := range k.views() {
		if !v.lists {
			f := k.newFinding(checker.DirtyRead, v.op)
			f.message = "Dirty read: " + k.saw(v) + ", which is no list"
			f.proof = "no operation that may have taken effect makes this value."
			return []*finding{f}
		}
		for _, t := range v.list {
			if k.tokens[t].append == nil {
				return []*finding{k.dirtyRead(v, t)}
			}
		}
	}
	return nil
}

// future finds a read that was over before a token that it shows was asked to be appended.
func (k *key) future() []*finding {
	for t := range k.tokens {
		token := &k.tokens[t]
		if token.append == nil || token.first == nil || token.first.Return > token.append.Call {
			continue
		}
		f := k.newFinding(checker.NonLinearizable, token.first)
		f.ops = append(f.ops, token.append)
		f.message = fmt.Sprintf("Not linearizable: client %v was shown %s in %s%s and was done %s %s began",
			token.first.Process, k.show(int32(t)), checker.ShowKey(k.name), checker.ShowPlace("by", token.first),
			checker.ShowGap(token.append.CallTime-token.first.ReturnTime, "before"), k.asks(int32(t)))
		f.proof = "nothing can be read before anybody asks to write it."
		return []*finding{f}
	}
	return nil
}

// reordered finds a list in which a token stands before one that had certainly been in the list when
// the first was asked for.
func (k *key) reordered() []*finding {
	if k.longest == nil {
		return nil
	}
	for _, v := range k.reads {
		if !v.lists || v.chain && v != k.longest {
			continue
		}
		after := int32(none) // of the tokens behind: the oldest
		for _, t := range slices.Backward(v.list) {
			if after != none && k.tokens[after].certain() < k.called(t) {
				return []*finding{k.wrongOrder(v, t, after)}
			}
			if after == none || k.tokens[t].certain() < k.tokens[after].certain() {
				after = t
			}
		}
	}
	return nil
}

// incompatible finds two reads neither of which shows the beginning of the other's list.
func (k *key) incompatible() []*finding {
	for _, v := range k.reads {
		if !v.chain {
			return []*finding{k.twoOrders(v)}
		}
	}
	return nil
}
