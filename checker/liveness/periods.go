package liveness

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"schism/checker"
	"schism/history"
)

// mostPeriods bounds what is told of a run with very many faults.
const mostPeriods = 60

// periods tell of each fault how either side of it was served while it was in place, and how the cluster
// was served from its healing to the next fault.
func (k *course) periods() []checker.Period {
	var all []checker.Period
	for i := range k.h.Faults {
		f := &k.h.Faults[i]
		if f.Active < 0 || len(all) >= mostPeriods {
			continue
		}
		during := interval{f.Active, healedAt(f, k.h.End)}
		if f.End >= 0 {
			during.to = f.End
		}
		for _, side := range k.sides(f, during.from) {
			all = append(all, k.period(checker.FaultText(f), side, during))
		}
		if f.Healed >= 0 {
			after := interval{f.Healed, k.nextFault(f.Healed)}
			all = append(all, k.period("after "+checker.FaultText(f), side{k.reach.nodes, "all nodes"}, after))
		}
	}
	return all
}

// nextFault is when the first fault after t strikes, or just past the end.
func (k *course) nextFault(t time.Duration) time.Duration {
	next := k.h.End + 1
	for i := range k.h.Faults {
		if f := &k.h.Faults[i]; f.Start > t && f.Active >= 0 {
			next = min(next, f.Start)
		}
	}
	return next
}

// side is some nodes, and in words what they are.
type side struct {
	nodes []string
	words string
}

// sides are the groups of a fault that has some; else those that reach a majority and those that do not.
func (k *course) sides(f *history.FaultLife, t time.Duration) []side {
	e := k.reach.at(t)
	groups := f.Resolved().Groups
	if len(groups) == 0 {
		var with, without []string
		for _, node := range k.reach.nodes {
			switch {
			case e.served[node]:
				with = append(with, node)
			case !e.down[node]:
				without = append(without, node)
			}
		}
		groups = [][]string{with, without}
	}
	var all []side
	for _, nodes := range groups {
		if len(nodes) > 0 {
			all = append(all, side{nodes, e.words(nodes)})
		}
	}
	return all
}

// words is "n1 n2, a minority".
func (e epoch) words(nodes []string) string {
	what := ", no majority"
	if slices.ContainsFunc(nodes, func(n string) bool { return e.served[n] }) {
		what = ", with a majority"
	}
	return strings.Join(nodes, " ") + what
}

func (k *course) period(what string, s side, w interval) checker.Period {
	service := serviceOf(k.operationsIn(w), k.h.End, func(node string, t time.Duration) time.Duration {
		if slices.Contains(s.nodes, node) {
			return ever
		}
		return t
	})
	p := checker.Period{
		What: what, Side: s.words, From: w.from.Seconds(), To: w.to.Seconds(),
		Asked: service.firstCall(w.to) - service.firstCall(w.from), OK: len(service.servedIn(w)),
		LongestGap: service.longestGap(w).length().Seconds(), FirstOK: -1,
		Leaderless: total(within(k.alone, w)).Seconds(),
	}
	if t, ok := service.firstSuccess(w); ok {
		p.FirstOK = (t - w.from).Seconds()
	}
	for _, c := range k.changes() {
		if c.after.from >= w.from && c.after.from < w.to {
			p.LeaderChanges++
		}
	}
	return p
}

// operationsIn are those that may have been under way in w: they are in the order of their calls, and none
// took longer than the longest.
func (k *course) operationsIn(w interval) []history.Operation {
	at := func(t time.Duration) int {
		i, _ := slices.BinarySearchFunc(k.h.Operations, t, func(o history.Operation, t time.Duration) int { return cmp.Compare(o.CallTime, t) })
		return i
	}
	return k.h.Operations[at(w.from-k.slowest):at(w.to)]
}

// slowest is how long the longest operation took; one without an end lasts to that of the history.
func slowest(h *history.History) (most time.Duration) {
	for i := range h.Operations {
		o := &h.Operations[i]
		end := o.ReturnTime
		if o.Return < 0 {
			end = h.End
		}
		most = max(most, end-o.CallTime)
	}
	return most
}
