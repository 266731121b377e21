package liveness

import (
	"fmt"
	"slices"
	"strings"

	"schism/checker"
)

// unavailable finds a time without a success that is longer than allowed, at nodes that reached a majority
// while clients asked them. What the machine stood still of it does not count against the system. Of several limits
// the one that was exceeded most is told.
func unavailable(k *course) (*checker.Anomaly, string) {
	var found []shortage
	var doubts []string
	for _, s := range k.wanted() {
		service := k.majority(s.F, s.At)
		g := k.longestGap(service, s.At)
		still := k.stoodStill(g.interval)
		switch {
		case len(service.waits) == 0:
			doubts = append(doubts, fmt.Sprintf("No client asked %s, so that the limit of %s cannot be judged.", s.place(), checker.ShowSpan(s.Unavailable)))
		case g.length() <= s.Unavailable:
		case g.length()-still <= s.Unavailable:
			doubts = append(doubts, fmt.Sprintf("Clients waited %s for a success%s, and the scenario allows %s; but the machine or a node stood still for %s of it, so that nobody can tell whose doing it was.",
				checker.ShowSpan(g.length()), s.words(), checker.ShowSpan(s.Unavailable), checker.ShowSpan(still)))
		default:
			found = append(found, shortage{s, g})
		}
	}
	if len(found) == 0 {
		return nil, strings.Join(doubts, " ")
	}
	slices.SortStableFunc(found, func(a, b shortage) int { return int(b.over() - a.over()) })
	return k.shortOf(found[0], found[1:]), ""
}

// shortage is a service that was interrupted for longer than it may be.
type shortage struct {
	Service
	gap gap
}

func (s shortage) over() int64 { return int64(s.gap.length() - s.Unavailable) }

// wanted are all limits on availability, those on each node one by one.
func (k *course) wanted() []Service {
	var all []Service
	if k.limits.Unavailable > 0 {
		all = append(all, Service{Unavailable: k.limits.Unavailable})
	}
	for _, s := range k.limits.Service {
		if s.At != Each {
			all = append(all, s)
			continue
		}
		for _, node := range k.reach.nodes {
			all = append(all, Service{F: s.F, At: node, Unavailable: s.Unavailable})
		}
	}
	return all
}

// words is " of a write at n1"; empty of any success at any node.
func (s Service) words() string {
	var text string
	if s.F != "" {
		text += " of a " + s.F
	}
	if s.At != "" {
		text += " at " + s.At
	}
	return text
}

// place is "n1 for a write", or "nodes that reached a majority".
func (s Service) place() string {
	text := "nodes that reached a majority"
	if s.At != "" {
		text = s.At
	}
	if s.F != "" {
		text += " for a " + s.F
	}
	return text
}

func (k *course) shortOf(s shortage, others []shortage) *checker.Anomaly {
	g, what, where := s.gap, "operation", ""
	if s.F != "" {
		what = s.F
	}
	if s.At != "" {
		where = " at " + s.At
	}
	a := &checker.Anomaly{
		Name: checker.Unavailable, Focus: g.waiting, Faults: k.faultsIn(g.interval),
		Message: fmt.Sprintf("Unavailable: no %s succeeded%s from %s to %s, for %s, although clients asked %s %s; the scenario allows %s.", what, where,
			checker.ShowTime(g.from), checker.ShowTime(g.to), checker.ShowSpan(g.length()), s.place(), times(g.asked, "time", "times"), checker.ShowSpan(s.Unavailable)),
		Proof: "the scenario states the limit, and no such success was recorded in between.",
	}
	var more []string
	for _, o := range others {
		more = append(more, fmt.Sprintf("%s for a success%s", checker.ShowSpan(o.gap.length()), o.words()))
	}
	if len(more) > 0 {
		a.Proof += " Beyond their limits, too: " + checker.ShowList(more) + "."
	}
	for _, call := range []int64{g.before, g.waiting, g.after} {
		if call >= 0 {
			a.Ops = append(a.Ops, call)
		}
	}
	slices.Sort(a.Ops)
	a.Ops = slices.Compact(a.Ops)
	return a
}

// faultsIn are the faults that were on at some time in i, in words.
func (k *course) faultsIn(i interval) []string {
	var on []string
	for n := range k.h.Faults {
		if f := &k.h.Faults[n]; f.ActiveBetween(i.from, i.to) {
			on = append(on, checker.FaultText(f))
		}
	}
	return on
}
