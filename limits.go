package schism

import (
	"maps"
	"slices"
	"strings"
	"time"

	"schism/checker/liveness"
	"schism/checker/staleness"
	"schism/configs/strictyaml"
)

// Elector is a Target that elects leaders after a time without one.
type Elector interface {
	// LeastElectionTimeout is the shortest time without a leader's word after which a node may campaign.
	LeastElectionTimeout() time.Duration
}

// liveLimits are the scenario's limits, with the stall that counts for its target: a machine that stands
// still for half an election timeout may force an election that is nobody's fault.
func (s *Scenario) liveLimits() liveness.Limits {
	l := s.Limits
	if e, ok := s.Cluster.Options.(Elector); ok && l.Stall == 0 {
		l.Stall = e.LeastElectionTimeout() / 2
	}
	if l.Stall == 0 {
		l.Stall = liveness.UsualStall
	}
	return l
}

func (s *Scenario) checkLimits(d *strictyaml.Document) {
	l := &s.Limits
	if !d.Has(l) {
		return
	}
	if !slices.Contains(s.Checks, "liveness") {
		d.Errorf("add liveness to checks", []any{l}, "limits that no check looks at")
	}
	for _, span := range []*time.Duration{&l.Unavailable, &l.Stall} {
		if d.Has(span) && *span == 0 {
			d.Errorf("2s, or leave it out", []any{span}, "a limit of no time at all")
		}
	}
	for i := range l.Service {
		s.checkService(&l.Service[i], d)
	}
	for _, n := range []*int{l.LeaderChanges, l.TermGrowth} {
		if n != nil && *n < 0 {
			d.Errorf("0 allows none", []any{n, l}, "a limit of %d", *n)
		}
	}
}

func (s *Scenario) checkService(of *liveness.Service, d *strictyaml.Document) {
	if of.Unavailable <= 0 {
		d.Errorf("unavailable: 2s", []any{&of.Unavailable, of}, "a limit of no time at all")
	}
	if places := append(s.Nodes(), liveness.Each); of.At != "" && !slices.Contains(places, of.At) {
		d.Errorf(strictyaml.DidYouMean(of.At, places), []any{&of.At, of}, "there is no node %q", of.At)
	}
	kind, known := findWorkload(s.Workload.Name)
	if _, asked := kind.Mix[of.F]; known && of.F != "" && !asked {
		d.Errorf("it makes "+strings.Join(slices.Sorted(maps.Keys(kind.Mix)), ", "), []any{&of.F, of}, "the workload %s makes no %s", kind.Name, of.F)
	}
}

// checkStaleness sees that a limit is one, and that a check looks at it.
func (s *Scenario) checkStaleness(d *strictyaml.Document) {
	l := &s.Staleness
	if !d.Has(l) {
		return
	}
	if !slices.Contains(s.Checks, staleness.Checker{}.Name()) {
		d.Errorf("add staleness to checks", []any{l}, "a limit that no check looks at")
	}
	if d.Has(&l.Time) && l.Time <= 0 {
		d.Errorf("500ms; reads that are never stale are what linearizable checks", []any{&l.Time}, "a limit of no time at all")
	}
	if d.Has(&l.Versions) && l.Versions <= 0 {
		d.Errorf("1 or more; reads that are never stale are what linearizable checks", []any{&l.Versions}, "a limit of %d versions", l.Versions)
	}
}
