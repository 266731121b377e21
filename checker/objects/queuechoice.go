package objects

import (
	"cmp"
	"math"
	"slices"
)

// chooseQueue gives the dequeues that were never answered the values that they may have taken, and leaves out
// those for which none is left. What it makes is one of the histories that may have happened: if that one is
// linearizable, so is the key (Herlihy and Wing, Linearizability, TOPLAS 1990, section 2.2: a history is if one
// of its completions is). If it is not, nothing is said.
//
// A value that was enqueued and that no answer shows must be gone before any value that was enqueued after it is
// dequeued, and before the queue is found empty. A dequeue without an answer may take effect as late as one likes,
// but not before it was called. So the value that must be gone first goes to the dequeue that was called first:
// if any choice keeps all these deadlines, this one does, since whoever can take a value can take each that may
// stay longer. Without it a search has to try them all: 166 operations with a few dequeues cut off by the death of
// all nodes took more than 2 GB.
func chooseQueue(k *key) *key {
	if !enqueuedOnce(k) {
		return nil
	}
	q := newQueued(k)
	if len(q.unanswered) == 0 || len(q.wrong()) > 0 {
		return nil
	}
	chosen := *k
	chosen.ops = slices.Clone(k.ops)
	left := q.left()
	for i, d := range q.unanswered[:min(len(left), len(q.unanswered))] {
		o := &chosen.ops[d]
		o.value, o.ret = left[i], never-1 // after everything else, but it has returned
	}
	chosen.ops = slices.DeleteFunc(chosen.ops, func(o op) bool { return o.does == queueDequeue && o.unknown() })
	return &chosen
}

// left are the values that were enqueued and that no answer shows, in the order in which they must be gone.
func (q *queued) left() []int32 {
	k := q.key
	// Whoever dequeues a value, or finds nothing, tells that what had been enqueued before is gone.
	var tells []deadline
	for v, d := range q.dequeue {
		if d != none {
			tells = append(tells, deadline{k.ops[q.enqueue[v]].call, k.ops[d].ret})
		}
	}
	for i := range k.ops {
		if o := &k.ops[i]; o.does == queueEmpty {
			tells = append(tells, deadline{o.call, o.ret})
		}
	}
	slices.SortFunc(tells, func(a, b deadline) int { return cmp.Compare(a.after, b.after) })
	for i := len(tells) - 2; i >= 0; i-- {
		tells[i].by = min(tells[i].by, tells[i+1].by)
	}
	goneBy := make(map[int32]int64)
	var left []int32
	for v, e := range q.enqueue {
		if e == none || q.dequeue[v] != none || k.ops[e].unknown() {
			continue
		}
		at, _ := slices.BinarySearchFunc(tells, k.ops[e].ret, func(d deadline, ret int64) int { return cmp.Compare(d.after, ret) })
		goneBy[int32(v)] = math.MaxInt64
		if at < len(tells) {
			goneBy[int32(v)] = tells[at].by
		}
		left = append(left, int32(v))
	}
	slices.SortFunc(left, func(a, b int32) int {
		return cmp.Or(cmp.Compare(goneBy[a], goneBy[b]), cmp.Compare(q.enqueue[a], q.enqueue[b]))
	})
	return left
}

// deadline says that what was enqueued before one event is gone by another.
type deadline struct{ after, by int64 }
