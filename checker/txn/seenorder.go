package txn

// What a transaction saw of two others tells of the order of their writes to a third register:
//
// Who saw something of W, and read another's version V of a register that W wrote too, knows that V is the later one
// (ww): else it would have seen W's.
//
// Who saw something of V and wrote a register that V wrote too, wrote it later; so whoever read V's version of it missed
// that write (rw).
//
// Both hold in every order of the versions, wherever G-single is forbidden.

// seen is one write that is known to come before another of the same register.
type seen struct{ key, before, after int32 }

// seenOrders finds both in the steps of each transaction. The first is an edge, the second one from every reader.
func (rs *registers) seenOrders() (edges []arc, orders map[int32][]seen) {
	spans := rs.spans(len(rs.ops), 1024)
	arcs, found := make([][]arc, len(spans)), make([][]seen, len(spans))
	rs.each(spans, func(s span) {
		for t := int32(s.from); t < int32(s.to); t++ {
			if rs.ok(t) {
				arcs[s.number], found[s.number] = rs.seenBy(t, arcs[s.number], found[s.number])
			}
		}
	})
	orders = make(map[int32][]seen)
	for i := range spans {
		edges = append(edges, arcs[i]...)
		for _, o := range found[i] {
			orders[o.key] = append(orders[o.key], o)
		}
	}
	return edges, orders
}

func (rs *registers) seenBy(t int32, arcs []arc, orders []seen) ([]arc, []seen) {
	for a := rs.first[t]; a < rs.first[t+1]; a++ {
		if rs.steps[a].does != reads || rs.keys[rs.steps[a].key].unsure != "" || !rs.outside(a) || rs.version(a) == none {
			continue
		}
		w := rs.version(a)
		for b := rs.first[t]; b < rs.first[t+1]; b++ {
			k := rs.steps[b].key
			if k == rs.steps[a].key || rs.keys[k].unsure != "" || !rs.writesTo(w, k) {
				continue
			}
			switch {
			case rs.steps[b].does != reads:
				orders = append(orders, seen{k, w, t})
			case rs.outside(b) && rs.version(b) != none && rs.version(b) != w:
				arcs = append(arcs, edge(w, rs.version(b), ww))
			}
		}
	}
	return arcs, orders
}

func (rs *registers) writesTo(t, k int32) bool {
	for s := rs.first[t]; s < rs.first[t+1]; s++ {
		if rs.steps[s].key == k && rs.steps[s].does != reads {
			return true
		}
	}
	return false
}
