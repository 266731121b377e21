package linear

import "schism/checker"

// refute looks at a key that zones cannot decide for an answer that needs no order to be wrong: a value that nobody had
// asked to write when it was shown, or a cas that failed because of the very value that it wanted.
//
// Theorem: whoever is shown a value other than the initial one comes after an operation that brought it about, which was
// called before the answer was there and did not fail. A cas from a value to the same brings nothing about: what it
// writes was there before it. So of all operations that show the value some other one must have been the first to write it.
//
// It is not complete: what was asked for in time may still fit no order.
func (k *key) refute() *conflict {
	first := k.firstAsked()
	for i := range k.ops {
		o := &k.ops[i]
		v, ok := o.shows()
		switch at := int32(i); {
		case !ok || o.unknown():
		case o.kind == mismatch && o.from == o.to:
			return &conflict{kind: selfless, focus: at, with: none, ops: []int32{at}}
		case v == initial:
		case first[v] == none:
			return &conflict{kind: unwritten, focus: at, with: none, ops: k.withEchoes(at)}
		case k.ops[first[v]].call > o.ret:
			return &conflict{kind: future, focus: at, with: first[v], ops: sorted(append(k.withEchoes(at), first[v]))}
		}
	}
	return nil
}

// firstAsked gives by value the first operation that may have brought it about; none if there is none.
func (k *key) firstAsked() []int32 {
	first := make([]int32, k.values)
	for v := range first {
		first[v] = none
	}
	for i := range k.ops {
		if o := &k.ops[i]; o.bringsAbout() && first[o.to] == none {
			first[o.to] = int32(i)
		}
	}
	return first
}

// bringsAbout says whether the value that the operation writes need not be there already.
func (o *op) bringsAbout() bool { return o.kind == write || o.kind == cas && o.from != o.to }

// echoes are the cas from a value to the same that were called by an event.
func (k *key) echoes(v int32, by int64) (ats []int32) {
	for i := range k.ops {
		if o := &k.ops[i]; o.writes() && o.to == v && !o.bringsAbout() && o.call < by {
			ats = append(ats, int32(i))
		}
	}
	return ats
}

// withEchoes are an operation and the cas that may seem to have written what it was shown.
func (k *key) withEchoes(at int32) []int32 {
	v, _ := k.ops[at].shows()
	return sorted(append(k.echoes(v, k.ops[at].ret), at))
}

// refuted says whether an answer is certainly wrong.
func (j *judgement) refuted() bool {
	j.reason = j.key.refute()
	if j.reason != nil {
		j.Verdict = checker.Invalid
	}
	return j.reason != nil
}
