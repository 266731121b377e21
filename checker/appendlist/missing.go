package appendlist

import (
	"cmp"
	"slices"
	"time"

	"schism/checker"
	"schism/history"
)

// gap is a read that does not show a token which had certainly been appended before: before the read
// began, or before a token that it does show was asked to be appended.
type gap struct {
	read  *view
	token int32
	after int32 // a token that the read shows and that was asked for only when this one was there; none
	began bool  // the read began when the token was there
	wide  time.Duration
}

// missing finds the clearest stale read and the clearest lost write.
func (k *key) missing() []*finding {
	var stale, lost []gap
	for _, g := range k.gaps() {
		gone, again := k.gone(g), k.tokens[g.token].last >= g.read.op.Call
		switch {
		case gone:
			lost = append(lost, g)
		case again && g.after != none:
			// The token was there before and after, but not in this list, which had gone on without it:
			// these two lists do not fit together, and incompatible will say so.
		default:
			stale = append(stale, g)
		}
	}
	var found []*finding
	if len(lost) > 0 {
		found = append(found, k.lostWrite(checker.Clearest(lost, gap.width)))
	}
	if len(stale) > 0 {
		found = append(found, k.staleRead(checker.Clearest(stale, gap.width)))
	}
	return found
}

// gone says whether nobody who asked from the read on was shown the token again, nor any node held it
// at the end. Where no node was asked, a list that went on without the token tells as much.
func (k *key) gone(g gap) bool {
	if k.tokens[g.token].last >= g.read.op.Call {
		return false
	}
	if !k.endKnown() {
		return g.after != none
	}
	return !k.tokens[g.token].held
}

// endKnown says whether what the nodes held at the end tells of all: half of them are not enough, the
// rest may hold what these do not.
func (k *key) endKnown() bool { return len(k.finals) > 0 && 2*len(k.finals) > k.nodes }

func (g gap) width() time.Duration { return g.wide }

// gaps finds for each read the token that was missing for longest, if one was.
func (k *key) gaps() []gap {
	if k.longest == nil {
		return nil
	}
	old := k.byAge()
	behind, latest := k.alongTheLongest(old)
	var all []gap
	for _, v := range k.reads {
		if !v.lists {
			continue
		}
		t, last := int32(none), int32(none)
		if v.chain {
			t, last = behind[len(v.list)], latest[len(v.list)]
		} else {
			t, last = oldestWithout(old, v.list, len(k.tokens)), k.latest(v.list)
		}
		if t == none {
			continue
		}
		if g, is := k.gap(v, t, last); is {
			all = append(all, g)
		}
	}
	return all
}

func (k *key) gap(v *view, t, last int32) (gap, bool) {
	since := k.tokens[t].certain()
	g := gap{read: v, token: t, after: none}
	if since < k.called(last) {
		g.after = last
	}
	if since < v.op.Call {
		g.began = true
		g.wide = v.op.CallTime - k.tokens[t].witness(v.op.Call).ReturnTime
	} else if g.after == none {
		return gap{}, false
	}
	return g, true
}

// byAge are the tokens that were certainly in the list at some time, the oldest first.
func (k *key) byAge() []int32 {
	var old []int32
	for t := range k.tokens {
		if k.tokens[t].certain() != never {
			old = append(old, int32(t))
		}
	}
	slices.SortFunc(old, func(a, b int32) int { return cmp.Compare(k.tokens[a].certain(), k.tokens[b].certain()) })
	return old
}

// alongTheLongest tells of each beginning of the longest list, by its length: the oldest token that is
// not in it, and the one in it that was asked for last.
func (k *key) alongTheLongest(old []int32) (behind, latest []int32) {
	list := k.longest.list
	behind, latest = make([]int32, len(list)+1), make([]int32, len(list)+1)
	oldest := oldestWithout(old, list, len(k.tokens))
	for n := len(list); n >= 0; n-- {
		if n < len(list) && k.tokens[list[n]].certain() != never &&
			(oldest == none || k.tokens[list[n]].certain() < k.tokens[oldest].certain()) {
			oldest = list[n]
		}
		behind[n] = oldest
	}
	latest[0] = none
	for n, t := range list {
		latest[n+1] = k.later(latest[n], t)
	}
	return behind, latest
}

func oldestWithout(old, list []int32, tokens int) int32 {
	in := make([]bool, tokens)
	for _, t := range list {
		in[t] = true
	}
	for _, t := range old {
		if !in[t] {
			return t
		}
	}
	return none
}

// lostAtTheEnd finds a token that had certainly been there, that no node held at the end, and that
// nobody was shown afterwards.
func (k *key) lostAtTheEnd() []*finding {
	if !k.endKnown() {
		return nil
	}
	asked := slices.MinFunc(k.finals, func(a, b *view) int { return cmp.Compare(a.op.Call, b.op.Call) }).op
	for _, t := range k.byAge() {
		token := &k.tokens[t]
		if token.certain() < asked.Call && token.last < asked.Call && !token.held {
			return []*finding{k.notHeld(t, asked)}
		}
	}
	return nil
}

func (k *key) lostWrite(g gap) *finding {
	f := k.newFinding(checker.LostWrite, g.read.op)
	was := k.wasThere(g)
	f.message = "Lost write: " + was + ", but "
	if g.began {
		f.message += checker.ShowGap(g.wide, "later") + " "
	}
	f.message += k.saw(g.read)
	if g.after != none {
		f.message += ", a list that had gone on to " + k.show(g.after)
	}
	if k.endKnown() {
		f.message += ", no later read showed " + k.show(g.token) + ", and no node held it at the end"
	}
	return k.proveGap(f, g)
}

func (k *key) staleRead(g gap) *finding {
	f := k.newFinding(checker.StaleRead, g.read.op)
	f.message = "Stale read: " + k.saw(g.read) + ", although "
	if g.began {
		f.message += k.hadBeen(g) + " " + checker.ShowGap(g.wide, "earlier")
	} else {
		f.message += k.wasThere(g) + ", before " + k.show(g.after) + " was asked to be appended"
	}
	return k.proveGap(f, g)
}

func (k *key) proveGap(f *finding, g gap) *finding {
	f.ops = append(f.ops, k.tokens[g.token].append, k.gapWitness(g), g.read.op)
	if !g.began {
		f.ops = append(f.ops, k.tokens[g.after].append)
		f.proof = "a list that shows " + k.show(g.after) + " must show what was there before that was asked for, whatever the other operations did."
		return f
	}
	f.proof = "a read must show every token that was in the list before it began, whatever the other operations did."
	return f
}

// gapWitness is who shows that the missing token was there.
func (k *key) gapWitness(g gap) *history.Operation {
	if g.began {
		return k.tokens[g.token].witness(g.read.op.Call)
	}
	return k.tokens[g.token].witness(k.called(g.after))
}
