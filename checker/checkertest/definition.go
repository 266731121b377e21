package checkertest

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/anishathalye/porcupine"

	"schism/checker/search"
	"schism/history"
)

// Definition says what an object is, and nothing of how to judge it. Its states are texts. It shares no code
// with what is tested.
type Definition struct {
	Start string
	// Step says whether an operation can take effect on a state with the answer that it got, if it got one.
	Step func(state string, o *history.Operation) (next string, ok bool)
}

// counts says whether an operation says anything of the object: what was refused does not, but for a cas, which
// tells of what it did not match.
func counts(o *history.Operation) bool {
	return o.Outcome != history.Fail || o.Error == history.Mismatch
}

// BruteForce says whether the operations, at most 32, are linearizable. It tries every order.
func (d Definition) BruteForce(ops []history.Operation) bool {
	b := brute{Definition: d, dead: make(map[uint64]bool), ids: make(map[string]uint32)}
	for i := range ops {
		if counts(&ops[i]) {
			b.ops = append(b.ops, &ops[i])
		}
	}
	b.steps = make([]map[uint32]uint32, len(b.ops))
	for i, o := range b.ops {
		b.steps[i] = make(map[uint32]uint32)
		var before uint32
		for j, p := range b.ops {
			if p.Outcome != history.Info && p.Return < o.Call {
				before |= 1 << j
			}
		}
		b.before = append(b.before, before)
		if o.Outcome != history.Info {
			b.must |= 1 << i
		}
	}
	return b.fits(0, b.id(d.Start))
}

type brute struct {
	Definition
	ops    []*history.Operation
	before []uint32 // by operation: those that returned before it was called
	must   uint32   // those that certainly happened
	ids    map[string]uint32
	states []string
	steps  []map[uint32]uint32 // by operation: state → the next one, stuck if there is none
	dead   map[uint64]bool     // done and state, from which no order leads on
}

const stuck = 1<<32 - 1

func (b *brute) id(state string) uint32 {
	id, known := b.ids[state]
	if !known {
		id = uint32(len(b.states))
		b.ids[state] = id
		b.states = append(b.states, state)
	}
	return id
}

func (b *brute) step(i int, state uint32) uint32 {
	next, known := b.steps[i][state]
	if !known {
		next = stuck
		if text, ok := b.Step(b.states[state], b.ops[i]); ok {
			next = b.id(text)
		}
		b.steps[i][state] = next
	}
	return next
}

// fits says whether the operations that are not done can follow in some order.
func (b *brute) fits(done, state uint32) bool {
	if done&b.must == b.must {
		return true
	}
	at := uint64(done)<<32 | uint64(state)
	if b.dead[at] {
		return false
	}
	for i := range b.ops {
		if done&(1<<i) != 0 || b.before[i]&^done != 0 {
			continue
		}
		if next := b.step(i, state); next != stuck && b.fits(done|1<<i, next) {
			return true
		}
	}
	b.dead[at] = true
	return false
}

var seedOfHash = maphash.MakeSeed()

// patience is for Porcupine with one small history.
const patience = 10 * time.Minute

// Porcupine says the same by its own search.
func (d Definition) Porcupine(ops []history.Operation) bool { return Ask(d.ForPorcupine(ops)) }

// ForPorcupine is the object and the operations as Porcupine wants them. An unknown operation that does not fit
// did not happen.
func (d Definition) ForPorcupine(ops []history.Operation) (porcupine.Model, []porcupine.Operation) {
	var all []porcupine.Operation
	for i := range ops {
		if o := &ops[i]; counts(o) {
			ret := o.Return
			if o.Outcome == history.Info {
				ret = 1<<63 - 1
			}
			all = append(all, porcupine.Operation{Input: o, Call: o.Call, Return: ret})
		}
	}
	return porcupine.Model{
		Init: func() any { return d.Start },
		Step: func(state, input, _ any) (bool, any) {
			o := input.(*history.Operation)
			if next, ok := d.Step(state.(string), o); ok {
				return true, next
			}
			return o.Outcome == history.Info, state
		},
		Hash: func(state any) uint64 { return maphash.String(seedOfHash, state.(string)) },
	}, all
}

// Ask waits for Porcupine's answer on a small history.
func Ask(m porcupine.Model, ops []porcupine.Operation) bool {
	linearizable, ok, _ := search.Unguarded().Ask(context.Background(), m, ops, patience)
	if !ok {
		panic("Porcupine gave no answer on a small history in " + patience.String())
	}
	return linearizable
}
