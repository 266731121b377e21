package objects

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"schism/history"
)

// never is the return of an operation whose outcome is not known: it may take effect at any time
// after its call, even after the run.
const never = math.MaxInt64

// none stands for 'no such operation'.
const none = -1

// op is what one operation says about one object.
type op struct {
	call, ret int64 // indexes of the events, not times: clocks are coarse, and indexes never tie
	at        int32 // index in history.Operations
	does      int8  // the object's own numbering
	changes   bool  // it changes the object, or takes part of it away

	value int32   // the number of an element, of an owner
	n     int64   // a counter's sum, or what was added to it
	list  []int32 // the elements that were read, each once
	text  string  // a string
	txn   []access
}

// unknown says whether the operation may never have happened.
func (o *op) unknown() bool { return o.ret == never }

// key is everything that a history says about one object.
type key struct {
	name   string
	h      *history.History
	object *object
	from   []int32 // its operations in the history, by index, in the order of their calls
	ops    []op    // what they say, in the same order
	broken string  // why it cannot be judged at all; empty if it can
	part   bool    // it had other operations before these
	takers int     // of a part of a queue: dequeues that were called before and have no answer
	ending ending

	ids       map[string]int32 // the canonical text of each value → its number
	texts     []string         // and back
	registers map[string]int32 // of a group: their numbers by their names
	failed    map[int32]int32  // value → the failed operation that asked for it, as index in the history
	fails     int              // operations that would have changed something and failed
	sums      [2]int64         // of a counter: all that may have been added, and all that may have been taken
	again     map[int32]int32  // operation (in ops) → an element that it was shown twice
}

func byKey(h *history.History) []*key {
	var keys []*key
	byName := make(map[string]*key)
	for at := range h.Operations {
		name := h.Operations[at].Key
		k := byName[name]
		if k == nil {
			k = &key{name: name}
			byName[name] = k
			keys = append(keys, k)
		}
		k.from = append(k.from, int32(at))
	}
	return keys
}

// normalize leaves out what failed, and what has no answer and changes nothing. What may have
// happened has no end.
func (k *key) normalize() {
	k.ids, k.failed, k.again = make(map[string]int32), make(map[int32]int32), make(map[int32]int32)
	k.registers = make(map[string]int32)
	k.ops = make([]op, 0, len(k.from))
	var o op // one for all: it is passed on by its address
	for _, at := range k.from {
		from := &k.h.Operations[at]
		o = op{call: from.Call, ret: from.Return, at: at}
		if from.Outcome == history.Info {
			o.ret = never
		}
		keep, err := k.object.take(k, from, &o)
		switch {
		case err != nil:
			k.broken = fmt.Sprintf("event %d: %v", from.Call, err)
			return
		case !keep || o.unknown() && !o.changes:
		case from.Outcome == history.Fail:
			k.fail(&o)
		default:
			k.ops = append(k.ops, o)
		}
	}
}

// fail keeps what must never be seen.
func (k *key) fail(o *op) {
	if !o.changes {
		return
	}
	k.fails++
	k.failed[o.value] = o.at
	for _, a := range o.txn {
		k.failed[a.value] = o.at
	}
}

// id is the number of a value. Equal values have equal canonical texts.
func (k *key) id(v history.Value) int32 {
	text := history.Text(v)
	id, known := k.ids[text]
	if !known {
		id = int32(len(k.texts))
		k.ids[text] = id
		k.texts = append(k.texts, text)
	}
	return id
}

// called is the operation, in ops, that was called by an event; none if it is not there.
func (k *key) called(event int64) int32 {
	at, there := slices.BinarySearchFunc(k.ops, event, func(o op, event int64) int { return cmp.Compare(o.call, event) })
	if !there {
		return none
	}
	return int32(at)
}

func (k *key) source(o *op) *history.Operation { return &k.h.Operations[o.at] }

// beginning is what the first n operations had told when the next one was called: whatever had been
// answered, and what may have changed something.
func (k *key) beginning(n int) []op {
	now := int64(never)
	if n < len(k.ops) {
		now = k.ops[n].call
	}
	ops := make([]op, 0, n)
	for _, o := range k.ops[:n] {
		if o.ret >= now {
			o.ret = never
		}
		if o.changes || !o.unknown() {
			ops = append(ops, o)
		}
	}
	return ops
}

// tighten leaves out the unknown operations that nobody among the others can have noticed.
func (k *key) tighten(ops []op) []op {
	if k.object.observed == nil {
		return ops
	}
	return slices.DeleteFunc(slices.Clone(ops), func(o op) bool { return o.unknown() && !k.object.observed(k, &o, ops) })
}
