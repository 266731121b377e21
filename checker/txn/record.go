package txn

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"

	"schism/checker"
	"schism/checker/search"
	"schism/history"
)

// step is one read or write of a transaction. Of a transaction that was not answered only the writes are known.
type step struct {
	txn, key int32
	from, to uint32 // the place of the value in the text of the transaction
	does     does
}

// record is a history of transactions, taken apart. A transaction is called by its number in the history, a key by
// its number here, and so is a step.
type record struct {
	ops   []history.Operation
	texts []history.Value // of each transaction, what the places in its steps are of
	first []int32         // the steps of transaction t are those from first[t] to first[t+1]
	steps []step
	keys  []string
	// The steps on key k are byKey[start[k]:start[k+1]], in order.
	byKey []int32
	start []int32

	writes does // what the steps do that do not read
	jobs   int
}

const none = -1

func (r *record) value(s int32) history.Value {
	st := &r.steps[s]
	return r.texts[st.txn][st.from:st.to]
}

func (r *record) op(s int32) *history.Operation { return &r.ops[r.steps[s].txn] }

func (r *record) ok(t int32) bool { return r.ops[t].Outcome == history.OK }

func (r *record) on(k int32) []int32 { return r.byKey[r.start[k]:r.start[k+1]] }

// span is some of many things of which each is for one processor.
type span struct{ number, from, to int }

// spans cuts n things into parts, some for each processor, none with less than so many.
func (r *record) spans(n, least int) []span {
	parts := max(1, min(4*r.jobs, n/least))
	all := make([]span, parts)
	for i := range all {
		all[i] = span{i, n * i / parts, n * (i + 1) / parts}
	}
	return all
}

func (r *record) each(all []span, do func(span)) { search.Each(&search.Pool{Jobs: r.jobs}, all, do) }

// portion is what one processor read of a history.
type portion struct {
	ids    map[string]int32
	keys   []string
	steps  []step
	counts []int32 // steps of each transaction
	err    error
}

// take reads a history whose transactions know reads and, beside them, one kind of write.
func take(ctx context.Context, h *history.History, l checker.Limits, writes does) (*record, error) {
	r := &record{ops: h.Operations, texts: make([]history.Value, len(h.Operations)), writes: writes, jobs: cmp.Or(max(l.Jobs, 0), runtime.GOMAXPROCS(0))}
	spans := r.spans(len(r.ops), 1024)
	portions := make([]portion, len(spans))
	r.each(spans, func(s span) { portions[s.number] = r.portion(ctx, s, writes) })
	for _, p := range portions {
		if p.err != nil {
			return nil, p.err
		}
	}
	r.join(portions)
	r.sortByKey()
	return r, ctx.Err()
}

// sample is how many transactions tell how many steps the others will have, about.
const sample = 64

func (r *record) portion(ctx context.Context, s span, writes does) portion {
	p := portion{ids: make(map[string]int32), counts: make([]int32, s.to-s.from)}
	var asked, told []part
	for i := s.from; i < s.to; i++ {
		if i%4096 == 0 && ctx.Err() != nil {
			p.err = ctx.Err()
			return p
		}
		op := &r.ops[i]
		var err error
		asked, told, r.texts[i], err = stepsOf(asked[:0], told[:0], op, writes)
		if err != nil {
			p.err = fmt.Errorf("event %d: %w", op.Call, err)
			return p
		}
		if i-s.from == sample {
			p.steps = slices.Grow(p.steps, len(p.steps)*(s.to-i)/sample*9/8)
		}
		before := len(p.steps)
		for _, m := range told {
			if m.does == reads && op.Outcome != history.OK {
				continue
			}
			p.steps = append(p.steps, step{txn: int32(i), key: p.id(r.texts[i][m.keyFrom:m.keyTo]), from: m.from, to: m.to, does: m.does})
		}
		p.counts[i-s.from] = int32(len(p.steps) - before)
	}
	return p
}

// stepsOf are the steps of an operation, with what its reads were shown if it was answered, and the text that they
// stand in.
func stepsOf(asked, told []part, op *history.Operation, writes does) (a, t []part, text history.Value, err error) {
	if op.F != history.Txn {
		return asked, told, nil, fmt.Errorf("it invokes %q: what is judged here are transactions, f %q", op.F, history.Txn)
	}
	asked, text, err = spelled(asked, op.Input)
	if err != nil {
		return asked, told, nil, err
	}
	answered := op.Outcome == history.OK
	for _, m := range asked {
		switch {
		case m.does != reads && m.does != writes:
			return asked, told, nil, fmt.Errorf("%.100s is no transaction of this kind: its steps are %s", text, kinds[writes])
		case m.does != reads && history.IsNil(text[m.from:m.to]):
			return asked, told, nil, fmt.Errorf("%.100s writes nil, which stands for what was never written", text)
		}
	}
	onlyWrites := !slices.ContainsFunc(asked, func(m part) bool { return m.does == reads })
	if !answered || history.IsNil(op.Output) && onlyWrites {
		return asked, append(told, asked...), text, nil
	}
	told, answer, err := spelled(told, op.Output)
	if err != nil || !same(asked, told, text, answer) {
		return asked, told, nil, fmt.Errorf("the answer %.100s is none to the transaction that was asked for, %.100s", op.Output, op.Input)
	}
	return asked, told, answer, nil
}

var kinds = [...]string{
	appends: `["r", key, null] and ["append", key, element]`,
	writes:  `["r", key, null] and ["w", key, value]`,
}

// same says whether two transactions do the same, but for what their reads are shown.
func same(asked, told []part, a, b history.Value) bool {
	if len(asked) != len(told) {
		return false
	}
	for i, m := range asked {
		n := told[i]
		if m.does != n.does || string(a[m.keyFrom:m.keyTo]) != string(b[n.keyFrom:n.keyTo]) ||
			m.does != reads && string(a[m.from:m.to]) != string(b[n.from:n.to]) {
			return false
		}
	}
	return true
}

// id is the number of a key, in this portion. A key that is a number is called by its text.
func (p *portion) id(text history.Value) int32 {
	if id, known := p.ids[string(text)]; known {
		return id
	}
	id := int32(len(p.keys))
	p.ids[string(text)] = id
	p.keys = append(p.keys, keyName(text))
	return id
}

// join puts the portions one behind the other, with the same numbers for the same keys.
func (r *record) join(portions []portion) {
	all, ids := 0, make(map[string]int32)
	for _, p := range portions {
		all += len(p.steps)
	}
	r.steps, r.first = make([]step, 0, all), make([]int32, 1, len(r.ops)+1)
	for i := range portions {
		p := &portions[i]
		number := make([]int32, len(p.keys))
		for local, name := range p.keys {
			id, known := ids[name]
			if !known {
				id = int32(len(r.keys))
				ids[name] = id
				r.keys = append(r.keys, name)
			}
			number[local] = id
		}
		from := len(r.steps)
		r.steps = append(r.steps, p.steps...)
		for j := range r.steps[from:] {
			r.steps[from+j].key = number[r.steps[from+j].key]
		}
		for _, n := range p.counts {
			r.first = append(r.first, r.first[len(r.first)-1]+n)
		}
		p.steps = nil
	}
}

func (r *record) sortByKey() {
	r.start, r.byKey = make([]int32, len(r.keys)+1), make([]int32, len(r.steps))
	for i := range r.steps {
		r.start[r.steps[i].key+1]++
	}
	for k := range r.keys {
		r.start[k+1] += r.start[k]
	}
	at := slices.Clone(r.start)
	for i := range r.steps {
		k := r.steps[i].key
		r.byKey[at[k]] = int32(i)
		at[k]++
	}
}
