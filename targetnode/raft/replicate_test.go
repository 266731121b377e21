package raft_test

import (
	"slices"
	"testing"

	"schism/targetnode/raft"
)

// appendFrom2 is an append of node 2, leader of the term, with entries of these terms after index prev.
func appendFrom2(term raft.Term, prev raft.Index, prevTerm raft.Term, commit raft.Index, terms ...raft.Term) raft.Message {
	m := raft.Message{Type: raft.MsgAppend, From: 2, To: 1, Term: term, LogIndex: prev, LogTerm: prevTerm, Commit: commit, Round: 1}
	for i, t := range terms {
		m.Entries = append(m.Entries, raft.Entry{Index: prev + raft.Index(i) + 1, Term: t, Data: []byte{byte(t)}})
	}
	return m
}

func ack(from raft.NodeID, term raft.Term, match raft.Index) raft.Message {
	return raft.Message{Type: raft.MsgAppendReply, From: from, To: 1, Term: term, Match: match, Round: 1}
}

func TestAppend(t *testing.T) {
	for _, c := range []struct {
		name   string
		log    []raft.Term
		append raft.Message

		reject  bool
		match   raft.Index
		hint    raft.Term  // on reject: of the entry at match
		written raft.Index // first index written; 0: nothing
		last    raft.Index
		commit  raft.Index
	}{
		{"new entries", []raft.Term{1}, appendFrom2(3, 1, 1, 1, 2, 3), false, 3, 0, 2, 3, 1},
		{"known entries", []raft.Term{1, 2}, appendFrom2(3, 0, 0, 0, 1, 2), false, 2, 0, 0, 2, 0},
		// A delayed or repeated append holds less than the log: what follows may be acknowledged.
		{"fewer entries than known truncate nothing", []raft.Term{1, 2, 2}, appendFrom2(3, 0, 0, 0, 1, 2), false, 2, 0, 0, 3, 0},
		{"a conflict truncates", []raft.Term{1, 2, 2, 2}, appendFrom2(3, 1, 1, 0, 2, 3), false, 3, 0, 3, 3, 0},
		{"commit stops at the last matched entry", []raft.Term{1, 1, 1}, appendFrom2(3, 0, 0, 3, 1), false, 1, 0, 0, 3, 1},
		{"a log too short", []raft.Term{1}, appendFrom2(3, 5, 2, 0), true, 1, 1, 0, 1, 0},
		{"an empty log", nil, appendFrom2(3, 5, 2, 0), true, 0, 0, 0, 0, 0},
		// All entries of terms 3 and 4 are newer than the leader's entry before: none can match.
		{"a conflict before the entries", []raft.Term{1, 1, 3, 4, 4}, appendFrom2(5, 5, 2, 0), true, 2, 1, 0, 5, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := raft.New(config(3), durable(3, c.log...), 0)
			n.Step(1, c.append)
			e := n.Effects()
			reply := only(t, raft.MsgAppendReply, e.SendDurable)
			if reply.Reject != c.reject || reply.Match != c.match || reply.ConflictTerm != c.hint {
				t.Errorf("the answer is %+v", reply)
			}
			written := raft.Index(0)
			if len(e.Entries) > 0 {
				written = e.Entries[0].Index
			}
			if st := n.Status(); written != c.written || st.LastIndex != c.last || st.Commit != c.commit {
				t.Errorf("written from %d on, last %d, commit %d", written, st.LastIndex, st.Commit)
			}
		})
	}
}

func TestHeartbeatCommitsOnlyWhatIsThere(t *testing.T) {
	n := raft.New(config(3), durable(1, 1), 0)
	n.Step(1, raft.Message{Type: raft.MsgHeartbeat, From: 2, To: 1, Term: 1, Commit: 5, Round: 1})
	if c := n.Status().Commit; c != 1 {
		t.Errorf("commit is %d in a log of one entry", c)
	}
}

func TestLeaderCapsHeartbeatCommitAtTheMatch(t *testing.T) {
	n, now := leader(t, config(3), raft.Durable{})
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	n.Tick(n.Deadline())
	sent, _ := persist(n, now)
	for _, m := range of(raft.MsgHeartbeat, sent) {
		if want := map[raft.NodeID]raft.Index{2: 1, 3: 0}[m.To]; m.Commit != want {
			t.Errorf("node %d, known to match up to %d, is told of commit %d", m.To, want, m.Commit)
		}
	}
}

func TestLeaderCountsItselfOnlyWhenDurable(t *testing.T) {
	n, now := leader(t, config(3), raft.Durable{})
	n.Effects()
	n.Step(now, ack(2, 1, 1))
	if c := n.Status().Commit; c != 0 {
		t.Fatalf("one follower of three is enough to commit %d", c)
	}
	n.Persisted(now, 1, 1)
	if c := n.Status().Commit; c != 1 {
		t.Errorf("with the leader's own disk commit is %d", c)
	}

	alone := raft.New(config(1), raft.Durable{}, 0)
	alone.Tick(0)
	alone.Persisted(0, 1, 0)
	if e := alone.Effects(); len(e.Entries) != 1 || len(e.Apply) != 0 {
		t.Errorf("a node alone applies %v before it wrote %v", e.Apply, e.Entries)
	}
	alone.Persisted(1, 1, 1)
	if e := alone.Effects(); len(e.Apply) != 1 {
		t.Error("a node alone does not commit what it wrote")
	}
}

// The report of a write may come after the entries it was about were replaced, in a later term.
func TestLateReportOfOverwrittenEntriesCountsNothing(t *testing.T) {
	n := raft.New(config(3), durable(1), 0)
	n.Step(1, appendFrom2(1, 0, 0, 0, 1, 1))
	n.Effects() // written, the report takes long
	m := appendFrom2(2, 0, 0, 0, 2)
	m.From = 3
	n.Step(2, m)
	now := n.Deadline()
	n.Tick(now)
	n.Effects()
	n.Persisted(now, 3, 0)
	n.Step(now, raft.Message{Type: raft.MsgVoteReply, From: 2, To: 1, Term: 3})
	n.Effects()
	n.Step(now, ack(2, 3, 2))
	n.Persisted(now, 1, 2)
	if st := n.Status(); st.Role != raft.Leader || st.Commit != 0 {
		t.Fatalf("a report on entries of term 1 makes %+v of the leader of term 3", st)
	}
	n.Persisted(now, 3, 2)
	if c := n.Status().Commit; c != 2 {
		t.Errorf("the right report leads to commit %d", c)
	}
}

func TestLeaderCommitsOldTermsOnlyThroughItsOwn(t *testing.T) {
	for _, defect := range []bool{false, true} {
		cfg := config(5)
		cfg.Defects.CommitOldTerm = defect
		n, now := leader(t, cfg, durable(3, 1, 2))
		persist(n, now)
		n.Step(now, ack(2, 4, 2))
		n.Step(now, ack(3, 4, 2))
		if c := n.Status().Commit; (c == 2) != defect {
			t.Errorf("commit-old-term %t: entry 2 of term 2 on a quorum in term 4 leads to commit %d", defect, c)
		}
		n.Step(now, ack(2, 4, 3))
		n.Step(now, ack(3, 4, 3))
		if c := n.Status().Commit; c != 3 {
			t.Errorf("with the no-op on a quorum commit is %d", c)
		}
	}
}

func TestProposalsShareOneAppend(t *testing.T) {
	n, now := leader(t, config(3), raft.Durable{})
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	for range 3 {
		if _, _, err := n.Propose(now, [][]byte{{1}, {2}}); err != nil {
			t.Fatal(err)
		}
	}
	sent, _ := persist(n, now)
	if m := only(t, raft.MsgAppend, sent); m.To != 2 || len(m.Entries) != 6 {
		t.Errorf("six commands in one round make an append of %d to node %d", len(m.Entries), m.To)
	}
}

func TestPipelineStopsAtItsLimit(t *testing.T) {
	cfg := config(3)
	cfg.MaxInflight = 2
	n, now := leader(t, cfg, raft.Durable{})
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	appends := func() int {
		sent, _ := persist(n, now)
		return len(of(raft.MsgAppend, sent))
	}
	var sent []int
	for range 4 {
		if _, _, err := n.Propose(now, [][]byte{{1}}); err != nil {
			t.Fatal(err)
		}
		sent = append(sent, appends())
	}
	n.Step(now, ack(2, 1, 2))
	sent = append(sent, appends())
	if want := []int{1, 1, 0, 0, 1}; !slices.Equal(sent, want) {
		t.Errorf("appends to a follower that does not answer, then does: %v, want %v", sent, want)
	}
}

func TestLimitOfBytesSplitsAppends(t *testing.T) {
	cfg := config(3)
	cfg.MaxAppendBytes = 10
	n, now := leader(t, cfg, raft.Durable{})
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	if _, _, err := n.Propose(now, [][]byte{make([]byte, 6), make([]byte, 4), make([]byte, 50), make([]byte, 1)}); err != nil {
		t.Fatal(err)
	}
	sent, _ := persist(n, now)
	var sizes []int
	for _, m := range of(raft.MsgAppend, sent) {
		sizes = append(sizes, len(m.Entries))
	}
	if want := []int{2, 1, 1}; !slices.Equal(sizes, want) {
		t.Errorf("entries by append: %v, want %v", sizes, want)
	}
}

// A message lost at the end of the traffic has no successor whose refusal would show the loss.
func TestLossIsFoundWithoutFurtherTraffic(t *testing.T) {
	n, now := leader(t, config(3), raft.Durable{})
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	if _, _, err := n.Propose(now, [][]byte{{1}}); err != nil {
		t.Fatal(err)
	}
	persist(n, now) // the append to node 2 is lost
	now = n.Deadline()
	n.Tick(now)
	persist(n, now)
	n.Step(now, raft.Message{Type: raft.MsgHeartbeatReply, From: 2, To: 1, Term: 1, Round: 2})
	sent, _ := persist(n, now)
	if m := only(t, raft.MsgAppend, sent); m.LogIndex != 2 || len(m.Entries) != 0 {
		t.Fatalf("the silent follower is asked %+v", m)
	}
	n.Step(now, raft.Message{Type: raft.MsgAppendReply, From: 2, To: 1, Term: 1, Reject: true, LogIndex: 2, Match: 1, ConflictTerm: 1, Round: 2})
	sent, _ = persist(n, now)
	if m := only(t, raft.MsgAppend, sent); m.LogIndex != 1 || len(m.Entries) != 1 {
		t.Errorf("after its refusal it is sent %+v", m)
	}
}

// A follower has a long tail of terms that the leader never saw. Each exchange skips a whole term.
func TestBackUpSkipsTerms(t *testing.T) {
	var leaderLog, followerLog []raft.Term
	for range 50 {
		leaderLog, followerLog = append(leaderLog, 1), append(followerLog, 1)
	}
	for range 100 {
		leaderLog = append(leaderLog, 4)
	}
	for range 60 {
		followerLog = append(followerLog, 2)
	}
	for range 60 {
		followerLog = append(followerLog, 3)
	}
	n, now := leader(t, config(3), durable(4, leaderLog...))
	cfg := config(3)
	cfg.ID = 2
	follower := raft.New(cfg, durable(4, followerLog...), 0)

	exchanges := 0
	for follower.Status().LastIndex != 151 {
		if exchanges++; exchanges > 4 {
			t.Fatalf("after 4 exchanges the follower is %+v", follower.Status())
		}
		sent, _ := persist(n, now)
		for _, m := range of(raft.MsgAppend, sent) {
			if m.To == 2 {
				follower.Step(now, m)
			}
		}
		answers, _ := persist(follower, now)
		for _, m := range answers {
			n.Step(now, m)
		}
	}
	t.Logf("%d exchanges", exchanges)
}

func TestSentEntriesSurviveTruncation(t *testing.T) {
	n := raft.New(config(3), durable(1), 0)
	n.Step(1, appendFrom2(1, 0, 0, 0, 1, 1, 1))
	first := n.Effects().Entries
	m := appendFrom2(2, 1, 1, 0, 2, 2)
	m.From = 3
	n.Step(2, m)
	second := n.Effects().Entries
	if first[1].Term != 1 || second[0].Term != 2 {
		t.Errorf("a write under way was changed: %v, then %v", first, second)
	}
}

func TestProposeElsewhere(t *testing.T) {
	n := raft.New(config(3), durable(1), 0)
	if _, _, err := n.Propose(1, [][]byte{{1}}); err != raft.ErrNotLeader {
		t.Errorf("a follower answers a proposal with %v", err)
	}
}
