package txn

import "schism/history"

// execute executes the last of the alternatives from there on.
func (w *witness) execute(from int) {
	t := w.others[len(w.others)-1]
	w.others = w.others[:len(w.others)-1]
	w.frames = append(w.frames, turn{txn: t, undo: len(w.undo), others: from, oldest: w.oldest, invoked: w.invoked, hash: w.hash})
	w.done[t] = true
	w.executed++
	w.remove(t)
	w.hash ^= w.sign[t]
	w.eachRead(t, func(_, v int32) { w.unread[v]-- })
	w.eachWrite(t, func(s int32) {
		k := w.steps[s].key
		w.undo = append(w.undo, moved{k, w.held[k]})
		w.hold(k, s)
	})
	w.release(t)
	w.advance()
}

func (w *witness) hold(k, version int32) {
	n := int32(len(w.ops))
	w.hash ^= w.sign[n+w.held[k]] ^ w.sign[n+version]
	w.held[k] = version
}

// takeBack undoes what execute did.
func (w *witness) takeBack(f turn) {
	for i := f.invoked; i < w.invoked; i++ {
		w.remove(int32(i))
	}
	w.oldest, w.invoked = f.oldest, f.invoked
	w.retain(f.txn)
	for _, m := range w.undo[f.undo:] {
		w.held[m.key] = m.version
	}
	w.undo = w.undo[:f.undo]
	w.eachRead(f.txn, func(_, v int32) { w.unread[v]++ })
	w.hash = f.hash
	w.executed--
	w.done[f.txn] = false
	w.offer(f.txn)
}

// offer lets a transaction go if nothing certain keeps it back.
func (w *witness) offer(t int32) {
	if w.counts[t] && !w.done[t] && w.missing[t] == 0 && int(t) < w.invoked && w.at[t] == 0 {
		w.ready = append(w.ready, t)
		w.at[t] = int32(len(w.ready))
	}
}

func (w *witness) remove(t int32) {
	at := w.at[t]
	if at == 0 {
		return
	}
	last := w.ready[len(w.ready)-1]
	w.ready[at-1], w.at[last] = last, at
	w.ready, w.at[t] = w.ready[:len(w.ready)-1], 0
}

// advance lets those go that were invoked before the first answer of one that was not executed.
func (w *witness) advance() {
	end := int64(1 << 62)
	if w.real {
		for w.oldest < len(w.returned) && w.done[w.returned[w.oldest]] {
			w.oldest++
		}
		if w.oldest < len(w.returned) {
			end = w.ops[w.returned[w.oldest]].Return
		}
	}
	for w.invoked < len(w.ops) && w.ops[w.invoked].Call < end {
		w.invoked++
		w.offer(int32(w.invoked) - 1)
	}
}

// release lets go whom a node kept back, and retain holds them again.
func (w *witness) release(v int32) {
	for _, e := range w.graph.edges(v) {
		to, _ := target(e)
		if w.missing[to]--; w.missing[to] > 0 {
			continue
		}
		if int(to) >= len(w.ops) {
			w.release(to)
		} else {
			w.offer(to)
		}
	}
}

func (w *witness) retain(v int32) {
	for _, e := range w.graph.edges(v) {
		to, _ := target(e)
		if w.missing[to]++; w.missing[to] > 1 {
			continue
		}
		if int(to) >= len(w.ops) {
			w.retain(to)
		} else {
			w.remove(to)
		}
	}
}

// replays executes the order once more, and says whether everybody is in it, in accordance with all that is certain, and
// sees what he saw.
func (w *witness) replays() bool {
	place := make([]int, len(w.ops))
	for i, f := range w.frames {
		place[f.txn] = i + 1
	}
	held := make([]string, len(w.keys))
	latest := int64(-1) // invocation so far
	for _, f := range w.frames {
		o := &w.ops[f.txn]
		if w.real && o.Outcome == history.OK && o.Return < latest {
			return false
		}
		latest = max(latest, o.Call)
		for _, e := range w.graph.edges(f.txn) {
			if to, _ := target(e); int(to) < len(w.ops) && place[to] != 0 && place[to] < place[f.txn] {
				return false
			}
		}
		for s := w.first[f.txn]; s < w.first[f.txn+1]; s++ {
			k, v := w.steps[s].key, w.value(s)
			switch {
			case w.steps[s].does != reads:
				held[k] = string(v)
			case history.IsNil(v) && held[k] != "", !history.IsNil(v) && held[k] != string(v):
				return false
			}
		}
	}
	for t, is := range w.counts {
		if is && place[t] == 0 {
			return false
		}
	}
	return true
}
