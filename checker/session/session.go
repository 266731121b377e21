// Package session decides whether each client saw its own session in order, on every key: what it read
// before, what it wrote itself, and its writes in the order in which it made them. Systems promise this that
// promise no linearizability, such as replicas that answer from their own state.
//
// Source: Terry, Demers, Petersen, Spreitzer, Theimer and Welch, Session guarantees for weakly consistent
// replicated data (PDIS 1994). A session is the life of one process; it ends with an operation whose outcome is
// not known. Each key is judged by itself: of two keys, two reads tell nothing of one moment.
package session

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"schism/checker"
	"schism/history"
)

// Sessions judges the four guarantees. Keys are registers with read, write and cas of unique values, or lists
// with append of unique values and read.
type Sessions struct {
	Limits checker.Limits
	Lists  bool
}

const defaultTime = 60 * time.Second

// Name is the checker's name in results.
func (Sessions) Name() string { return "sessions" }

// Check judges every key, one after the other. Keys that it does not come to in time are Unknown.
func (c Sessions) Check(ctx context.Context, h *history.History) checker.Check {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Limits.Time, defaultTime))
	defer cancel()
	check := checker.Check{Name: c.Name(), Figures: map[string]float64{}}
	var verdicts []checker.Verdict
	for _, k := range checker.Keys(h) {
		judge := registers
		if c.Lists {
			judge = lists
		}
		one := checker.KeyCheck{Key: k.Name, Operations: len(k.Ops), Verdict: checker.Valid}
		found, broken := judge(ctx, k)
		switch {
		case len(found) > 0:
			one.Verdict = checker.Invalid
		case broken != "":
			one.Verdict, one.Message = checker.Unknown, broken
		}
		for _, f := range found {
			check.Figures[f.name]++
		}
		check.Anomalies = append(check.Anomalies, tell(h, k, found)...)
		check.Keys = append(check.Keys, one)
		verdicts = append(verdicts, one.Verdict)
	}
	check.Verdict = checker.Compose(append(verdicts, checker.Valid)...)
	check.Message = sentence(check)
	check.Figures["keys"] = float64(len(check.Keys))
	check.Figures["seconds"] = math.Round(time.Since(started).Seconds()*1e3) / 1e3
	return check
}

// finding is one guarantee that was broken.
type finding struct {
	name  string
	focus *history.Operation // the one that broke it
	// before is the session's own earlier operation that promised otherwise, what the value that it read or
	// wrote, in words; saw is what the focus saw.
	before    *history.Operation
	what, saw string
	list      bool                 // of a list
	since     string               // why what is newer than saw, in words; empty if that needs no reason
	proof     []*history.Operation // why what is newer than saw, in any order
}

// anomalies tells the first of each name.
func tell(h *history.History, k *checker.Key, found []*finding) []checker.Anomaly {
	var all []checker.Anomaly
	for _, f := range found {
		if slices.ContainsFunc(all, func(a checker.Anomaly) bool { return a.Name == f.name }) {
			continue
		}
		a := checker.Anomaly{Name: f.name, Key: k.Name, Focus: f.focus.Call, Faults: checker.FaultsAt(h, f.focus)}
		for _, o := range append([]*history.Operation{f.focus, f.before}, f.proof...) {
			if o != nil {
				a.Ops = append(a.Ops, o.Call)
			}
		}
		slices.Sort(a.Ops)
		a.Ops = slices.Compact(a.Ops)
		a.Message, a.Proof = f.message(k.Name), f.reason(k.Name)
		all = append(all, a)
	}
	return all
}

func sentence(c checker.Check) string {
	var invalid []string
	unknown := 0
	for _, k := range c.Keys {
		switch k.Verdict {
		case checker.Invalid:
			invalid = append(invalid, checker.ShowKey(k.Key))
		case checker.Unknown:
			unknown++
		}
	}
	switch {
	case len(c.Keys) == 0:
		return "The history has no operations on any key."
	case len(invalid) > 0:
		return fmt.Sprintf("On %d of %d keys a client did not see its own session in order: %s.", len(invalid), len(c.Keys), checker.ShowKeys(invalid))
	case unknown > 0:
		return checker.ShowUndecided(c.Keys, "On the others every session kept its order")
	}
	return "Every client saw what it had read and written before, and its writes in their order, key by key."
}
