// Package objects decides whether counters, sets, queues, locks, strings and groups of registers are
// linearizable: whether each operation can be given one moment between its call and its return so that
// every answer fits. Registers and lists have packages of their own, which work in the same steps.
package objects

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"schism/checker"
	"schism/checker/search"
	"schism/history"
)

// object is one kind of thing that a key can be. Each has a file of its own.
type object struct {
	noun string // "counter"
	// split sorts a history into things that are independent of each other; nil: by key.
	split func(*history.History) []*key
	// take turns an operation into what it says about the object, in o. It is called for what was
	// answered and for what may have happened. keep is false for what says nothing.
	take func(k *key, from *history.Operation, o *op) (keep bool, err error)
	// fits says whether decide can judge the key, which then gives the reasons why it is not
	// linearizable, and none if it is. Both are nil where there is no near-linear check.
	fits   func(*key) bool
	decide func(*key) []*finding
	// refute gives reasons that are certain where decide cannot judge the key; no reason says nothing. nil: it
	// has no such eye.
	refute func(context.Context, *key) []*finding
	// settle decides most keys that decide cannot: Valid, Invalid with its reasons, or Unknown, which says nothing.
	// Of a part only that it is Invalid means anything. nil: there is no such way.
	settle func(context.Context, checker.Limits, *key) (checker.Verdict, []*finding)
	// choose settles what the unknown operations of a key did, so that decide can judge it: if what it makes is
	// linearizable, so is the key; if not, nothing is said. nil: it knows no choice.
	choose func(*key) *key
	// name gives a proof that Porcupine found a name and words of its own; nil: there are none.
	name func(k *key, f *finding, focus *op, ats []int32) bool
	// end looks at what the nodes held at the end; nil if there is nothing to say.
	end func(*key, []*finding) []*finding
	// observed says whether anybody among the operations can have noticed an unknown one, so that
	// what nobody noticed need not be searched for; nil: always.
	observed func(k *key, unknown *op, among []op) bool
	// start and step are the object for Porcupine. An unknown operation that does not fit changes
	// nothing: it did not happen. That way it may always stand at the end.
	start func(*key) any
	step  func(k *key, state any, o *op) (next any, ok bool)
	// eye is how it is watched; nil: it cannot be.
	eye eye
	// together says that it is several registers: each is watched alone.
	together bool
	// state is what the object is, for pictures: "[1, 2]".
	state func(k *key, state any) string
	// say is what an answered operation did, in the past: "read x = 12".
	say func(*key, *op) string
}

// Checker judges every key of a history as one kind of object.
type Checker struct {
	Limits checker.Limits
	object object
}

// The limits that apply where none are given.
const (
	DefaultTime   = 60 * time.Second
	DefaultMemory = 2 << 30
)

// explainTime is what explanations may take when the time of the check is over.
const explainTime = time.Second

// Name is the checker's name in results.
func (Checker) Name() string { return "linearizable" }

// Check judges all keys. It returns within two seconds after its time or ctx is over; keys that are
// not decided then are Unknown.
func (c Checker) Check(ctx context.Context, h *history.History) checker.Check {
	return c.judge(ctx, h, nil)
}

// judge judges all keys, once cut has left something out of each; nil: of none.
func (c Checker) judge(ctx context.Context, h *history.History, cut func(*key)) checker.Check {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Limits.Time, DefaultTime))
	defer cancel()
	g := search.Watch(cmp.Or(c.Limits.Memory, DefaultMemory))
	defer g.Close()
	stop := context.AfterFunc(ctx, g.StopAll)

	// Normalize: what failed is out, and so is an unknown answer of what changes nothing.
	keys := c.normalize(h)
	judged := make([]*judgement, len(keys))
	for i, k := range keys {
		if cut != nil {
			cut(k)
		}
		judged[i] = newJudgement(k)
	}
	// Route by shape: to the near-linear check of the object where the key fits it, which Porcupine
	// confirms where that is cheap; else to Porcupine, tightened and under caps.
	p := &search.Pool{Jobs: c.Limits.Jobs, Guard: g}
	var quick []*judgement
	var rest []*search.Problem
	for _, j := range judged {
		switch {
		case j.key.broken != "":
			j.Why = j.key.broken
		case ctx.Err() != nil:
			j.Why = "there was no time left to begin with this key"
		case c.object.fits != nil && c.object.fits(j.key):
			quick = append(quick, j)
		case j.settled(ctx, c), j.refuted(ctx, c):
			quick = append(quick, j)
		case j.key.part:
			j.Why = "only all of the history can tell"
		case j.chosen():
			quick = append(quick, j)
		default:
			rest = append(rest, &j.Problem)
		}
	}
	search.Each(p, quick, func(j *judgement) {
		if j.quickly(); !c.Limits.Once && !j.key.part {
			j.confirm(ctx, g)
		}
	})
	p.Decide(ctx, rest)
	// Explain: the few operations that no order fits, in words.
	stop() // what is known by now is explained, even if the time is over
	x := explainer{h: h, all: judged, guard: g, end: time.Now().Add(search.UntilEnd(ctx) + explainTime)}
	check := checker.Check{Name: c.Name(), Anomalies: x.anomalies()}
	c.sum(&check, h, judged)
	check.Figures["seconds"] = math.Round(time.Since(started).Seconds()*1e3) / 1e3
	return check
}

func (c Checker) normalize(h *history.History) []*key {
	split := c.object.split
	if split == nil {
		split = byKey
	}
	keys := split(h)
	ending := endingOf(h)
	for _, k := range keys {
		k.h, k.object, k.ending = h, &c.object, ending
		k.normalize()
	}
	slices.SortFunc(keys, func(a, b *key) int { return strings.Compare(a.name, b.name) })
	return keys
}

func (c Checker) sum(check *checker.Check, h *history.History, judged []*judgement) {
	verdicts := []checker.Verdict{checker.Valid} // of a history without any key
	check.Figures = map[string]float64{"operations": float64(len(h.Operations)), "keys": float64(len(judged))}
	for _, j := range judged {
		verdicts = append(verdicts, j.Verdict)
		check.Keys = append(check.Keys, checker.KeyCheck{Key: j.key.name, Verdict: j.Verdict, Operations: len(j.key.from), Message: j.Why})
		check.Figures["keys_"+j.Verdict.String()]++
		if j.second {
			check.Figures["keys_confirmed_by_porcupine"]++
		}
	}
	check.Verdict = checker.Compose(verdicts...)
	check.Message = sentence(c.object.noun, check.Keys)
}
