package session

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// witness is why one version is older than another: two operations of one session, in this order.
type witness struct{ before, after *history.Operation }

// place is where a session stands on one key: the newest version that it knows of.
type place struct {
	version int32
	op      *history.Operation // that told it
	own     bool               // the session wrote it itself
}

// register is a key while its operations are gone through. Version 0 is nil, before every write.
type register struct {
	key      *checker.Key
	versions map[string]int32 // by the text of the value
	written  []bool           // by version: somebody has asked to write it so far
	order    order
	at       map[history.Process]place
	found    []*finding
	broken   string
}

// registers decides a key whose written values are unique. Version a is older than b if one session
//
//   - read a, then b (monotonic reads), or wrote a, then read b (read your writes), a and b being different;
//   - wrote a, then b (monotonic writes), or read a, then wrote b (writes follow reads);
//   - changed a into b, by cas.
//
// Theorem: the four guarantees hold if and only if these statements have no cycle, none of them says that
// something is older than nil, and no read returns what nobody had asked to write by then. Only if: Terry's
// WriteOrder is total, every replica holds of the writes that it has the last in that order, and each guarantee
// states just this of that order. If: any total order that extends the statements is such a WriteOrder: let each
// read be answered by a replica with the write that it returned and those before it.
//
// The counterexample to looking at one session at a time: client 1 writes 1, then 2; client 2 reads 2, then
// 1. Each alone is fine. Who is to blame is told by time: a statement is made by the operation that ends last,
// and the one that contradicts all before it broke the promise. A write's value is new, so that is always what
// somebody read: which write was too late at a register shows in reads only, and at a list in its order.
func registers(ctx context.Context, k *checker.Key) ([]*finding, string) {
	r := &register{key: k, versions: map[string]int32{"null": 0}, written: []bool{true}, at: make(map[history.Process]place)}
	if r.name(); r.broken != "" {
		return nil, r.broken
	}
	r.written = make([]bool, len(r.versions))
	r.written[0] = true
	r.order.grow(len(r.versions))
	for i, m := range moments(k.Ops) {
		if i%1024 == 0 && ctx.Err() != nil {
			return r.found, "there was no time left to go through all of this key"
		}
		if m.call {
			r.call(m.op)
		} else {
			r.answer(m.op)
		}
	}
	return r.found, ""
}

// name gives every value its version, in the order in which they are asked for, and sees that none is
// written twice: then versions could not be told apart.
func (r *register) name() {
	for _, o := range r.key.Ops {
		v, writes, err := checker.Written(o)
		if err != nil {
			r.broken = err.Error()
			return
		}
		if !writes || o.Outcome == history.Fail {
			continue
		}
		text := history.Text(v)
		if _, twice := r.versions[text]; twice {
			r.broken = fmt.Sprintf("event %d writes %s, which was there before: versions with one value cannot be told apart", o.Call, checker.ShowValue(v))
			return
		}
		r.versions[text] = int32(len(r.versions))
	}
}

// call states where a write stands, from before it can have been seen.
func (r *register) call(o *history.Operation) {
	value, writes, _ := checker.Written(o)
	if !writes || o.Outcome == history.Fail {
		return
	}
	v := r.versions[history.Text(value)]
	r.written[v] = true
	if last, known := r.at[o.Process]; known && last.version != 0 {
		r.order.add(last.version, v, &witness{last.op, o})
	}
	if o.F == history.CAS {
		from, _, _ := history.SplitPair(o.Input)
		if u, known := r.versions[history.Text(from)]; known && u != 0 {
			r.order.add(u, v, &witness{o, o})
		}
	}
	if o.Outcome != history.OK {
		return // the session is over
	}
	if o.F == history.Write {
		r.at[o.Process] = place{v, o, true}
	}
}

// answer states what a session was shown.
func (r *register) answer(o *history.Operation) {
	if o.Outcome == history.Info {
		delete(r.at, o.Process) // the session is over, even if somebody uses its number again
		return
	}
	value, saw := checker.Shown(o)
	if saw {
		r.see(o, value)
	}
	if to, writes, _ := checker.Written(o); writes && o.F == history.CAS && o.Outcome == history.OK {
		r.at[o.Process] = place{r.versions[history.Text(to)], o, true}
	}
}

func (r *register) see(o *history.Operation, value history.Value) {
	v, known := r.versions[history.Text(value)]
	if !known || !r.written[v] {
		r.found = append(r.found, &finding{name: checker.DirtyRead, focus: o, saw: checker.ShowValue(value)})
		return
	}
	last, began := r.at[o.Process]
	if !began {
		r.at[o.Process] = place{v, o, false}
		return
	}
	if last.version == v {
		return // what a session wrote itself stays its own
	}
	var path []edge
	contradicts := v == 0
	if v != 0 && last.version != 0 {
		path, contradicts = r.order.add(last.version, v, &witness{last.op, o})
	}
	if contradicts {
		r.found = append(r.found, r.wentBack(o, last, value, path))
		return
	}
	r.at[o.Process] = place{v, o, false}
}

// wentBack is a session that was shown something older than what it knew.
func (r *register) wentBack(o *history.Operation, last place, value history.Value, path []edge) *finding {
	f := &finding{name: checker.MonotonicReads, focus: o, before: last.op, saw: checker.ShowValue(value), what: r.text(last)}
	if last.own {
		f.name = checker.ReadYourWrites
	}
	for _, e := range path {
		f.proof = append(f.proof, e.by.before, e.by.after)
	}
	f.since = because(path)
	return f
}

// text is the value of a version as people are shown it.
func (r *register) text(p place) string {
	if v, writes, _ := checker.Written(p.op); writes && p.own {
		return checker.ShowValue(v)
	}
	v, _ := checker.Shown(p.op)
	return checker.ShowValue(v)
}

// moment is a call or an answer.
type moment struct {
	event int64
	op    *history.Operation
	call  bool
}

func moments(ops []*history.Operation) []moment {
	all := make([]moment, 0, 2*len(ops))
	for _, o := range ops {
		all = append(all, moment{o.Call, o, true})
		if o.Return >= 0 {
			all = append(all, moment{o.Return, o, false})
		}
	}
	slices.SortFunc(all, func(a, b moment) int { return cmp.Compare(a.event, b.event) })
	return all
}
