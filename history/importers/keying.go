package importers

import (
	"fmt"

	"schism/history"
)

// keying is where a history names its keys.
type keying uint8

const (
	undecided keying = iota
	single           // nowhere: it is of one object
	tuples           // in the values: [key value], as jepsen.independent has it
	named            // in a field of their own: :key
)

var keyings = [...]string{single: "names no key", tuples: "has [key value] for its value", named: "names its key as :key"}

// keyingOf finds out where a history names its keys, from all invocations. A tuple of Jepsen's looks just
// like any pair: a write of [1 2] may be one of 2 to key 1, or one of the pair [1 2], and a cas of [1 [3 4]] one of
// key 1, or one from 1 to the pair [3 4]. What a read asks for tells it, nil or [1 nil], and what is no pair where a
// tuple would have one: a write of 1, a cas of [1 2]. Without any of these nothing does.
func keyingOf(text []byte, events []event, m Model) (keying, error) {
	var found keying
	var first, doubtful *event
	for i := range events {
		e := &events[i]
		if !e.process.IsClient() || e.kind != history.Invoke {
			continue
		}
		op, err := m.op(e.f)
		if err != nil {
			return 0, &positioned{at: e.at, err: err}
		}
		k, err := e.keying(op)
		switch {
		case err != nil:
			return 0, &positioned{at: e.at, err: err}
		case k == undecided:
			doubtful = e
		case found == undecided:
			found, first = k, e
		case k != found:
			return 0, failAt(e.at, "this %s %s, but that in line %d %s", e.f, keyings[k], lineOf(text, first.at), keyings[found])
		}
	}
	if found == undecided && doubtful != nil {
		return 0, failAt(doubtful.at, "is this %s of a key and a value, or of one value that is a pair? No read or cas in the history tells", doubtful.f)
	}
	return max(found, single), nil
}

// keying is what one invocation tells.
func (e *event) keying(op Op) (keying, error) {
	switch {
	case (op.Value == Takes || op.Value == Moves) && e.value == nil:
		return 0, fmt.Errorf("a %s without :value", e.f)
	case op.Value.shown() && e.value.isPair() && e.value.items[1].isNil() && e.key == nil:
		return tuples, nil
	case op.Value.shown() && !e.value.isNil():
		return 0, fmt.Errorf("a %s is asked with nil or with [key nil], not with %s", e.f, e.value.what())
	case op.Value == Changes && !e.value.isPair():
		return 0, fmt.Errorf("a %s is asked with [from to] or with [key [from to]]", e.f)
	case e.key != nil:
		return named, nil
	case op.Value == Transacts && e.value.isPair() && e.value.items[0].kind != vector:
		return tuples, nil
	case op.Value == Moves && e.value.isPair():
		return tuples, nil
	case op.Value == Names && e.value.isPair():
		if e.value.items[1].isNil() {
			return tuples, nil
		}
		return undecided, nil
	case op.Value == Changes && e.value.items[1].isPair(), op.Value == Takes && e.value.isPair():
		return undecided, nil
	}
	return single, nil
}

func (f *form) isPair() bool { return f != nil && f.kind == vector && len(f.items) == 2 }
