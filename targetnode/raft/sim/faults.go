package sim

import (
	"math/rand/v2"

	"schism/targetnode/raft"
)

const maxNodes = 6

// link is one direction between two nodes.
type link struct {
	rng     *rand.Rand
	cut     bool
	lagging bool // it takes long, but works
	source  source
	sent    uint64 // messages so far
	arrived uint64 // greatest number of one that came through
}

// flight is a message under way.
type flight struct {
	raft.Message
	number uint64 // on its link
}

func (s *sim) link(m *raft.Message) *link {
	return &s.links[m.From-1][m.To-1]
}

// transmit sends a message, or loses it, or sends it late or twice. It may be overtaken in any case,
// for each takes a time of its own.
func (s *sim) transmit(m *raft.Message) {
	l := s.link(m)
	l.sent++
	switch {
	case l.cut:
		s.stats.count(blocked)
		return
	case s.disturbs(l.rng, l.source, s.plan.drop):
		s.trace("n%d → n%d  dropped: %s", m.From, m.To, describe{m})
		s.stats.count(drop)
		return
	}
	s.launch(m, l)
	if s.disturbs(l.rng, l.source, s.plan.duplicate) {
		s.stats.count(duplicate)
		s.launch(m, l)
	}
}

func (s *sim) launch(m *raft.Message, l *link) {
	after, late := s.plan.latency.draw(l.rng), span{electionTimeout / 4, 4 * electionTimeout}.draw(l.rng)
	if s.disturbs(l.rng, l.source, s.plan.delay) {
		s.stats.count(delay)
		after += late
	}
	if l.lagging {
		after += 2 * late
	}
	slot := len(s.flights)
	if k := len(s.free); k > 0 {
		slot, s.free = s.free[k-1], s.free[:k-1]
		s.flights[slot] = flight{*m, l.sent}
	} else {
		s.flights = append(s.flights, flight{*m, l.sent})
	}
	s.queue.push(event{at: s.now + after, kind: evMessage, node: int(m.To - 1), slot: slot})
}

func (s *sim) arrive(n *node, slot int) {
	f := &s.flights[slot]
	l := s.link(&f.Message)
	if l.cut {
		s.stats.count(blocked)
		s.free = append(s.free, slot)
		return
	}
	if f.number < l.arrived {
		s.stats.count(reorder)
	}
	l.arrived = max(l.arrived, f.number)
	s.give(n, input{kind: evMessage, slot: slot})
}

// fault does one thing to the cluster that is bad, or ends one.
func (s *sim) fault() {
	n, rng := s.victim(), s.faultRNG
	kind := s.plan.faults[rng.IntN(len(s.plan.faults))]
	if !s.disturb(faults) {
		return
	}
	s.stats.count(kind)
	switch kind {
	case reconnect:
		s.reconnect()
	case quickCrash:
		s.crashFor(n, span{1, electionTimeout / 4})
	case longCrash:
		s.crashFor(n, span{1, 4 * electionTimeout})
	case powerFailure:
		for _, n := range s.nodes {
			s.crashFor(n, span{1, electionTimeout})
		}
	case isolate:
		s.isolate(n)
	case split:
		s.split()
	case cutLink:
		s.cutLink(n, s.nodes[rng.IntN(len(s.nodes))])
	case stop:
		s.stopFor(n, span{1, 3 * electionTimeout})
	case topple: // and let the others elect
		s.reconnect()
		s.isolate(s.someone(rng))
	case lag:
		s.lag(s.someone(rng))
	case mute:
		s.mute(s.someone(rng))
	case stopIsolated:
		s.isolate(n)
		s.stopFor(n, span{1, 3 * electionTimeout})
	}
}

// crashAround crashes a node, now and then, where the order of writing and answering matters most:
// around the end of an fsync.
func (s *sim) crashAround(n *node) bool {
	if s.healed || !s.disturbs(n.rng, n.source, s.plan.crashAtFsync) {
		return false
	}
	s.crashFor(n, span{1, electionTimeout / 4})
	return true
}

// victim is half the time a leader, if there is one.
func (s *sim) victim() *node {
	if s.faultRNG.IntN(2) == 0 {
		return s.someone(s.faultRNG)
	}
	return s.nodes[s.faultRNG.IntN(len(s.nodes))]
}

func (s *sim) crashFor(n *node, downtime span) {
	if n.raft == nil {
		return
	}
	s.crash(n)
	s.push(n, evRestart, downtime.draw(n.rng))
}

func (s *sim) stopFor(n *node, length span) {
	if n.raft == nil || n.paused {
		return
	}
	n.paused = true
	s.stats.count(pause)
	s.trace("n%d    is paused", n.id)
	s.push(n, evResume, length.draw(n.rng))
}

// isolate cuts one node off: from all others or from each with even odds, in both directions or in one.
func (s *sim) isolate(n *node) {
	in, out := true, true
	switch s.faultRNG.IntN(4) {
	case 0:
		in = false
	case 1:
		out = false
	}
	all := s.faultRNG.IntN(3) > 0
	s.stats.count(partition)
	s.trace("n%d    is cut off (in %t, out %t, from all %t)", n.id, in, out, all)
	for i := range s.nodes {
		if i != n.at && (all || s.faultRNG.IntN(2) == 0) {
			s.links[i][n.at].cut = in
			s.links[n.at][i].cut = out
		}
	}
}

func (s *sim) cutLink(a, b *node) {
	if a == b {
		return
	}
	s.stats.count(partition)
	s.trace("n%d and n%d are cut off from each other", a.id, b.id)
	s.links[a.at][b.at].cut = true
	s.links[b.at][a.at].cut = true
}

// lag makes everything that is sent to a node late.
func (s *sim) lag(n *node) {
	s.trace("n%d    hears everything late", n.id)
	for i := range s.nodes {
		s.links[i][n.at].lagging = true
	}
}

// mute lets nothing out that a node sends.
func (s *sim) mute(n *node) {
	s.stats.count(partition)
	s.trace("n%d    is heard no more", n.id)
	for i := range s.nodes {
		s.links[n.at][i].cut = i != n.at
	}
}

// split parts the cluster in two.
func (s *sim) split() {
	left := s.faultRNG.IntN(1 << len(s.nodes))
	s.stats.count(partition)
	s.trace("the cluster is split: side by node %0*b, n1 last", len(s.nodes), left)
	for i := range s.nodes {
		for j := range s.nodes {
			s.links[i][j].cut = left>>i&1 != left>>j&1
		}
	}
}

func (s *sim) reconnect() {
	s.trace("all links work")
	for i := range s.links {
		for j := range s.links[i] {
			s.links[i][j].cut, s.links[i][j].lagging = false, false
		}
	}
}

// heal ends all faults for good. Nodes that are down or paused come back as already planned, if that
// is soon; messages long under way still arrive.
func (s *sim) heal() {
	s.trace("the world is healed")
	s.healed = true
	s.plan.heal()
	s.reconnect()
	for _, n := range s.nodes {
		switch {
		case n.raft == nil:
			n.life++ // the planned restart is void
			s.start(n)
		case n.paused:
			s.resume(n)
		}
	}
}
