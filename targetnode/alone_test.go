package targetnode

import (
	"testing"

	"schism/targetnode/kv"
	"schism/targetnode/raft"
)

func TestAReadIsAnsweredAloneOnlyInsideTheLease(t *testing.T) {
	clock := newClock(false)
	clock.set(0, 0) // it stands
	now := clock.now()
	leads := raft.Status{Role: raft.Leader, Term: 3, LeaseUntil: now + 1}
	for _, c := range []struct {
		name   string
		adjust func(*node, *raft.Status)
		want   bool
	}{
		{"inside", func(*node, *raft.Status) {}, true},
		{"at its end", func(_ *node, s *raft.Status) { s.LeaseUntil = now }, false},
		{"none", func(_ *node, s *raft.Status) { s.LeaseUntil = 0 }, false},
		{"no entry of the term applied", func(_ *node, s *raft.Status) { s.Term = 4 }, false},
		{"deposed", func(_ *node, s *raft.Status) { s.Role = raft.Follower }, false},
		{"reads by read-index", func(n *node, _ *raft.Status) { n.readMode = raft.ReadIndex }, false},
		{"a region has a lease of its own", func(n *node, _ *raft.Status) { n.region = &region{} }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := &node{readMode: raft.ReadLease, clock: clock, appliedTerm: 3, store: kv.NewStore(kv.Options{})}
			n.noteLease(leads)
			s := leads
			c.adjust(n, &s)
			n.noteLease(s)
			if _, got := n.Alone(&kv.Command{Op: "get", Key: "x"}); got != c.want {
				t.Errorf("answered alone: %v, want %v", got, c.want)
			}
			if _, got := n.Alone(&kv.Command{Op: "delete", Key: "x"}); got {
				t.Error("a write was answered alone")
			}
		})
	}
}
