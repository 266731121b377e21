package txn

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
)

// witness looks for an order in which the transactions, executed one after the other, see what they saw. What it
// gives was executed. Where it gives none, there may be one: it goes back where it is stuck, but not for ever.
//
// A transaction can be next if all that certainly comes before it was executed, if the registers hold what it read, and
// if nobody else is still to read what it writes over. One that can be next and writes nothing that anybody reads goes at
// once, without an alternative: in every order that goes on from here it can as well stand first. Of the others,
// the one goes first whose answer, or whose reader's answer, came first.
type witness struct {
	*registers
	graph *graph
	real  bool // it keeps to real time

	urgency  []int64 // by transaction
	harmless []bool  // nobody reads what it writes
	returned []int32 // the acknowledged ones, in the order of their answers
	state
	undo   []moved // of the registers
	frames []turn
	others []int32 // alternatives of all frames, one behind the other

	sign   []uint64            // of each transaction and each version, by which states are told apart
	failed map[uint64]struct{} // states from which nothing leads to the end
	work   int                 // that may still be done
}

// state is what has been executed so far.
type state struct {
	done    []bool
	missing []int32 // by node: edges to it from what was not executed
	held    []int32 // by key: the version that it holds
	unread  []int32 // by version: reads of it that are still to come
	ready   []int32 // transactions that nothing certain keeps back
	at      []int32 // where in ready each is, and one more
	hash    uint64
	executed,
	oldest, // of returned: the first that was not executed
	invoked int // so many were invoked before that was answered
}

// turn is one transaction that was executed, and how it was before.
type turn struct {
	txn             int32
	undo, others    int
	oldest, invoked int
	hash            uint64
}

type moved struct{ key, version int32 }

// witness says whether it found an order of all transactions that count.
func (rs *registers) witness(ctx context.Context, g *graph, realTime bool) bool {
	w := &witness{registers: rs, graph: g, real: realTime, failed: make(map[uint64]struct{}), work: 50*len(rs.ops) + 2_000_000}
	w.prepare()
	w.begin()
	return w.search(ctx) && w.replays()
}

// prepare counts who reads what, and how urgent each transaction is.
func (w *witness) prepare() {
	n := len(w.ops)
	w.urgency, w.harmless = make([]int64, n), make([]bool, n)
	w.state = state{done: make([]bool, n), missing: make([]int32, w.graph.nodes()), held: make([]int32, len(w.keys)),
		unread: make([]int32, len(w.steps)+len(w.keys)), at: make([]int32, n)}
	r := rand.New(rand.NewPCG(1, 2))
	w.sign = make([]uint64, n+len(w.unread))
	for i := range w.sign {
		w.sign[i] = r.Uint64()
	}
	for k := range w.keys {
		w.held[k] = w.initialOf(int32(k))
	}
	for t := range int32(n) {
		w.urgency[t] = w.ops[t].Return
		if !w.ok(t) {
			w.urgency[t] = 1 << 62
		}
	}
	for t := range int32(n) {
		if !w.counts[t] {
			continue
		}
		if w.ok(t) {
			w.returned = append(w.returned, t)
		}
		w.eachRead(t, func(s, v int32) {
			w.unread[v]++
			if writer := w.version(s); writer != none {
				w.urgency[writer] = min(w.urgency[writer], w.ops[t].Return)
			}
		})
	}
	slices.SortFunc(w.returned, func(a, b int32) int { return cmp.Compare(w.ops[a].Return, w.ops[b].Return) })
	for t := range int32(n) {
		w.harmless[t] = true
		w.eachWrite(t, func(s int32) { w.harmless[t] = w.harmless[t] && w.unread[s] == 0 })
	}
}

func (w *witness) initialOf(k int32) int32 { return int32(len(w.steps)) + k }

// begin lets those go that nothing keeps back.
func (w *witness) begin() {
	for v := range int32(w.graph.nodes()) {
		for _, e := range w.graph.edges(v) {
			to, _ := target(e)
			w.missing[to]++
		}
	}
	for v := int32(len(w.ops)); int(v) < w.graph.nodes(); v++ {
		if w.missing[v] == 0 {
			w.release(v) // a node in the middle that nothing leads to
		}
	}
	w.advance()
}

// search executes one after the other, and goes back where there is no next.
func (w *witness) search(ctx context.Context) bool {
	all := 0
	for _, is := range w.counts {
		if is {
			all++
		}
	}
	for w.executed < all {
		if w.work--; w.work < 0 || w.executed%4096 == 0 && ctx.Err() != nil {
			return false
		}
		from := len(w.others)
		if _, known := w.failed[w.hash]; !known {
			w.next()
		}
		if len(w.others) > from {
			w.execute(from)
			continue
		}
		if !w.back() {
			return false
		}
	}
	return true
}

// next puts those that can be next behind the alternatives, the most urgent last.
func (w *witness) next() {
	from := len(w.others)
	w.work -= len(w.ready)
	for _, t := range w.ready {
		if w.blocked(t) {
			continue
		}
		if w.harmless[t] {
			w.others = append(w.others[:from], t)
			return
		}
		w.others = append(w.others, t)
	}
	slices.SortFunc(w.others[from:], func(a, b int32) int {
		return -cmp.Or(cmp.Compare(w.urgency[a], w.urgency[b]), cmp.Compare(a, b))
	})
}

// back undoes the last transaction that has an alternative, and executes that.
func (w *witness) back() bool {
	for len(w.frames) > 0 {
		w.failed[w.hash] = struct{}{}
		f := w.frames[len(w.frames)-1]
		w.frames = w.frames[:len(w.frames)-1]
		w.takeBack(f)
		if len(w.others) > f.others {
			w.execute(f.others)
			return true
		}
	}
	return false
}

// eachRead calls yield for every version that a transaction read, once. A version is called by the step that wrote it,
// or by a number behind those: the initial one of a key.
func (w *witness) eachRead(t int32, yield func(s, version int32)) {
	if !w.ok(t) {
		return
	}
	for s := w.first[t]; s < w.first[t+1]; s++ {
		if w.steps[s].does != reads || !w.outside(s) || w.readBefore(s) {
			continue
		}
		v := w.source[s]
		if v == initial {
			v = w.initialOf(w.steps[s].key)
		}
		yield(s, v)
	}
}

func (w *witness) readBefore(s int32) bool {
	all := w.steps
	for i := w.first[all[s].txn]; i < s; i++ {
		if all[i].key == all[s].key && all[i].does == reads {
			return true
		}
	}
	return false
}

// eachWrite calls yield for the last write of a transaction to each register.
func (w *witness) eachWrite(t int32, yield func(s int32)) {
	for s := w.first[t]; s < w.first[t+1]; s++ {
		if w.steps[s].does != reads && !w.inner[s] {
			yield(s)
		}
	}
}

// blocked says that a register does not hold what a transaction read, or that somebody has yet to read what it writes
// over.
func (w *witness) blocked(t int32) (is bool) {
	w.eachRead(t, func(s, v int32) {
		is = is || w.held[w.steps[s].key] != v
		w.unread[v]-- // its own read keeps nobody back
	})
	w.eachWrite(t, func(s int32) { is = is || w.unread[w.held[w.steps[s].key]] > 0 })
	w.eachRead(t, func(_, v int32) { w.unread[v]++ })
	return is
}
