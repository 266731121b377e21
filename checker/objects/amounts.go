package objects

import (
	"fmt"

	"schism/checker"
)

// wrongSum names a read of a counter of other amounts than 1, all above zero of those that had been asked for when the
// read ended, that shows less than nothing, less than what had been acknowledged before it began, or more than all that
// had been asked for.
func (k *key) wrongSum(f *finding, focus *op, _ []int32) bool {
	if focus.does != counterRead {
		return false
	}
	var least, most int64
	var last *op // of those that were acknowledged before
	for i := range k.ops {
		o := &k.ops[i]
		switch {
		case o.does == counterRead || o.call > focus.ret:
			continue
		case o.n <= 0:
			return false
		case o.ret < focus.call:
			least += o.n
			if last == nil || o.ret > last.ret {
				last = o
			}
		}
		most += o.n
	}
	switch {
	case focus.n < 0: // also where nothing had been acknowledged before
		*f = *k.belowNothing(focus)
		return true
	case focus.n < least:
		f.name = checker.StaleRead
		f.message = fmt.Sprintf("Stale read: %s, although adds that make %d had been acknowledged before: the last of them, %s", k.did(focus), least, hadBeen(k.source(last), f.focus))
		f.proof = "a counter that only grows shows every add that was acknowledged before the read began."
	case focus.n > most:
		f.name = k.surplus(focus.n-most, focus.ret)
		f.message = fmt.Sprintf("%s: %s, although all adds that had been asked for by then make %d", k.title(f.name), k.did(focus), most)
		f.proof = "a counter shows no more than what was added to it, however the operations are ordered."
	default:
		return false
	}
	f.ops = f.ops[:0]
	for i := range k.ops {
		if o := &k.ops[i]; o == focus || o.does == counterAdd && (o.ret < focus.call || f.name != checker.StaleRead && o.call < focus.ret) {
			f.ops = append(f.ops, k.source(o))
		}
	}
	return true
}
