package objects

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"schism/checker"
	"schism/checker/search"
	"schism/history"
)

// finding is one anomaly of one key.
type finding struct {
	name    string
	key     *key
	focus   *history.Operation // the one that broke the promise
	ops     []*history.Operation
	message string // without its full stop
	proof   string
}

// explainer turns what was judged invalid into anomalies that a person understands.
type explainer struct {
	h     *history.History
	all   []*judgement
	guard *search.Guard
	end   time.Time
}

// anomalies are at most one of a name on a key, in the order of the keys. What the nodes held at the
// end makes a key invalid too.
func (x *explainer) anomalies() []checker.Anomaly {
	var all []*finding
	for i, j := range x.all {
		found := j.found
		if j.Verdict == checker.Invalid && len(found) == 0 {
			found = []*finding{x.search(j, time.Until(x.end)/time.Duration(len(x.all)-i))}
		}
		if j.Verdict != checker.Unknown && j.key.object.end != nil {
			found = j.key.object.end(j.key, found)
		}
		if j.Verdict == checker.Unknown {
			continue // two ways contradict each other: neither proves anything
		}
		if len(found) > 0 {
			j.Verdict = checker.Invalid
		}
		all = append(all, found...)
	}
	on := make(map[string]int)
	for _, f := range all {
		on[f.name]++
	}
	var anomalies []checker.Anomaly
	for _, f := range all {
		anomalies = append(anomalies, x.words(f, on[f.name]))
	}
	return anomalies
}

func (x *explainer) words(f *finding, keys int) checker.Anomaly {
	a := checker.Anomaly{Name: f.name, Key: f.key.name, Focus: f.focus.Call, Message: f.message + ".", Faults: checker.FaultsAt(x.h, f.focus)}
	for _, o := range f.ops {
		a.Ops = append(a.Ops, o.Call)
	}
	slices.Sort(a.Ops)
	a.Ops = slices.Compact(a.Ops)
	proof := f.proof
	if proof == "" {
		proof = fmt.Sprintf("these %d operations cannot be put in any order that a single %s allows, whatever the other operations did.", len(a.Ops), f.key.object.noun)
	}
	if f.proof == "" && len(a.Ops) == 1 {
		proof = "no order of the operations can explain this one, whatever the others did."
	}
	a.Proof, a.Extent = proof, checker.OnKeys(keys, len(x.all))
	return a
}

// search looks for a short proof among all operations of a key that Porcupine judged. If there is no
// time for a short one, it is the whole beginning.
func (x *explainer) search(j *judgement, limit time.Duration) *finding {
	k := j.key
	p := &prover{key: k, guard: x.guard}
	ats := k.withWriters(p.shorten(j.Bad, min(limit, shrinkTime)))
	focus := k.lastAnswer(ats)
	f := &finding{name: checker.NonLinearizable, key: k, focus: k.source(focus)}
	for _, at := range ats {
		f.ops = append(f.ops, k.source(&k.ops[at]))
	}
	if k.object.name == nil || !k.object.name(k, f, focus, ats) {
		f.message = "Not linearizable: " + k.did(focus) + k.rest(focus, ats)
	}
	return f
}

// withWriters adds to a proof whoever alone can have written what its operations saw: the proof holds without, but
// nobody understands it.
func (k *key) withWriters(ats []int32) []int32 {
	all := slices.Clone(ats)
	for _, at := range ats {
		for _, seen := range k.ops[at].txn {
			if seen.writes || seen.value == none {
				continue
			}
			if w := k.writers(seen, k.ops[at].ret); len(w) == 1 {
				all = append(all, k.called(w[0].call))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// lastAnswer is the operation whose answer completed the contradiction; if some were shown anything, one of those.
func (k *key) lastAnswer(ats []int32) *op {
	reads := func(o *op) bool { return slices.ContainsFunc(o.txn, func(a access) bool { return !a.writes }) }
	var last *op
	for _, at := range ats {
		o := &k.ops[at]
		switch {
		case last == nil, last.unknown(), !o.unknown() && reads(o) && !reads(last):
			last = o
		case !o.unknown() && o.ret > last.ret && (reads(o) || !reads(last)):
			last = o
		}
	}
	return last
}

// rest is ", which fits no order with these: ".
func (k *key) rest(focus *op, ats []int32) string {
	if len(ats) < 2 {
		return ", which fits no order at all"
	}
	return ", which fits no order with " + k.listed(focus, ats)
}

// listed are the other operations of a proof, so many that a person may still read them.
func (k *key) listed(focus *op, ats []int32) string {
	const most = 5
	var words []string
	for _, at := range ats {
		if o := &k.ops[at]; o != focus {
			words = append(words, k.did(o))
		}
	}
	if len(words) > most {
		return fmt.Sprintf("%d other operations, the last of them: %s", len(words), words[len(words)-1])
	}
	return "these: " + strings.Join(words, "; ")
}

// did is "client 7 read x = 12 from n1 at 20.381 s", or of one without an answer "client 3's write
// x = 12 to n1 was called at 20.381 s".
func (k *key) did(o *op) string {
	s := k.source(o)
	if o.unknown() {
		return fmt.Sprintf("%s%s was called at %s and never answered", checker.ShowWrite(s), checker.ShowPlace("to", s), checker.ShowTime(s.CallTime))
	}
	return fmt.Sprintf("client %v %s%s at %s", s.Process, k.object.say(k, o), checker.ShowPlace("at", s), checker.ShowTime(s.CallTime))
}

// acked is "client 3's add of 1 to x was acknowledged by n4 at 18.501 s".
func acked(o *history.Operation) string {
	return fmt.Sprintf("%s was acknowledged%s at %s", checker.ShowWrite(o), checker.ShowPlace("by", o), checker.ShowTime(o.ReturnTime))
}

// hadBeen is "client 3's add of 1 to x had been acknowledged by n4 1.88 s earlier", seen from focus.
func hadBeen(o, focus *history.Operation) string {
	return fmt.Sprintf("%s had been acknowledged%s %s", checker.ShowWrite(o), checker.ShowPlace("by", o), checker.ShowGap(focus.CallTime-o.ReturnTime, "earlier"))
}

// show is a value as people are shown it.
func (k *key) show(v int32) string { return checker.ShowValue(history.Value(k.texts[v])) }

func sentence(noun string, keys []checker.KeyCheck) string {
	var invalid []string
	unknown := 0
	for _, k := range keys {
		switch k.Verdict {
		case checker.Invalid:
			invalid = append(invalid, checker.ShowKey(k.Key))
		case checker.Unknown:
			unknown++
		}
	}
	switch {
	case len(keys) == 0:
		return "The history has no operations on any key."
	case len(invalid) > 0:
		return fmt.Sprintf("%s of %d did not behave as a %s must: %s.", checker.ShowCount(len(invalid), "key"), len(keys), noun, checker.ShowKeys(invalid))
	case unknown > 0:
		return checker.ShowUndecided(keys, "The others are linearizable")
	}
	return fmt.Sprintf("Every operation on %s fits one order that a single %s allows.", checker.ShowCount(len(keys), "key"), noun)
}
