// Package liveness measures how a system went on serving clients while faults struck it: the times
// without a success, the leaders and their terms. It reads what the observer saw of the nodes, which no
// safety checker does, and calls it a finding only where the scenario states a limit: there is no promise
// of speed that every system makes.
package liveness

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"schism/checker"
	"schism/history"
)

// Limits are what a scenario allows. More than that is a finding; what is left out has no limit.
type Limits struct {
	// Unavailable is the longest time that clients may wait for a success of any of them, at nodes
	// that reach a majority.
	Unavailable time.Duration `yaml:"unavailable,omitempty"`
	// Service are limits of the same kind, each on less: a success of another kind, or at another node, does not
	// count for it.
	Service []Service `yaml:"service,omitempty,flow"`
	// LeaderChanges is how many leaders may follow the first one in the whole run. A new term is a
	// change, even if the same node wins it.
	LeaderChanges *int `yaml:"leader-changes,omitempty"`
	// TermGrowth is how far the term of any node may rise above that of the first leader.
	TermGrowth *int `yaml:"term-growth,omitempty"`
	// Stall is how long the machine or a node must have stood still for the run to prove nothing about
	// what came right after it. 0: UsualStall.
	Stall time.Duration `yaml:"stall,omitempty"`
}

// Service is how long clients may wait for some success.
type Service struct {
	F           string        `yaml:"f,omitempty"`  // of operations of this kind only
	At          string        `yaml:"at,omitempty"` // at this node only, or Each; without it at any that reaches a majority
	Unavailable time.Duration `yaml:"unavailable"`
}

// Each stands for every node, by itself.
const Each = "each"

// UsualStall is the stall that counts where neither the scenario nor the target says it.
const UsualStall = 250 * time.Millisecond

// Checker measures, and judges against Limits.
type Checker struct{ Limits Limits }

// Name is the checker's name in results.
func (Checker) Name() string { return "liveness" }

// Check is unknown where what exceeds a limit came right after a stall of the machine, so that nobody can
// tell whose doing it was.
func (c Checker) Check(_ context.Context, h *history.History) checker.Check {
	if c.Limits.Stall == 0 {
		c.Limits.Stall = UsualStall
	}
	k := newCourse(h, c.Limits)
	check := checker.Check{Name: c.Name(), Verdict: checker.Valid, Figures: k.figures(), Periods: k.periods()}
	var undecided []string
	for _, judge := range findings() {
		found, doubt := judge(k)
		if found != nil {
			check.Anomalies = append(check.Anomalies, *found)
		}
		if doubt != "" {
			undecided = append(undecided, doubt)
		}
	}
	switch {
	case len(check.Anomalies) > 0:
		check.Verdict, check.Message = checker.Invalid, "More than the scenario allows. "+k.summary()
	case len(undecided) > 0:
		check.Verdict, check.Message = checker.Unknown, strings.Join(undecided, " ")
	default:
		check.Message = k.summary()
	}
	return check
}

// findings is every finding there is, worst first. A new one is one file and one line here. Each gives
// the anomaly, or says in a sentence why nobody can tell, or neither.
func findings() []func(*course) (found *checker.Anomaly, doubt string) {
	return []func(*course) (*checker.Anomaly, string){unavailable, disruption, termInflation}
}

// course is what happened to the cluster, in the order of time.
type course struct {
	h      *history.History
	limits Limits
	reach  reach
	seen   []sighting
	reigns []reign
	stalls []stall
	gap    gap        // the longest at nodes with a majority
	byF    []kindGap  // the same in operations of each kind
	alone  []interval // the times without a leader

	slowest time.Duration // of all operations
}

func newCourse(h *history.History, l Limits) *course {
	k := &course{h: h, limits: l, reach: newReach(h)}
	k.seen = sightings(h)
	k.reigns = reigns(k.seen)
	k.stalls = k.stallsOf(h)
	k.gap, k.slowest = k.longestGap(k.majority("", ""), ""), slowest(h)
	for _, f := range kindsOf(h) {
		k.byF = append(k.byF, kindGap{f, k.longestGap(k.majority(f, ""), "")})
	}
	k.alone = k.leaderless()
	return k
}

// figures are told of every run, whatever its limits.
func (k *course) figures() map[string]float64 {
	highest, _ := k.highest()
	f := map[string]float64{
		"longest_without_ok_s": k.gap.length().Seconds(),
		"leader_changes":       float64(len(k.changes())),
		"term_growth":          float64(k.growth(highest)),
		"leaderless_s":         total(k.alone).Seconds(),
		"longest_leaderless_s": longest(k.alone).length().Seconds(),
		"stalls":               float64(len(k.stalls)),
	}
	for _, of := range k.byF {
		f["longest_without_"+of.f+"_s"] = of.gap.length().Seconds()
	}
	if len(k.reigns) > 0 {
		f["first_term"], f["highest_term"] = float64(k.reigns[0].term), float64(highest.term)
	}
	return f
}

// summary is the figures in words.
func (k *course) summary() string {
	var parts []string
	if gap := k.gap; gap.length() > 0 {
		parts = append(parts, fmt.Sprintf("At nodes with a majority clients waited %s at most for a success%s", checker.ShowSpan(gap.length()), k.longer()))
	} else {
		parts = append(parts, "Clients never waited for a success at nodes with a majority")
	}
	if len(k.reigns) == 0 {
		return parts[0] + "; nobody was seen to lead."
	}
	highest, _ := k.highest()
	parts = append(parts, fmt.Sprintf("%s, the term rose from %d to %d", times(len(k.changes()), "change of leader", "changes of leader"), k.reigns[0].term, highest.term))
	if t := total(k.alone); t > 0 {
		parts = append(parts, checker.ShowSpan(t)+" without a leader in all")
	}
	return strings.Join(parts, "; ") + "."
}

// kindGap is the longest gap in operations of one kind.
type kindGap struct {
	f   string
	gap gap
}

func kindsOf(h *history.History) []string {
	var kinds []string
	for i := range h.Operations {
		if f := h.Operations[i].F; !slices.Contains(kinds, f) {
			kinds = append(kinds, f)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// longer tells of the kind that clients waited for longest, where that was longer than for any: reads may go on
// while no write succeeds.
func (k *course) longer() string {
	worst := kindGap{gap: k.gap}
	for _, of := range k.byF {
		if of.gap.length() > worst.gap.length() {
			worst = of
		}
	}
	if worst.f == "" {
		return ""
	}
	return fmt.Sprintf(", and %s for a %s", checker.ShowSpan(worst.gap.length()), worst.f)
}

func times(n int, one, many string) string {
	switch n {
	case 0:
		return "no " + one
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// interval is a part of the run.
type interval struct{ from, to time.Duration }

func (i interval) length() time.Duration { return max(0, i.to-i.from) }

func total(all []interval) (sum time.Duration) {
	for _, i := range all {
		sum += i.length()
	}
	return sum
}

func longest(all []interval) (best interval) {
	for _, i := range all {
		if i.length() > best.length() {
			best = i
		}
	}
	return best
}

// within is the parts of all that lie in w.
func within(all []interval, w interval) []interval {
	var out []interval
	for _, i := range all {
		if part := (interval{max(i.from, w.from), min(i.to, w.to)}); part.length() > 0 {
			out = append(out, part)
		}
	}
	return out
}
