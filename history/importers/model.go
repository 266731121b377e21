package importers

import (
	"fmt"
	"slices"
	"strings"

	"schism/history"
)

// Model is what the keys of a history are, as far as reading it goes: which operations there are, and
// what their values look like.
type Model struct {
	Name string
	// Object is the key of operations that name none, because the history is of one object only.
	Object string
	Ops    []Op
}

// Op is one operation of a model.
type Op struct {
	F     string // its name in a file, and in the history
	Value Shape
	// Parts are what a transaction may do.
	Parts []history.AccessKind
}

// Shape is what the values of an operation look like.
type Shape uint8

const (
	Returns   Shape = iota // asked for nothing, answered with what was seen
	Lists                  // the same, and what was seen is a collection whose order says nothing
	Takes                  // asked for one value
	Changes                // asked for [from to]
	Names                  // asked for nothing, or for one value
	Transacts              // asked for a list of reads, writes and appends, answered with it and what was read
	Shows                  // asked for nothing, answered with the balances of accounts
	Moves                  // asked for {from, to, amount}
)

// Models is every model that histories can be read for, under the names of `schism check --model`.
func Models() []Model {
	op := func(f string, value Shape) Op { return Op{F: f, Value: value} }
	txn := func(parts ...history.AccessKind) []Op {
		return []Op{{F: history.Txn, Value: Transacts, Parts: parts}}
	}
	read, write, add := op(history.Read, Returns), op(history.Write, Takes), op(history.Append, Takes)
	elements := []Op{op(history.Read, Lists), op(history.Add, Takes), add}
	return []Model{
		{"register", "register", []Op{read, write}},
		{"cas-register", "register", []Op{read, write, op(history.CAS, Changes)}},
		{"append", "list", []Op{read, add}},
		{"bank", "accounts", []Op{op(history.Read, Shows), op(history.Transfer, Moves)}},
		{"counter", "counter", []Op{read, op(history.Add, Takes)}},
		{"set", "set", elements},
		{"set-full", "set", elements},
		{"mutex", "lock", []Op{op(history.Acquire, Names), op(history.Release, Names)}},
		{"multi-register", "registers", txn(history.Reads, history.Writes)},
		{"list-append", "lists", txn(history.Reads, history.Appends)},
		{"long-fork", "registers", txn(history.Reads, history.Writes)},
		{"rw-register", "registers", txn(history.Reads, history.Writes)},
		{"queue", "queue", []Op{op(history.Enqueue, Takes), op(history.Dequeue, Returns)}},
		{"kv", "store", []Op{op(Get, Returns), op(Put, Takes), add}},
	}
}

// The operations of a key-value store whose values are strings, the empty one at first.
const (
	Get = history.Get
	Put = history.Put
)

// shown says whether the answer of an operation is all that it says.
func (s Shape) shown() bool { return s == Returns || s == Lists || s == Shows }

// transaction says what is wrong with what a transaction asks for.
func (m Model) transaction(op Op, asked history.Value) error {
	all, err := history.SplitTxn(asked)
	if err != nil {
		return err
	}
	for _, a := range all {
		if !slices.Contains(op.Parts, a.Kind) {
			return fmt.Errorf("%q in a transaction is nothing that the model %s knows, which knows %s", a.Kind, m.Name, partNames(op.Parts))
		}
	}
	return nil
}

func partNames(parts []history.AccessKind) string {
	var names []string
	for _, p := range parts {
		names = append(names, p.String())
	}
	return strings.Join(names, ", ")
}

// op is the operation f. An error names those that the model knows, and the models that know f.
func (m Model) op(f string) (Op, error) {
	at := slices.IndexFunc(m.Ops, func(o Op) bool { return o.F == f })
	if at >= 0 {
		return m.Ops[at], nil
	}
	var fs, others []string
	for _, o := range m.Ops {
		fs = append(fs, o.F)
	}
	for _, other := range Models() {
		if slices.ContainsFunc(other.Ops, func(o Op) bool { return o.F == f }) {
			others = append(others, other.Name)
		}
	}
	err := fmt.Errorf("%q is no operation of the model %s, which knows %s", f, m.Name, strings.Join(fs, ", "))
	if len(others) > 0 {
		err = fmt.Errorf("%w; models that know it: %s", err, strings.Join(others, ", "))
	}
	return Op{}, err
}
