package objects

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"schism/checker"
	"schism/history"
)

// access is one read or write of a register within a transaction.
type access struct {
	writes   bool
	register int32
	value    int32
}

// MultiRegister judges registers that are read and written several at a time: a transaction
// (history.Txn) is a list of reads and writes, [["r","x",1],["w","y",2]], that take effect at one
// moment. A register holds nil before its first write. Registers that no chain of transactions connects
// are independent of each other and are judged apart.
//
// It is decided as a history of transactions is (settleTogether), near-linearly; by Porcupine where values recur or
// that does not tell. Before Porcupine is asked, an unknown transaction of which nobody saw any value that it wrote is left
// out: whoever had come after it would have seen one of them, or another write in its place.
func MultiRegister(l checker.Limits) checker.Checker {
	return Checker{Limits: l, object: object{
		noun: "group of registers", split: byGroup, take: takeTxn, together: true, observed: observedTxn, refute: refuteByRegister, settle: settleTogether, name: (*key).outdated,
		start: func(k *key) any { return strings.Repeat(pack([]int32{none}), len(k.texts)) },
		step:  stepTxn,
		state: heldTogether,
		say:   sayTxn,
	}}
}

// byGroup puts transactions together that touch a register in common, directly or by others. Registers
// of different keys are different ones.
func byGroup(h *history.History) []*key {
	var keys []*key
	all := byKey(h)
	for _, k := range all {
		for _, g := range k.groups(h) {
			if len(all) > 1 {
				g.name = k.name + ": " + g.name
			}
			keys = append(keys, g)
		}
	}
	return keys
}

func (k *key) groups(h *history.History) []*key {
	leaders := leaders{}
	of := make([]string, len(k.from)) // a register of each transaction; all that cannot be read are of ""
	for i, at := range k.from {
		ms, err := history.SplitTxn(h.Operations[at].Input)
		if err != nil {
			continue
		}
		for _, m := range ms {
			leaders.join(m.Register, ms[0].Register)
			of[i] = m.Register
		}
	}
	members := make(map[string][]string)
	for r := range leaders {
		members[leaders.find(r)] = append(members[leaders.find(r)], r)
	}
	byLeader := make(map[string]*key)
	var keys []*key
	for i, at := range k.from {
		g := leaders.find(of[i])
		if byLeader[g] == nil {
			slices.Sort(members[g])
			byLeader[g] = &key{name: strings.Join(members[g], ", ")}
			keys = append(keys, byLeader[g])
		}
		byLeader[g].from = append(byLeader[g].from, at)
	}
	return keys
}

// leaders is who leads to the leader of a group: another of the group, or oneself.
type leaders map[string]string

func (l leaders) find(r string) string {
	up, known := l[r]
	if !known || up == r {
		l[r] = r
		return r
	}
	l[r] = l.find(up)
	return l[r]
}

func (l leaders) join(a, b string) { l[l.find(a)] = l.find(b) }

func takeTxn(k *key, from *history.Operation, o *op) (bool, error) {
	if from.F != history.Txn {
		return false, fmt.Errorf("registers that are used several at a time know only txn, not %q", from.F)
	}
	ms, err := from.Accesses()
	if err != nil {
		return false, err
	}
	for _, m := range ms {
		if m.Kind == history.Appends {
			return false, fmt.Errorf("an append to %s: registers that are used several at a time know only reads and writes; lists are of the model list-append", checker.ShowKey(m.Register))
		}
		a := access{writes: m.Kind == history.Writes, register: k.register(m.Register), value: k.id(m.Value)}
		if !a.writes && (from.Outcome != history.OK) {
			continue // what it was to read is not known
		}
		if a.writes && history.IsNil(m.Value) {
			return false, fmt.Errorf("a write of nil to %s, which stands for a register that was never written", m.Register)
		}
		if !a.writes && history.IsNil(m.Value) {
			a.value = none
		}
		o.changes = o.changes || a.writes
		o.txn = append(o.txn, a)
	}
	if len(o.txn) > 0 {
		o.value = o.txn[0].value
	}
	return len(o.txn) > 0, nil
}

func writtenTogether(e *history.Event) (values []history.Value, err error) {
	all, err := history.SplitTxn(e.Value)
	if e.F != history.Txn {
		err = fmt.Errorf("registers that are used several at a time know only txn, not %q", e.F)
	}
	for _, a := range all {
		if a.Kind != history.Reads {
			values = append(values, a.Value)
		}
	}
	return values, err
}

func observedTxn(_ *key, unknown *op, among []op) bool {
	for _, w := range unknown.txn {
		if !w.writes {
			continue
		}
		seen := slices.ContainsFunc(among, func(o op) bool {
			return !o.unknown() && slices.Contains(o.txn, access{register: w.register, value: w.value})
		})
		if seen {
			return true
		}
	}
	return false
}

// stepTxn has a place for each number, of which those of registers hold the numbers of their values.
// Of an unknown transaction only the writes are known.
func stepTxn(_ *key, state any, o *op) (any, bool) {
	held := state.(string)
	var next []byte
	for _, a := range o.txn {
		from := 4 * int(a.register)
		value := pack([]int32{a.value})
		switch {
		case a.writes:
			if next == nil {
				next = []byte(held)
			}
			copy(next[from:], value)
		case o.unknown():
		case next != nil && string(next[from:from+4]) != value, next == nil && held[from:from+4] != value:
			return held, false
		}
	}
	if next == nil {
		return held, true
	}
	return string(next), true
}

// heldTogether is "x = 1, y = nil".
func heldTogether(k *key, state any) string {
	var words []string
	for at, v := range unpack(state.(string)) {
		register := int32(at)
		if !slices.ContainsFunc(k.ops, func(o op) bool {
			return slices.ContainsFunc(o.txn, func(a access) bool { return a.register == register })
		}) {
			continue // the number of a value
		}
		value := "nil"
		if v != none {
			value = k.show(v)
		}
		words = append(words, k.registerName(register)+" = "+value)
	}
	return strings.Join(words, ", ")
}

func (k *key) registerName(register int32) string {
	return checker.ShowKey(k.plainName(register))
}

// register is the number of a register.
func (k *key) register(name string) int32 {
	id, known := k.registers[name]
	if !known {
		id = k.id(history.Encode(name))
		k.registers[name] = id
	}
	return id
}

func (k *key) plainName(register int32) (name string) {
	json.Unmarshal([]byte(k.texts[register]), &name) // it was made by Encode
	return name
}

func sayTxn(k *key, o *op) string {
	var words []string
	for _, a := range o.txn {
		value := "nil"
		if a.value != none {
			value = k.show(a.value)
		}
		verb := "read "
		if a.writes {
			verb = "wrote "
		}
		words = append(words, verb+k.registerName(a.register)+" = "+value)
	}
	return checker.ShowList(words) + " in one transaction"
}
