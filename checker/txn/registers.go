package txn

import (
	"schism/checker"
	"schism/history"
	"slices"
)

// registers is a history of transactions on registers whose written values are all different, so that each read tells
// whose write it saw. The order of the writes is not known.
type registers struct {
	*record
	level Level
	// source is, of each step that reads, the step that wrote what it was shown.
	source []int32
	inner  []bool // of a step: its transaction writes the same register again
	counts []bool // of a transaction: what it wrote is there
	keys   []register
}

// What a read was shown instead of a write.
const (
	initial = none     // nil, what was never written
	foreign = none - 1 // a value that nobody wrote, or could have
)

// register is one key.
type register struct {
	unsure string
	// chains are the writes that are known to follow each other at once: each one's transaction read the one before. The
	// initial value is the first of the first chain, if anybody read it and wrote.
	chains []chain
}

type chain struct{ first, last int32 } // transactions

// sorter finds the sources of one key after the other.
type sorter struct {
	*registers
	table   table
	written []int32 // the steps of the key that write
	finds   finds
	seen    []int32
}

// newRegisters finds what every read saw, and what is wrong with it alone.
func newRegisters(r *record, level Level) (*registers, finds) {
	rs := &registers{record: r, level: level, source: make([]int32, len(r.steps)), inner: make([]bool, len(r.steps)),
		counts: make([]bool, len(r.ops)), keys: make([]register, len(r.keys))}
	spans := r.spans(len(r.keys), 1)
	sorters := make([]sorter, len(spans))
	r.each(spans, func(s span) {
		one := sorter{registers: rs, table: *newTable(r)}
		for k := s.from; k < s.to; k++ {
			one.key(int32(k))
		}
		sorters[s.number] = one
	})
	var all finds
	for t := range rs.counts {
		rs.counts[t] = r.ok(int32(t))
	}
	for i := range sorters {
		for _, t := range sorters[i].seen {
			rs.counts[t] = true
		}
		all.merge(&sorters[i].finds)
	}
	return rs, all
}

func (r *sorter) key(k int32) {
	all := r.on(k)
	r.written = slices.DeleteFunc(append(r.written[:0], all...), func(s int32) bool { return r.steps[s].does == reads })
	if twice := r.table.enter(r.written, r.inner); twice != nil {
		r.keys[k].unsure = r.twiceWritten(twice, "written", "values are not unique, nobody can tell which write a read shows")
		r.unwritten(k, all)
		return
	}
	var wrong onKey
	for from, to := 0, 0; from < len(all); from = to {
		t := r.steps[all[from]].txn
		for to = from + 1; to < len(all) && r.steps[all[to]].txn == t; to++ {
		}
		if r.ok(t) {
			r.transaction(k, t, all[from:to], &wrong)
		}
	}
	for _, one := range wrong {
		r.finds.add(one)
	}
}

// unwritten finds what is certainly wrong with reads of a register to which a value was written twice: that nobody wrote
// what they show, or only transactions that failed.
func (r *sorter) unwritten(k int32, all []int32) {
	var wrong onKey
	for _, s := range all {
		if v := r.value(s); r.steps[s].does == reads && r.ok(r.steps[s].txn) && !history.IsNil(v) {
			r.table.unfounded(k, s, v, r.level, &wrong)
		}
	}
	for _, one := range wrong {
		r.finds.add(one)
	}
}

// transaction finds what the reads of one transaction saw: of a register that it has written its own value, else that
// of another, and always the same.
func (r *sorter) transaction(k, t int32, steps []int32, wrong *onKey) {
	own, first := int32(none), int32(none) // its last write so far, and its first read before any
	for _, s := range steps {
		if r.steps[s].does != reads {
			own = s
			continue
		}
		r.source[s] = r.whose(s)
		from := r.source[s]
		if from == foreign {
			wrong.add(find{name: checker.DirtyRead, key: k, focus: s, other: none})
			continue
		}
		switch {
		case own != none && from != own:
			wrong.add(find{name: checker.Internal, key: k, focus: s, other: own, how: ownMissing})
			continue
		case own != none:
			continue
		case from != initial && r.steps[from].txn == t:
			wrong.add(find{name: checker.Internal, key: k, focus: s, other: from, how: ownEarly})
			continue
		case first != none && from != r.source[first] && r.level.Forbidden(checker.GSingle):
			wrong.add(find{name: checker.Internal, key: k, focus: s, other: first, how: readsDiffer})
		}
		if first == none {
			first = s
		}
		r.another(k, s, wrong)
	}
}

// whose is the write that a read shows.
func (r *sorter) whose(s int32) int32 {
	v := r.value(s)
	if history.IsNil(v) {
		return initial
	}
	if from := r.table.who(v); from != none {
		return from
	}
	return foreign
}

// another looks at a read of what another transaction wrote.
func (r *sorter) another(k, s int32, wrong *onKey) {
	from := r.source[s]
	if from == initial {
		return
	}
	if r.inner[from] && r.level.Forbidden(checker.G1b) {
		wrong.add(find{name: checker.G1b, key: k, focus: s, other: from})
	}
	switch writer := r.steps[from].txn; {
	case !r.level.Forbidden(checker.G1a) || r.ok(writer):
	case r.ops[writer].Outcome == history.Fail:
		wrong.add(find{name: checker.G1a, key: k, focus: s, other: from})
	default:
		r.seen = append(r.seen, writer)
	}
}
