package txn

import (
	"slices"

	"schism/checker"
)

// follower finds what the transactions of one register after the other have to do with each other.
type follower struct {
	*registers
	arcs     []arc
	finds    finds
	writers  []int32           // transactions that wrote the register, and count
	outer    []int32           // reads of what others wrote, that are of something that counts
	readers  map[int32][]int32 // by the transaction whose version it is, none for the initial one: who read it
	next     map[int32]int32   // by the same: who read it and wrote the next one
	returned []int32           // the acknowledged writers, in the order of their answers
	later    []arc             // edges that count only if there is no circle without them
}

func newFollower(rs *registers) *follower {
	return &follower{registers: rs, readers: make(map[int32][]int32), next: make(map[int32]int32)}
}

func (f *follower) arc(from, to int32, k kind) {
	if from != to {
		f.arcs = append(f.arcs, edge(from, to, k))
	}
}

// collect sorts the steps on one register.
func (f *follower) collect(k int32) {
	f.writers, f.outer = f.writers[:0], f.outer[:0]
	clear(f.readers)
	clear(f.next)
	for _, s := range f.on(k) {
		t := f.steps[s].txn
		switch {
		case !f.counts[t]:
		case f.steps[s].does != reads:
			if !f.inner[s] {
				f.writers = append(f.writers, t)
			}
		case f.ok(t) && f.outside(s):
			f.outer = append(f.outer, s)
		}
	}
}

// outside says whether a read shows what another transaction wrote, and that counts.
func (rs *registers) outside(s int32) bool {
	from := rs.source[s]
	if from == foreign || !rs.outer(s) {
		return false
	}
	return from == initial || rs.counts[rs.steps[from].txn] && rs.steps[from].txn != rs.steps[s].txn
}

// version is the transaction whose write an outer read shows; none for the initial value.
func (rs *registers) version(s int32) int32 {
	if from := rs.source[s]; from != initial {
		return rs.steps[from].txn
	}
	return none
}

// key gives the dependencies on one register that are certain. wr is what the reads show. Of a transaction that read a
// version and wrote the register it is known that its write is the next one, where nobody may lose an update: so rw
// from whoever else read that version; ww is where wr is already. And who read the initial value did so before every
// write.
func (f *follower) key(k int32, orders []seen) {
	reg := &f.keys[k]
	if reg.unsure != "" || !f.level.Forbidden(checker.G1c) {
		return
	}
	f.collect(k)
	for _, s := range f.outer {
		if v := f.version(s); v != none {
			f.arc(v, f.steps[s].txn, wr)
		}
	}
	f.sortReads()
	if !f.level.Forbidden(checker.GSingle) {
		return
	}
	f.updates(k)
	f.missed(k)
	f.chain(reg)
	for _, o := range orders {
		for _, r := range f.readers[o.before] {
			f.arc(r, o.after, rw)
		}
	}
	switch f.level.Order {
	case RealTime:
		f.inRealTime()
	case SessionOrder:
		f.inSessions()
	}
}

// sortReads finds the readers of each version.
func (f *follower) sortReads() {
	for _, s := range f.outer {
		t, v := f.steps[s].txn, f.version(s)
		if known := f.readers[v]; len(known) == 0 || known[len(known)-1] != t {
			f.readers[v] = append(known, t)
		}
	}
}

// updates finds who read a version and wrote the next.
func (f *follower) updates(k int32) {
	var wrong onKey
	for _, s := range f.outer {
		t, v := f.steps[s].txn, f.version(s)
		if !f.writes(t) {
			continue
		}
		other, known := f.next[v]
		if !known {
			f.next[v] = t
		} else if other != t && len(wrong) == 0 {
			wrong.add(find{name: checker.LostUpdate, key: k, focus: s, other: f.readOf(other, v)})
		}
	}
	for _, one := range wrong {
		f.finds.add(one)
	}
	for _, v := range f.writers { // of the initial value, missed does that
		t, known := f.next[v]
		if !known {
			continue
		}
		for _, r := range f.readers[v] {
			f.arc(r, t, rw)
		}
	}
}

// writes says whether a transaction is one of the writers, who stand in the order of their calls.
func (f *follower) writes(t int32) bool {
	_, is := slices.BinarySearch(f.writers, t)
	return is
}

// readOf is the read by which a transaction saw a version.
func (f *follower) readOf(t, v int32) int32 {
	at := slices.IndexFunc(f.outer, func(s int32) bool { return f.steps[s].txn == t && f.version(s) == v })
	return f.outer[at]
}

// missed gives rw from every reader of the initial value to every writer, through a node in the middle. Those that are
// both do not go through it: two of them are a lost update already, and the first two are enough.
func (f *follower) missed(k int32) {
	middle, used, both := int32(len(f.ops))+k, false, 0
	for _, t := range f.readers[none] {
		if !f.writes(t) {
			f.arc(t, middle, rw)
			used = true
			continue
		}
		if both++; both > 2 {
			continue
		}
		for _, w := range f.writers {
			f.arc(t, w, rw)
			if t != w {
				f.later = append(f.later, edge(t, w, ww))
			}
		}
	}
	for _, w := range f.writers {
		if used {
			f.arc(middle, w, via)
		}
	}
}

// chain puts writes together that follow each other at once.
func (f *follower) chain(reg *register) {
	follows := make(map[int32]bool, len(f.next))
	for _, t := range f.next {
		follows[t] = true
	}
	left := len(f.writers) // more than that is a circle, which is found as one
	add := func(first int32) {
		c := chain{first, first}
		for t, more := f.next[first]; more && left > 0; t, more = f.next[t] {
			c.last = t
			left--
		}
		reg.chains = append(reg.chains, c)
	}
	if t, known := f.next[none]; known {
		add(t)
	}
	for _, w := range f.writers {
		if !follows[w] {
			add(w)
		}
	}
}
