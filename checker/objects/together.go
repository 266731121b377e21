package objects

import (
	"context"
	"slices"
	"strings"

	"schism/checker"
	"schism/checker/search"
	"schism/checker/txn"
	"schism/history"
)

// settleTogether decides a group of registers to which no value was written twice.
//
// Theorem: a history of transactions is linearizable, the group being one object, iff it is strictly serializable
// (Herlihy and Wing, Linearizability, TOPLAS 1990, section 3.3: linearizability is strict serializability of
// transactions on one object; here the object is the group). txn.RWRegister says valid only with an order of the
// transactions that it has replayed, and invalid only with a circle of what comes before what in every order. Where
// it finds neither, or a value recurs, nothing is said.
func settleTogether(ctx context.Context, l checker.Limits, k *key) (checker.Verdict, []*finding) {
	alone := *k.h // with the faults, for the words
	alone.Operations = k.transactions()
	l.Time = search.UntilEnd(ctx) // its own bounds are on work: who has to search gets the rest
	check := txn.RWRegister{Limits: l, Isolation: txn.StrictSerializable}.Check(ctx, &alone)
	if len(check.Anomalies) == 0 {
		return check.Verdict, nil
	}
	found := slices.DeleteFunc(refuteByRegister(ctx, k), func(f *finding) bool { return f.name == checker.NonLinearizable })
	if len(found) > 0 {
		return checker.Invalid, found // a single register says it in the simplest words
	}
	for _, a := range check.Anomalies {
		f := k.retoldTogether(a)
		if !slices.ContainsFunc(found, func(other *finding) bool { return other.name == f.name }) {
			found = append(found, f)
		}
	}
	return check.Verdict, found
}

// transactions are the operations of the group; of a part, what cutSeen has left of them.
func (k *key) transactions() []history.Operation {
	if !k.part && len(k.from) == len(k.h.Operations) {
		return k.h.Operations
	}
	all := make([]history.Operation, 0, len(k.from))
	if !k.part {
		for _, at := range k.from {
			all = append(all, k.h.Operations[at])
		}
		return all
	}
	for i := range k.ops {
		one := *k.source(&k.ops[i])
		one.Input = k.spelled(&k.ops[i])
		if one.Outcome == history.OK {
			one.Output = one.Input
		}
		all = append(all, one)
	}
	return all
}

// spelled is a transaction as its steps have it.
func (k *key) spelled(o *op) history.Value {
	all := make([]history.Access, len(o.txn))
	for i, a := range o.txn {
		all[i].Register, all[i].Value = k.plainName(a.register), history.Nil
		if a.writes {
			all[i].Kind = history.Writes
		}
		if a.value != none {
			all[i].Value = history.Value(k.texts[a.value])
		}
	}
	return history.JoinTxn(all)
}

// cutSeen leaves out, of a part of a history, what saw a value that was asked for before it. What is left is
// linearizable if the whole is: take an order of the whole, and leave all else out of it. What is still
// read is nil, before all writes, or was written by one that is still there and, in that order, is the last before the read.
func (k *key) cutSeen(old func(value string) bool) {
	for i := range k.ops {
		k.ops[i].txn = slices.DeleteFunc(k.ops[i].txn, func(a access) bool {
			return !a.writes && a.value != none && old(k.texts[a.value])
		})
	}
	k.ops = slices.DeleteFunc(k.ops, func(o op) bool { return len(o.txn) == 0 })
}

// retoldTogether is an anomaly of the transactions as one of the group: the same operations prove it. If one value
// that was seen too late tells it all, that is what is told.
func (k *key) retoldTogether(a checker.Anomaly) *finding {
	f := &finding{name: a.Name, key: k, message: strings.TrimSuffix(a.Message, "."), proof: a.Proof}
	var ats []int32
	for _, call := range a.Ops {
		f.ops = append(f.ops, operationAt(k.h.Operations, call))
		if at := k.called(call); at != none { // it did not fail
			ats = append(ats, at)
		}
	}
	for _, at := range k.withWriters(ats) {
		if from := k.source(&k.ops[at]); !slices.Contains(f.ops, from) {
			f.ops = append(f.ops, from)
		}
	}
	focus := k.lastAnswer(ats)
	f.focus = k.source(focus)
	told := *f
	if told.proof = ""; k.outdated(&told, focus, ats) {
		return &told
	}
	return f
}
