package txn

import (
	"bytes"
	"fmt"
	"slices"
	"sort"

	"schism/checker"
	"schism/history"
)

// lists is a history of transactions on lists, and the order of the versions of each.
//
// A list only grows, by its appends, so that a read of it shows its whole past: the longest read tells the order of
// all appends that it shows, and every append that took effect and is not in it comes later than all of them.
type lists struct {
	*record
	level Level
	// place is, of each step that appends, where its element stands in the order of its list, or unseen; of each that
	// reads, how many elements it was shown.
	place []int32
	// inner says of a step that its transaction appends to the same list again.
	inner []bool
	// counts says of each transaction whether what it did is there: it was acknowledged, or one of its elements was
	// seen. At read-uncommitted the latter proves nothing.
	counts []bool
	keys   []list // by key
}

const unseen = -1

// list is one key.
type list struct {
	order  []int32 // the steps that appended the elements of the longest list
	unsure string  // why there is no order to be had; empty if there is
	wrong  bool    // no order explains what was read
}

// reader finds the order of one key after the other.
type reader struct {
	*lists
	table    *table
	appended []int32 // the steps of the key, those that append
	read     []int32 // and those that read
	order    []int32 // of the longest list
	ends     []int   // of the longest list, offset behind each element
	finds    finds
	seen     []int32 // unanswered transactions whose elements were seen
	err      error
}

func (r *reader) key(k int32) {
	l := &r.keys[k]
	r.appended, r.read = r.appended[:0], r.read[:0]
	for _, s := range r.on(k) {
		if r.steps[s].does == reads {
			r.read = append(r.read, s)
		} else {
			r.appended = append(r.appended, s)
			r.place[s] = unseen
		}
	}
	if twice := r.table.enter(r.appended, r.inner); twice != nil {
		l.unsure = r.twiceWritten(twice, "appended", "elements are not unique, nobody can tell which append a list shows")
		r.unappended(k)
		return
	}
	longest := r.longest()
	if longest == none {
		return
	}
	chain := r.inOrder(l, longest) && r.along(longest)
	if chain && r.ownOrder() == none {
		r.note(l)
		return
	}
	r.carefully(k)
}

// unappended finds what is certainly wrong with reads of a list to which an element was appended twice: that nobody
// appended an element that they show, or only transactions that failed. The longest is taken apart, and whatever does not
// begin it.
func (r *reader) unappended(k int32) {
	longest := r.longest()
	if longest == none {
		return
	}
	var wrong onKey
	for _, s := range r.read {
		v := r.value(s)
		if s != longest && begins(v, r.value(longest)) {
			continue
		}
		_ = elements(v, func(from, to int) { // what is no list shows no elements, and the key is unsure anyway
			r.table.unfounded(k, s, v[from:to], r.level, &wrong)
		})
	}
	for _, one := range wrong {
		r.finds.add(one)
	}
}

// begins says whether one list is the beginning of another, by their texts.
func begins(list, whole history.Value) bool {
	body, is := bytes.CutSuffix(list, []byte("]"))
	rest, begun := bytes.CutPrefix(whole, body)
	return is && begun && len(body) > 1 && (rest[0] == ',' || rest[0] == ']')
}

// longest is the read with the longest text.
func (r *reader) longest() int32 {
	longest := int32(none)
	for _, s := range r.read {
		if v := r.value(s); longest == none || len(v) > len(r.value(longest)) && !history.IsNil(v) || history.IsNil(r.value(longest)) {
			longest = s
		}
	}
	return longest
}

// inOrder makes the longest list the order of its key, and says whether that is easily done: every element was
// appended by somebody whose transaction counts, and stands there once.
func (r *reader) inOrder(l *list, longest int32) bool {
	v, easy := r.value(longest), true
	r.ends = append(r.ends[:0], 0)
	r.order = r.order[:0]
	err := elements(v, func(from, to int) {
		s := r.table.who(v[from:to])
		easy = easy && s != none && r.place[s] == unseen && r.mayCount(r.steps[s].txn)
		if easy {
			r.place[s] = int32(len(r.order))
			r.order = append(r.order, s)
			r.ends = append(r.ends, to)
		}
	})
	if err != nil {
		r.fail(longest, err)
	}
	l.order = slices.Clone(r.order)
	return easy
}

func (r *reader) fail(s int32, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("event %d: of %s %w", r.op(s).Call, checker.ShowKey(r.record.keys[r.steps[s].key]), err)
	}
}

// mayCount says whether an element of this transaction may be there for good.
func (r *lists) mayCount(t int32) bool {
	switch r.ops[t].Outcome {
	case history.OK:
		return true
	case history.Fail:
		return false
	}
	return r.level.Forbidden(checker.G1a)
}

// along finds the place of each read in the longest list, whose beginning it must be: by the bytes, without a look at
// the elements. That is what makes many reads of a growing list cheap.
func (r *reader) along(longest int32) bool {
	whole := r.value(longest)
	for _, s := range r.read {
		v := r.value(s)
		if history.IsNil(v) || string(v) == "[]" {
			r.place[s] = 0
			continue
		}
		body := v[:len(v)-1]
		n := sort.SearchInts(r.ends, len(body))
		if v[0] != '[' || v[len(v)-1] != ']' || n == len(r.ends) || r.ends[n] != len(body) || !bytes.HasPrefix(whole, body) {
			return false
		}
		r.place[s] = int32(n)
	}
	return true
}

// ownOrder finds a step that appends after another of its own transaction, and stands before it, or is there without
// it.
func (r *reader) ownOrder() int32 {
	for i, s := range r.appended {
		if i == 0 || r.place[s] == unseen {
			continue
		}
		before := r.appended[i-1]
		if r.steps[before].txn == r.steps[s].txn && (r.place[before] == unseen || r.place[before] > r.place[s]) {
			return s
		}
	}
	return none
}

// note remembers the unanswered transactions of which something was seen.
func (r *reader) note(l *list) {
	for _, s := range l.order {
		if t := r.steps[s].txn; r.ops[t].Outcome != history.OK && r.mayCount(t) {
			r.seen = append(r.seen, t)
		}
	}
}

// newLists finds the order of every key.
func newLists(r *record, level Level) (*lists, finds, error) {
	ls := &lists{record: r, level: level, place: make([]int32, len(r.steps)), inner: make([]bool, len(r.steps)), counts: make([]bool, len(r.ops)), keys: make([]list, len(r.keys))}
	spans := r.spans(len(r.keys), 1)
	readers := make([]reader, len(spans))
	r.each(spans, func(s span) {
		one := reader{lists: ls, table: newTable(r)}
		for k := s.from; k < s.to; k++ {
			one.key(int32(k))
		}
		readers[s.number] = one
	})
	for t := range ls.counts {
		ls.counts[t] = r.ok(int32(t))
	}
	var all finds
	for i := range readers {
		if readers[i].err != nil {
			return nil, finds{}, readers[i].err
		}
		for _, t := range readers[i].seen {
			ls.counts[t] = true
		}
		all.merge(&readers[i].finds)
	}
	return ls, all, nil
}
