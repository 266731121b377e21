package txn

import "schism/history"

func (rs *registers) links(from, to int32) []link {
	all := rs.orders(from, to)
	for a := rs.first[from]; a < rs.first[from+1]; a++ {
		for b := rs.first[to]; b < rs.first[to+1]; b++ {
			if k := rs.steps[a].key; k != rs.steps[b].key || rs.keys[k].unsure != "" {
				continue
			}
			if k, by, is := rs.link(a, b); is {
				all = append(all, link{k, from, to, a, b, by})
			}
		}
	}
	return all
}

// link says whether what one step did comes before what another did, and who else shows it.
func (rs *registers) link(a, b int32) (k kind, by int32, is bool) {
	from, to := rs.steps[a].txn, rs.steps[b].txn
	readsA, readsB := rs.steps[a].does == reads, rs.steps[b].does == reads
	switch {
	case readsA && !rs.outside(a) || readsB && !rs.outside(b):
	case !readsA && !readsB:
		by, is = rs.wroteBefore(a, from, to)
		return ww, by, is
	case readsB && !readsA:
		return wr, none, rs.version(b) == from
	case readsA && !readsB:
		v := rs.version(a)
		if v == none || rs.read(to, b, v) || rs.sawAny(to, v) {
			return rw, none, true
		}
		return rw, v, rs.precedes(v, to)
	}
	return 0, none, false
}

// wroteBefore says whether the write of a register by from comes before that by to, and who shows it: to read the one
// before it wrote; or from read the initial value; or somebody read to's, who came after from.
func (rs *registers) wroteBefore(a, from, to int32) (by int32, is bool) {
	k := rs.steps[a].key
	for _, s := range rs.on(k) {
		if rs.steps[s].does != reads || !rs.ok(rs.steps[s].txn) || !rs.outside(s) {
			continue
		}
		switch t, v := rs.steps[s].txn, rs.version(s); {
		case t == to && v == from, t == from && v == none:
			return none, true
		case v == to && t != from && (rs.precedes(from, t) || rs.sawAny(t, from)):
			by, is = t, true
		}
	}
	return by, is
}

// read says whether a transaction saw a version of the register of a step before it wrote it.
func (rs *registers) read(t, step, v int32) bool {
	for s := rs.first[t]; s < rs.first[t+1]; s++ {
		if rs.steps[s].key == rs.steps[step].key && rs.steps[s].does == reads && rs.ok(t) && rs.outside(s) && rs.version(s) == v {
			return true
		}
	}
	return false
}

// sawAny says whether a transaction saw something that another wrote.
func (rs *registers) sawAny(t, writer int32) bool {
	for s := rs.first[t]; s < rs.first[t+1]; s++ {
		if k := rs.steps[s].key; rs.steps[s].does == reads && rs.ok(t) && rs.keys[k].unsure == "" && rs.outside(s) && rs.version(s) == writer {
			return true
		}
	}
	return false
}

// precedes says whether the level's order has one before the other.
func (rs *registers) precedes(a, b int32) bool {
	x, y := &rs.ops[a], &rs.ops[b]
	if x.Outcome != history.OK || x.Return >= y.Call {
		return false
	}
	return rs.level.Order == RealTime || rs.level.Order == SessionOrder && x.Process == y.Process
}

func (rs *registers) witnesses(l link) []int32 {
	all := append(rs.whoSaw(l.from), rs.whoSaw(l.to)...)
	if l.by != none {
		all = append(all, l.by)
	}
	return all
}

func (rs *registers) whoSaw(t int32) []int32 {
	for s := rs.first[t]; s < rs.first[t+1] && !rs.ok(t); s++ {
		k := rs.steps[s].key
		if rs.steps[s].does == reads || rs.keys[k].unsure != "" {
			continue
		}
		for _, r := range rs.on(k) {
			if o := rs.steps[r].txn; rs.steps[r].does == reads && rs.ok(o) && rs.outside(r) && rs.version(r) == t {
				return []int32{o}
			}
		}
	}
	return nil
}

// alongside are the chains of the two that a choice is about.
func (rs *registers) alongside(c choice) []int32 {
	f := newFollower(rs)
	f.collect(c.key)
	f.sortReads()
	f.updates(c.key)
	var all []int32
	for _, chain := range rs.keys[c.key].chains {
		if chain.first != c.txns[0] && chain.first != c.txns[1] {
			continue
		}
		for t := chain.first; ; t = f.next[t] {
			all = append(all, t)
			if t == chain.last {
				break
			}
		}
	}
	return all
}
