package sim

import "schism/targetnode/raft"

// crash ends a node's life, with what its disk had not fsynced.
func (s *sim) crash(n *node) {
	lost, cut := n.disk.crash(n.rng)
	s.stats.count(crash)
	if cut {
		s.stats.count(torn)
	}
	if lost {
		s.stats.count(lostUnfsynced)
	}
	s.trace("n%d    crashes%s", n.id, map[bool]string{true: " and loses writes that were not fsynced"}[lost])
	for _, in := range n.inbox {
		s.discard(in)
	}
	n.raft, n.inbox, n.ledTerm, n.campaign, n.asked, n.paused, n.late, n.writes = nil, n.inbox[:0], 0, 0, 0, false, false, nil
	n.life++
}

// start begins a node's next life from what its disk has.
func (s *sim) start(n *node) {
	d, found := n.disk.contents()
	n.clock = s.plan.newClock(n.rng, s.now)
	switch {
	case n.clock.perMille < 1000:
		s.stats.count(slowClock)
	case n.clock.perMille > 1000:
		s.stats.count(fastClock)
	}
	cfg := s.plan.config
	cfg.ID, cfg.Restarted, cfg.Seed = n.id, found, n.rng.Uint64()
	n.log, n.tickAt, n.saving, n.saved = n.log[:0], 0, false, d.Snapshot.Index
	s.check.installed(n, d.Snapshot)
	n.log = append(n.log, d.Entries...)
	n.raft = raft.New(cfg, d, n.clock.reading(s.now))
	s.trace("n%d    starts in term %d with %d entries", n.id, d.HardState.Term, len(n.log))
	s.drain(n)
}
