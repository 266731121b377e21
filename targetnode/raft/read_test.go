package raft_test

import (
	"slices"
	"testing"

	"schism/targetnode/raft"
)

// ready is a leader of three whose no-op is committed, at the returned time.
func ready(t *testing.T, cfg raft.Config) (*raft.Node, raft.Time) {
	t.Helper()
	n, now := leader(t, cfg, raft.Durable{})
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	persist(n, now)
	if c := n.Status().Commit; c != 1 {
		t.Fatalf("commit is %d, not at the no-op", c)
	}
	return n, now
}

func heard(from raft.NodeID, round uint64) raft.Message {
	return raft.Message{Type: raft.MsgHeartbeatReply, From: from, To: 1, Term: 1, Round: round}
}

func read(t *testing.T, n *raft.Node, now raft.Time, id uint64, mode raft.ReadMode) {
	t.Helper()
	if err := n.Read(now, id, mode); err != nil {
		t.Fatalf("read %d is refused: %v", id, err)
	}
}

func TestReadIndexWaitsForARoundSentAfterIt(t *testing.T) {
	n, now := ready(t, config(3))
	read(t, n, now, 7, raft.ReadIndex)
	sent, e := persist(n, now)
	round := only(t, raft.MsgHeartbeat, sent[:1]).Round
	if len(e.Reads) > 0 {
		t.Fatalf("permitted without asking anybody: %v", e.Reads)
	}
	n.Step(now, heard(3, round-1)) // an answer to what was sent before the read
	if _, e = persist(n, now); len(e.Reads) > 0 {
		t.Fatalf("permitted by an answer to an older round: %v", e.Reads)
	}
	n.Step(now, heard(3, round))
	if _, e = persist(n, now); !slices.Equal(e.Reads, []raft.ReadReady{{ID: 7, Index: 1}}) {
		t.Errorf("permitted are %v", e.Reads)
	}
}

func TestReadsShareARound(t *testing.T) {
	n, now := ready(t, config(3))
	read(t, n, now, 1, raft.ReadIndex)
	read(t, n, now, 2, raft.ReadIndex)
	sent, _ := persist(n, now)
	first := of(raft.MsgHeartbeat, sent)
	read(t, n, now, 3, raft.ReadIndex) // while the first round is under way
	sent, _ = persist(n, now)
	if len(first) != 2 || len(sent) != 0 {
		t.Fatalf("two reads send %v, a third %v", first, sent)
	}
	n.Step(now, heard(2, first[0].Round))
	sent, e := persist(n, now)
	if len(e.Reads) != 2 || len(of(raft.MsgHeartbeat, sent)) != 2 {
		t.Fatalf("permitted are %v, then %v is sent for the third", e.Reads, sent)
	}
	n.Step(now, heard(2, first[0].Round+1))
	if _, e := persist(n, now); len(e.Reads) != 1 || e.Reads[0].ID != 3 {
		t.Errorf("then permitted are %v", e.Reads)
	}
}

func TestReadAloneIsPermittedAtOnce(t *testing.T) {
	n := raft.New(config(1), raft.Durable{}, 0)
	n.Tick(0)
	persist(n, 0)
	read(t, n, 1, 1, raft.ReadIndex)
	if _, e := persist(n, 1); len(e.Reads) != 1 {
		t.Errorf("permitted are %v", e.Reads)
	}
}

func TestReadsAreRefused(t *testing.T) {
	follower := raft.New(config(3), durable(1), 0)
	fresh, now := leader(t, config(3), durable(1, 1))
	persist(fresh, now)
	noLease, _ := ready(t, config(3))
	for _, c := range []struct {
		name string
		node *raft.Node
		mode raft.ReadMode
		want error
	}{
		{"by a follower", follower, raft.ReadIndex, raft.ErrNotLeader},
		{"by a follower from its own state", follower, raft.ReadLocal, raft.ErrNotLeader},
		{"before an entry of the term is committed", fresh, raft.ReadIndex, raft.ErrNotReady},
		{"by lease before an entry of the term is committed", fresh, raft.ReadLease, raft.ErrNotReady},
		{"by lease where none is offered", noLease, raft.ReadLease, raft.ErrNotReady},
		{"from a leader's own state, never", fresh, raft.ReadLocal, nil},
	} {
		if err := c.node.Read(now, 1, c.mode); err != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestReadsFailWithLeadership(t *testing.T) {
	n, now := ready(t, config(3))
	read(t, n, now, 1, raft.ReadIndex)
	persist(n, now)
	read(t, n, now, 2, raft.ReadIndex)
	n.Step(now, raft.Message{Type: raft.MsgHeartbeat, From: 2, To: 1, Term: 2, Round: 1})
	if _, e := persist(n, now); !slices.Equal(e.ReadsFailed, []uint64{1, 2}) {
		t.Errorf("failed are %v", e.ReadsFailed)
	}
}

func leaseConfig(nodes int) raft.Config {
	cfg := config(nodes)
	cfg.CheckQuorum, cfg.Lease, cfg.ClockError = true, true, 0.25
	return cfg
}

// The lease of three nodes ends 600 after the sending of the newest round that one follower answered:
// 1000·(1−¼)/(1+¼) = 600, however late the answer comes.
func TestLeaseEndsBySendTime(t *testing.T) {
	n, now := ready(t, leaseConfig(3))
	end := now + 600
	if got := n.Status().LeaseUntil; got != end {
		t.Fatalf("the lease ends at %d, want %d", got, end)
	}
	read(t, n, end-1, 1, raft.ReadLease)
	if err := n.Read(end, 2, raft.ReadLease); err != raft.ErrNotReady {
		t.Fatalf("at its end the lease permits a read: %v", err)
	}
	n.Tick(end) // sends round 2
	persist(n, end)
	n.Step(end+500, heard(3, 2))
	if got := n.Status().LeaseUntil; got != end+600 {
		t.Errorf("an answer that took 500 makes the lease end at %d, want %d", got, end+600)
	}
}

func TestLeaseNeedsAQuorumOfFive(t *testing.T) {
	n, now := leader(t, leaseConfig(5), raft.Durable{})
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	if got := n.Status().LeaseUntil; got != 0 {
		t.Errorf("with two of five the lease ends at %d", got)
	}
	n.Tick(now + hb)
	persist(n, now+hb)
	n.Step(now+hb, heard(3, 2))
	if got := n.Status().LeaseUntil; got != now+600 {
		t.Errorf("with two of five at round 1 or later the lease ends at %d, want %d", got, now+600)
	}
}

// A voter that may have answered a leader in its life before keeps silence after a restart.
func TestRestartedNodeKeepsSilence(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		cfg := leaseConfig(3)
		cfg.Restarted = restarted
		n := raft.New(cfg, durable(1, 1), 0)
		vote := raft.Message{Type: raft.MsgVote, From: 3, To: 1, Term: 2, LogIndex: 1, LogTerm: 1}
		n.Step(et-1, vote)
		if sent, _ := persist(n, et-1); (len(sent) == 0) != restarted {
			t.Errorf("restarted %t: just before the timeout it answers %v", restarted, sent)
		}
		n.Step(et, vote)
		if sent, _ := persist(n, et); only(t, raft.MsgVoteReply, sent).Reject {
			t.Errorf("restarted %t: after the timeout it refuses", restarted)
		}
	}
}

// A message that only raises the term must not free a voter of the silence that it owes the leader
// which it has answered: that leader's lease still runs.
func TestNewTermAloneDoesNotEndTheSilence(t *testing.T) {
	n := raft.New(leaseConfig(3), durable(1, 1), 0)
	n.Step(100, raft.Message{Type: raft.MsgHeartbeat, From: 2, To: 1, Term: 1, Round: 1})
	n.Step(101, raft.Message{Type: raft.MsgVoteReply, From: 3, To: 1, Term: 5, Reject: true})
	persist(n, 101)
	n.Step(102, raft.Message{Type: raft.MsgVote, From: 3, To: 1, Term: 5, LogIndex: 1, LogTerm: 1})
	if sent, _ := persist(n, 102); len(sent) != 0 {
		t.Errorf("within the silence the vote is answered %v", sent)
	}
}

// A follower with nothing on its disk would come back from a crash without knowing that it owes
// silence: its first answer waits for the disk, the later ones need not.
func TestHeartbeatAnswerWaitsForTheTermOnDisk(t *testing.T) {
	n := raft.New(leaseConfig(3), raft.Durable{}, 0)
	beat := raft.Message{Type: raft.MsgHeartbeat, From: 2, To: 1, Term: 1, Round: 1}
	n.Step(1, beat)
	e := n.Effects()
	if len(e.Send) != 0 || len(e.SendDurable) != 1 || e.HardState == nil {
		t.Fatalf("the first heartbeat of a term leads to %+v", e)
	}
	n.Step(2, beat)
	if e = n.Effects(); len(e.Send) != 0 {
		t.Fatalf("before the disk is done: %+v", e)
	}
	n.Persisted(3, 1, 0)
	n.Step(3, beat)
	if e = n.Effects(); len(e.Send) != 1 {
		t.Errorf("once the term is durable: %+v", e)
	}
}

// The number of a round means something only in its term.
func TestAnswerToAnOlderTermCarriesNoRound(t *testing.T) {
	n := raft.New(config(3), durable(5), 0)
	n.Step(1, raft.Message{Type: raft.MsgHeartbeat, From: 2, To: 1, Term: 3, Round: 40})
	sent, _ := persist(n, 1)
	if m := only(t, raft.MsgAppendReply, sent); !m.Reject || m.Term != 5 || m.Round != 0 {
		t.Fatalf("an old leader is answered %+v", m)
	}

	// Its sender leads term 1 by now: that is no answer to anything of it.
	cfg := leaseConfig(3)
	lead, now := leader(t, cfg, raft.Durable{})
	persist(lead, now)
	lead.Step(now, raft.Message{Type: raft.MsgAppendReply, From: 2, To: 1, Term: 1, Reject: true})
	if got := lead.Status().LeaseUntil; got != 0 {
		t.Errorf("it gives a lease until %d", got)
	}
}
