package linear

import (
	"fmt"
	"slices"

	"schism/checker"
	"schism/history"
)

// words tells a finding as people do: who did what, where and when, although what. It says nothing
// that the history does not.
func (x *explainer) words(f *finding) checker.Anomaly {
	focus := x.op(f.key, f.focus)
	a := checker.Anomaly{Name: f.name, Key: f.key.name, Focus: focus.Call, Faults: checker.FaultsAt(x.h, focus)}
	for _, at := range f.ops {
		a.Ops = append(a.Ops, x.op(f.key, at).Call)
	}
	switch f.name {
	case checker.DirtyRead:
		a.Message = "Dirty read: " + x.saw(f.key, f.focus) + ", " + x.neverWritten(f, &a)
	case checker.StaleRead:
		a.Message = "Stale read: " + x.saw(f.key, f.focus) + ", although " + x.hadBeen(f)
	case checker.LostWrite:
		a.Message = "Lost write: " + x.loss(f)
	case checker.Reordered:
		a.Message = "Reordered reads: " + x.saw(f.key, f.focus) + ", although " + x.hadSeen(f)
	default:
		a.Message = "Not linearizable: " + x.misfit(f)
	}
	a.Message += "." + x.belief(focus)
	a.Proof, a.Extent = x.proof(f), checker.OnKeys(f.keys, len(x.all))
	return a
}

// saw is "client 7 read x = 12 from n1 at 20.381 s".
func (x *explainer) saw(k *key, at int32) string {
	o := x.op(k, at)
	v, _ := x.shown(k, at)
	when := " at " + checker.ShowTime(o.CallTime)
	switch k.ops[at].kind {
	case cas:
		_, to, _ := history.SplitPair(o.Input)
		return fmt.Sprintf("client %v's cas changed %s from %s to %s%s%s", o.Process, k.name, v, checker.ShowValue(to), checker.ShowPlace("at", o), when)
	case mismatch:
		return fmt.Sprintf("client %v's cas found %s = %s%s%s", o.Process, k.name, v, checker.ShowPlace("at", o), when)
	}
	return fmt.Sprintf("client %v read %s = %s%s%s", o.Process, k.name, v, checker.ShowPlace("from", o), when)
}

// shown is the value that an operation saw, in words.
func (x *explainer) shown(k *key, at int32) (string, bool) {
	o := x.op(k, at)
	switch k.ops[at].kind {
	case read:
		return checker.ShowValue(o.Output), true
	case mismatch:
		return checker.ShowValue(o.Found()), true
	case cas:
		from, _, _ := history.SplitPair(o.Input)
		return checker.ShowValue(from), true
	}
	return "", false
}

// hadBeen is "client 3's write x = 19 had been acknowledged by n4 1.88 s earlier".
func (x *explainer) hadBeen(f *finding) string {
	w := x.op(f.key, f.with)
	return fmt.Sprintf("%s had been acknowledged%s %s",
		checker.ShowWrite(w), checker.ShowPlace("by", w), checker.ShowGap(x.op(f.key, f.focus).CallTime-w.ReturnTime, "earlier"))
}

func (x *explainer) hadSeen(f *finding) string {
	o := x.op(f.key, f.with)
	v, _ := x.shown(f.key, f.with)
	return fmt.Sprintf("client %v had seen the newer %s = %s%s, %s",
		o.Process, f.key.name, v, checker.ShowPlace("at", o), checker.ShowGap(x.op(f.key, f.focus).CallTime-o.ReturnTime, "earlier"))
}

func (x *explainer) loss(f *finding) string {
	w, r := x.op(f.key, f.with), x.op(f.key, f.focus)
	text := fmt.Sprintf("%s was acknowledged%s at %s, but %s %s",
		checker.ShowWrite(w), checker.ShowPlace("by", w), checker.ShowTime(w.ReturnTime), checker.ShowGap(r.CallTime-w.ReturnTime, "later"), x.saw(f.key, f.focus))
	if f.stale.vanished {
		text += ", no later read showed it, and no node held it at the end"
	}
	return text
}

func (x *explainer) neverWritten(f *finding, a *checker.Anomaly) string {
	v, _ := f.key.ops[f.focus].shows()
	at, failed := f.key.failed[v]
	if !failed {
		return "although " + f.key.whoAsked(f.focus) + " ever asked to write that value"
	}
	w := &x.h.Operations[at]
	if w.Call == a.Focus {
		return "although nobody but itself asked to write that value, and it failed"
	}
	a.Ops = append(a.Ops, w.Call)
	slices.Sort(a.Ops)
	return fmt.Sprintf("although %s had been refused%s: what fails must never be seen", checker.ShowWrite(w), checker.ShowPlace("by", w))
}

// whoAsked is the subject of a sentence on who asked to write what an operation was shown, which nobody brought about.
func (k *key) whoAsked(at int32) string {
	v, _ := k.ops[at].shows()
	switch ats := k.echoes(v, never); {
	case len(ats) == 0:
		return "nobody"
	case len(ats) == 1 && ats[0] == at:
		return "nobody else"
	}
	return "nobody but a cas from the same value"
}

// misfit tells what has no name of its own.
func (x *explainer) misfit(f *finding) string {
	k := f.key
	focus := x.op(k, f.focus)
	switch {
	case f.kind == selfless:
		v, _ := x.shown(k, f.focus)
		return fmt.Sprintf("client %v's cas of %s failed because it was not %s, and found %s", focus.Process, k.name, v, v)
	case f.kind == consumed:
		from, _ := x.shown(k, f.focus)
		return fmt.Sprintf("%s and %s both took effect, although %s was %s only once",
			checker.ShowWrite(x.op(k, f.with)), checker.ShowWrite(focus), k.name, from)
	case f.kind == cycle:
		return fmt.Sprintf("each of %d cas of %s needed the value that another of them wrote, and none could be the first", len(f.ops), k.name)
	case f.kind == unwritten:
		return x.did(k, f.focus) + x.fromNothing(f)
	case f.kind == future && k.ops[f.with].writes():
		w := x.op(k, f.with)
		return fmt.Sprintf("%s and ended %s %s began, without which it could not be", x.did(k, f.focus), checker.ShowGap(w.CallTime-focus.ReturnTime, "before"), checker.ShowWrite(w))
	}
	if o := k.ops[f.focus]; o.kind == notFrom {
		from, _, _ := history.SplitPair(focus.Input)
		return fmt.Sprintf("%s%s failed at %s because %s was not %s, although in no order of the operations was it anything else",
			checker.ShowWrite(focus), checker.ShowPlace("at", focus), checker.ShowTime(focus.CallTime), k.name, checker.ShowValue(from))
	}
	return x.did(k, f.focus) + ", which fits no order"
}

// fromNothing is ", which only client 2's cas of x from 1 to 2 can have led to, although nobody ever wrote 1".
func (x *explainer) fromNothing(f *finding) string {
	k := f.key
	for _, at := range f.ops {
		from := k.ops[at].from
		if k.ops[at].kind != cas || slices.ContainsFunc(k.ops, func(o op) bool { return o.writes() && o.to == from }) {
			continue
		}
		v, _ := x.shown(k, at)
		if at == f.focus {
			return ", although nobody ever wrote " + v
		}
		return fmt.Sprintf(", which only %s can have led to, although nobody ever wrote %s", checker.ShowWrite(x.op(k, at)), v)
	}
	return ", which fits no order"
}

// did is what an operation did, whatever it was.
func (x *explainer) did(k *key, at int32) string {
	if k.ops[at].kind == write || k.ops[at].unknown() {
		o := x.op(k, at)
		return fmt.Sprintf("%s%s was called at %s", checker.ShowWrite(o), checker.ShowPlace("to", o), checker.ShowTime(o.CallTime))
	}
	if k.ops[at].kind == notFrom {
		o := x.op(k, at)
		return fmt.Sprintf("%s%s failed at %s for want of that value", checker.ShowWrite(o), checker.ShowPlace("at", o), checker.ShowTime(o.CallTime))
	}
	return x.saw(k, at)
}
