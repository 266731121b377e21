package checker

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"schism/history"
)

// Plan is what a history is judged by.
type Plan struct {
	Checkers []Checker
	Kinds    []string // the operations of the workload: each must have succeeded at least once
	Faults   []Ordered
	Whole    bool // the history is of a whole run, which ends by asking every node what it holds
	Require  Require
	Expect   Expect
	Version  string // of schism
}

// Judge runs every checker on h and composes what they say. A checker that panics is an unknown, and
// the others still answer.
func Judge(ctx context.Context, h *history.History, p Plan) *Result {
	began := time.Now()
	r := &Result{Anomalies: []Anomaly{}, Expected: p.Expect.String()}
	for _, c := range p.Checkers {
		r.Checks = append(r.Checks, Guarded(ctx, c, h))
	}
	r.Worth = p.worth(h)
	r.Effects = p.Expect.effects(h)
	r.Anomalies = gather(r.Checks)
	r.Verdict = compose(h, r)
	r.Stats = StatsOf(h)
	r.Stats.CheckedIn = time.Since(began).Seconds()
	r.Versions = Versions{Schism: p.Version, Go: runtime.Version(), Format: history.Format}
	r.Why = reasons(h, r)
	met, why := p.Expect.Met(r)
	r.AsExpected = met
	r.Why = append(why, r.Why...)
	return r
}

func (p Plan) worth(h *history.History) []Worth {
	worth := KindsSucceeded(h, p.Kinds)
	if p.Whole && len(h.FinalReads) == 0 {
		worth = append(worth, Worth{What: "the run came to its end, at which each node is asked what it holds", Seen: "none was asked"})
	}
	if h.Interrupted != "" {
		worth = append(worth, Worth{What: "the run was left to its end", Seen: "interrupted " + h.Interrupted})
	}
	worth = append(worth, haveStruck(p.Faults, h)...)
	worth = append(worth, FaultsBit(h)...)
	return append(worth, p.Require.Worth(h)...)
}

// compose is the verdict on the whole run: that of the checkers, lowered by what makes the evidence
// doubtful (unknown) or worthless (vacuous). What was proved invalid stays so.
func compose(h *history.History, r *Result) Verdict {
	var all []Verdict
	for _, c := range r.Checks {
		all = append(all, c.Verdict)
	}
	if len(h.Incidents) > 0 || h.Torn != "" {
		all = append(all, Unknown)
	}
	for _, w := range r.Worth {
		if !w.Holds {
			all = append(all, Vacuous)
		}
	}
	return Compose(all...)
}

func reasons(h *history.History, r *Result) []string {
	var why []string
	for _, c := range r.Checks {
		if c.Verdict == Unknown || c.Verdict == Vacuous {
			why = append(why, c.Name+": "+c.Message)
		}
	}
	why = append(why, h.Incidents...)
	if h.Torn != "" {
		why = append(why, "the history was cut off: "+h.Torn)
	}
	for _, w := range r.Worth {
		if !w.Holds {
			why = append(why, fmt.Sprintf("not so: %s (seen: %s)", w.What, w.Seen))
		}
	}
	return why
}

// severity orders anomalies for people, worst first. What is not in it comes last.
var severity = []string{
	LostWrite, DuplicateApply, DirtyRead, SplitBrain, Fractured, StaleRead, Reordered,
	IncompatibleOrder, G1a, G1b, Internal, LostUpdate, G0, G1c, GSingle, GNonadjacent, G2Item,
	ReadYourWrites, MonotonicReads, MonotonicWrites, WritesFollowReads, NonLinearizable, Unavailable, Disruption, TermInflation,
}

// gather puts the anomalies of all checks together, one a name and key: two checkers may see the
// same loss, the first of them tells it.
func gather(checks []Check) []Anomaly {
	all := []Anomaly{}
	seen := make(map[[2]string]bool)
	for _, c := range checks {
		for _, a := range c.Anomalies {
			if id := [2]string{a.Name, a.Key}; !seen[id] {
				seen[id] = true
				all = append(all, a)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Anomaly) int { return rank(a.Name) - rank(b.Name) })
	return all
}

func rank(name string) int {
	if i := slices.Index(severity, name); i >= 0 {
		return i
	}
	return len(severity)
}
