package txn

import (
	"bytes"
	"fmt"
	"hash/maphash"

	"schism/checker"
	"schism/history"
)

// table finds the step that wrote a value of one key. It is used for one key after the other.
type table struct {
	r     *record
	seed  maphash.Seed
	slots []slot
}

type slot struct {
	hash uint32
	step int32 // and one more, so that the zero value is free
}

func newTable(r *record) *table { return &table{r: r, seed: maphash.MakeSeed()} }

// reset empties the table, with room for n values.
func (t *table) reset(n int) {
	size := 8
	for size < 2*n {
		size *= 2
	}
	if size > cap(t.slots) {
		t.slots = make([]slot, size)
		return
	}
	t.slots = t.slots[:size]
	clear(t.slots)
}

// find is where a value stands, or where there is room for it.
func (t *table) find(v history.Value) (at *slot, hash uint32) {
	hash = uint32(maphash.Bytes(t.seed, v))
	mask := uint32(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.step == 0 || s.hash == hash && bytes.Equal(t.r.value(s.step-1), v) {
			return s, hash
		}
	}
}

// who is the step that wrote a value; none if nobody did.
func (t *table) who(v history.Value) int32 {
	s, _ := t.find(v)
	return s.step - 1
}

// put enters the step s and gives the one that wrote the same value before, which stays; none if there is none.
func (t *table) put(s int32) (before int32) {
	at, hash := t.find(t.r.value(s))
	if at.step != 0 {
		return at.step - 1
	}
	*at = slot{hash: hash, step: s + 1}
	return none
}

// replace enters s instead of the step that wrote the same value before.
func (t *table) replace(s int32) {
	at, _ := t.find(t.r.value(s))
	at.step = s + 1
}

// enter makes the table that of one key, from the steps that write to it, in order, and gives two that may both have
// taken effect and wrote the same. What failed did certainly not take effect: where another wrote the same, it is left
// out. Inner is noted of each step whose transaction writes to the key again. All are entered even where two wrote the
// same: what is not there then, nobody wrote, and what is there as the write of one that failed, only such.
func (t *table) enter(writers []int32, inner []bool) (twice *[2]int32) {
	t.reset(len(writers))
	for i, s := range writers {
		if i > 0 && t.r.steps[s].txn == t.r.steps[writers[i-1]].txn {
			inner[writers[i-1]] = true
		}
		before := t.put(s)
		switch {
		case before == none || t.r.op(s).Outcome == history.Fail:
		case t.r.op(before).Outcome == history.Fail:
			t.replace(s)
		default:
			if twice == nil {
				twice = &[2]int32{before, s}
			}
		}
	}
	return twice
}

// unfounded adds what is wrong with a read that shows v, whosesoever write of it that is: that nobody wrote it, or only
// transactions that failed.
func (t *table) unfounded(k, read int32, v history.Value, level Level, wrong *onKey) {
	switch who := t.who(v); {
	case who == none:
		wrong.add(find{name: checker.DirtyRead, key: k, focus: read, other: none})
	case t.r.op(who).Outcome == history.Fail && level.Forbidden(checker.G1a):
		wrong.add(find{name: checker.G1a, key: k, focus: read, other: who})
	}
}

// twiceWritten is why a key on which a value was written twice cannot be judged.
func (r *record) twiceWritten(twice *[2]int32, did, so string) string {
	first, second := twice[0], twice[1]
	return fmt.Sprintf("%s was %s to %s twice (events %d and %d): where %s",
		checker.ShowValue(r.value(second)), did, checker.ShowKey(r.keys[r.steps[second].key]), r.op(first).Call, r.op(second).Call, so)
}
