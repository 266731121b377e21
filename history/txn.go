package history

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Access is one read or write of a register within a transaction.
type Access struct {
	Writes   bool
	Register string
	// Value is what it writes or was shown. Nil is that of a register that was never written, and of a read
	// that has no answer.
	Value Value
}

// JoinTxn is the value of a transaction: [["r","x",null],["w","y",2]].
func JoinTxn(all []Access) Value {
	v := Value{'['}
	for i, a := range all {
		if i > 0 {
			v = append(v, ',')
		}
		f := `["r",`
		if a.Writes {
			f = `["w",`
		}
		v = append(v, f...)
		v = append(v, Encode(a.Register)...)
		v = append(v, ',')
		v = append(v, orNull(a.Value)...) // byte by byte: values are compared so
		v = append(v, ']')
	}
	return append(v, ']')
}

// accessNames are those of reads and writes, which are true: Elle's, and Knossos's.
func accessNames() map[string]bool {
	return map[string]bool{"r": false, "read": false, "w": true, "write": true}
}

// SplitTxn takes the value of a transaction apart. A register may be a number in it, and is called by its
// text.
func SplitTxn(v Value) ([]Access, error) {
	var parts [][]json.RawMessage
	if err := json.Unmarshal(v, &parts); err != nil {
		return nil, fmt.Errorf(`%.100s is no transaction: want [["r","x",null],["w","y",2]]`, v)
	}
	all := make([]Access, len(parts))
	for i, p := range parts {
		var f string
		known := false
		if len(p) == 3 && json.Unmarshal(p[0], &f) == nil {
			all[i].Writes, known = accessNames()[strings.TrimPrefix(f, ":")] // keywords keep their colon
		}
		if !known {
			return nil, fmt.Errorf(`a transaction has ["r", register, value] and ["w", register, value], not %.100s`, Encode(p))
		}
		if json.Unmarshal(p[1], &all[i].Register) != nil {
			all[i].Register = Text(p[1])
		}
		all[i].Value = p[2]
	}
	return all, nil
}

// Accesses are those of a transaction: with what its reads were shown, if it was answered. An answer that is
// none to what was asked is an error; where nothing but writes was asked for, there may be no answer.
func (op *Operation) Accesses() ([]Access, error) {
	asked, err := SplitTxn(op.Input)
	if err != nil || op.Outcome != OK {
		return asked, err
	}
	if IsNil(op.Output) && !slices.ContainsFunc(asked, func(a Access) bool { return !a.Writes }) {
		return asked, nil
	}
	got, err := SplitTxn(op.Output)
	if err != nil {
		return nil, err
	}
	same := slices.EqualFunc(asked, got, func(a, b Access) bool {
		return a.Writes == b.Writes && a.Register == b.Register && (!a.Writes || Text(a.Value) == Text(b.Value))
	})
	if !same {
		return nil, fmt.Errorf("the answer %.100s is none to the transaction that was asked for", op.Output)
	}
	return got, nil
}

// Changes says whether an operation that asks for f with this value may change anything. What none of
// these rooms knows may.
func Changes(f string, input Value) bool {
	switch f {
	case Read, Get, FinalRead:
		return false
	case Txn:
		all, err := SplitTxn(input)
		return err != nil || slices.ContainsFunc(all, func(a Access) bool { return a.Writes })
	}
	return true
}
