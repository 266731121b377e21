package raft_test

import (
	"errors"
	"testing"

	"schism/targetnode/raft"
)

func TestTransferWaitsForTheHeir(t *testing.T) {
	n, now := ready(t, config(3))
	if _, _, err := n.Propose(now, [][]byte{{1}}); err != nil {
		t.Fatal(err)
	}
	persist(n, now)
	if err := n.Transfer(now, 2); err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.Propose(now, [][]byte{{2}}); !errors.Is(err, raft.ErrTransferring) {
		t.Errorf("a proposal during the transfer: %v", err)
	}
	sent, _ := persist(n, now)
	if early := of(raft.MsgTimeoutNow, sent); len(early) > 0 {
		t.Fatalf("the heir is told to campaign although it lacks an entry: %v", early)
	}
	n.Step(now, ack(2, 1, 2))
	sent, _ = persist(n, now)
	if m := only(t, raft.MsgTimeoutNow, sent); m.To != 2 || m.Term != 1 {
		t.Errorf("TimeoutNow is %+v", m)
	}
}

func TestTransferIsGivenUp(t *testing.T) {
	n, now := ready(t, config(3))
	if err := n.Transfer(now, 3); err != nil { // which has not answered yet
		t.Fatal(err)
	}
	now += et
	if _, _, err := n.Propose(now, [][]byte{{1}}); err != nil {
		t.Errorf("a proposal after the transfer was given up: %v", err)
	}
}

func TestTransferIsRefused(t *testing.T) {
	n, now := ready(t, config(3))
	for _, to := range []raft.NodeID{0, 1, 9} {
		if err := n.Transfer(now, to); !errors.Is(err, raft.ErrNoSuchHeir) {
			t.Errorf("a transfer to %d: %v", to, err)
		}
	}
	follower := raft.New(config(3), raft.Durable{}, 0)
	if err := follower.Transfer(0, 2); !errors.Is(err, raft.ErrNotLeader) {
		t.Errorf("a transfer by a follower: %v", err)
	}
}

// An old TimeoutNow may arrive at any time of the term, and no voter's silence holds back what comes
// of it: the lease is over for good. What asks for it waits for a quorum instead.
func TestNoLeaseAfterATransfer(t *testing.T) {
	n, now := ready(t, leaseConfig(3))
	read(t, n, now, 1, raft.ReadLease)
	if _, e := persist(n, now); len(e.Reads) != 1 {
		t.Fatal("the lease serves no read before the transfer")
	}
	if err := n.Transfer(now, 2); err != nil {
		t.Fatal(err)
	}
	servedByQuorum(t, n, now, 2)
	now += et - 1
	n.Step(now, heard(3, 1))
	now++
	if _, _, err := n.Propose(now, [][]byte{{1}}); err != nil {
		t.Fatalf("the transfer is not given up: %v", err)
	}
	servedByQuorum(t, n, now, 3)
}

// servedByQuorum asks for a read by lease, and demands that it waits for a round of its own.
func servedByQuorum(t *testing.T, n *raft.Node, now raft.Time, id uint64) {
	t.Helper()
	read(t, n, now, id, raft.ReadLease)
	sent, e := persist(n, now)
	if len(e.Reads) > 0 {
		t.Fatalf("read %d is served by a lease after TimeoutNow left", id)
	}
	round := of(raft.MsgHeartbeat, sent)[0].Round
	n.Step(now, heard(3, round-1))
	if _, e := persist(n, now); len(e.Reads) > 0 {
		t.Fatalf("read %d is served on an answer to an earlier round", id)
	}
	n.Step(now, heard(3, round))
	if _, e := persist(n, now); len(e.Reads) != 1 || e.Reads[0].ID != id {
		t.Fatalf("after a quorum's answers read %d has led to %+v", id, e.Reads)
	}
}

func TestTransferElectsTheHeirAtOnce(t *testing.T) {
	for _, preVote := range []bool{false, true} {
		cfg := config(5)
		cfg.CheckQuorum, cfg.PreVote = true, preVote
		l := newLab(t, cfg)
		old := l.leader()
		heir := old%5 + 1
		if err := l.node(old).Transfer(l.now, heir); err != nil {
			t.Fatal(err)
		}
		l.settle()
		if st := l.node(heir).Status(); st.Role != raft.Leader {
			t.Errorf("pre-vote %v: the heir is %v in term %d, though no time has passed", preVote, st.Role, st.Term)
		}
	}
}

func TestHeldElections(t *testing.T) {
	l := newLab(t, config(3))
	for _, n := range l.nodes {
		n.HoldElections(0, true)
	}
	l.run(50 * et)
	for _, n := range l.nodes {
		if st := n.Status(); st.Term != 0 {
			t.Fatalf("node %d is in term %d though elections are held", st.ID, st.Term)
		}
	}
	l.node(2).Campaign(l.now)
	l.settle()
	if st := l.node(2).Status(); st.Role != raft.Leader {
		t.Errorf("node 2 is %v after it was told to campaign", st.Role)
	}
	l.isolate(2)
	l.node(1).HoldElections(l.now, false)
	l.run(4 * et)
	if st := l.node(1).Status(); st.Role != raft.Leader {
		t.Errorf("node 1 is %v after its timer was let go", st.Role)
	}
}
