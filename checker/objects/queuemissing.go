package objects

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"schism/checker"
)

// refuteQueue looks at a queue some of whose dequeues have no answer. Where values are not enqueued once each it only
// says what neverEnqueued does.
//
// Theorem: what decideQueue says of values that were dequeued by an operation with an answer is so whatever
// the others took. And whoever dequeues y finds that each x whose enqueue had returned when y's was called is
// out of the queue, as does whoever finds the queue empty of each x whose enqueue had returned when he asked.
// If no answer shows such an x, a dequeue without an answer took it, that was called before his own returned,
// and each of these took one value at most: there cannot be more such values than such dequeues.
//
// It is not complete: which of the values those dequeues took is left to Porcupine.
func refuteQueue(_ context.Context, k *key) []*finding {
	if !enqueuedOnce(k) {
		return neverEnqueued(k)
	}
	q := newQueued(k)
	if wrong := q.wrong(); len(wrong) > 0 {
		return wrong
	}
	if wrong := q.missing(); wrong != nil {
		return []*finding{wrong}
	}
	return nil
}

// neverEnqueued finds the first dequeue that was shown what nobody had asked to enqueue by then. That needs no order, and
// no value that was enqueued once. Of a part it says nothing: the value may have been asked for before.
func neverEnqueued(k *key) []*finding {
	if k.part {
		return nil
	}
	q := newQueued(k)
	for i := len(k.ops) - 1; i >= 0; i-- {
		if o := &k.ops[i]; o.does == queueEnqueue {
			q.enqueue[o.value] = int32(i) // of several the first
		}
	}
	for i := range k.ops {
		o := &k.ops[i]
		if o.does != queueDequeue || o.unknown() {
			continue
		}
		if e := q.enqueue[o.value]; e == none || k.ops[e].call > o.ret {
			return []*finding{q.take(int32(i), o)}
		}
	}
	return nil
}

// missing looks for the first operation by which more values are gone than dequeues without an answer can
// have taken. One that found the queue empty tells it best.
func (q *queued) missing() *finding {
	k := q.key
	var never []int32 // enqueues of values that no answer shows, in the order of their returns
	for v, e := range q.enqueue {
		if e != none && q.dequeue[v] == none && !k.ops[e].unknown() {
			never = append(never, e)
		}
	}
	slices.SortFunc(never, func(a, b int32) int { return cmp.Compare(k.ops[a].ret, k.ops[b].ret) })
	for _, does := range []int8{queueEmpty, queueDequeue} {
		for i := range k.ops {
			o := &k.ops[i]
			if o.does != does || o.unknown() {
				continue
			}
			call := o.call
			if does == queueDequeue {
				call = k.ops[q.enqueue[o.value]].call
			}
			gone, _ := slices.BinarySearchFunc(never, call, func(e int32, call int64) int { return cmp.Compare(k.ops[e].ret, call) })
			takers, _ := slices.BinarySearchFunc(q.unanswered, o.ret, func(d int32, ret int64) int { return cmp.Compare(k.ops[d].call, ret) })
			if gone > takers+k.takers {
				return q.takenByNobody(int32(i), never[:takers+k.takers+1], q.unanswered[:takers])
			}
		}
	}
	return nil
}

func (q *queued) takenByNobody(by int32, values, takers []int32) *finding {
	k := q.key
	o := &k.ops[by]
	f := &finding{name: checker.LostWrite, key: k, focus: k.source(o)}
	for _, at := range slices.Concat(values, takers, []int32{by}) { // the takers: without them it would be less
		f.ops = append(f.ops, k.source(&k.ops[at]))
	}
	first := k.source(&k.ops[values[0]])
	others := ""
	if n := len(values) - 1; n > 0 {
		others = ", and so " + wereMore(n)
	}
	f.message = fmt.Sprintf("Lost write: %s%s, but %s, and no answer shows that anybody had dequeued these", acked(first), others, k.did(o))
	if o.does == queueDequeue {
		f.name, f.ops = checker.Reordered, append(f.ops, k.source(&k.ops[q.enqueue[o.value]]))
		f.message = fmt.Sprintf("Reordered: %s, although %s%s, before %s began, and no answer shows that anybody had dequeued these",
			k.did(o), acked(first), others, checker.ShowWrite(k.source(&k.ops[q.enqueue[o.value]])))
	}
	f.proof = fmt.Sprintf("only %s without an answer can have taken anything out by then, one value each, and these are %d values.", checker.ShowCount(len(takers)+k.takers, "dequeue"), len(values))
	return f
}

func wereMore(n int) string {
	if n == 1 {
		return "was one more"
	}
	return fmt.Sprintf("were %d more", n)
}
