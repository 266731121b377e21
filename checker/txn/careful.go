package txn

import "schism/checker"

// view is what a read was shown: of each element the step that appended it, or a number of its own below none if
// nobody did.
type view struct {
	read int32
	list []int32
}

// carefully takes all reads of a key apart, because they are not the beginnings of one list that everybody's appends
// explain, and says what is wrong. If nothing is wrong but that elements were seen that do not count, their order is
// that of the others.
func (r *reader) carefully(k int32) {
	l := &r.keys[k]
	l.order = nil
	for _, s := range r.appended {
		r.place[s] = unseen
	}
	var wrong onKey
	views := r.views()
	for i := range views {
		r.look(&views[i], k, &wrong)
	}
	longest := 0
	for i, v := range views {
		if len(v.list) > len(views[longest].list) {
			longest = i
		}
	}
	whole := views[longest]
	for _, v := range views {
		r.place[v.read] = int32(len(v.list))
		for i, s := range v.list {
			if other := whole.list[i]; s != other {
				wrong.add(find{name: checker.IncompatibleOrder, key: k, focus: v.read, other: whole.read, apart: [2]int32{s, other}})
				break
			}
		}
	}
	for i, s := range whole.list {
		if s > none {
			r.place[s] = int32(i)
		}
	}
	if s := r.ownOrder(); s != none {
		wrong.add(find{name: checker.IncompatibleOrder, key: k, focus: whole.read, other: s, how: ownOrder})
	}
	for _, one := range wrong {
		l.wrong = l.wrong || one.name != checker.G1a
		r.finds.add(one)
	}
	if l.wrong {
		return
	}
	l.order = whole.list
	r.note(l)
}

func (r *reader) views() []view {
	var all []view
	foreign := make(map[string]int32)
	for _, s := range r.read {
		v := view{read: s}
		text := r.value(s)
		err := elements(text, func(from, to int) {
			who := r.table.who(text[from:to])
			if who == none {
				id, known := foreign[string(text[from:to])]
				if !known {
					id = int32(none - 1 - len(foreign))
					foreign[string(text[from:to])] = id
				}
				who = id
			}
			v.list = append(v.list, who)
		})
		if err != nil {
			r.fail(s, err)
		}
		all = append(all, v)
	}
	return all
}

// look says what is wrong with one list alone, and leaves in it what counts.
func (r *reader) look(v *view, k int32, wrong *onKey) {
	at := make(map[int32]bool, len(v.list))
	kept := v.list[:0]
	for _, s := range v.list {
		switch {
		case at[s]:
			wrong.add(find{name: checker.DuplicateApply, key: k, focus: v.read, other: s})
			continue
		case s < none:
			wrong.add(find{name: checker.DirtyRead, key: k, focus: v.read, other: s})
		case r.mayCount(r.steps[s].txn):
			kept = append(kept, s)
		case r.level.Forbidden(checker.G1a):
			wrong.add(find{name: checker.G1a, key: k, focus: v.read, other: s})
		}
		at[s] = true
	}
	v.list = kept
}
