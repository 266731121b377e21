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
}

// Shape is what the values of an operation look like.
type Shape uint8

const (
	Returns   Shape = iota // asked for nothing, answered with what was seen
	Lists                  // the same, and what was seen is a collection whose order says nothing
	Takes                  // asked for one value
	Changes                // asked for [from to]
	Names                  // asked for nothing, or for one value
	Transacts              // asked for a list of reads and writes, answered with it and what was read
)

// Models is every model that histories can be read for, under the names of `schism check --model`.
func Models() []Model {
	read, write := Op{history.Read, Returns}, Op{history.Write, Takes}
	elements := []Op{{history.Read, Lists}, {history.Add, Takes}, {history.Append, Takes}}
	return []Model{
		{"register", "register", []Op{read, write}},
		{"cas-register", "register", []Op{read, write, {history.CAS, Changes}}},
		{"append", "list", []Op{read, {history.Append, Takes}}},
		{"counter", "counter", []Op{read, {history.Add, Takes}}},
		{"set", "set", elements},
		{"set-full", "set", elements},
		{"mutex", "lock", []Op{{history.Acquire, Names}, {history.Release, Names}}},
		{"multi-register", "registers", []Op{{history.Txn, Transacts}}},
		{"queue", "queue", []Op{{history.Enqueue, Takes}, {history.Dequeue, Returns}}},
		{"kv", "store", []Op{{Get, Returns}, {Put, Takes}, {history.Append, Takes}}},
	}
}

// The operations of a key-value store whose values are strings, the empty one at first.
const (
	Get = history.Get
	Put = history.Put
)

// shown says whether the answer of an operation is all that it says.
func (s Shape) shown() bool { return s == Returns || s == Lists }

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
