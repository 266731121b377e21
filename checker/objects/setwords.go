package objects

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"schism/checker"
	"schism/history"
)

// tell makes findings of what is wrong, the clearest of a name.
func (l *layers) tell(w wrongs) []*finding {
	var lost, stale [][2]int32
	for _, m := range w.missing {
		if l.gone(m) {
			lost = append(lost, m)
		} else {
			stale = append(stale, m)
		}
	}
	var found []*finding
	if len(lost) > 0 {
		found = append(found, l.lostWrite(l.key.clearest(lost)))
	}
	switch {
	case len(stale) > 0:
		found = append(found, l.staleRead(l.key.clearest(stale)))
	case len(lost) > 0:
	case len(w.back) > 0:
		found = append(found, l.wentBack(l.key.clearest(w.back)))
	case len(w.overtaken) > 0:
		found = append(found, l.overtaken(w.overtaken[0]))
	}
	if len(w.early) > 0 {
		found = append(found, l.early(w.early[0]))
	}
	return found
}

// clearest is the clearest pair by time.
func (k *key) clearest(pairs [][2]int32) [2]int32 {
	slices.SortFunc(pairs, func(a, b [2]int32) int { return int(a[0] - b[0]) })
	return checker.Clearest(pairs, func(p [2]int32) time.Duration {
		return k.source(&k.ops[p[0]]).CallTime - k.source(&k.ops[p[1]]).ReturnTime
	})
}

// gone says whether nobody who asked from the read on was shown the element again, nor any node held
// it at the end. Where no node was asked, a read tells as much that began when every add was over.
func (l *layers) gone(missing [2]int32) bool {
	k := l.key
	read, v := &k.ops[missing[0]], k.ops[missing[1]].value
	if l.seen[v] >= read.call {
		return false
	}
	if !k.ending.known {
		return !k.part && !slices.ContainsFunc(k.ops, func(o op) bool { return o.does == setAdd && !o.unknown() && o.ret > read.call })
	}
	return !slices.ContainsFunc(k.ending.states, func(s checker.NodeState) bool {
		list, _, err := k.elements(s.State[k.name])
		return err != nil || slices.Contains(list, v)
	})
}

func (k *key) pair(name string, p [2]int32) *finding {
	focus, other := k.source(&k.ops[p[0]]), k.source(&k.ops[p[1]])
	return &finding{name: name, key: k, focus: focus, ops: []*history.Operation{focus, other}}
}

func (l *layers) lostWrite(p [2]int32) *finding {
	k := l.key
	f := k.pair(checker.LostWrite, p)
	f.message = fmt.Sprintf("Lost write: %s, but %s %s, and no later read showed it", acked(f.ops[1]),
		checker.ShowGap(f.focus.CallTime-f.ops[1].ReturnTime, "later"), k.did(&k.ops[p[0]]))
	if k.ending.known {
		f.message += ", and no node held it at the end"
	}
	f.proof = "nothing takes an element out of a set that only grows."
	return f
}

func (l *layers) staleRead(p [2]int32) *finding {
	k := l.key
	f := k.pair(checker.StaleRead, p)
	f.message = fmt.Sprintf("Stale read: %s, without %s, although %s", k.did(&k.ops[p[0]]), k.show(k.ops[p[1]].value), hadBeen(f.ops[1], f.focus))
	f.proof = "a read shows every element that was acknowledged before it began, whatever the other operations did."
	return f
}

func (l *layers) wentBack(p [2]int32) *finding {
	k := l.key
	f := k.pair(checker.Reordered, p)
	f.message = fmt.Sprintf("Reordered reads: %s, without %s, although %s and was done %s", k.did(&k.ops[p[0]]),
		k.show(firstMissing(k.ops[p[1]].list, k.ops[p[0]].list)), k.did(&k.ops[p[1]]), checker.ShowGap(f.focus.CallTime-f.ops[1].ReturnTime, "earlier"))
	f.proof = "a set that only grows never shows less than before."
	return f
}

// firstMissing is the first element of one list that another does not have.
func firstMissing(list, other []int32) int32 {
	at := slices.IndexFunc(list, func(v int32) bool { return !slices.Contains(other, v) })
	return list[at]
}

func (l *layers) early(p [2]int32) *finding {
	k := l.key
	f := k.pair(checker.NonLinearizable, p)
	f.focus = f.ops[1]
	f.message = fmt.Sprintf("Not linearizable: %s, with %s in it, and was done %s %s began", k.did(&k.ops[p[1]]), k.show(k.ops[p[0]].value),
		checker.ShowGap(f.ops[0].CallTime-f.ops[1].ReturnTime, "before"), checker.ShowWrite(f.ops[0]))
	f.proof = "nothing can be read before anybody asks to add it."
	return f
}

// overtaken needs the read that shows the one element and not the other, which is older.
func (l *layers) overtaken(p [2]int32) *finding {
	k := l.key
	at := slices.Index(l.place, l.layer[k.ops[p[0]].value])
	read := &k.ops[l.reads[at]]
	f := &finding{name: checker.StaleRead, key: k, focus: k.source(read)}
	late, early := k.source(&k.ops[p[0]]), k.source(&k.ops[p[1]])
	f.ops = []*history.Operation{late, early, f.focus}
	f.message = fmt.Sprintf("Stale read: %s, with %s but without %s, although %s, %s %s began", k.did(read), k.show(k.ops[p[0]].value), k.show(k.ops[p[1]].value),
		acked(early), checker.ShowGap(late.CallTime-early.ReturnTime, "before"), checker.ShowWrite(late))
	f.proof = "a set that shows an element shows whatever was there before that was asked for."
	return f
}

// branch tells of two reads neither of which shows all that the other does. If some read does not show
// what was acknowledged before it began, that tells it better.
func (l *layers) branch(a, b int32) *finding {
	k := l.key
	var adds []int32
	for _, w := range l.writer {
		if w != none {
			adds = append(adds, w)
		}
	}
	slices.SortFunc(adds, func(a, b int32) int { return cmp.Compare(k.ops[a].ret, k.ops[b].ret) })
	var w wrongs
	for _, r := range l.reads {
		for _, add := range adds { // the first of them that is missing: no more than one beyond the read's own
			if _, shown := slices.BinarySearch(k.ops[r].list, k.ops[add].value); !shown {
				w.look(k, r, add, none)
				break
			}
		}
	}
	if len(w.missing) > 0 {
		return l.tell(w)[0]
	}
	return k.apart(a, b)
}

// apart is the finding of two reads neither of which shows all that the other does.
func (k *key) apart(a, b int32) *finding {
	if k.ops[a].call > k.ops[b].call {
		a, b = b, a
	}
	f := k.pair(checker.Reordered, [2]int32{b, a})
	f.message = fmt.Sprintf("Reordered: %s, with %s, although %s, with %s: each shows what the other does not", k.did(&k.ops[b]),
		k.show(firstMissing(k.ops[b].list, k.ops[a].list)), k.did(&k.ops[a]), k.show(firstMissing(k.ops[a].list, k.ops[b].list)))
	f.proof = "a set only grows, so that of two reads one shows all that the other does."
	return f
}

// shownTwice is the finding of an element that is in a set more than once.
func (k *key) shownTwice(by *history.Operation, did string, v int32) *finding {
	f := &finding{name: checker.DuplicateApply, key: k, focus: by, ops: []*history.Operation{by}}
	f.message = fmt.Sprintf("Duplicate apply: %s, with %s in it more than once", did, k.show(v))
	for i := range k.ops {
		if o := &k.ops[i]; o.does == setAdd && o.value == v {
			f.ops = append(f.ops, k.source(o))
			f.message += fmt.Sprintf(", although %s was one operation", checker.ShowWrite(k.source(o)))
			break
		}
	}
	f.proof = "an element is in a set once at most, however often its client sends it."
	return f
}

// neverAdded is the finding of an element that nobody may have added.
func (k *key) neverAdded(by *history.Operation, did string, v int32) *finding {
	f := &finding{name: checker.DirtyRead, key: k, focus: by, ops: []*history.Operation{by}}
	f.message = fmt.Sprintf("Dirty read: %s, with %s in it, although ", did, k.show(v))
	if at, failed := k.failed[v]; failed {
		w := &k.h.Operations[at]
		f.ops = append(f.ops, w)
		f.message += fmt.Sprintf("%s had been refused%s: what fails must never be seen", checker.ShowWrite(w), checker.ShowPlace("by", w))
	} else {
		f.message += "nobody ever asked to add that"
	}
	f.proof = "no operation that may have taken effect added this element."
	return f
}

// endSet looks for elements that are there twice, that cannot be there and that are gone, in what the
// nodes held at the end.
func endSet(k *key, found []*finding) []*finding {
	has := func(name string) bool {
		return slices.ContainsFunc(found, func(f *finding) bool { return f.name == name })
	}
	may := make(map[int32]bool)
	for i := range k.ops {
		if k.ops[i].does == setAdd {
			may[k.ops[i].value] = true
		}
	}
	held := make(map[int32]bool)
	for _, s := range k.ending.states {
		list, twice, err := k.elements(s.State[k.name])
		if err != nil {
			return found // the key holds something else: the reads have said so
		}
		did := fmt.Sprintf("at the end %s held %s = %s", s.Node, checker.ShowKey(k.name), k.showSet(list))
		if twice != none && !has(checker.DuplicateApply) {
			found = append(found, k.shownTwice(s.Op, did, twice))
		}
		for _, v := range list {
			held[v] = true
			if !may[v] && !has(checker.DirtyRead) {
				found = append(found, k.neverAdded(s.Op, did, v))
			}
		}
	}
	if !k.ending.known || has(checker.LostWrite) {
		return found
	}
	return k.notHeld(held, found)
}

// notHeld finds the first element that was acknowledged, that no node held at the end, and that nobody
// was shown afterwards.
func (k *key) notHeld(held map[int32]bool, found []*finding) []*finding {
	asked := k.ending.asked()
	later := make(map[int32]bool)
	for i := range k.ops {
		if o := &k.ops[i]; o.does == setRead && o.call > asked.Call {
			for _, v := range o.list {
				later[v] = true
			}
		}
	}
	for i := range k.ops {
		o := &k.ops[i]
		if o.does != setAdd || o.ret > asked.Call || held[o.value] || later[o.value] {
			continue
		}
		w := k.source(o)
		return append(withoutStale(found), &finding{
			name: checker.LostWrite, key: k, focus: asked, ops: []*history.Operation{w, asked},
			message: fmt.Sprintf("Lost write: %s, but at the end none of the %s that answered held it", acked(w), checker.ShowCount(len(k.ending.states), "node")),
			proof:   "nothing takes an element out of a set that only grows, and every node had caught up with the cluster.",
		})
	}
	return found
}
