package objects

import (
	"slices"
	"sort"

	"schism/checker"
	"schism/history"
)

// watchedQueue is what there is to know of a queue, whose values are enqueued once each, of which nothing is certainly
// wrong so far: decideQueue finds nothing, nor, while some dequeues have no answer, does refuteQueue.
//
// All of it shows when a dequeue is over:
//
//   - it took what nobody had asked to enqueue, or what was dequeued before; or an enqueue fails whose value was;
//   - it took x, and before it was called a value had been dequeued whose enqueue was called when x's had returned;
//   - more values are gone than dequeues without an answer can have taken: see watchedTakers;
//   - a dequeue found nothing, and at every moment of it some value was certainly there: see watchedEmpties.
//
// What is kept: what may be in the queue, in the order in which that was certain; of dequeues what is kept in the two
// files.
type watchedQueue struct {
	all    *Watch
	values map[string]*queuedValue // that may be in the queue
	latest int64                   // the last call among the enqueues of what was dequeued
	there  []*queuedValue          // acknowledged and not dequeued, in that order
	takers watchedTakers
	empty  watchedEmpties
}

// queuedValue is a value that somebody asked to enqueue.
type queuedValue struct {
	text  string
	call  int64
	acked int64 // the event; never until then
	noted bool  // Watch.held has it
	out   bool  // it was dequeued
}

// queueOp is an operation on a queue that was called.
type queueOp struct {
	enqueues *queuedValue // nil: it dequeues
	latest   int64        // watchedQueue.latest when it was called
}

func watchQueues(w *Watch) (keyed, func(*key)) {
	watch := checker.NewKeyedWatch(func() checker.KeyWatch[queueOp] {
		return &watchedQueue{all: w, values: make(map[string]*queuedValue), latest: none, empty: watchedEmpties{before: none}}
	})
	return watch, func(k *key) {
		q, _ := watch.Key(k.name).(*watchedQueue)
		w.cutQueue(k, q)
	}
}

// Call takes an invocation.
func (k *watchedQueue) Call(e *history.Event) (queueOp, checker.Sight) {
	switch {
	case e.F == history.Dequeue:
		k.takers.call(e.Index)
		return queueOp{latest: k.latest}, checker.Fine
	case e.F != history.Enqueue || history.IsNil(e.Value):
		return queueOp{}, checker.Unwatched
	}
	v := &queuedValue{text: history.Text(e.Value), call: e.Index, acked: never}
	if _, known := k.values[v.text]; known || k.all.held.Has(v.text) {
		return queueOp{}, checker.Unwatched
	}
	k.all.asked.Add(v.text)
	v.noted = k.all.held.Add(v.text)
	k.values[v.text] = v
	return queueOp{enqueues: v}, checker.Fine
}

// Complete takes the end of an operation.
func (k *watchedQueue) Complete(call int64, p queueOp, e *history.Event) checker.Sight {
	fits := true
	switch v := p.enqueues; {
	case e.Kind == history.Info:
		if v == nil {
			k.takers.lose(call)
		}
	case v == nil:
		fits = k.dequeue(call, p.latest, e)
	case e.Kind == history.Fail:
		delete(k.values, v.text)
		k.all.held.Remove(v.text)
		fits = !v.out
	case !v.out:
		v.acked = e.Index
		k.there = append(k.there, v)
	}
	if !fits {
		return checker.Broken
	}
	return checker.Fine
}

// dequeue takes the answer of a dequeue. If none is without an answer then, nobody can have taken what is there.
func (k *watchedQueue) dequeue(call, latest int64, e *history.Event) (fits bool) {
	behind := k.takers.answer(call)
	switch {
	case e.Kind == history.Fail:
	case history.IsNil(e.Value):
		k.takers.tell(call)
		if !k.empty.add(call, e.Index) {
			return false
		}
	default:
		if !k.take(history.Text(e.Value), call, latest, e.Index) {
			return false
		}
	}
	if !k.takers.enough(behind, k.there) {
		return false
	}
	return k.takers.all() > 0 || len(k.there) == 0 || k.empty.cover(k.there[0].acked, e.Index+1)
}

// take takes a value out.
func (k *watchedQueue) take(text string, call, latest, now int64) (fits bool) {
	v := k.values[text]
	if v == nil {
		return false
	}
	k.all.apart.Add(text)
	v.out = true
	if v.noted {
		delete(k.values, text)
	} else {
		k.values[text] = nil
	}
	if v.acked != never {
		k.remove(v)
	}
	since := min(v.acked, now)
	if latest > since {
		return false
	}
	k.latest = max(k.latest, v.call)
	k.takers.tell(v.call)
	return k.empty.cover(since, call)
}

// remove takes a value out of those that are there. It is one of the first.
func (k *watchedQueue) remove(v *queuedValue) {
	at := sort.Search(len(k.there), func(i int) bool { return k.there[i].acked >= v.acked })
	copy(k.there[1:at+1], k.there[:at])
	k.there[0] = nil
	k.there = k.there[1:]
}

// Sweep forgets what only matters to operations that are over.
func (k *watchedQueue) Sweep(now int64) int {
	k.takers.sweep()
	k.empty.sweep(now)
	return max(checker.LeastSweep, (len(k.takers.open)+len(k.empty.found))/2)
}

// cutQueue keeps the values that were enqueued in the part, and dequeued there or not at all, and those that nobody ever
// asked for. A queue with fewer values is a queue. Dequeues that were called before and have no answer may have taken
// some.
func (w *Watch) cutQueue(k *key, q *watchedQueue) {
	mine, shown := make([]bool, len(k.texts)), make([]bool, len(k.texts))
	for v := range k.failed {
		mine[v] = true
	}
	if q != nil {
		k.takers = q.takers.all()
	}
	for i := range k.ops {
		switch o := &k.ops[i]; {
		case o.does == queueEnqueue:
			mine[o.value] = true
		case o.does == queueDequeue && o.unknown():
			k.takers--
		case o.does == queueDequeue:
			shown[o.value] = true
		}
	}
	k.ops = slices.DeleteFunc(k.ops, func(o op) bool {
		if o.value == none {
			return false
		}
		text := k.texts[o.value]
		return !w.asked.Lacks(text) && !(mine[o.value] && (shown[o.value] || w.apart.Lacks(text)))
	})
}
