package liveness

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"schism/history"
)

// leader is what a node that leads says of itself.
const leader = "leader"

// sighting is what one node said of itself from a time on.
type sighting struct {
	history.Role
	at    time.Duration
	node  string
	index int64 // of the event
}

func sightings(h *history.History) []sighting {
	var all []sighting
	for _, e := range h.Roles {
		s := sighting{at: e.At(), node: e.Node, index: e.Index}
		if json.Unmarshal(e.Value, &s.Role) == nil {
			all = append(all, s)
		}
	}
	return all
}

// reign is one term's leader, from when anybody was first seen to know of it.
type reign struct {
	term  uint64
	node  string
	from  time.Duration
	event int64
}

// reigns are all that were seen, in the order of their terms. Followers tell of leaders too: one that led
// only between two looks at it is not missed if anybody followed it.
func reigns(seen []sighting) []reign {
	var all []reign
	known := make(map[uint64]bool)
	for _, s := range seen {
		who := s.Leader
		if s.Role.Role == leader {
			who = s.node
		}
		if who != "" && !known[s.Term] {
			known[s.Term] = true
			all = append(all, reign{s.Term, who, s.at, s.index})
		}
	}
	slices.SortStableFunc(all, func(a, b reign) int { return cmp.Compare(a.term, b.term) })
	return all
}

// change is a reign that follows another one.
type change struct{ before, after reign }

func (k *course) changes() []change {
	var all []change
	for i := 1; i < len(k.reigns); i++ {
		all = append(all, change{k.reigns[i-1], k.reigns[i]})
	}
	return all
}

// peak is the highest term that a node was seen in.
type peak struct {
	node  string
	term  uint64
	at    time.Duration
	event int64
}

// highest is the peak of the whole run, when it was first seen.
func (k *course) highest() (p peak, ok bool) {
	for _, s := range k.seen {
		if s.Term > p.term {
			p, ok = peak{s.node, s.Term, s.at, s.index}, true
		}
	}
	return p, ok
}

// growth is how far a peak is above the first leader's term.
func (k *course) growth(p peak) int {
	if len(k.reigns) == 0 || p.term < k.reigns[0].term {
		return 0
	}
	return int(p.term - k.reigns[0].term)
}

// leaderless are the times, after the first leader, in which some nodes reached a majority and none of
// those said that it led. The observer asks every 50 ms: shorter ones may be missed.
func (k *course) leaderless() []interval {
	if len(k.reigns) == 0 {
		return nil
	}
	var out []interval
	roles := make(map[string]string)
	next := 0
	for _, t := range k.moments() {
		for ; next < len(k.seen) && k.seen[next].at <= t.from; next++ {
			roles[k.seen[next].node] = k.seen[next].Role.Role
		}
		e := k.reach.at(t.from)
		if t.from < k.reigns[0].from || !e.anybody() || led(e, roles) {
			continue
		}
		if n := len(out); n > 0 && out[n-1].to == t.from {
			out[n-1].to = t.to
		} else {
			out = append(out, t)
		}
	}
	return out
}

func led(e epoch, roles map[string]string) bool {
	for node, role := range roles {
		if role == leader && e.served[node] {
			return true
		}
	}
	return false
}

// moments cut the run at every time at which a role, or who reaches whom, may change.
func (k *course) moments() []interval {
	var edges []time.Duration
	for _, e := range k.reach.epochs {
		edges = append(edges, e.from, e.to)
	}
	for _, s := range k.seen {
		edges = append(edges, s.at)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	var out []interval
	for i := 1; i < len(edges); i++ {
		out = append(out, interval{edges[i-1], edges[i]})
	}
	return out
}
