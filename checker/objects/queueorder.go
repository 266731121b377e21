package objects

import (
	"cmp"
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// outOfOrder sweeps over the values in the order in which their enqueues were called, beside those that
// had certainly been enqueued by then: of these only the one counts that was dequeued last.
func (q *queued) outOfOrder() *finding {
	k := q.key
	var byCall, bySince []int32
	for v, e := range q.enqueue {
		if e == none || q.dequeue[v] == none && (k.ops[e].unknown() || q.takers() > 0) {
			continue // it need not have happened, or be there still
		}
		byCall = append(byCall, int32(v))
	}
	bySince = slices.Clone(byCall)
	slices.SortFunc(byCall, func(a, b int32) int { return cmp.Compare(k.ops[q.enqueue[a]].call, k.ops[q.enqueue[b]].call) })
	slices.SortFunc(bySince, func(a, b int32) int { return cmp.Compare(q.since(a), q.since(b)) })
	last, next := int32(none), 0
	for _, y := range byCall {
		for ; next < len(bySince) && q.since(bySince[next]) < k.ops[q.enqueue[y]].call; next++ {
			if x := bySince[next]; last == none || q.until(x) > q.until(last) {
				last = x
			}
		}
		if d := q.dequeue[y]; d != none && last != none && k.ops[d].ret < q.until(last) {
			return q.overtook(last, y)
		}
	}
	return nil
}

func (q *queued) overtook(x, y int32) *finding {
	k := q.key
	ex, ey, dy := q.enqueue[x], q.enqueue[y], q.dequeue[y]
	f := &finding{name: checker.Reordered, key: k, focus: k.source(&k.ops[dy])}
	first, second := k.source(&k.ops[ex]), k.source(&k.ops[ey])
	f.ops = []*history.Operation{first, second, f.focus}
	f.proof = "what is enqueued first is dequeued first, whatever the other operations did."
	fate := "which nobody ever dequeued"
	if d := q.dequeue[x]; d != none {
		dx := k.source(&k.ops[d])
		f.ops = append(f.ops, dx)
		fate = fmt.Sprintf("which was dequeued by client %v only %s", dx.Process, checker.ShowGap(dx.CallTime-f.focus.ReturnTime, "later"))
	} else if empty := q.emptyAfter(ex); empty != none {
		f.name, f.ops = checker.LostWrite, append(f.ops, k.source(&k.ops[empty]))
		f.message = fmt.Sprintf("Lost write: %s, but nobody ever dequeued it: %s, which was asked for %s, and %s",
			acked(first), k.did(&k.ops[dy]), checker.ShowGap(second.CallTime-first.ReturnTime, "later"), k.did(&k.ops[empty]))
		return f
	}
	f.message = fmt.Sprintf("Reordered: %s, before %s, %s, although %s, %s %s began", k.did(&k.ops[dy]), k.show(x), fate,
		acked(first), checker.ShowGap(second.CallTime-first.ReturnTime, "before"), checker.ShowWrite(second))
	return f
}

// emptyAfter is the last dequeue that found nothing, and that began when an enqueue was over; none if
// there is none.
func (q *queued) emptyAfter(enqueue int32) int32 {
	ops := q.key.ops
	for i := len(ops) - 1; i >= 0 && ops[i].call > ops[enqueue].ret; i-- {
		if ops[i].does == queueEmpty {
			return int32(i)
		}
	}
	return none
}
