package importers

import "schism/history"

// drain is Jepsen's word for the dequeues that one client makes until a queue is empty, told as one operation.
const drain = "drain"

// undrained has dequeues in the place of drains: one for each element, of a process of its own, and open from
// the drain's call to its answer, for nobody knows more of when it was. That the queue was empty in the end
// nobody says. A drain that failed took nothing; of one without an answer nobody knows how much it took, which
// no history of ours can tell.
func undrained(events []event) ([]event, error) {
	last := history.Process(-1)
	some := false
	for i := range events {
		last, some = max(last, events[i].process), some || events[i].f == drain
	}
	if !some {
		return events, nil
	}
	var all []event
	open := make(map[history.Process][]history.Process) // of a drain: those that dequeue for it
	busy := make(map[history.Process]string)            // with what else a process is
	for i := range events {
		e := events[i]
		if e.f != drain || !e.process.IsClient() {
			if all = append(all, e); e.kind == history.Invoke {
				busy[e.process] = e.f
			} else {
				delete(busy, e.process)
			}
			continue
		}
		takers, invoked := open[e.process]
		if e.kind != history.Invoke && !invoked {
			return nil, failAt(e.at, "process %v completes a drain that it never invoked", e.process)
		}
		// The dequeues are of processes of their own, so that nobody else would see this.
		if before, is := busy[e.process]; is {
			return nil, failAt(e.at, "process %v invokes a drain while its %s is still open", e.process, before)
		}
		elements, err := e.drained(i, events)
		if err != nil {
			return nil, err
		}
		for n := range elements {
			one := e
			one.f, one.index, one.value = history.Dequeue, -1, nil
			if e.kind == history.Invoke {
				last++
				takers = append(takers, last)
			} else {
				one.value = &elements[n]
			}
			one.process = takers[n]
			all = append(all, one)
		}
		if open[e.process] = takers; e.kind != history.Invoke {
			delete(open, e.process)
		}
	}
	return all, nil
}

// drained are the elements of the drain that event i begins or ends.
func (e *event) drained(i int, events []event) ([]form, error) {
	if e.kind == history.Invoke && !e.value.isNil() {
		return nil, failAt(e.at, "a drain is asked with nil, not with %s", e.value.what())
	}
	answer := e
	if e.kind == history.Invoke {
		answer = nil
		for k := i + 1; k < len(events) && answer == nil; k++ {
			if events[k].process == e.process {
				answer = &events[k]
			}
		}
	}
	switch {
	case answer == nil || answer.kind == history.Info:
		return nil, failAt(e.at, "a drain without an answer: how much it took nobody knows")
	case answer.f != drain || answer.kind == history.Invoke:
		return nil, failAt(answer.at, "process %v goes on to %s, and its drain has no answer", e.process, answer.f)
	case answer.kind == history.Fail:
		return nil, nil
	case answer.value == nil:
		return nil, failAt(answer.at, "a drain is :ok without :value")
	case answer.value.kind != vector:
		return nil, failAt(answer.at, "a drain is :ok with a vector of what it took, not with %s", answer.value.what())
	}
	return answer.value.items, nil
}
