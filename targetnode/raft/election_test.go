package raft_test

import (
	"testing"

	"schism/targetnode/raft"
)

func TestNewClusterElectsWithinOneTimeout(t *testing.T) {
	for _, nodes := range []int{1, 3, 5} {
		l := newLab(t, config(nodes))
		l.run(et)
		if len(l.terms) == 0 {
			t.Errorf("%d nodes have no leader after one election timeout", nodes)
		}
	}
}

func TestVote(t *testing.T) {
	for _, c := range []struct {
		name      string
		vote      raft.NodeID
		lastIndex raft.Index
		lastTerm  raft.Term
		granted   bool
	}{
		{"the same log", 0, 3, 2, true},
		{"a longer log", 0, 4, 2, true},
		{"a shorter log", 0, 2, 2, false},
		{"a longer log of an older term", 0, 9, 1, false},
		{"a shorter log of a newer term", 0, 1, 3, true},
		{"the same candidate again", 2, 3, 2, true},
		{"another candidate after the vote is given", 3, 9, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := durable(3, 1, 1, 2)
			d.HardState.Vote = c.vote
			n := raft.New(config(3), d, 0)
			n.Step(1, raft.Message{Type: raft.MsgVote, From: 2, To: 1, Term: 3, LogIndex: c.lastIndex, LogTerm: c.lastTerm})
			e := n.Effects()
			if reply := only(t, raft.MsgVoteReply, e.SendDurable); reply.Reject == c.granted {
				t.Errorf("granted %t, want %t", !reply.Reject, c.granted)
			}
			if fresh := c.granted && c.vote == 0; fresh != (e.HardState != nil && e.HardState.Vote == 2) {
				t.Errorf("the vote to be written is %v", e.HardState)
			}
		})
	}
}

func TestCandidateAsksOnlyWhenItsOwnVoteIsDurable(t *testing.T) {
	n := raft.New(config(3), raft.Durable{}, 0)
	n.Tick(n.Deadline())
	e := n.Effects()
	if len(e.Send) > 0 || len(of(raft.MsgVote, e.SendDurable)) != 2 {
		t.Errorf("before the disk: %v; after it: %v", e.Send, e.SendDurable)
	}
	if e.HardState == nil || *e.HardState != (raft.HardState{Term: 1, Vote: 1}) {
		t.Errorf("to be written is %v, not the term and the own vote", e.HardState)
	}
}

func TestVoterThatAnswersTwiceIsCountedOnce(t *testing.T) {
	n := raft.New(config(5), raft.Durable{}, 0)
	n.Tick(n.Deadline())
	for range 3 {
		n.Step(n.Deadline()-1, raft.Message{Type: raft.MsgVoteReply, From: 2, To: 1, Term: 1})
	}
	if role := n.Status().Role; role != raft.Candidate {
		t.Errorf("with two of five votes node 1 is %v", role)
	}
}

func TestPreVoteNeedsARecentLog(t *testing.T) {
	n := raft.New(config(3), durable(2, 1, 2), 0)
	n.Step(1, raft.Message{Type: raft.MsgPreVote, From: 2, To: 1, Term: 3, LogIndex: 5, LogTerm: 1})
	sent, _ := persist(n, 1)
	if reply := only(t, raft.MsgPreVoteReply, sent); !reply.Reject || reply.Term != 2 {
		t.Errorf("an older log is answered %+v", reply)
	}
	n.Step(2, raft.Message{Type: raft.MsgPreVote, From: 3, To: 1, Term: 3, LogIndex: 2, LogTerm: 2})
	sent, _ = persist(n, 2)
	if reply := only(t, raft.MsgPreVoteReply, sent); reply.Reject || reply.Term != 3 {
		t.Errorf("an equal log is answered %+v", reply)
	}
	if st := n.Status(); st.Term != 2 {
		t.Errorf("a pre-vote moved the node to term %d", st.Term)
	}
}

func TestOnlyCheckQuorumRefusesWithinLeaderContact(t *testing.T) {
	for _, checkQuorum := range []bool{false, true} {
		cfg := config(3)
		cfg.CheckQuorum = checkQuorum
		n := raft.New(cfg, durable(1), 0)
		n.Step(100, raft.Message{Type: raft.MsgHeartbeat, From: 2, To: 1, Term: 1, Round: 1})
		persist(n, 100)

		n.Step(99+et, raft.Message{Type: raft.MsgPreVote, From: 3, To: 1, Term: 2})
		if sent, _ := persist(n, 99+et); (len(sent) == 0) != checkQuorum {
			t.Errorf("CheckQuorum %t: a pre-vote just within the timeout is answered with %v", checkQuorum, sent)
		}
		n.Step(99+et, raft.Message{Type: raft.MsgVote, From: 3, To: 1, Term: 2})
		if st := n.Status(); (st.Term == 1) != checkQuorum {
			t.Errorf("CheckQuorum %t: a vote just within the timeout leaves the node in term %d", checkQuorum, st.Term)
		}
		n.Step(100+et, raft.Message{Type: raft.MsgVote, From: 3, To: 1, Term: 2})
		if sent, _ := persist(n, 100+et); only(t, raft.MsgVoteReply, sent[len(sent)-1:]).Reject {
			t.Errorf("CheckQuorum %t: the vote is refused one timeout after the contact", checkQuorum)
		}
	}
}

func TestPreCandidateForgetsItsLeader(t *testing.T) {
	cfg := config(3)
	cfg.PreVote = true
	n := raft.New(cfg, durable(1), 0)
	n.Step(1, raft.Message{Type: raft.MsgHeartbeat, From: 2, To: 1, Term: 1, Round: 1})
	n.Tick(n.Deadline())
	if st := n.Status(); st.Role != raft.PreCandidate || st.Leader != 0 || st.Term != 1 {
		t.Errorf("after its timeout the node is %+v", st)
	}
	n.Step(n.Deadline()-1, raft.Message{Type: raft.MsgHeartbeat, From: 2, To: 1, Term: 1, Round: 2})
	if st := n.Status(); st.Role != raft.Follower || st.Leader != 2 {
		t.Errorf("when its leader comes back the node is %+v", st)
	}
}

func TestPreVoteOfAnOlderTermIsToldTheTerm(t *testing.T) {
	n := raft.New(config(3), durable(9), 0)
	n.Step(1, raft.Message{Type: raft.MsgPreVote, From: 2, To: 1, Term: 4, LogIndex: 7, LogTerm: 3})
	sent, _ := persist(n, 1)
	if reply := only(t, raft.MsgPreVoteReply, sent); !reply.Reject || reply.Term != 9 {
		t.Fatalf("the answer is %+v", reply)
	}
	cfg := config(3)
	cfg.ID, cfg.PreVote = 2, true
	other := raft.New(cfg, durable(3), 0)
	other.Tick(other.Deadline())
	other.Step(other.Deadline()-1, sent[0])
	if st := other.Status(); st.Term != 9 || st.Role != raft.Follower {
		t.Errorf("after that answer the pre-candidate is %+v", st)
	}
}

// The rows of the comparison of PreVote and CheckQuorum: one follower of five is cut off for long, and
// comes back.
func TestFollowerThatWasCutOffComesBack(t *testing.T) {
	for _, c := range []struct{ preVote, checkQuorum, disturbs bool }{
		{false, false, true},
		{false, true, true}, // it gets back in only because an answer with its term deposes the leader
		{true, false, false},
		{true, true, false},
	} {
		cfg := config(5)
		cfg.PreVote, cfg.CheckQuorum = c.preVote, c.checkQuorum
		l := newLab(t, cfg)
		first := l.leader()
		term := l.node(first).Status().Term
		lost := first%5 + 1
		l.isolate(lost)
		l.run(30 * et)
		inflated := l.node(lost).Status().Term - term
		if c.preVote && inflated > 0 || !c.preVote && inflated < 10 {
			t.Errorf("PreVote %t: the term rose by %d during the cut", c.preVote, inflated)
		}
		l.heal()
		l.run(5 * et)
		l.leader()
		if changed := len(l.terms) > 1; changed != c.disturbs {
			t.Errorf("PreVote %t, CheckQuorum %t: leaders by term are %v", c.preVote, c.checkQuorum, l.terms)
		}
	}
}

// Only the link between the leader and one follower is cut, and nothing is written, so that the log of
// the follower stays recent.
func TestCutLinkFlapsUnlessBothAreOn(t *testing.T) {
	for _, checkQuorum := range []bool{false, true} {
		cfg := config(5)
		cfg.PreVote, cfg.CheckQuorum = true, checkQuorum
		l := newLab(t, cfg)
		first := l.leader()
		l.cutLink(first, first%5+1)
		l.run(30 * et)
		if changed := len(l.terms) > 1; changed == checkQuorum {
			t.Errorf("PreVote on, CheckQuorum %t: leaders by term are %v", checkQuorum, l.terms)
		}
	}
}

func TestLeaderWithoutAQuorumStepsDown(t *testing.T) {
	for _, checkQuorum := range []bool{false, true} {
		cfg := config(5)
		cfg.CheckQuorum = checkQuorum
		l := newLab(t, cfg)
		first := l.leader()
		for away := range raft.NodeID(3) { // two of five stay together
			l.cutLink(first, (first+away)%5+1)
		}
		l.run(et + hb)
		if st := l.node(first).Status(); (st.Role == raft.Leader) == checkQuorum {
			t.Errorf("CheckQuorum %t: one timeout after the cut the old leader is %v", checkQuorum, st.Role)
		}
	}
}

func TestHalfOfTheVotesIsNoQuorum(t *testing.T) {
	n := raft.New(config(4), raft.Durable{}, 0)
	n.Tick(n.Deadline())
	persist(n, et)
	for _, c := range []struct {
		voter raft.NodeID
		role  raft.Role
	}{{2, raft.Candidate}, {3, raft.Leader}} {
		n.Step(et, raft.Message{Type: raft.MsgVoteReply, From: c.voter, To: 1, Term: 1})
		if got := n.Status().Role; got != c.role {
			t.Errorf("with %d of four votes the node is %v, want %v", c.voter, got, c.role)
		}
	}
}

// An only voter that led at once could lead the same term twice: after a crash that lost the first time.
func TestACandidateCountsItsVoteWhenItIsDurable(t *testing.T) {
	n := raft.New(config(1), raft.Durable{}, 0)
	n.Tick(0)
	if st := n.Status(); st.Role != raft.Candidate {
		t.Fatalf("before anything is on its disk the node is %v in term %d", st.Role, st.Term)
	}
	n.Persisted(1, 1, 0)
	if st := n.Status(); st.Role != raft.Leader {
		t.Errorf("with its vote on disk the node is %v", st.Role)
	}
}

// A candidate that reaches nobody but the leader must not unseat it: the others hear it well.
func TestLeaderIgnoresCandidatesUnderCheckQuorum(t *testing.T) {
	cfg := config(3)
	cfg.CheckQuorum = true
	n, now := leader(t, cfg, raft.Durable{})
	persist(n, now)
	n.Step(now, raft.Message{Type: raft.MsgVote, From: 3, To: 1, Term: 9, LogIndex: 9, LogTerm: 8})
	if st := n.Status(); st.Role != raft.Leader || st.Term != 1 {
		t.Errorf("asked for its vote the leader becomes %v in term %d", st.Role, st.Term)
	}
}
