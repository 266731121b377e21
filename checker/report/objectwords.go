package report

import (
	"encoding/json"
	"slices"
	"strings"

	"schism/history"
)

// nothing is what an empty queue gives.
const nothing = "nothing"

// holds is the value that the object has by this operation: what was written, put in or shown; of a lock its
// owner; of a transaction that of the one register that the story is about.
func (o proofOp) holds() string {
	switch o.F {
	case history.Write, history.Append, history.Add, history.Enqueue, history.Put, history.Acquire, history.Release:
		return valueOf(o.Input)
	case history.CAS:
		if _, to, err := history.SplitPair(o.Input); err == nil {
			return valueOf(to)
		}
	case history.Txn:
		return o.registerHolds()
	case history.FinalRead:
		s, ok := o.state()
		if !ok {
			return ""
		}
		return held(s.State[o.key])
	case history.Dequeue:
		if o.Outcome == history.OK && history.IsNil(o.Output) {
			return nothing
		}
	}
	if o.Outcome != history.OK {
		return "?"
	}
	return held(o.Output)
}

// registerHolds is the last value that a transaction wrote to the register of the story, or was shown of it.
func (o proofOp) registerHolds() string {
	text := "?"
	for _, a := range o.accesses() {
		if a.Register == o.key && (a.Kind != history.Reads || o.Outcome == history.OK) {
			text = held(a.Value)
		}
	}
	return text
}

func (o proofOp) accesses() []history.Access {
	all, _ := o.Accesses() // what cannot be read proves nothing, and is not here
	return all
}

func (o proofOp) appendsTo(register string) bool {
	return slices.ContainsFunc(o.accesses(), func(a history.Access) bool { return a.Kind == history.Appends && a.Register == register })
}

// about finds the register that a story of transactions is about: the anomaly's, the first that the focus was shown
// and another wrote otherwise, or else the first of the focus.
func about(ops []proofOp, key string) {
	f := slices.IndexFunc(ops, func(o proofOp) bool { return o.focus && o.F == history.Txn })
	if f < 0 {
		return
	}
	register := ""
	for _, seen := range ops[f].accesses() {
		contradicted := slices.ContainsFunc(ops, func(o proofOp) bool {
			return o.F == history.Txn && o.Return < ops[f].Call && slices.ContainsFunc(o.accesses(), func(a history.Access) bool {
				differs := a.Kind == history.Writes && history.Text(a.Value) != history.Text(seen.Value) || a.Kind == history.Appends && ops[f].lacks(a)
				return a.Register == seen.Register && differs
			})
		})
		if seen.Register == key {
			register = key
			break
		}
		if contradicted && seen.Kind == history.Reads {
			register = seen.Register
			break
		}
		if register == "" {
			register = seen.Register
		}
	}
	for i := range ops {
		if ops[i].F == history.Txn || ops[i].F == history.FinalRead {
			ops[i].key = register
		}
	}
}

func (o proofOp) ofLock() bool { return o.F == history.Acquire || o.F == history.Release }

// valueOf is a value as it stands in sentences, where what was never written is nil.
func valueOf(v history.Value) string {
	if history.IsNil(v) {
		return "nil"
	}
	return value(history.Text(v))
}

// held is a value that somebody was shown: of a long list its end, where it grows.
func held(v history.Value) string {
	text := history.Text(v)
	if len(text) <= maxValue || !strings.HasPrefix(text, "[") {
		return valueOf(v)
	}
	tail := text[len(text)-maxValue:]
	if at := strings.IndexByte(tail, ','); at >= 0 {
		return "[…" + plain(tail[at:])
	}
	return value(text)
}

func (o proofOp) state() (history.FinalState, bool) {
	var s history.FinalState
	err := json.Unmarshal(o.Output, &s)
	return s, err == nil && o.Outcome == history.OK
}

// words are the operation as a person says it, without who and where: "write x = 12".
func (o proofOp) words() string {
	key := name(o.key)
	switch o.F {
	case history.Write, history.Put:
		return o.F + " " + key + " = " + o.holds()
	case history.Append, history.Add:
		return o.F + " " + o.holds() + " to " + key
	case history.Enqueue:
		return "enqueue " + o.holds() + " on " + key
	case history.Acquire, history.Release:
		if history.IsNil(o.Input) {
			return o.F + " " + key
		}
		return o.F + " " + key + " as " + o.holds()
	case history.Txn:
		return o.transaction()
	case history.FinalRead:
		return "final read " + key + " → " + o.holds()
	case history.Read, history.Get, history.Dequeue:
		if o.Outcome != history.OK {
			return o.F + " " + key
		}
		return o.F + " " + key + " → " + o.holds()
	case history.CAS:
		if from, to, err := history.SplitPair(o.Input); err == nil {
			return "cas " + key + " " + valueOf(from) + " → " + valueOf(to)
		}
	}
	return o.generic(key)
}

// transaction is "write u = 162, read v → 3".
func (o proofOp) transaction() string {
	var words []string
	for _, a := range o.accesses() {
		switch v := held(a.Value); {
		case a.Kind == history.Appends:
			words = append(words, "append "+v+" to "+name(a.Register))
		case a.Kind == history.Writes:
			words = append(words, "write "+name(a.Register)+" = "+v)
		case o.Outcome == history.OK:
			words = append(words, "read "+name(a.Register)+" → "+v)
		default:
			words = append(words, "read "+name(a.Register))
		}
	}
	return strings.Join(words, ", ")
}

func (o proofOp) generic(key string) string {
	words := []string{name(o.F)}
	if key != "" {
		words = append(words, key)
	}
	if !history.IsNil(o.Input) {
		words = append(words, valueOf(o.Input))
	}
	if o.Outcome == history.OK && !history.IsNil(o.Output) {
		words = append(words, "→ "+valueOf(o.Output))
	}
	return strings.Join(words, " ")
}

// brief is words without the key, for narrow drawings.
func (o proofOp) brief() string {
	switch o.F {
	case history.Write, history.Append, history.Add, history.Enqueue, history.Put:
		return o.F + " " + o.holds()
	case history.Acquire, history.Release:
		if !history.IsNil(o.Input) {
			return o.F + " as " + o.holds()
		}
		return o.F
	case history.Read, history.Get, history.Dequeue:
		if o.Outcome == history.OK {
			return o.F + " " + o.holds()
		}
	case history.Txn:
		return o.equation()
	case history.FinalRead:
		return "holds " + o.holds()
	}
	return o.words()
}

// touches says whether an operation that is not in the proof is about the same thing.
func (s story) touches(o *history.Operation) bool {
	if o.F != history.Txn {
		return o.Key == s.anomaly.Key
	}
	return slices.ContainsFunc(s.ops, func(p proofOp) bool {
		return p.F == history.Txn && slices.ContainsFunc(p.accesses(), func(a history.Access) bool { return o.Touches(a.Register) })
	})
}
