package objects

import (
	"cmp"
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// What operations do to a queue.
const (
	queueEnqueue int8 = iota
	queueDequeue
	queueEmpty // a dequeue that found nothing
)

// Queue judges every key as a queue, first in first out, with enqueue (history.Enqueue) and dequeue
// (history.Dequeue), which answers nil if the queue is empty. A dequeue that failed took nothing.
//
// Where every value is enqueued by one operation at most and every dequeue has an answer, it is decided
// by pairs of values in O(n log n). So it is where the values that nobody is known to have taken can be given to
// the dequeues without an answer; other queues are decided by Porcupine.
func Queue(l checker.Limits) checker.Checker {
	return Checker{Limits: l, object: object{
		noun: "queue", take: takeQueue, eye: watchQueues, fits: fitsQueue, decide: decideQueue, refute: refuteQueue, choose: chooseQueue, observed: observedInQueue,
		start: func(*key) any { return "" },
		step:  stepQueue,
		state: inList,
		say: func(k *key, o *op) string {
			switch o.does {
			case queueEnqueue:
				return fmt.Sprintf("enqueued %s on %s", k.show(o.value), checker.ShowKey(k.name))
			case queueEmpty:
				return fmt.Sprintf("found %s empty", checker.ShowKey(k.name))
			}
			return fmt.Sprintf("dequeued %s from %s", k.show(o.value), checker.ShowKey(k.name))
		},
	}}
}

func takeQueue(k *key, from *history.Operation, o *op) (bool, error) {
	switch from.F {
	case history.Enqueue:
		if history.IsNil(from.Input) {
			return false, fmt.Errorf("an enqueue of nil, which is what a dequeue from an empty queue answers")
		}
		o.does, o.changes, o.value = queueEnqueue, true, k.id(from.Input)
		return true, nil
	case history.Dequeue:
		o.does, o.changes, o.value = queueDequeue, true, none
		switch {
		case from.Outcome == history.Fail:
			return false, nil
		case from.Outcome == history.OK && history.IsNil(from.Output):
			o.does, o.changes = queueEmpty, false
		case from.Outcome == history.OK:
			o.value = k.id(from.Output)
		}
		return true, nil
	}
	return false, fmt.Errorf("a queue knows only enqueue and dequeue, not %q", from.F)
}

// observedInQueue says whether anybody can have noticed an unknown operation. What was put into the
// queue and never taken out was in nobody's way, unless it was taken by somebody who was never
// answered, or kept the queue from being empty, which it was at will: an enqueue need not happen.
func observedInQueue(_ *key, unknown *op, among []op) bool {
	return unknown.does != queueEnqueue || slices.ContainsFunc(among, func(o op) bool {
		return o.does == queueDequeue && (o.value == unknown.value || o.value == none)
	})
}

// stepQueue: of an unknown dequeue nobody knows what it took; one that nothing says of what it would
// take, only that it is not known to have happened, takes that or nothing.
func stepQueue(_ *key, state any, o *op) (any, bool) {
	held := state.(string)
	switch o.does {
	case queueEnqueue:
		return held + pack([]int32{o.value}), true
	case queueEmpty:
		return held, held == ""
	}
	if held != "" && (o.value == none || held[:4] == pack([]int32{o.value})) {
		return held[4:], true
	}
	return held, o.unknown()
}

func fitsQueue(k *key) bool {
	return enqueuedOnce(k) && k.takers == 0 && !slices.ContainsFunc(k.ops, func(o op) bool { return o.does == queueDequeue && o.unknown() })
}

func enqueuedOnce(k *key) bool {
	times := make([]int, len(k.texts))
	for i := range k.ops {
		if o := &k.ops[i]; o.does == queueEnqueue {
			if times[o.value]++; times[o.value] > 1 {
				return false
			}
		}
	}
	return true
}

// decideQueue is the near-linear check of a queue whose values are enqueued once each.
//
// Theorem: the history is linearizable iff
//
//   - no value is dequeued that nobody may have enqueued, or before anybody asked to
//   - no value is dequeued twice
//   - of two values enqueued one after the other (x has returned before y is called), y is not dequeued
//     before x: not over before x's dequeue is called, nor dequeued at all if x never is
//   - for each dequeue that found nothing there is a moment between its call and its return at which no
//     value is certainly in the queue, that is between the return of its enqueue and the call of its
//     dequeue
//
// The last needs no look at other such dequeues: with a moment for each, every value fits wholly between
// two of them, and what was said of pairs stays true in each stretch. An unknown enqueue counts if its
// value was dequeued, and is over by then.
//
// Source: Henzinger, Sezgin and Vafeiadis, Aspect-oriented linearizability proofs (CONCUR 2013), for the
// conditions; Lee and Mathur, Efficient decrease-and-conquer linearizability monitoring (OOPSLA 2025,
// arXiv 2410.04581), for one sort and one sweep each.
//
// What forces each condition: dequeue 1; enqueue 1, dequeue 1, dequeue 1; enqueue 1, enqueue 2, dequeue 2;
// enqueue 1, a dequeue that found nothing, dequeue 1. And two values that take turns, enqueue 1, enqueue
// 2, dequeue 1, around one long dequeue that found nothing: at no moment was the queue empty.
func decideQueue(k *key) []*finding {
	return newQueued(k).wrong()
}

// newQueued sorts the operations of a queue whose values are enqueued once each by their values.
func newQueued(k *key) *queued {
	q := &queued{key: k, enqueue: make([]int32, len(k.texts)), dequeue: make([]int32, len(k.texts))}
	for v := range q.enqueue {
		q.enqueue[v], q.dequeue[v] = none, none
	}
	for i := range k.ops {
		switch o := &k.ops[i]; {
		case o.does == queueEnqueue:
			q.enqueue[o.value] = int32(i)
		case o.does == queueDequeue && o.unknown():
			q.unanswered = append(q.unanswered, int32(i))
		}
	}
	return q
}

func (q *queued) wrong() []*finding {
	for i := range q.key.ops {
		o := &q.key.ops[i]
		if o.does != queueDequeue || o.unknown() {
			continue
		}
		if wrong := q.take(int32(i), o); wrong != nil {
			return []*finding{wrong}
		}
		q.dequeue[o.value] = int32(i)
	}
	if wrong := q.outOfOrder(); wrong != nil {
		return []*finding{wrong}
	}
	if wrong := q.notEmpty(); wrong != nil {
		return []*finding{wrong}
	}
	return nil
}

// queued tells of each value who enqueued and who dequeued it; none if nobody did.
type queued struct {
	key              *key
	enqueue, dequeue []int32
	unanswered       []int32 // dequeues of which nobody knows what they took, in the order of their calls
}

// takers is how many dequeues have no answer.
func (q *queued) takers() int { return len(q.unanswered) + q.key.takers }

func (q *queued) take(at int32, o *op) *finding {
	k := q.key
	e := q.enqueue[o.value]
	switch {
	case e == none:
		f := k.neverAdded(k.source(o), k.did(o), o.value)
		f.message = fmt.Sprintf("Dirty read: %s, although ", k.did(o))
		if len(f.ops) > 1 {
			f.message += fmt.Sprintf("%s had been refused%s", checker.ShowWrite(f.ops[1]), checker.ShowPlace("by", f.ops[1]))
		} else {
			f.message += "nobody ever asked to enqueue that"
		}
		f.proof = "no operation that may have taken effect enqueued this value."
		return f
	case o.ret < k.ops[e].call:
		f := k.pair(checker.NonLinearizable, [2]int32{at, e})
		f.message = fmt.Sprintf("Not linearizable: %s and was done %s %s began", k.did(o), checker.ShowGap(f.ops[1].CallTime-f.focus.ReturnTime, "before"), checker.ShowWrite(f.ops[1]))
		f.proof = "nothing can be dequeued before anybody asks to enqueue it."
		return f
	case q.dequeue[o.value] != none:
		f := k.pair(checker.DuplicateApply, [2]int32{at, q.dequeue[o.value]})
		f.ops = append(f.ops, k.source(&k.ops[e]))
		f.message = fmt.Sprintf("Duplicate apply: %s, although %s, and %s was one operation", k.did(o), k.did(&k.ops[q.dequeue[o.value]]), checker.ShowWrite(f.ops[2]))
		f.proof = "what was enqueued once is dequeued once at most."
		return f
	}
	return nil
}

// since is the event from which on a value had certainly been enqueued, and until the one up to which it
// had certainly not been dequeued.
func (q *queued) since(v int32) int64 {
	ret := q.key.ops[q.enqueue[v]].ret
	if d := q.dequeue[v]; d != none {
		ret = min(ret, q.key.ops[d].ret)
	}
	return ret
}

func (q *queued) until(v int32) int64 {
	if d := q.dequeue[v]; d != none {
		return q.key.ops[d].call
	}
	return never
}

// notEmpty looks for a dequeue that found nothing, although at every moment of it some value was
// certainly there.
func (q *queued) notEmpty() *finding {
	k := q.key
	var there []int32 // values that were certainly there at some time, by when
	for v, e := range q.enqueue {
		if e != none && q.since(int32(v)) < q.until(int32(v)) && (q.dequeue[v] != none || q.takers() == 0) {
			there = append(there, int32(v))
		}
	}
	slices.SortFunc(there, func(a, b int32) int { return cmp.Compare(q.since(a), q.since(b)) })
	var empty []int32
	for i := range k.ops {
		if k.ops[i].does == queueEmpty {
			empty = append(empty, int32(i)) // in the order of the calls
		}
	}
	next, start := 0, 0
	end := int64(none) // of the stretch that is covered, which begins with the value at start
	for _, e := range empty {
		for ; next < len(there) && q.since(there[next]) < max(end, k.ops[e].call); next++ {
			if q.since(there[next]) > end {
				start = next
			}
			end = max(end, q.until(there[next]))
		}
		if end > k.ops[e].ret {
			return q.occupied(e, there[start:next])
		}
	}
	return nil
}

// occupied tells with as few values as cover the whole dequeue.
func (q *queued) occupied(empty int32, there []int32) *finding {
	k := q.key
	o := &k.ops[empty]
	f := &finding{name: checker.StaleRead, key: k, focus: k.source(o), ops: []*history.Operation{k.source(o)}}
	gone := false
	var first int32
	for at, i := o.call, 0; at < o.ret; {
		best := int32(none)
		for ; i < len(there) && q.since(there[i]) < at; i++ {
			if best == none || q.until(there[i]) > q.until(best) {
				best = there[i]
			}
		}
		if len(f.ops) == 1 {
			first = best
		}
		at = q.until(best)
		f.ops = append(f.ops, k.source(&k.ops[q.enqueue[best]]))
		if d := q.dequeue[best]; d != none {
			f.ops = append(f.ops, k.source(&k.ops[d]))
		} else {
			gone = true
		}
	}
	e := k.source(&k.ops[q.enqueue[first]])
	f.message = fmt.Sprintf("Stale read: %s, although %s", k.did(o), hadBeen(e, f.focus))
	if k.ops[q.enqueue[first]].unknown() {
		f.message = fmt.Sprintf("Stale read: %s, although %s was in it", k.did(o), k.show(first))
	}
	if gone && len(f.ops) == 2 {
		f.name = checker.LostWrite
		f.message = fmt.Sprintf("Lost write: %s, but %s %s, and nobody ever dequeued it", acked(e), checker.ShowGap(f.focus.CallTime-e.ReturnTime, "later"), k.did(o))
	}
	f.proof = "a queue is not empty between the return of an enqueue and the call of the dequeue that took the value out."
	return f
}
