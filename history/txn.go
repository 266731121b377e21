package history

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// AccessKind is what one part of a transaction does.
type AccessKind uint8

const (
	Reads   AccessKind = iota
	Writes             // replaces what the register holds
	Appends            // puts a value at the end of the list that the register holds, empty at first
)

// String is Elle's name: it is the one in histories.
func (k AccessKind) String() string {
	switch k {
	case Writes:
		return "w"
	case Appends:
		return "append"
	}
	return "r"
}

// Access is one part of a transaction, what Elle calls a micro-operation: a read or a write of a register, or an
// append to the list that it holds.
type Access struct {
	Kind     AccessKind
	Register string
	// Value is what it writes, appends or was shown. Nil is that of a register that was never written, and of a
	// read that has no answer.
	Value Value
}

// JoinTxn is the value of a transaction: [["r","x",null],["w","y",2]].
func JoinTxn(all []Access) Value {
	v := Value{'['}
	for i, a := range all {
		if i > 0 {
			v = append(v, ',')
		}
		v = append(v, '[')
		v = append(v, Encode(a.Kind.String())...)
		v = append(v, ',')
		v = append(v, Encode(a.Register)...)
		v = append(v, ',')
		v = append(v, orNull(a.Value)...) // byte by byte: values are compared so
		v = append(v, ']')
	}
	return append(v, ']')
}

// KindOfAccess knows Elle's names of what a transaction does, and Knossos's. Keywords keep their colon in values.
func KindOfAccess(name string) (k AccessKind, known bool) {
	switch strings.TrimPrefix(name, ":") {
	case "r", "read":
		return Reads, true
	case "w", "write":
		return Writes, true
	case "append":
		return Appends, true
	}
	return 0, false
}

// SplitTxn takes the value of a transaction apart. A register may be a number in it, and is called by its
// text. It is strict: what is no read, write or append of one register is an error.
func SplitTxn(v Value) ([]Access, error) {
	if all, ok := splitPlainTxn(v); ok {
		return all, nil
	}
	return splitAnyTxn(v)
}

func splitAnyTxn(v Value) ([]Access, error) {
	var parts [][]json.RawMessage
	if err := json.Unmarshal(v, &parts); err != nil || parts == nil {
		return nil, fmt.Errorf(`%.100s is no transaction: want [["r","x",null],["w","y",2],["append","z",3]]`, v)
	}
	all := make([]Access, len(parts))
	for i, p := range parts {
		var f string
		known := false
		if len(p) == 3 && json.Unmarshal(p[0], &f) == nil {
			all[i].Kind, known = KindOfAccess(f)
		}
		if !known || IsNil(p[1]) {
			return nil, fmt.Errorf(`a transaction has ["r", register, value], ["w", register, value] and ["append", register, value], not %.100s`, Encode(p))
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
	if IsNil(op.Output) && OnlyChanges(op.Input) {
		return asked, nil
	}
	got, err := SplitTxn(op.Output)
	if err != nil {
		return nil, err
	}
	same := slices.EqualFunc(asked, got, func(a, b Access) bool {
		return a.Kind == b.Kind && a.Register == b.Register && (a.Kind == Reads || bytes.Equal(a.Value, b.Value) || Text(a.Value) == Text(b.Value))
	})
	if !same {
		return nil, fmt.Errorf("the answer %.100s is none to the transaction that was asked for", op.Output)
	}
	return got, nil
}

// OnlyChanges says whether a transaction reads nothing.
func OnlyChanges(txn Value) bool {
	all, err := SplitTxn(txn)
	return err == nil && !slices.ContainsFunc(all, func(a Access) bool { return a.Kind == Reads })
}

// Changes says whether an operation that asks for f with this value may change anything. What none of
// these rooms knows may.
func Changes(f string, input Value) bool {
	switch f {
	case Read, Get, FinalRead:
		return false
	case Txn:
		all, err := SplitTxn(input)
		return err != nil || slices.ContainsFunc(all, func(a Access) bool { return a.Kind != Reads })
	}
	return true
}

// splitPlainTxn takes nearly all apart, which are spelled as JoinTxn does, several times as fast as encoding/json.
// It is false for every other one, be it good or bad.
func splitPlainTxn(v Value) ([]Access, bool) {
	s := scan{line: v, ok: true}
	all := make([]Access, 0, bytes.Count(v, []byte(`["`))) // lists of texts make it more than there are
	s.want("[")
	for i := 0; s.ok && !s.may("]"); i++ {
		if i > 0 {
			s.want(",")
		}
		s.want("[")
		kind, known := KindOfAccess(string(s.text()))
		s.want(",")
		register := s.text()
		s.want(",")
		value := s.value()
		s.want("]")
		s.ok = s.ok && known
		all = append(all, Access{Kind: kind, Register: string(register), Value: value})
	}
	return all, s.ok && s.pos == len(v)
}
