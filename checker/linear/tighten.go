package linear

// tighten makes a key easier to search, without changing what is true of it: unknown writes that
// nobody can have observed are left out, and observed ones return when their earliest observer did.
//
// Both go to a fixed point, because an unknown cas observes only if it was itself observed: after an
// unknown cas nil→1 and an unknown cas 1→2, a read of 2 is linearizable. And neither is sound
// wherever it seems obvious:
//
//   - A value that others may have written too was perhaps not theirs that was seen: write 1, write
//     2, an unknown write of 1, read 1. So a return moves only for the one writer of a value.
//   - A failed cas that does not tell what it found observes any write, by what was no longer
//     there: write 1, an unknown write of 2, 'was not 1'. So on such a key nothing is left out.
func (k *key) tighten() []op {
	seen := k.seen()
	wanted := k.wanted()
	writer := k.soleWriters()
	ops := make([]op, 0, len(k.ops))
	for i, o := range k.ops {
		if o.unknown() {
			if k.exact && !wanted[o.to] {
				continue
			}
			if writer[o.to] == int32(i) {
				o.ret = seen[o.to]
			}
		}
		ops = append(ops, o)
	}
	return ops
}

// soleWriters gives by value the one operation that may have written it; none if there are several,
// or nobody, or if it was there from the start.
func (k *key) soleWriters() []int32 {
	writer := make([]int32, k.values)
	times := make([]int, k.values)
	times[initial] = 1
	for i := range k.ops {
		if o := &k.ops[i]; o.writes() {
			times[o.to]++
			writer[o.to] = int32(i)
		}
	}
	for v, n := range times {
		if n != 1 || v == initial {
			writer[v] = none
		}
	}
	return writer
}

// seen gives by value the earliest return of an operation that certainly observed it.
func (k *key) seen() []int64 {
	writer := k.soleWriters()
	earliest := make([]int64, k.values)
	for v := range earliest {
		earliest[v] = never
	}
	var moved []int32
	see := func(v int32, ret int64) {
		if ret < earliest[v] {
			earliest[v] = ret
			moved = append(moved, v)
		}
	}
	for i := range k.ops {
		if v, ok := k.ops[i].shows(); ok {
			see(v, k.ops[i].ret)
		}
	}
	for len(moved) > 0 {
		v := moved[len(moved)-1]
		moved = moved[:len(moved)-1]
		if w := writer[v]; w != none && k.ops[w].kind == cas && k.ops[w].unknown() {
			see(k.ops[w].from, earliest[v])
		}
	}
	return earliest
}

// wanted says by value whether anybody can have observed it: an operation with an answer, or an
// unknown cas whose own value is wanted.
func (k *key) wanted() []bool {
	wanted := make([]bool, k.values)
	links := make(map[int32][]int32) // value → what the unknown cas to it would have taken
	var fresh []int32
	for i := range k.ops {
		o := &k.ops[i]
		v, ok := o.shows()
		switch {
		case ok && o.unknown():
			links[o.to] = append(links[o.to], v)
		case ok:
			fresh = append(fresh, v)
		}
	}
	for len(fresh) > 0 {
		v := fresh[len(fresh)-1]
		fresh = fresh[:len(fresh)-1]
		if !wanted[v] {
			wanted[v] = true
			fresh = append(fresh, links[v]...)
		}
	}
	return wanted
}
