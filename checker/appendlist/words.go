package appendlist

import (
	"fmt"
	"strings"

	"schism/checker"
	"schism/history"
)

// show is a token as people are shown it.
func (k *key) show(t int32) string { return checker.ShowValue(history.Value(k.tokens[t].text)) }

// showList is a list as people are shown it: the end of a long one, where it grows.
func (k *key) showList(v *view) string {
	const most = 8
	if !v.lists {
		return checker.ShowValue(v.text)
	}
	if len(v.shown) == 0 {
		return "[]"
	}
	var words []string
	from := max(0, len(v.shown)-most)
	for _, t := range v.shown[from:] {
		words = append(words, k.show(t))
	}
	text := "[" + strings.Join(words, ",") + "]"
	if from > 0 {
		text = fmt.Sprintf("[…,%s (%d tokens)", text[1:], len(v.shown))
	}
	return text
}

// saw is "client 7 read x = [12,19] from n1 at 20.381 s".
func (k *key) saw(v *view) string {
	when := checker.ShowTime(v.op.CallTime)
	if v.op.F == history.FinalRead {
		return fmt.Sprintf("at the end %s held %s = %s", v.op.Node, checker.ShowKey(k.name), k.showList(v))
	}
	return fmt.Sprintf("client %v read %s = %s%s at %s", v.op.Process, checker.ShowKey(k.name), k.showList(v), checker.ShowPlace("from", v.op), when)
}

// asks is "client 3's append of 19 to x".
func (k *key) asks(t int32) string { return checker.ShowWrite(k.tokens[t].append) }

// hadBeen is "client 3's append of 19 to x had been acknowledged by n4".
func (k *key) hadBeen(g gap) string {
	w := k.gapWitness(g)
	if w.F == history.Append {
		return fmt.Sprintf("%s had been acknowledged%s", k.asks(g.token), checker.ShowPlace("by", w))
	}
	return fmt.Sprintf("client %v had read %s in it%s", w.Process, k.show(g.token), checker.ShowPlace("at", w))
}

// wasThere is "client 3's append of 19 to x was acknowledged by n4 at 18.501 s".
func (k *key) wasThere(g gap) string { return k.fate(g.token, k.gapWitness(g)) }

func (k *key) fate(t int32, w *history.Operation) string {
	if w.F == history.Append {
		return fmt.Sprintf("%s was acknowledged%s at %s", k.asks(t), checker.ShowPlace("by", w), checker.ShowTime(w.ReturnTime))
	}
	return fmt.Sprintf("%s was seen by client %v%s at %s", k.asks(t), w.Process, checker.ShowPlace("at", w), checker.ShowTime(w.ReturnTime))
}

func (k *key) duplicate(v *view, t int32, first, again int) *finding {
	f := k.newFinding(checker.DuplicateApply, v.op)
	f.message = fmt.Sprintf("Duplicate apply: %s, with %s at places %d and %d", k.saw(v), k.show(t), first, again)
	f.proof = "an operation takes effect once at most, however often its client sends it."
	a := k.tokens[t].append
	if a == nil {
		return f // dirty will say the rest
	}
	f.ops = append(f.ops, a)
	f.message += fmt.Sprintf(", although %s was one operation", checker.ShowWrite(a))
	if a.Attempts() > 1 {
		f.message += fmt.Sprintf(" (%d attempts)", a.Attempts())
	}
	if a.Outcome == history.OK {
		f.message += fmt.Sprintf(", acknowledged%s at %s", checker.ShowPlace("by", a), checker.ShowTime(a.ReturnTime))
	} else {
		f.message += fmt.Sprintf(", called at %s and never answered", checker.ShowTime(a.CallTime))
	}
	return f
}

func (k *key) dirtyRead(v *view, t int32) *finding {
	f := k.newFinding(checker.DirtyRead, v.op)
	f.message = "Dirty read: " + k.saw(v) + ", with " + k.show(t) + " in it, although "
	f.proof = "no operation that may have taken effect appended this token."
	if w := k.tokens[t].failed; w != nil {
		f.ops = append(f.ops, w)
		f.message += fmt.Sprintf("%s had been refused%s: what fails must never be seen", checker.ShowWrite(w), checker.ShowPlace("by", w))
	} else {
		f.message += "nobody ever asked to append that"
	}
	return f
}

func (k *key) notHeld(t int32, asked *history.Operation) *finding {
	f := k.newFinding(checker.LostWrite, asked)
	w := k.tokens[t].witness(asked.Call)
	f.ops = append(f.ops, k.tokens[t].append, w)
	f.message = fmt.Sprintf("Lost write: %s, but at the end none of the %d nodes that answered held it", k.fate(t, w), len(k.finals))
	f.proof = "nothing takes a token out of a list, and every node had caught up with the cluster."
	return f
}

func (k *key) wrongOrder(v *view, t, after int32) *finding {
	f := k.newFinding(checker.Reordered, v.op)
	w := k.tokens[after].witness(k.called(t))
	f.ops = append(f.ops, k.tokens[t].append, k.tokens[after].append, w)
	f.message = fmt.Sprintf("Reordered: %s, with %s before %s, although %s, %s %s began", k.saw(v), k.show(t), k.show(after),
		k.fate(after, w), checker.ShowGap(k.tokens[t].append.CallTime-w.ReturnTime, "before"), k.asks(t))
	f.proof = "a token stands behind every token that was there before it was asked for."
	return f
}

func (k *key) twoOrders(v *view) *finding {
	one, two := v, k.longest
	if one.op.Call > two.op.Call {
		one, two = two, one
	}
	f := k.newFinding(checker.Reordered, two.op)
	f.ops = append(f.ops, one.op)
	f.message = fmt.Sprintf("Reordered: %s, although %s: neither is the beginning of the other", k.saw(two), k.saw(one))
	f.proof = "a list only grows at its end, so that of two reads the shorter one shows the beginning of the longer one."
	return f
}
