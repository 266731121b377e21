package txn

import (
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// teller puts what was found into the words of a result.
type teller struct {
	*lists
	h *history.History
}

// titles are how a sentence about an anomaly begins.
var titles = map[string]string{
	checker.DirtyRead:         "Dirty read",
	checker.DuplicateApply:    "Duplicate apply",
	checker.G1a:               "Aborted read (G1a)",
	checker.G1b:               "Intermediate read (G1b)",
	checker.IncompatibleOrder: "Incompatible order",
	checker.Internal:          "Internal",
	checker.LostUpdate:        "Lost update",
	checker.G0:                "Dirty write (G0)",
	checker.G1c:               "Circular information flow (G1c)",
	checker.GSingle:           "Read skew (G-single)",
	checker.GNonadjacent:      "G-nonadjacent",
	checker.G2Item:            "Write skew (G2-item)",
}

// anomaly begins one: focus is the transaction that broke the promise, beside others that prove it.
func anomaly(h *history.History, name, key string, focus int32, others ...int32) checker.Anomaly {
	a := checker.Anomaly{Name: name, Key: key, Focus: h.Operations[focus].Call, Faults: checker.FaultsAt(h, &h.Operations[focus])}
	for _, t := range append(others, focus) {
		a.Ops = append(a.Ops, h.Operations[t].Call)
	}
	slices.Sort(a.Ops)
	a.Ops = slices.Compact(a.Ops)
	return a
}

// tell is what is wrong on one key.
func (l *teller) tell(f find, keys int) checker.Anomaly {
	var others []int32
	var message, proof string
	switch f.name {
	case checker.DirtyRead:
		message, proof = l.dirty(f)
	case checker.Internal:
		others, message, proof = l.internal(f)
	default:
		others = []int32{l.steps[f.other].txn}
		for _, s := range f.apart {
			if s > none && f.name == checker.IncompatibleOrder && f.how != ownOrder {
				others = append(others, l.steps[s].txn) // that they are there for good is known from their answers
			}
		}
		message, proof = l.beside(f)
	}
	a := anomaly(l.h, f.name, l.record.keys[f.key], l.steps[f.focus].txn, others...)
	a.Message = titles[f.name] + ": " + message + "."
	a.Proof, a.Extent = proof+".", checker.OnKeys(keys, len(l.record.keys))
	return a
}

func (l *teller) dirty(f find) (message, proof string) {
	return fmt.Sprintf("%s, with an element in it that nobody ever asked to append", l.saw(f.focus)),
		"a list holds nothing but what transactions appended to it"
}

// beside is what a read shows that does not fit another step.
func (l *teller) beside(f find) (message, proof string) {
	other := l.steps[f.other].txn
	whose := l.whose(other)
	switch f.name {
	case checker.DuplicateApply:
		return fmt.Sprintf("%s, with %s in it twice, although %s appended it once", l.saw(f.focus), l.show(f.other), whose),
			"an append takes effect once at most, however often its client sends it"
	case checker.G1a:
		return fmt.Sprintf("%s, with %s in it, although %s, which appended that, was aborted", l.saw(f.focus), l.show(f.other), whose),
			"what is aborted must never be seen"
	case checker.G1b:
		last := l.lastAppend(f.other)
		return fmt.Sprintf("%s, which ends with %s, although %s appended %s behind that", l.saw(f.focus), l.show(f.other), whose, l.show(last)),
			"all that a transaction appends is there at once, or nothing is"
	case checker.LostUpdate:
		return fmt.Sprintf("%s, %s had read the same, and both then appended to it", l.saw(f.focus), whose),
			"of two transactions that write the next version of what they read, one did not know of the other"
	}
	if f.how == ownOrder {
		return fmt.Sprintf("%s, with %s in it and not what %s appended before that: %s", l.saw(f.focus), l.show(f.other), whose, l.whole(other)),
			"a transaction's appends to a list are there in the order in which it made them"
	}
	return fmt.Sprintf("%s, although %s: neither is the beginning of the other", l.saw(f.focus), l.saw(f.other)),
		"a list only grows at its end, so that of two reads the shorter one shows the beginning of the longer one"
}

func (l *teller) lastAppend(s int32) int32 {
	last := s
	for i := s; i < l.first[l.steps[s].txn+1]; i++ {
		if l.steps[i].key == l.steps[s].key && l.steps[i].does != reads {
			last = i
		}
	}
	return last
}

// internal is how a transaction contradicts itself.
func (l *teller) internal(f find) (others []int32, message, proof string) {
	saw := l.saw(f.focus)
	switch f.how {
	case ownMissing:
		return nil, saw + ", without all that it had itself appended to it: " + l.whole(l.steps[f.focus].txn), "a transaction sees its own writes"
	case ownEarly:
		return nil, saw + ", with what it was only going to append: " + l.whole(l.steps[f.focus].txn), "a transaction sees nothing that it has not done yet"
	case ownCovered:
		over := l.steps[l.keys[f.key].order[l.place[f.focus]-1]].txn
		return []int32{over}, fmt.Sprintf("%s, where behind its own append stands that of %s", saw, l.whose(over)),
			"what a transaction has written nobody writes over until it is over"
	}
	return nil, fmt.Sprintf("%s, although it had %s before and appended nothing else in between", saw, l.did(f.other)),
		"until a transaction is over, what it read does not change"
}

// circle is a circle in words, of which there are some of this name.
func tellCircle(h *history.History, r *record, e evidence, c circle, groups int) checker.Anomaly {
	links := explain(r, e, c.hops)
	var members, others []int32
	latest, key := c.hops[0].from, int32(none)
	for _, x := range c.hops {
		members = append(members, x.from)
		latest = max(latest, x.from)
	}
	n := r.names(members)
	sameKey := true
	text := titles[c.name] + ": "
	for i, l := range links {
		if i > 0 {
			text += "; "
		}
		text += n.link(l)
		witnesses := e.witnesses(l)
		others = append(others, witnesses...)
		if l.a != none {
			sameKey = sameKey && (key == none || key == r.steps[l.a].key)
			key = r.steps[l.a].key
		}
	}
	name := ""
	if sameKey && key != none {
		name = r.keys[key]
	}
	a := anomaly(h, c.name, name, latest, append(others, members...)...)
	a.Message = text + ". " + n.who() + "."
	a.Proof, a.Extent = circleProof(c.name), inGroups(groups)
	return a
}

func inGroups(n int) string { return "in " + checker.ShowCount(n, "such group") + " of transactions" }

func circleProof(name string) string {
	switch name {
	case checker.GSingle, checker.GNonadjacent:
		return "each of these comes before the next, and the last before the first: no order explains that, and no snapshots do, for in no place of the circle do two transactions in a row miss each other's writes."
	}
	return "each of these comes before the next, and the last before the first: no order explains that."
}
