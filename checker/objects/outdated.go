package objects

import (
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// outdated names a proof that a single older value tells best: the focus saw a value that nobody wrote,
// or one that had been replaced, by a write of the proof, before the focus began. It is false where
// what was seen need not be what one operation wrote.
func (k *key) outdated(f *finding, focus *op, ats []int32) bool {
	if slices.ContainsFunc(k.ops, func(o op) bool { return o.does == kvAppend && o.text != "" && len(o.txn) == 0 }) {
		return false
	}
	for i, seen := range focus.txn {
		own := slices.ContainsFunc(focus.txn[:i], func(a access) bool { return a.writes && a.register == seen.register })
		if seen.writes || own || focus.unknown() {
			continue
		}
		writers := k.writers(seen, focus.ret)
		if len(writers) == 0 && seen.value != none && k.texts[seen.value] != `""` && k.texts[seen.value] != "null" {
			k.neverWritten(f, focus, seen)
			return true
		}
		for _, at := range ats {
			if w := &k.ops[at]; w.ret < focus.call && k.replaced(w, seen, writers) {
				k.staleValue(f, focus, w)
				return true
			}
		}
	}
	return false
}

// writers are all that may have written a value by an event.
func (k *key) writers(seen access, by int64) []*op {
	var all []*op
	for i := range k.ops {
		if o := &k.ops[i]; o.call < by && slices.Contains(o.txn, access{writes: true, register: seen.register, value: seen.value}) {
			all = append(all, o)
		}
	}
	return all
}

// replaced says whether w wrote something else to the register when all that wrote the value were done.
func (k *key) replaced(w *op, seen access, writers []*op) bool {
	last := slices.IndexFunc(w.txn, func(a access) bool { return a.writes && a.register == seen.register && a.value != seen.value })
	return last >= 0 && !slices.ContainsFunc(writers, func(o *op) bool { return o == w || o.ret > w.call })
}

func (k *key) staleValue(f *finding, focus, w *op) {
	f.name = checker.StaleRead
	by := k.source(w)
	if !slices.Contains(f.ops, by) {
		f.ops = append(f.ops, by)
	}
	f.message = fmt.Sprintf("Stale read: %s, although %s", k.did(focus), hadBeen(by, f.focus))
}

func (k *key) neverWritten(f *finding, focus *op, seen access) {
	f.name, f.ops = checker.DirtyRead, []*history.Operation{f.focus}
	f.message = fmt.Sprintf("Dirty read: %s, although nobody had asked to write %s by then", k.did(focus), k.show(seen.value))
	if at, failed := k.failed[seen.value]; failed {
		w := &k.h.Operations[at]
		f.ops = append(f.ops, w)
		f.message = fmt.Sprintf("Dirty read: %s, although %s had been refused%s", k.did(focus), checker.ShowWrite(w), checker.ShowPlace("by", w))
	}
	f.proof = "no operation that may have taken effect wrote what was seen."
}
