package objects

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"schism/checker"
	"schism/history"
)

// What operations do to a set.
const (
	setRead int8 = iota
	setAdd
)

// Set judges every key as a set that only grows, with add (history.Add; history.Append too, for a list
// whose order does not matter) and read (history.Read), which lists all elements.
//
// Where every element is added by one operation at most, it is decided by layers in time linear in the
// size of the history and its lists; other sets, where no read is wrong in every order, by Porcupine.
func Set(l checker.Limits) checker.Checker {
	return Checker{Limits: l, object: object{
		noun: "set", take: takeSet, eye: watchSets, fits: fitsSet, decide: decideSet, refute: refuteSet, end: endSet, observed: observedInSet,
		start: func(*key) any { return "" },
		step:  stepSet,
		state: inList,
		say: func(k *key, o *op) string {
			if o.does == setAdd {
				return fmt.Sprintf("added %s to %s", k.show(o.value), checker.ShowKey(k.name))
			}
			return fmt.Sprintf("read %s = %s", checker.ShowKey(k.name), k.showSet(o.list))
		},
	}}
}

// refuteSet finds the first read of a set, to which elements were added again, that shows what nobody had asked to add by
// then. Of a part it says nothing: the element may have been asked for before.
func refuteSet(_ context.Context, k *key) []*finding {
	if k.part {
		return nil
	}
	first := make([]int32, len(k.texts))
	for v := range first {
		first[v] = none
	}
	for i := len(k.ops) - 1; i >= 0; i-- {
		if o := &k.ops[i]; o.does == setAdd {
			first[o.value] = int32(i)
		}
	}
	for i := range k.ops {
		o := &k.ops[i]
		for _, v := range o.list {
			switch add := first[v]; {
			case add == none:
				return []*finding{k.neverAdded(k.source(o), k.did(o), v)}
			case k.ops[add].call > o.ret:
				return []*finding{(&layers{key: k}).early([2]int32{add, int32(i)})}
			}
		}
	}
	return nil
}

func takeSet(k *key, from *history.Operation, o *op) (bool, error) {
	switch from.F {
	case history.Add, history.Append:
		o.does, o.changes, o.value = setAdd, true, k.id(from.Input)
		return true, nil
	case history.Read:
		if from.Outcome != history.OK {
			return false, nil
		}
		list, twice, err := k.elements(from.Output)
		o.list, o.text = list, pack(list)
		if twice != none {
			k.again[int32(len(k.ops))] = twice
			o.text = "no set"
		}
		return true, err
	}
	return false, fmt.Errorf("a set knows only add and read, not %q", from.F)
}

// elements are the numbers of the elements of a list, each once, with one that is there twice.
func (k *key) elements(v history.Value) (list []int32, twice int32, err error) {
	var all []json.RawMessage
	if !history.IsNil(v) {
		if err := json.Unmarshal(v, &all); err != nil {
			return nil, none, fmt.Errorf("%s is no list of elements", checker.ShowValue(v))
		}
	}
	list, twice = make([]int32, 0, len(all)), none
	for _, element := range all {
		list = append(list, k.id(history.Value(element)))
	}
	slices.Sort(list)
	for i := 1; i < len(list); i++ {
		if list[i] == list[i-1] {
			twice = list[i]
		}
	}
	return slices.Compact(list), twice, nil
}

func (k *key) showSet(list []int32) string {
	const most = 8
	var words []string
	for _, v := range list[max(0, len(list)-most):] {
		words = append(words, k.show(v))
	}
	text := "{" + strings.Join(words, ", ") + "}"
	if len(list) > most {
		text = fmt.Sprintf("{…, %s (%d elements)", text[1:], len(list))
	}
	return text
}

// observedInSet says whether anybody was shown the element.
func observedInSet(_ *key, unknown *op, among []op) bool {
	return slices.ContainsFunc(among, func(o op) bool {
		_, shown := slices.BinarySearch(o.list, unknown.value)
		return o.does == setRead && shown
	})
}

// stepSet keeps the elements sorted, so that equal sets are equal texts.
func stepSet(_ *key, state any, o *op) (any, bool) {
	held := state.(string)
	if o.does == setRead {
		return held, held == o.text
	}
	list := unpack(held)
	at, there := slices.BinarySearch(list, o.value)
	if there {
		return held, true
	}
	return pack(slices.Insert(list, at, o.value)), true
}

// pack makes a text of numbers: something to compare and to hash.
func pack(list []int32) string {
	b := make([]byte, 0, 4*len(list))
	for _, v := range list {
		b = append(b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	return string(b)
}

func unpack(s string) []int32 {
	list := make([]int32, len(s)/4)
	for i := range list {
		list[i] = int32(s[4*i])<<24 | int32(s[4*i+1])<<16 | int32(s[4*i+2])<<8 | int32(s[4*i+3])
	}
	return list
}

func fitsSet(k *key) bool {
	adds := make([]int, len(k.texts))
	for i := range k.ops {
		if o := &k.ops[i]; o.does == setAdd {
			if adds[o.value]++; adds[o.value] > 1 {
				return false
			}
		}
	}
	return true
}

// decideSet is the near-linear check of a set whose elements are added once each.
//
// Theorem: the history is linearizable iff
//
//   - every element that was shown may have been added, and is there once
//   - of any two reads one shows all that the other does: so they lie in a chain, and what each shows
//     beyond the one before it is a layer of adds, which stands between them
//   - nothing returned before something of an earlier place in that order was called: the reads of the
//     empty set, the adds of the first layer, the reads that show just those, and so on; last the adds
//     that were acknowledged and never shown.
//
// The order of the places is forced, and within one place any order by calls will do. Adds without an
// answer count if somebody saw their element, with no end of their own, and are free.
//
// Source: the set-full checker of Jepsen asks the second half of the third condition only; the chain
// is that of Emmi and Enea for collections (Sound, complete and tractable linearizability monitoring,
// POPL 2018).
//
// What forces each condition: a read of {1} beside nothing that adds it; reads of {1} and {2}, with both
// adds open all the time; and add 1 [0,1], add 2 [2,3], with a read of {2} [0,9]: the reads lie in a chain
// of one, and each pair of the three operations has an order.
func decideSet(k *key) []*finding {
	l := newLayers(k)
	if l.wrong != nil {
		return []*finding{l.wrong}
	}
	return l.sweep()
}

// layers put the reads and the elements of a set in order.
type layers struct {
	key    *key
	writer []int32 // by element; none if nobody may have added it
	layer  []int32 // by element, from 1 on; 0: never shown
	reads  []int32 // in the order of the chain
	place  []int32 // of each of them: the layer that it shows last
	seen   []int64 // by element: the last call of a read that shows it
	wrong  *finding
}

func newLayers(k *key) *layers {
	l := &layers{key: k, writer: make([]int32, len(k.texts)), layer: make([]int32, len(k.texts)), seen: make([]int64, len(k.texts))}
	for v := range l.writer {
		l.writer[v], l.seen[v] = none, none
	}
	for i := range k.ops {
		if o := &k.ops[i]; o.does == setAdd {
			l.writer[o.value] = int32(i)
		} else {
			l.reads = append(l.reads, int32(i))
		}
	}
	slices.SortStableFunc(l.reads, func(a, b int32) int { return cmp.Compare(len(k.ops[a].list), len(k.ops[b].list)) })
	for _, r := range l.reads {
		for _, v := range k.ops[r].list {
			l.seen[v] = max(l.seen[v], k.ops[r].call)
		}
	}
	before := int32(none)
	for _, r := range l.reads {
		if l.wrong = l.read(before, r); l.wrong != nil {
			return l
		}
		before = r
	}
	return l
}

// read finds the place of a read behind one that shows no more elements.
func (l *layers) read(before, r int32) *finding {
	k := l.key
	list := k.ops[r].list
	if twice, is := k.again[r]; is {
		return k.shownTwice(k.source(&k.ops[r]), k.did(&k.ops[r]), twice)
	}
	known := 0
	for _, v := range list {
		if l.writer[v] == none {
			return k.neverAdded(k.source(&k.ops[r]), k.did(&k.ops[r]), v)
		}
		if l.layer[v] != 0 {
			known++
		}
	}
	depth, size := int32(0), 0
	if before != none {
		depth, size = l.place[len(l.place)-1], len(k.ops[before].list)
	}
	if known < size {
		return l.branch(before, r)
	}
	if len(list) > size {
		depth++
	}
	for _, v := range list {
		if l.layer[v] == 0 {
			l.layer[v] = depth
		}
	}
	l.place = append(l.place, depth)
	return nil
}

// inOrder are the operations with their places: reads of layer d stand at 2d, its adds before them at
// 2d-1, and what was acknowledged and never shown at the end.
func (l *layers) inOrder() []placed {
	var all []placed
	last := int32(0)
	for i, r := range l.reads {
		last = l.place[i]
		all = append(all, placed{2 * last, r})
	}
	for v, w := range l.writer {
		switch {
		case w == none:
		case l.layer[v] != 0:
			all = append(all, placed{2*l.layer[v] - 1, w})
		case !l.key.ops[w].unknown():
			all = append(all, placed{2*last + 1, w})
		}
	}
	slices.SortFunc(all, func(a, b placed) int { return cmp.Compare(a.place, b.place) })
	return all
}

type placed struct{ place, op int32 }

// sweep goes through the order from its end, and looks for what was called when something of a later
// place had already returned.
func (l *layers) sweep() []*finding {
	k := l.key
	all := l.inOrder()
	var w wrongs
	add, read := int32(none), int32(none) // of the places behind: what returned first
	for end := len(all); end > 0; {
		begin := end
		for begin > 0 && all[begin-1].place == all[end-1].place {
			begin--
		}
		for _, p := range all[begin:end] {
			w.look(k, p.op, add, read)
		}
		for _, p := range all[begin:end] {
			if k.ops[p.op].does == setAdd {
				add = k.earlier(add, p.op)
			} else {
				read = k.earlier(read, p.op)
			}
		}
		end = begin
	}
	return l.tell(w)
}

// earlier is the one of two operations that returned first; either may be none.
func (k *key) earlier(a, b int32) int32 {
	if a == none || b != none && k.ops[b].ret < k.ops[a].ret {
		return b
	}
	return a
}

// wrongs are pairs: an operation, and one that stands behind it and had returned before it was called.
type wrongs struct {
	missing   [][2]int32 // a read, and an add that it should have shown
	back      [][2]int32 // a read, and one that had shown more
	early     [][2]int32 // an add, and a read that had shown its element
	overtaken [][2]int32 // an add whose element was shown without that of the other add
}

func (w *wrongs) look(k *key, op, add, read int32) {
	before := func(other int32) bool { return other != none && k.ops[other].ret < k.ops[op].call }
	isAdd := k.ops[op].does == setAdd
	switch {
	case !isAdd && before(add):
		w.missing = append(w.missing, [2]int32{op, add})
	case !isAdd && before(read):
		w.back = append(w.back, [2]int32{op, read})
	case isAdd && before(read):
		w.early = append(w.early, [2]int32{op, read})
	case isAdd && before(add):
		w.overtaken = append(w.overtaken, [2]int32{op, add})
	}
}
