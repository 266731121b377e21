package txn

import (
	"schism/checker"
	"schism/history"
)

// arc is one edge before the graph is put together.
type arc struct {
	from int32
	to   uint32 // as in graph
}

// depender finds what the transactions of one key after the other have to do with each other.
type depender struct {
	*lists
	arcs      []arc
	finds     finds
	late      []int32 // transactions that count and appended what no read shows
	isLate    map[int32]bool
	newest    []int32 // transactions that read the longest list
	readFirst []int32 // by place: the first transaction that read so many elements and then appended; and one more
}

func (d *depender) arc(from, to int32, k kind) {
	d.arcs = append(d.arcs, edge(from, to, k))
}

// key gives the dependencies of Adya's on one key, where its order is known: ww to the next in the order, wr from the
// last whose element a read shows, rw to the first whose element it does not.
//
// Appends that took effect and that no read shows come after all that the reads show, in any order among themselves:
// so ww from the last that was seen, and rw from every reader of the longest list.
func (d *depender) key(k int32) {
	l := &d.keys[k]
	if l.unsure != "" || l.wrong {
		return
	}
	var wrong onKey
	d.newest, d.late = d.newest[:0], d.late[:0]
	clear(d.isLate)
	d.readFirst = append(d.readFirst[:0], make([]int32, len(l.order)+1)...)
	last := int32(none)
	for _, s := range l.order {
		t := d.steps[s].txn
		if last != none && last != t {
			d.arc(last, t, ww)
		}
		last = t
	}
	all := d.on(k)
	for from, to := 0, 0; from < len(all); from = to {
		t := d.steps[all[from]].txn
		for to = from + 1; to < len(all) && d.steps[all[to]].txn == t; to++ {
		}
		if d.counts[t] {
			d.transaction(l, t, all[from:to], &wrong)
		}
	}
	for _, t := range d.late {
		if last != none && last != t {
			d.arc(last, t, ww)
		}
	}
	if d.level.Forbidden(checker.GSingle) {
		d.missed(k)
	}
	for _, one := range wrong {
		d.finds.add(one)
	}
}

// transaction looks at the steps of one transaction on one key.
func (d *depender) transaction(l *list, t int32, steps []int32, wrong *onKey) {
	own, first := int32(none), int32(none) // the last append so far, and the first read before any
	done, shown := 0, int32(none)          // appends so far, and what the last read was shown
	for _, s := range steps {
		if d.steps[s].does != reads {
			own, done = s, done+1
			if d.place[s] == unseen && !d.isLate[t] {
				d.isLate[t] = true
				d.late = append(d.late, t)
			}
			if done == 1 && first != none {
				d.update(l, t, first, wrong)
			}
			continue
		}
		if how := d.contradicts(steps, s, own, first, done); how != plainly {
			wrong.add(find{name: checker.Internal, key: d.steps[s].key, focus: s, other: first, how: how})
		}
		if done > 0 {
			continue
		}
		if first == none {
			first = s
		}
		if n := d.place[s]; n != shown {
			shown = n
			d.read(l, t, s, wrong)
		}
	}
}

// contradicts says how a read does not fit what its transaction did before. A transaction sees the elements that it
// has appended so far and none that it appends later, with nothing behind them; before them, what it saw there at first.
func (d *depender) contradicts(steps []int32, s, own, first int32, done int) detail {
	n, seen, oldest := d.place[s], 0, int32(none)
	for _, a := range steps {
		if d.steps[a].does != reads && d.place[a] != unseen && d.place[a] < n {
			seen++
			if oldest == none {
				oldest = d.place[a]
			}
		}
	}
	fixed := first != none && d.level.Forbidden(checker.GSingle)
	switch {
	case seen < done:
		return ownMissing
	case seen > done:
		return ownEarly
	case done > 0 && d.place[own] != n-1:
		return ownCovered
	case fixed && done == 0 && n != d.place[first], fixed && done > 0 && oldest != d.place[first]:
		return readsDiffer
	}
	return plainly
}

// read gives the edges of one read of what others wrote.
func (d *depender) read(l *list, t, s int32, wrong *onKey) {
	n := int(d.place[s])
	if n > 0 {
		w := l.order[n-1]
		if d.inner[w] && d.steps[w].txn != t && d.level.Forbidden(checker.G1b) {
			wrong.add(find{name: checker.G1b, key: d.steps[s].key, focus: s, other: w})
		}
		if from := d.steps[w].txn; from != t && d.level.Forbidden(checker.G1c) {
			d.arc(from, t, wr)
		}
	}
	switch {
	case !d.level.Forbidden(checker.GSingle):
	case n == len(l.order):
		d.newest = append(d.newest, t)
	case d.steps[l.order[n]].txn != t:
		d.arc(t, d.steps[l.order[n]].txn, rw)
	}
}

// update notes that a transaction read a version and appended to it. Only one can be the next.
func (d *depender) update(l *list, t, first int32, wrong *onKey) {
	if !d.level.Forbidden(checker.LostUpdate) {
		return
	}
	by := &d.readFirst[d.place[first]]
	if *by == 0 {
		*by = first + 1
		return
	}
	wrong.add(find{name: checker.LostUpdate, key: d.steps[first].key, focus: first, other: *by - 1})
}

// missed gives rw from every reader of the longest list to every transaction that appended what it does not show. A
// node in the middle, that of the key, makes it as many edges as there are transactions. Those that are both do not go
// through it, lest they come after themselves: two of them are a lost update already, and the first two are enough.
func (d *depender) missed(k int32) {
	if len(d.late) == 0 {
		return
	}
	middle, used, both := int32(len(d.ops))+k, false, 0
	for _, t := range d.newest {
		if !d.isLate[t] {
			d.arc(t, middle, rw)
			used = true
			continue
		}
		if both++; both > 2 {
			continue
		}
		for _, w := range d.late {
			if w != t {
				d.arc(t, w, rw)
			}
		}
	}
	for _, w := range d.late {
		if used {
			d.arc(middle, w, via)
		}
	}
}

// sessions gives the order of each client's transactions. What was never answered may take effect at any time later.
func sessions(r *record, counts []bool) []arc {
	var all []arc
	last := make(map[history.Process]int32)
	for t := range counts {
		if !counts[t] {
			continue
		}
		o := &r.ops[t]
		if before, known := last[o.Process]; known && r.ops[before].Return < o.Call {
			all = append(all, edge(before, int32(t), session))
		}
		if r.ok(int32(t)) {
			last[o.Process] = int32(t)
		}
	}
	return all
}
