package sim

import (
	"slices"

	"schism/targetnode/raft"
)

// administer has the operator ask a node, mostly a leader, for something.
func (s *sim) administer() {
	rng := s.adminRNG
	n, about := s.someone(rng), raft.NodeID(1+rng.IntN(len(s.nodes)))
	kind := s.plan.admin[rng.IntN(len(s.plan.admin))]
	if s.disturb(admins) {
		s.give(n, input{kind: evAdmin, admin: kind, about: about})
	}
}

func (s *sim) obey(n *node, now raft.Time, in input) {
	if s.healed {
		return // the operators have gone home
	}
	if in.admin == transfer {
		if n.raft.Transfer(now, in.about) == nil {
			s.stats.count(transfer)
			s.trace("n%d    is to hand over to n%d", n.id, in.about)
		}
		return
	}
	m := changed(n.raft.Status().Members, in.admin, in.about)
	if i, term, err := n.raft.ProposeMembership(now, m); err == nil {
		s.stats.count(in.admin)
		s.trace("n%d    appends %v as %d@%d", n.id, m, i, term)
	}
}

// changed is a membership after one change, which is about one node. A node that has what it would be
// given loses it.
func changed(m raft.Membership, kind happening, id raft.NodeID) raft.Membership {
	votes, learns := slices.Contains(m.Voters, id), slices.Contains(m.Learners, id)
	without := func(all []raft.NodeID) []raft.NodeID {
		return slices.DeleteFunc(slices.Clone(all), func(x raft.NodeID) bool { return x == id })
	}
	m = raft.Membership{Voters: without(m.Voters), Learners: without(m.Learners)}
	switch {
	case kind == addVoter && !votes:
		m.Voters = append(m.Voters, id)
	case kind == addLearner && !learns:
		m.Learners = append(m.Learners, id)
	}
	slices.Sort(m.Voters)
	slices.Sort(m.Learners)
	return m
}

// retire turns nodes off that were removed. They are not told of it, and without PreVote and CheckQuorum
// could disturb the others for ever.
func (s *sim) retire() {
	for _, n := range s.nodes {
		if n.raft != nil && !s.check.members.Has(n.id) && !s.needed(n.id) {
			s.trace("n%d    is turned off: it was removed", n.id)
			s.crash(n)
		}
	}
}

// needed says whether a change that is not committed, but may be yet, brings the node back.
func (s *sim) needed(id raft.NodeID) bool {
	for _, n := range s.nodes {
		if k := len(s.check.committed); k > 0 && termAt(n.log, lastIndex(n.log)) < s.check.committed[k-1].term {
			continue // it can win no election
		}
		for _, e := range n.log[min(s.check.membersAt, lastIndex(n.log)):] {
			if m, err := raft.DecodeMembership(e.Data); isChange(e) && err == nil && m.Has(id) {
				return true
			}
		}
	}
	return false
}
