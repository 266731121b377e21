package txn

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"schism/checker"
	"schism/history"
)

// LongFork judges registers that are nil at first and written once each, by transactions of a single write, while
// others read several of them: all readers must see the writes come in one order.
//
// Theorem. Let a write come before another if some read shows the one and not the other. The history is
// serializable, and fits snapshot isolation, if and only if no writes come before each other in a circle.
// If: put the writes in an order that fits, those that nobody saw last, and each read right behind the last write
// that it shows; all that it does not show comes later. Only if: whoever shows a and not b took its snapshot
// after a and before b, so that a came before b for everybody. (Snapshot isolation allows nothing more than
// serializability here: for that two anti-dependencies would have to follow each other in the circle, and the
// transaction between them would have to read and to write; Cerone and Gotsman, 2018, theorem 10. Parallel
// snapshot isolation allows the circle: this is the anomaly that sets the two apart.)
//
// It is called G-nonadjacent: each reader depends on a write (wr) and misses the next one (rw), two anti-dependencies at
// least and no two of them in a row. Two readers that see two writes in opposite orders are the long fork that
// Jepsen looks for; more readers, of whom no two read the same registers, make longer circles, which comparing
// pairs does not find. Counterexample: x and not y, y and not z, z and not x.
//
// Source: Jepsen's long-fork test (jepsen.tests.long-fork), which compares reads of the same registers pair by
// pair. Here reads may be of any registers; it takes time linear in what was read.
//
// Where a register was written more than once, only what is certain all the same is used: a read of nil misses
// every write of the register, and one that just one write can have written, so far, sees that. A circle of
// these is certain; that there is none decides nothing, and the answer is unknown. Counterexample: x written
// as 1 and as 2, of which a read shows 2: whether it missed 1 or saw it replaced nobody knows.
type LongFork struct{}

// Name is the checker's name in results.
func (LongFork) Name() string { return "long-fork" }

// Check builds the graph of writes and reads and looks for circles.
func (c LongFork) Check(ctx context.Context, h *history.History) checker.Check {
	f := newForks(h)
	check := checker.Check{Name: c.Name(), Anomalies: append(f.found, f.circles(ctx, f.peel())...)}
	reads := len(f.nodes) - f.writes
	check.Figures = map[string]float64{
		"transactions": float64(len(h.Operations)), "reads": float64(reads), "writes": float64(f.writes), "keys": float64(len(f.byKey)),
	}
	switch {
	case len(check.Anomalies) > 0:
		check.Verdict, check.Message = checker.Invalid, check.Anomalies[0].Message
	case f.unclear != "":
		check.Message = "It could not be decided: " + f.unclear + "."
	case reads == 0:
		check.Verdict, check.Message = checker.Vacuous, "Nobody read."
	default:
		check.Verdict = checker.Valid
		check.Message = fmt.Sprintf("One order of the writes fits what all reads were shown. Writes: %d, reads: %d.", f.writes, reads)
	}
	return check
}

// forks is the graph: an edge leads from each write to the reads that show it, and from each read to the writes
// that it does not show.
type forks struct {
	h       *history.History
	nodes   []forkNode // the writes, then the reads
	writes  int
	byKey   map[string][]int32 // the writes of each register that may have taken effect, in the order of their calls
	byValue map[forkValue][]int32
	failed  map[forkValue]*history.Operation // the first write of a value that was refused
	odd     map[forkValue]int64              // what transactions that are none of the model's may have written, with the first's call
	blind   int64                            // the call of the first transaction that may have written anything
	told    map[[2]string]bool               // the names and registers of what was found
	found   []checker.Anomaly                // that need no circle
	unclear string                           // why the absence of circles decides nothing; empty if it does
}

type forkValue struct{ key, value string }

func forkValueOf(a history.Access) forkValue { return forkValue{a.Register, history.Text(a.Value)} }

type forkNode struct {
	op        *history.Operation
	forkValue // of a write
	next      []int32
}

func newForks(h *history.History) *forks {
	f := &forks{
		h: h, byKey: make(map[string][]int32), byValue: make(map[forkValue][]int32),
		failed: make(map[forkValue]*history.Operation), odd: make(map[forkValue]int64), blind: math.MaxInt64, told: make(map[[2]string]bool),
	}
	var reads []forkRead
	for i := range h.Operations {
		op := &h.Operations[i]
		parts, err := op.Accesses()
		if err != nil {
			f.vague("client %v's transaction (event %d): %v", op.Process, op.Call, err)
			asked, unreadable := history.SplitTxn(op.Input)
			f.strange(op, asked)
			if unreadable != nil {
				f.blind = min(f.blind, op.Call)
			}
			continue
		}
		switch writes := slices.ContainsFunc(parts, func(a history.Access) bool { return a.Kind != history.Reads }); {
		case !writes && op.Outcome == history.OK:
			reads = append(reads, forkRead{op, parts})
		case writes:
			f.write(op, parts)
		}
	}
	f.writes = len(f.nodes)
	for _, r := range reads {
		f.read(r)
	}
	return f
}

// forkRead is a transaction that read, and what it was shown.
type forkRead struct {
	op    *history.Operation
	parts []history.Access
}

// vague notes why it may not be possible to decide.
func (f *forks) vague(format string, args ...any) {
	if f.unclear == "" {
		f.unclear = fmt.Sprintf(format, args...)
	}
}

// strange notes what a transaction that is none of the model's may have written.
func (f *forks) strange(op *history.Operation, parts []history.Access) {
	for _, a := range parts {
		if _, known := f.odd[forkValueOf(a)]; !known {
			f.odd[forkValueOf(a)] = op.Call
		}
		if a.Kind == history.Appends {
			f.blind = min(f.blind, op.Call) // it may make any list of what is there
		}
	}
}

// mayBeOdd says whether what a read was shown may be by a transaction of which the model knows nothing.
func (f *forks) mayBeOdd(op *history.Operation, a history.Access) bool {
	call, known := f.odd[forkValueOf(a)]
	return known && call < op.Return || f.blind < op.Return
}

func (f *forks) write(op *history.Operation, parts []history.Access) {
	if len(parts) != 1 || parts[0].Kind != history.Writes || history.IsNil(parts[0].Value) {
		f.vague("client %v's transaction (event %d) is no single write of a value: of other transactions the models rw-register and list-append know", op.Process, op.Call)
		f.strange(op, parts)
		return
	}
	v := forkValueOf(parts[0])
	if op.Outcome == history.Fail {
		if f.failed[v] == nil {
			f.failed[v] = op
		}
		return
	}
	key := v.key
	if before := f.byKey[key]; len(before) > 0 {
		f.vague("%s was written by event %d and by event %d: it takes registers that are written once; of others the model rw-register knows", checker.ShowKey(key), f.nodes[before[0]].op.Call, op.Call)
	}
	f.byKey[key] = append(f.byKey[key], int32(len(f.nodes)))
	f.byValue[v] = append(f.byValue[v], int32(len(f.nodes)))
	f.nodes = append(f.nodes, forkNode{op: op, forkValue: v})
}

// read puts a read into the graph, if what it was shown makes sense.
func (f *forks) read(r forkRead) {
	me := int32(len(f.nodes))
	node := forkNode{op: r.op}
	var sees []int32
	for i, a := range r.parts {
		if other := f.other(r.parts[:i], a); other >= 0 {
			f.find(f.twice(r, r.parts[other], a))
			return
		}
		if history.IsNil(a.Value) {
			missed := f.byKey[a.Register]
			node.next = append(node.next, missed[:min(len(missed), mostMissed)]...)
			continue
		}
		writers := f.writersOf(r.op, a)
		switch {
		case f.mayBeOdd(r.op, a):
		case len(writers) == 0:
			f.find(f.unwritten(r.op, a))
			return
		case len(writers) == 1:
			sees = append(sees, writers[0])
		}
	}
	for _, w := range sees {
		f.nodes[w].next = append(f.nodes[w].next, me)
	}
	f.nodes = append(f.nodes, node)
}

// mostMissed bounds the writes of one register, of which there should be one, that a read of nil leads to: else they
// would be as many as reads times writes.
const mostMissed = 8

// find keeps one finding of a name and a register.
func (f *forks) find(a checker.Anomaly) {
	if id := [2]string{a.Name, a.Key}; !f.told[id] && len(f.found) < mostForks {
		f.told[id] = true
		f.found = append(f.found, a)
	}
}

// mostForks are as many findings as anybody reads.
const mostForks = 100

// other is a part before a that shows another value of the same register; -1 if there is none.
func (f *forks) other(before []history.Access, a history.Access) int {
	return slices.IndexFunc(before, func(b history.Access) bool {
		return b.Register == a.Register && history.Text(b.Value) != history.Text(a.Value)
	})
}

// writersOf are the writes that a read can have seen, of those that were invoked before it had its answer.
func (f *forks) writersOf(op *history.Operation, a history.Access) (writers []int32) {
	for _, w := range f.byValue[forkValueOf(a)] {
		if len(writers) < 2 && f.nodes[w].op.Call < op.Return {
			writers = append(writers, w)
		}
	}
	return writers
}

// twice is a read that contradicts itself.
func (f *forks) twice(r forkRead, a, b history.Access) checker.Anomaly {
	return checker.Anomaly{
		Name: checker.Internal, Key: a.Register, Ops: []int64{r.op.Call}, Focus: r.op.Call, Faults: checker.FaultsAt(f.h, r.op),
		Message: fmt.Sprintf("Internal: %s reads %s = %s and %s = %s, and writes nothing between.", showReader(r.op), checker.ShowKey(a.Register), checker.ShowValue(a.Value), checker.ShowKey(b.Register), checker.ShowValue(b.Value)),
		Proof:   "one snapshot has one value of each register.",
	}
}

// unwritten is a read of what nobody wrote, or of what was refused.
func (f *forks) unwritten(op *history.Operation, a history.Access) checker.Anomaly {
	found := checker.Anomaly{
		Name: checker.DirtyRead, Key: a.Register, Ops: []int64{op.Call}, Focus: op.Call, Faults: checker.FaultsAt(f.h, op),
		Message: fmt.Sprintf("Dirty read: %s shows %s = %s, although nobody had asked to write that value.", showReader(op), checker.ShowKey(a.Register), checker.ShowValue(a.Value)),
		Proof:   "no operation that may have taken effect wrote this value.",
	}
	if failed := f.failed[forkValueOf(a)]; failed != nil && failed.Call < op.Return {
		found.Name = checker.G1a
		found.Ops = []int64{min(failed.Call, op.Call), max(failed.Call, op.Call)}
		found.Message = fmt.Sprintf("Aborted read (G1a): %s shows %s = %s, although %s was refused%s: what fails must never be seen.",
			showReader(op), checker.ShowKey(a.Register), checker.ShowValue(a.Value), checker.ShowWrite(failed), checker.ShowPlace("by", failed))
	}
	return found
}

// peel takes away, again and again, what nothing that is left leads to: it is in no circle. Of the rest each has
// something that leads to it.
func (f *forks) peel() (rest []int32) {
	into := make([]int32, len(f.nodes))
	for i := range f.nodes {
		for _, to := range f.nodes[i].next {
			into[to]++
		}
	}
	var free []int32
	for i := range into {
		if into[i] == 0 {
			free = append(free, int32(i))
		}
	}
	for len(free) > 0 {
		at := free[len(free)-1]
		free = free[:len(free)-1]
		into[at] = -1
		for _, to := range f.nodes[at].next {
			if into[to]--; into[to] == 0 {
				free = append(free, to)
			}
		}
	}
	for i, n := range into {
		if n > 0 {
			rest = append(rest, int32(i))
		}
	}
	return rest
}

// circles finds one circle in every part of the graph that nothing connects with the others, a short one.
func (f *forks) circles(ctx context.Context, rest []int32) (found []checker.Anomaly) {
	s := newForkSearch(f, rest)
	for _, at := range rest {
		if s.done[at] || len(found) == mostForks {
			continue
		}
		circle := s.any(at)
		for i, from := range circle {
			if i == 64 || len(circle) == 4 || ctx.Err() != nil {
				break // the first one is one, and this is only about a shorter one
			}
			if other := s.through(from); len(other) > 0 && len(other) < len(circle) {
				circle = other
				break
			}
		}
		s.leave(at)
		found = append(found, f.circle(circle))
	}
	return found
}

// circle tells of one, in which writes and reads take turns.
func (f *forks) circle(nodes []int32) checker.Anomaly {
	end := 0 // with the read that was answered last
	for i, at := range nodes {
		if reads := at >= int32(f.writes); reads && (nodes[end] < int32(f.writes) || f.nodes[at].op.Return > f.nodes[nodes[end]].op.Return) {
			end = i
		}
	}
	nodes = slices.Concat(nodes[end+1:], nodes[:end+1])
	last := f.nodes[nodes[len(nodes)-1]].op
	var keys, told []string
	var ops []int64
	for i := 0; i < len(nodes); i += 2 {
		seen, reader, missed := f.nodes[nodes[i]], f.nodes[nodes[i+1]].op, f.nodes[nodes[(i+2)%len(nodes)]]
		keys = append(keys, checker.ShowKey(seen.key))
		ops = append(ops, seen.op.Call, reader.Call)
		told = append(told, fmt.Sprintf("%s shows %s = %s and not yet %s = %s", showReader(reader), checker.ShowKey(seen.key), checker.ShowValue(history.Value(seen.value)), checker.ShowKey(missed.key), checker.ShowValue(history.Value(missed.value))))
	}
	slices.Sort(ops)
	slices.Sort(keys)
	return checker.Anomaly{
		Name: checker.GNonadjacent, Key: strings.Join(keys, ", "), Ops: ops, Focus: last.Call, Faults: checker.FaultsAt(f.h, last),
		Message: fmt.Sprintf("Long fork (G-nonadjacent): %s: the readers saw the writes in different orders.", strings.Join(told, ", but ")),
		Proof:   "a snapshot that holds the one write and not the other was taken after the one and before the other, and there is no order in which each write comes before the next in this circle.",
	}
}
