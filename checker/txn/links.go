package txn

import (
	"schism/history"
)

// link is why one transaction comes before another, with the steps that show it.
type link struct {
	kind     kind
	from, to int32 // transactions
	a, b     int32 // a step of each, on the same key; none where the kind is an order, or the link rests on others
	by       int32 // another transaction that shows it; none
}

// evidence tells why one transaction comes before another.
type evidence interface {
	// links are all reasons that are seen without a look at a third transaction, but for the witnesses.
	links(from, to int32) []link
	// witnesses are other transactions without which a link would not be known.
	witnesses(link) []int32
	// whoSaw is, of a transaction that nobody acknowledged, one that shows that it counts.
	whoSaw(t int32) []int32
	// alongside are those who show that nothing comes in between the writes that a choice puts in order.
	alongside(choice) []int32
}

// orders are the links that the times of two operations are.
func (r *record) orders(from, to int32) []link {
	a, b := &r.ops[from], &r.ops[to]
	if a.Outcome != history.OK || a.Return >= b.Call {
		return nil
	}
	all := []link{{realTime, from, to, none, none, none}}
	if a.Process == b.Process {
		all = append(all, link{session, from, to, none, none, none})
	}
	return all
}

// outer says whether a read comes before all of its transaction's own writes of the key.
func (r *record) outer(s int32) bool {
	t := r.steps[s].txn
	for i := r.first[t]; i < s; i++ {
		if r.steps[i].key == r.steps[s].key && r.steps[i].does != reads {
			return false
		}
	}
	return true
}

func (ls *lists) links(from, to int32) []link {
	all := ls.orders(from, to)
	for a := ls.first[from]; a < ls.first[from+1]; a++ {
		for b := ls.first[to]; b < ls.first[to+1]; b++ {
			if ls.steps[a].key != ls.steps[b].key {
				continue
			}
			if k, is := ls.link(a, b); is {
				all = append(all, link{k, from, to, a, b, none})
			}
		}
	}
	return all
}

func (ls *lists) link(a, b int32) (kind, bool) {
	l := &ls.keys[ls.steps[a].key]
	p, q := ls.place[a], ls.place[b]
	readsA, readsB := ls.steps[a].does == reads, ls.steps[b].does == reads
	switch {
	case l.unsure != "" || l.wrong || readsA && !ls.outer(a) || readsB && !ls.outer(b):
		return 0, false
	case !readsA && !readsB:
		return ww, p != unseen && (q == unseen || p < q)
	case readsB && !readsA:
		return wr, p != unseen && p < q
	case readsA && !readsB:
		return rw, q == unseen || p <= q
	}
	return 0, false
}

// witnesses: that one element comes before another is known from a list that shows the first, and the second behind it
// or not at all.
func (ls *lists) witnesses(l link) []int32 {
	var all []int32
	if l.kind == ww && l.a != none {
		if t := ls.reader(l.a, ls.place[l.b]); t != none {
			all = append(all, t)
		}
	}
	return append(append(all, ls.whoSaw(l.from)...), ls.whoSaw(l.to)...)
}

// reader is the transaction with the shortest list that shows the element of a step, and what stands at another place.
func (ls *lists) reader(s, beside int32) int32 {
	shortest := int32(none)
	for _, r := range ls.on(ls.steps[s].key) {
		if ls.steps[r].does == reads && ls.place[r] > max(ls.place[s], beside) && (shortest == none || ls.place[r] < ls.place[shortest]) {
			shortest = r
		}
	}
	if shortest == none {
		return none
	}
	return ls.steps[shortest].txn
}

func (ls *lists) whoSaw(t int32) []int32 {
	for s := ls.first[t]; s < ls.first[t+1] && !ls.ok(t); s++ {
		if l := &ls.keys[ls.steps[s].key]; ls.steps[s].does != reads && ls.place[s] != unseen && !l.wrong && l.unsure == "" {
			return []int32{ls.reader(s, none)}
		}
	}
	return nil
}

func (ls *lists) alongside(choice) []int32 { return nil }

// shorten takes shortcuts through a circle, as long as its name stays what it is.
func shorten(e evidence, hops []hop, kinds mask) []hop {
	const most = 128 // there is no story to tell of longer ones
	for again := len(hops) <= most; again && len(hops) > 2; {
		hops, again = shortcut(e, hops, kinds)
	}
	return hops
}

func shortcut(e evidence, hops []hop, kinds mask) ([]hop, bool) {
	n, old := len(hops), badness(hops)
	for skip := n - 1; skip > 1; skip-- {
		for i := range hops {
			j := (i + skip) % n
			for _, l := range e.links(hops[i].from, hops[j].from) {
				if !kinds.has(l.kind) {
					continue
				}
				shorter := []hop{{hops[i].from, l.kind}}
				for at := j; at != i; at = (at + 1) % n {
					shorter = append(shorter, hops[at])
				}
				if badness(shorter) == old {
					return shorter, true
				}
			}
		}
	}
	return hops, false
}

// assumed is a link that rests on a choice: the steps on the first key that both are about.
func (r *record) assumed(from, to int32, k kind) link {
	for a := r.first[from]; a < r.first[from+1]; a++ {
		for b := r.first[to]; b < r.first[to+1]; b++ {
			if r.steps[a].key == r.steps[b].key && (r.steps[a].does == reads) == (k == rw) && r.steps[b].does != reads {
				return link{k, from, to, a, b, none}
			}
		}
	}
	return link{k, from, to, none, none, none}
}

// explain finds the links that a circle is made of. Where there are several of the right kind, one that needs no
// witness comes first. A link that is not seen rests on a choice.
func explain(r *record, e evidence, hops []hop) []link {
	var all []link
	for i, h := range hops {
		var best *link
		needs := 0
		for _, l := range e.links(h.from, hops[(i+1)%len(hops)].from) {
			if l.kind != h.kind {
				continue
			}
			if n := len(e.witnesses(l)); best == nil || n < needs {
				best, needs = &l, n
			}
		}
		if best == nil {
			assumed := r.assumed(h.from, hops[(i+1)%len(hops)].from, h.kind)
			best = &assumed
		}
		all = append(all, *best)
	}
	return all
}
