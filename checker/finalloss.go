package checker

import (
	"fmt"
	"math"
	"slices"

	"schism/history"
)

// register is what a history says of the values of one key, as far as final reads need it.
type register struct {
	key     string
	other   bool                            // it is none, but a list, a counter or the like
	writers map[string][]*history.Operation // by value: all that may have written it
	failed  map[string]*history.Operation   // by value: a write of it that was refused
	seen    map[string]*history.Operation   // by value: the first answer that shows it
	writes  []*history.Operation            // all that may have written, in the order of their calls
	sights  []sight                         // all that anybody was told, in the order of the calls
}

// sight is an operation that showed a value.
type sight struct {
	op    *history.Operation
	value string
}

func newRegister(key string) *register {
	return &register{
		key:     key,
		writers: make(map[string][]*history.Operation),
		failed:  make(map[string]*history.Operation),
		seen:    make(map[string]*history.Operation),
	}
}

// registersOf are those of all keys, in one look at the history: there may be as many keys as operations.
func registersOf(h *history.History) map[string]*register {
	all := make(map[string]*register)
	add := func(key string, op *history.Operation) {
		r := all[key]
		if r == nil {
			r = newRegister(key)
			all[key] = r
		}
		r.add(op)
	}
	for i := range h.Operations {
		op := &h.Operations[i]
		if op.F != history.Txn {
			add(op.Key, op)
			continue
		}
		accesses, _ := history.SplitTxn(op.Input) // one that cannot be read touches nothing
		touched := make(map[string]bool)
		for _, a := range accesses {
			if !touched[a.Register] {
				touched[a.Register] = true
				add(a.Register, op)
			}
			all[a.Register].other = all[a.Register].other || a.Kind == history.Appends
		}
	}
	return all
}

// register of a key that no operation touched is one of which nothing is known.
func (f *finalReads) register(key string) *register {
	if r := f.registers[key]; r != nil {
		return r
	}
	return newRegister(key)
}

func (r *register) add(op *history.Operation) {
	r.other = r.other || !ofRegisters(op.F)
	if to, writes := writtenTo(op, r.key); writes {
		if v := history.Text(to); op.Outcome == history.Fail {
			r.failed[v] = op
		} else {
			r.writers[v] = append(r.writers[v], op)
			r.writes = append(r.writes, op)
		}
	}
	if v, shown := shownOf(op, r.key); shown {
		r.show(v, op)
	}
}

func ofRegisters(f string) bool {
	return f == history.Read || f == history.Write || f == history.CAS || f == history.Txn
}

// writtenTo is the value that an operation leaves in a register, if it writes there.
func writtenTo(op *history.Operation, key string) (v history.Value, writes bool) {
	switch op.F {
	case history.Write:
		return op.Input, true
	case history.CAS:
		_, to, err := history.SplitPair(op.Input)
		return to, err == nil
	case history.Txn:
		all, _ := history.SplitTxn(op.Input) // one that cannot be read touches nothing
		for _, a := range all {
			if a.Kind == history.Writes && a.Register == key {
				v, writes = a.Value, true
			}
		}
	}
	return v, writes
}

// shownOf is the value of a register by which an operation found it.
func shownOf(op *history.Operation, key string) (v history.Value, shown bool) {
	switch {
	case op.Outcome == history.Fail && op.Error == history.Mismatch && len(op.Found()) > 0 && op.F == history.CAS:
		return op.Found(), true
	case op.Outcome != history.OK || op.F == history.Write:
		return nil, false
	case op.F == history.CAS:
		from, _, err := history.SplitPair(op.Input)
		return from, err == nil
	case op.F == history.Txn:
		all, _ := op.Accesses() // the checker of its model tells what cannot be read
		at := slices.IndexFunc(all, func(a history.Access) bool { return a.Register == key })
		if at < 0 || all[at].Kind != history.Reads {
			return nil, false
		}
		return all[at].Value, true
	}
	return op.Output, true
}

func (r *register) show(value history.Value, op *history.Operation) {
	v := history.Text(value)
	r.sights = append(r.sights, sight{op, v})
	if first := r.seen[v]; first == nil || op.Return < first.Return {
		r.seen[v] = op
	}
}

// never is the end of an operation that may still take effect.
const never = math.MaxInt64

// done is the event by which a write had certainly taken effect, and the operation that shows it:
// the write's own answer, or that of whoever saw its value first if nobody else can have written it.
// It is never for an unknown write that nobody saw.
func (r *register) done(w *history.Operation) (int64, *history.Operation) {
	end, by := int64(never), (*history.Operation)(nil)
	if w.Outcome == history.OK {
		end, by = w.Return, w
	}
	to, _ := writtenTo(w, r.key)
	v := history.Text(to)
	if first := r.seen[v]; first != nil && len(r.writers[v]) == 1 && v != "null" && first.Return < end {
		end, by = first.Return, first
	}
	return end, by
}

// age is the event by which every write of a value had certainly taken effect, with the operations
// that show it. It is -1 for nil, and never if a write of it may still come: then nothing that
// holds the value is old.
func (r *register) age(value string) (int64, []*history.Operation) {
	age, proof := int64(-1), []*history.Operation(nil)
	for _, w := range r.writers[value] {
		end, by := r.done(w)
		proof = append(proof, w)
		if by != nil && by != w {
			proof = append(proof, by)
		}
		age = max(age, end)
	}
	return age, proof
}

// possible says whether the key can have held the value at all.
func (r *register) possible(value string) bool {
	return value == "null" || len(r.writers[value]) > 0
}

// dirty finds, by key, the first node that holds what nobody wrote.
func (f *finalReads) dirty() []Anomaly {
	var found []Anomaly
	for _, key := range keysOf(f.last...) {
		r := f.register(key)
		if r.other {
			continue // the checker of its model looks into it
		}
		for _, s := range f.last {
			if v := history.Text(s.State[key]); !r.possible(v) {
				found = append(found, f.dirtyState(key, s, r.failed[v]))
				break
			}
		}
	}
	return found
}

func (f *finalReads) dirtyState(key string, s NodeState, failed *history.Operation) Anomaly {
	a := Anomaly{Name: DirtyRead, Key: key, Focus: s.Op.Call, Ops: []int64{s.Op.Call}, Faults: FaultsAt(f.h, s.Op)}
	held := fmt.Sprintf("Dirty read: at the end %s held %s = %s, although ", s.Node, ShowKey(key), ShowValue(s.State[key]))
	if failed != nil {
		a.Ops = []int64{failed.Call, s.Op.Call}
		a.Message = fmt.Sprintf("%s%s had been refused%s: what fails must never be seen.", held, ShowWrite(failed), ShowPlace("by", failed))
	} else {
		a.Message = held + "nobody ever asked to write that value."
	}
	a.Proof = "no operation that may have taken effect wrote this value."
	return a
}

// losses finds, by key, the last write that certainly took effect and that is gone: what every node
// holds is certainly older. One node that may hold something newer is enough to find nothing, and
// so is anybody who saw it afterwards.
func (f *finalReads) losses() []Anomaly {
	if 2*len(f.last) <= len(f.nodes) {
		return nil // the rest may hold it
	}
	var found []Anomaly
	for _, key := range f.writtenKeys() {
		r := f.register(key)
		if a, lost := f.loss(key, r); lost {
			found = append(found, a)
		}
	}
	return found
}

func (f *finalReads) writtenKeys() []string {
	var keys []string
	for key, r := range f.registers {
		if len(r.writes) > 0 {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (f *finalReads) loss(key string, r *register) (Anomaly, bool) {
	age, asked := int64(-1), int64(never)
	var proof []*history.Operation
	for _, s := range f.last {
		v := history.Text(s.State[key])
		if !r.possible(v) {
			return Anomaly{}, false // dirty
		}
		a, by := r.age(v)
		age, proof = max(age, a), append(proof, by...)
		asked = min(asked, s.Op.Call)
	}
	for i := len(r.writes) - 1; i >= 0 && r.writes[i].Call > age; i-- {
		w := r.writes[i]
		end, by := r.done(w)
		if end > asked {
			continue
		}
		if r.seenAfter(w, asked) {
			return Anomaly{}, false
		}
		return f.lost(key, w, by, proof), true
	}
	return Anomaly{}, false
}

// seenAfter says whether anybody who asked after the final reads saw something that is not certainly
// older than w. Then the nodes were only behind.
func (r *register) seenAfter(w *history.Operation, asked int64) bool {
	return slices.ContainsFunc(r.sights, func(s sight) bool {
		age, _ := r.age(s.value)
		return s.op.Call > asked && age >= w.Call
	})
}

func (f *finalReads) lost(key string, w, by *history.Operation, older []*history.Operation) Anomaly {
	s := f.last[0]
	a := Anomaly{Name: LostWrite, Key: key, Focus: s.Op.Call, Ops: []int64{w.Call, by.Call, s.Op.Call}, Faults: FaultsAt(f.h, s.Op)}
	for _, op := range older {
		a.Ops = append(a.Ops, op.Call)
	}
	slices.Sort(a.Ops)
	a.Ops = slices.Compact(a.Ops)
	fate := fmt.Sprintf("%s was acknowledged%s at %s", ShowWrite(w), ShowPlace("by", w), ShowTime(w.ReturnTime))
	if by != w {
		fate = fmt.Sprintf("%s was seen by client %v%s at %s", ShowWrite(w), by.Process, ShowPlace("at", by), ShowTime(by.ReturnTime))
	}
	a.Message = fmt.Sprintf("Lost write: %s, but at the end %s.", fate, f.holdings(key))
	a.Proof = "every node held a value that had been there before this write began, and no write of it could still come."
	return a
}

// holdings is "n1, n2 and n3 held x = 12, which is older".
func (f *finalReads) holdings(key string) string {
	var order []string
	holders := make(map[string][]string)
	for _, s := range f.last {
		v := ShowValue(s.State[key])
		if holders[v] == nil {
			order = append(order, v)
		}
		holders[v] = append(holders[v], s.Node)
	}
	for i, v := range order {
		order[i] = fmt.Sprintf("%s held %s = %s", ShowList(holders[v]), ShowKey(key), v)
	}
	return ShowList(order) + ", which is older"
}
