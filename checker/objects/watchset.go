package objects

import (
	"bytes"
	"encoding/json"
	"hash/maphash"
	"math"
	"slices"

	"schism/checker"
	"schism/history"
)

// watchedSet is what there is to know of a set, whose elements are added once each, and whose history so far is
// linearizable.
//
// The reads so far lie in a chain; layer by layer, each shows some elements more: see decideSet. What is over now can
// only stand in the wrong place if a read is, and that only shows
//
//   - an element twice, or one that has failed, or that nobody has asked for yet;
//   - of one layer some, and not all of those below it;
//   - less than it must: a read of more, or an add of what it does not show, had returned when it was called;
//   - some elements of what was one layer, and an add of another of these had returned when one of them was asked for;
//     so it is with those that are shown for the first time, and those that are not shown.
//
// And an add cannot fail whose element was shown. To acknowledge one is always right.
//
// Why memory does not grow with the history but by two bits an element: what every read that is open, or to come, must
// show is settled, and only counted. A sum of hashes tells that a read shows it all and none of it twice: that two have
// the same sum may hide a difference, which the check at the end finds; it never makes one. A read costs as much
// as it has elements.
type watchedSet struct {
	all      *Watch
	elements map[string]*watchedElement // nil: it is settled, and no number
	layers   []*layer                   // what the reads show that is not settled, in the order of the chain
	due      []*watchedElement          // the acknowledged ones that nobody was shown, the oldest first, and some others
	seed     maphash.Seed
	settled  sum
}

// watchedElement is an element that somebody asked to add.
type watchedElement struct {
	text  string
	call  int64
	acked int64 // the event; never until then
	noted bool  // Watch.held has it
	layer *layer
	read  int64 // the last read that was found to show it
}

// layer is what a read shows more than the one below it in the chain.
type layer struct {
	at       int
	elements []*watchedElement
	upTo     int   // elements of this layer and all below it, the settled ones too
	read     int64 // the first return of a read that shows this layer and no more
	ret      int64 // that, or the first return of an add in it
}

// sum is a number of elements, and the sum of their hashes.
type sum struct {
	size int
	hash uint64
}

func (s *sum) add(hash uint64) {
	s.size++
	s.hash += hash
}

// setOp is an operation on a set that was called.
type setOp struct{ adds *watchedElement } // nil: it reads

func watchSets(w *Watch) (keyed, func(*key)) {
	return checker.NewKeyedWatch(func() checker.KeyWatch[setOp] {
		return &watchedSet{all: w, elements: make(map[string]*watchedElement), seed: maphash.MakeSeed()}
	}), w.cutSet
}

// Call takes an invocation.
func (k *watchedSet) Call(e *history.Event) (setOp, checker.Sight) {
	switch e.F {
	case history.Read:
		return setOp{}, checker.Fine
	case history.Add, history.Append:
	default:
		return setOp{}, checker.Unwatched
	}
	v := &watchedElement{text: history.Text(e.Value), call: e.Index, acked: never, read: none}
	if _, known := k.elements[v.text]; known || k.all.held.Has(v.text) {
		return setOp{}, checker.Unwatched
	}
	k.all.asked.Add(v.text)
	v.noted = k.all.held.Add(v.text)
	k.elements[v.text] = v
	return setOp{v}, checker.Fine
}

// Complete takes the end of an operation.
func (k *watchedSet) Complete(call int64, p setOp, e *history.Event) checker.Sight {
	fits := true
	switch v := p.adds; {
	case v == nil && e.Kind == history.OK:
		all, are := elementsOf(e.Value)
		if !are {
			return checker.Unwatched
		}
		fits = k.show(all, call, e.Index)
	case v == nil || e.Kind == history.Info:
	case e.Kind == history.Fail:
		delete(k.elements, v.text)
		k.all.held.Remove(v.text)
		fits = v.layer == nil
	default:
		if v.acked = e.Index; v.layer == nil {
			k.due = append(k.due, v)
		}
	}
	if !fits {
		return checker.Broken
	}
	return checker.Fine
}

// elementsOf takes a list apart, mostly of whole numbers. The texts are canonical.
func elementsOf(v history.Value) (all [][]byte, are bool) {
	v = history.Canonical(v)
	switch {
	case history.IsNil(v) || string(v) == "[]":
		return nil, true
	case v[0] != '[':
		return nil, false
	case !bytes.ContainsAny(v[1:], `"[{`):
		return bytes.Split(v[1:len(v)-1], []byte(",")), true
	}
	var parts []json.RawMessage
	if json.Unmarshal(v, &parts) != nil {
		return nil, false
	}
	for _, p := range parts {
		all = append(all, p)
	}
	return all, true
}

// show takes the elements that a read shows which was called at call and is over now.
func (k *watchedSet) show(all [][]byte, call, now int64) (fits bool) {
	var settled sum
	var fresh, some []*watchedElement // never shown before; of the last layer that is shown at all
	for _, text := range all {
		v := k.elements[string(text)]
		switch {
		case v == nil:
			if _, known := k.elements[string(text)]; !known && !k.all.held.Has(string(text)) {
				return false
			}
			settled.add(maphash.Bytes(k.seed, text))
			continue
		case v.read == now:
			return false
		case v.layer == nil:
			fresh = append(fresh, v)
		case len(some) == 0 || v.layer == some[0].layer:
			some = append(some, v)
		case v.layer.at > some[0].layer.at:
			some = append(some[:0], v)
		}
		v.read = now
	}
	if settled != k.settled {
		return false
	}
	if len(some) > 0 {
		top := some[0].layer
		if len(all) != top.upTo-len(top.elements)+len(some)+len(fresh) {
			return false
		}
	} else if len(all) != settled.size+len(fresh) {
		return false
	}
	return k.place(some, fresh, call, now)
}

// place finds the place of a read: some elements of one layer, and all below it, and fresh ones.
func (k *watchedSet) place(some, fresh []*watchedElement, call, now int64) (fits bool) {
	at := none
	if len(some) > 0 {
		top := some[0].layer
		if at = top.at; len(some) < len(top.elements) && !k.divide(top, some, now) {
			return false
		}
	}
	if len(fresh) > 0 {
		if at != len(k.layers)-1 {
			return false
		}
		k.layers = append(k.layers, nil)
		at++
		k.fill(&layer{read: now}, at, fresh)
	}
	must := k.oldestDue()
	if must < lastCall(fresh) {
		return false
	}
	for _, l := range k.layers[at+1:] {
		must = min(must, l.ret)
	}
	return must > call
}

// oldestDue is the first event at which an add was acknowledged of what nobody was shown.
func (k *watchedSet) oldestDue() int64 {
	for len(k.due) > 0 && k.due[0].layer != nil {
		k.due = k.due[1:]
	}
	if len(k.due) == 0 {
		return never
	}
	return k.due[0].acked
}

// fill puts elements into a layer, and the layer in its place.
func (k *watchedSet) fill(l *layer, at int, elements []*watchedElement) {
	l.at, l.elements, l.upTo, l.ret = at, elements, k.settled.size+len(elements), l.read
	if at > 0 {
		l.upTo = k.layers[at-1].upTo + len(elements)
	}
	for _, v := range elements {
		v.layer, l.ret = l, min(l.ret, v.acked)
	}
	k.layers[at] = l
}

// divide makes two layers of one, of which a read shows some elements. What is left was shown by the read that made the
// one.
func (k *watchedSet) divide(top *layer, some []*watchedElement, now int64) (fits bool) {
	rest := slices.DeleteFunc(top.elements, func(v *watchedElement) bool { return v.read == now })
	acked := int64(math.MaxInt64)
	for _, v := range rest {
		acked = min(acked, v.acked)
	}
	if acked < lastCall(some) {
		return false
	}
	k.layers = slices.Insert(k.layers, top.at, nil)
	k.fill(&layer{read: now}, top.at, slices.Clone(some))
	k.fill(top, top.at+1, rest)
	for at := top.at; at < len(k.layers); at++ {
		k.layers[at].at = at
	}
	return true
}

// lastCall is the last event at which one of some elements was asked for.
func lastCall(some []*watchedElement) int64 {
	last := int64(none)
	for _, v := range some {
		last = max(last, v.call)
	}
	return last
}

// Sweep settles the layers that everybody must be shown who is not called yet, or whose operation is open. That an add
// of a layer has returned is no reason: the layer may come to be two, and the other one be missing.
func (k *watchedSet) Sweep(now int64) int {
	first := k.oldestDue() // return of what stands behind a layer
	done := 0
	for at := len(k.layers) - 1; at >= 0 && done == 0; at-- {
		if min(first, k.layers[at].read) < now {
			done = at + 1
		}
		first = min(first, k.layers[at].ret)
	}
	for _, l := range k.layers[:done] {
		for _, v := range l.elements {
			k.settle(v)
		}
	}
	k.layers = slices.Delete(k.layers, 0, done)
	for at, l := range k.layers {
		l.at = at
	}
	return max(checker.LeastSweep, len(k.layers)/2)
}

// settle leaves a mark only where Watch.held cannot.
func (k *watchedSet) settle(v *watchedElement) {
	k.settled.add(maphash.String(k.seed, v.text))
	if v.noted {
		delete(k.elements, v.text)
	} else {
		k.elements[v.text] = nil
	}
}

// cutSet leaves out of every read the elements that were asked for before the part. What is left of a set is a set.
func (w *Watch) cutSet(k *key) {
	mine := make([]bool, len(k.texts))
	for v := range k.failed {
		mine[v] = true
	}
	for i := range k.ops {
		if o := &k.ops[i]; o.does == setAdd {
			mine[o.value] = true
		}
	}
	for v, text := range k.texts {
		mine[v] = mine[v] || w.asked.Lacks(text)
	}
	for i := range k.ops {
		o := &k.ops[i]
		o.list = slices.DeleteFunc(o.list, func(v int32) bool { return !mine[v] })
	}
	for read, twice := range k.again {
		if !mine[twice] {
			delete(k.again, read)
		}
	}
}
