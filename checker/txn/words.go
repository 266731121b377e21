package txn

import (
	"fmt"
	"strings"

	"schism/checker"
)

// show is a value as people are shown it; of a list the end, where it grows.
func (r *record) show(s int32) string {
	const most = 8
	v := r.value(s)
	if r.writes != appends || r.steps[s].does != reads {
		return checker.ShowValue(v)
	}
	var words []string
	n := 0
	elements(v, func(from, to int) { n++ }) // it was read before
	at := 0
	elements(v, func(from, to int) {
		if at++; at > n-most {
			words = append(words, checker.ShowValue(v[from:to]))
		}
	})
	text := "[" + strings.Join(words, ",") + "]"
	if n > most {
		return fmt.Sprintf("[…,%s (%d elements)", text[1:], n)
	}
	return text
}

func (r *record) keyOf(s int32) string { return checker.ShowKey(r.keys[r.steps[s].key]) }

// step is "append 2 to x", "read x = [1]", "write x = 2".
func (r *record) step(s int32) string {
	switch r.steps[s].does {
	case reads:
		return "read " + r.keyOf(s) + " = " + r.show(s)
	case appends:
		return "append " + r.show(s) + " to " + r.keyOf(s)
	}
	return "write " + r.keyOf(s) + " = " + r.show(s)
}

// did is the same in the past.
func (r *record) did(s int32) string {
	switch text := r.step(s); r.steps[s].does {
	case reads:
		return text
	case appends:
		return "appended" + strings.TrimPrefix(text, "append")
	default:
		return "wrote" + strings.TrimPrefix(text, "write")
	}
}

// whole is all that a transaction did: "append 2 to x, read y = [1]".
func (r *record) whole(t int32) string {
	const most = 6
	var words []string
	for s := r.first[t]; s < r.first[t+1]; s++ {
		if len(words) == most {
			words = append(words, fmt.Sprintf("%d more", r.first[t+1]-s))
			break
		}
		words = append(words, r.step(s))
	}
	return strings.Join(words, ", ")
}

// whose is "client 3's transaction at 1.000 s".
func (r *record) whose(t int32) string {
	o := &r.ops[t]
	return fmt.Sprintf("client %v's transaction%s at %s", o.Process, checker.ShowPlace("on", o), checker.ShowTime(o.CallTime))
}

// saw is "client 7 read x = [1,2] in its transaction on n1 at 2.000 s".
func (r *record) saw(s int32) string {
	o := r.op(s)
	return fmt.Sprintf("client %v %s in its transaction%s at %s", o.Process, r.did(s), checker.ShowPlace("on", o), checker.ShowTime(o.CallTime))
}

// names are what the transactions of a story are called: T1, T2.
type names struct {
	r    *record
	all  []int32
	call map[int32]string
}

func (r *record) names(all []int32) *names {
	n := &names{r: r, call: make(map[int32]string)}
	for _, t := range all {
		if n.call[t] == "" {
			n.all = append(n.all, t)
			n.call[t] = fmt.Sprintf("T%d", len(n.all))
		}
	}
	return n
}

// who is "T1 is client 3's transaction at 1.000 s, T2 …".
func (n *names) who() string {
	var words []string
	for _, t := range n.all {
		text := n.call[t] + " is " + n.r.whose(t)
		if !n.r.ok(t) {
			text += ", which was never answered"
		}
		words = append(words, text)
	}
	return checker.ShowList(words)
}

// link is one link of a circle: "T1 was acknowledged 1.88 s before T2 was invoked".
func (n *names) link(l link) string {
	a, b := n.call[l.from], n.call[l.to]
	r := n.r
	switch {
	case l.kind == realTime:
		return fmt.Sprintf("%s was acknowledged %s %s was invoked", a, n.between(l), b)
	case l.kind == session:
		return fmt.Sprintf("client %v had the answer to %s %s it began %s", r.ops[l.from].Process, a, n.between(l), b)
	case l.a == none:
		return fmt.Sprintf("%s comes before %s", a, b)
	case l.kind == ww && l.by != none:
		return fmt.Sprintf("%s %s before %s %s, which %s saw who came after %s", a, r.did(l.a), b, r.did(l.b), r.whose(l.by), a)
	case l.kind == rw && l.by != none:
		return fmt.Sprintf("%s %s, without %s's %s, which came after that had been written", a, r.did(l.a), b, r.noun(l.b))
	case l.kind == wr:
		return fmt.Sprintf("%s %s, with %s's %s", b, r.did(l.b), a, r.noun(l.a))
	case l.kind == rw:
		return fmt.Sprintf("%s %s, without %s's %s", a, r.did(l.a), b, r.noun(l.b))
	}
	return fmt.Sprintf("%s %s before %s %s", a, r.did(l.a), b, r.did(l.b))
}

// noun is what a step writes: "append of 2", "write of 2".
func (r *record) noun(s int32) string {
	if r.steps[s].does == appends {
		return "append of " + r.show(s)
	}
	return "write of " + r.show(s)
}

func (n *names) between(l link) string {
	return checker.ShowGap(n.r.ops[l.to].CallTime-n.r.ops[l.from].ReturnTime, "before")
}
