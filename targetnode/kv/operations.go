package kv

import "strings"

// operation is one row of the table: a new one is a file with its apply function and a line here.
type operation struct {
	name     string
	code     byte // part of the log's format: never used for anything else
	readOnly bool
	keyless  bool // it is about no key of its own
	composed bool // it consists of others, which Store.transact carries out
	takes    map[string]use
	apply    func(s *Store, c *Command) Result // with the store's lock held; s.applied is the command's own entry
}

// use says what an operation does with a field.
type use uint8

const (
	unused   use = iota
	compared     // null means never written
	written      // may not be null
	counted      // a whole number of 64 bits
)

// table is sorted by name.
var table = [...]operation{
	{name: "add", code: 6, takes: map[string]use{"value": counted}, apply: applyAdd},
	{name: "append", code: 4, takes: map[string]use{"value": written}, apply: applyAppend},
	{name: "cas", code: 2, takes: map[string]use{"from": compared, "to": written}, apply: applyCAS},
	{name: "delete", code: 7, apply: applyDelete},
	{name: "get", code: 3, readOnly: true, apply: applyGet},
	{name: "open-session", code: 5, keyless: true, apply: applyOpenSession},
	{name: "pop", code: 9, apply: applyPop},
	{name: "put", code: 1, takes: map[string]use{"value": written}, apply: applyPut},
	{name: "txn", code: 8, keyless: true, composed: true},
}

func operationNamed(name string) (operation, bool) {
	for i := range table {
		if table[i].name == name {
			return table[i], true
		}
	}
	return operation{}, false
}

func operationCoded(code byte) (operation, bool) {
	for i := range table {
		if table[i].code == code {
			return table[i], true
		}
	}
	return operation{}, false
}

func operationNames() string {
	names := make([]string, len(table))
	for i, op := range table {
		names[i] = op.name
	}
	return strings.Join(names, ", ")
}
