package raft_test

import (
	"bytes"
	"testing"

	"schism/targetnode/raft"
)

const tenBytes = "0123456789"

func ofThree() raft.Membership { return raft.Membership{Voters: []raft.NodeID{1, 2, 3}} }

// chunked is node 1 of three with chunks of four bytes.
func chunked() raft.Config {
	c := config(3)
	c.MaxAppendBytes = 4
	return c
}

// snapshotted is an earlier life in which entry 5 of term 1 was the last in the snapshot.
func snapshotted(term raft.Term, after ...raft.Term) raft.Durable {
	d := raft.Durable{HardState: raft.HardState{Term: term}, Snapshot: raft.Snapshot{Index: 5, Term: 1, Members: ofThree(), Data: []byte(tenBytes)}}
	for i, t := range after {
		d.Entries = append(d.Entries, raft.Entry{Index: raft.Index(6 + i), Term: t})
	}
	return d
}

func chunk(offset uint64, data string) raft.Message {
	return raft.Message{
		Type: raft.MsgSnapshot, From: 2, To: 1, Term: 2, LogIndex: 5, LogTerm: 1, Members: ofThree().Encode(),
		Offset: offset, Size: uint64(len(tenBytes)), Data: []byte(data), Round: 1,
	}
}

// A snapshot is written beside the log. It may be durable before the term that its last entry came with.
func TestANodeHasTheTermOfItsSnapshot(t *testing.T) {
	found := raft.Durable{
		HardState: raft.HardState{Term: 1, Vote: 3},
		Snapshot:  raft.Snapshot{Index: 5, Term: 2, Members: ofThree(), Data: []byte(tenBytes)},
	}
	n := raft.New(config(3), found, 0)
	n.Step(0, raft.Message{Type: raft.MsgAppend, From: 3, To: 1, Term: 1, LogIndex: 4, LogTerm: 1, Entries: []raft.Entry{{Index: 5, Term: 1}}, Round: 1})
	e := n.Effects()
	if e.HardState == nil || *e.HardState != (raft.HardState{Term: 2}) {
		t.Errorf("the state to write is %+v", e.HardState)
	}
	if s := n.Status(); s.Term != 2 || s.Leader != 0 || s.LastIndex != 5 {
		t.Errorf("after an append from a leader of term 1: %+v", s)
	}
	for _, m := range append(e.Send, e.SendDurable...) {
		if !m.Reject || m.Term != 2 {
			t.Errorf("that leader is answered %+v", m)
		}
	}
}

func TestALeaderGivesItsSnapshotInChunks(t *testing.T) {
	n, now := leader(t, chunked(), snapshotted(1, 1))
	// Node 2 has nothing: it refuses the no-op's append, and all that the leader has left of its
	// beginning is the snapshot.
	n.Step(now, raft.Message{Type: raft.MsgAppendReply, From: 2, To: 1, Term: 2, Reject: true, LogIndex: 6, Round: 1})
	sent, _ := persist(n, now)
	for _, want := range []struct {
		offset uint64
		data   string
	}{{0, "0123"}, {4, "4567"}, {8, "89"}} {
		m := only(t, raft.MsgSnapshot, sent)
		if m.LogIndex != 5 || m.LogTerm != 1 || m.Size != 10 || m.Offset != want.offset || string(m.Data) != want.data {
			t.Fatalf("sent %+v, want %q from %d on", m, want.data, want.offset)
		}
		if want.offset == 8 {
			break
		}
		has := raft.Message{Type: raft.MsgSnapshotReply, From: 2, To: 1, Term: 2, LogIndex: 5, Offset: want.offset + 4, Round: 1}
		n.Step(now, has)
		sent, _ = persist(n, now)
		n.Step(now, has) // the answer comes twice
		if again, _ := persist(n, now); len(of(raft.MsgSnapshot, again)) > 0 {
			t.Errorf("the second answer sets off %v", again)
		}
	}
	n.Step(now, raft.Message{Type: raft.MsgAppendReply, From: 2, To: 1, Term: 2, Match: 5, Round: 1})
	sent, _ = persist(n, now)
	if m := only(t, raft.MsgAppend, sent); m.LogIndex != 5 || m.LogTerm != 1 || m.Entries[0].Index != 6 {
		t.Errorf("after the snapshot: %+v, want entries from 6 on", m)
	}
}

// A chunk is sent again when it stays unanswered, and from the front when the follower has lost the rest.
func TestALostChunkIsSentAgain(t *testing.T) {
	n, now := leader(t, chunked(), snapshotted(1))
	n.Step(now, raft.Message{Type: raft.MsgAppendReply, From: 2, To: 1, Term: 2, Reject: true, LogIndex: 5, Round: 1})
	persist(n, now)
	n.Step(now, raft.Message{Type: raft.MsgSnapshotReply, From: 2, To: 1, Term: 2, LogIndex: 5, Offset: 4, Round: 1})
	persist(n, now)
	for range 2 {
		now += hb
		n.Tick(now)
		n.Step(now, raft.Message{Type: raft.MsgHeartbeatReply, From: 2, To: 1, Term: 2, Round: 1})
		sent, _ := persist(n, now)
		if m := only(t, raft.MsgSnapshot, sent); m.Offset != 4 {
			t.Fatalf("sent again: %+v, want the chunk at 4", m)
		}
	}
	n.Step(now, raft.Message{Type: raft.MsgSnapshotReply, From: 2, To: 1, Term: 2, LogIndex: 5, Offset: 0, Round: 1})
	sent, _ := persist(n, now)
	if m := only(t, raft.MsgSnapshot, sent); m.Offset != 0 {
		t.Errorf("to a follower that has nothing any more: %+v, want the chunk at 0", m)
	}
}

func TestAFollowerInstallsASnapshotOnce(t *testing.T) {
	n := raft.New(chunked(), durable(2, 1), 0)
	installed := 0
	for _, step := range []struct {
		m    raft.Message
		have uint64 // as it answers; 10: it has all
	}{
		{chunk(4, "4567"), 0}, // the first one was lost
		{chunk(0, "0123"), 4},
		{chunk(0, "0123"), 4}, // twice
		{chunk(8, "89"), 4},   // one between was lost
		{chunk(4, "4567"), 8},
		{chunk(8, "89ABCDEF"), 8}, // longer than the whole
		{chunk(8, "89"), 10},
		{chunk(8, "89"), 10}, // too late to harm
		{chunk(0, "0123"), 10},
	} {
		n.Step(1, step.m)
		for e := n.Effects(); !e.Empty(); e = n.Effects() {
			if e.Snapshot != nil {
				installed++
				if s := e.Snapshot; s.Index != 5 || s.Term != 1 || !bytes.Equal(s.Data, []byte(tenBytes)) {
					t.Fatalf("installs %+v", s)
				}
			}
			if len(e.Apply) > 0 {
				t.Errorf("applies %v, which the snapshot covers", e.Apply)
			}
			for _, m := range append(e.Send, e.SendDurable...) {
				switch {
				case step.have == 10 && m.Type == raft.MsgAppendReply && m.Match == 5 && !m.Reject:
				case step.have < 10 && m.Type == raft.MsgSnapshotReply && m.Offset == step.have && m.LogIndex == 5:
				default:
					t.Errorf("the chunk at %d is answered %+v, want %d bytes", step.m.Offset, m, step.have)
				}
			}
		}
	}
	if installed != 1 {
		t.Errorf("installed %d times", installed)
	}
	if st := n.Status(); st.Commit != 5 || st.FirstIndex != 6 || st.LastIndex != 5 {
		t.Errorf("status %+v", st)
	}
}

// Before the answer leaves, the snapshot must be durable: the leader counts on it.
func TestAnInstalledSnapshotIsAnsweredForWhenItIsDurable(t *testing.T) {
	n := raft.New(config(3), durable(2), 0)
	n.Step(1, chunk(0, tenBytes))
	e := n.Effects()
	if e.Snapshot == nil || len(e.Send) > 0 || len(e.SendDurable) != 1 {
		t.Errorf("effects %+v", e)
	}
}

func TestASnapshotAndTheLogThatItMeets(t *testing.T) {
	for _, c := range []struct {
		name   string
		log    []raft.Term
		defect bool
		last   raft.Index
	}{
		{"shorter", []raft.Term{1, 1}, false, 5},
		{"just as long", []raft.Term{1, 1, 1, 1, 1}, false, 5},
		{"a newer suffix behind the same entry", []raft.Term{1, 1, 1, 1, 1, 1, 2}, false, 7},
		{"the same with the defect", []raft.Term{1, 1, 1, 1, 1, 1, 2}, true, 5},
		{"another entry there", []raft.Term{1, 1, 1, 1, 2, 2, 2}, false, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config(3)
			cfg.Defects.SnapshotDropsNewerSuffix = c.defect
			n := raft.New(cfg, durable(2, c.log...), 0)
			n.Step(1, chunk(0, tenBytes))
			persist(n, 1)
			if st := n.Status(); st.LastIndex != c.last || st.Commit != 5 {
				t.Errorf("%+v, want the log up to %d", st, c.last)
			}
		})
	}
}

// An append that was under way for long may begin before the log does.
func TestAnAppendThatBeginsBeforeTheLog(t *testing.T) {
	n := raft.New(config(3), snapshotted(2, 2), 0)
	old := entries(1, 1, 1, 1, 1, 2, 2)
	for _, c := range []struct {
		from, to, match raft.Index // entries (from, to]
	}{{0, 2, 5}, {2, 5, 5}, {3, 6, 6}, {4, 7, 7}} {
		n.Step(1, raft.Message{
			Type: raft.MsgAppend, From: 2, To: 1, Term: 2, LogIndex: c.from, LogTerm: min(raft.Term(c.from), 1),
			Entries: old[c.from:c.to], Commit: 6, Round: 1,
		})
		sent, _ := persist(n, 1)
		if m := only(t, raft.MsgAppendReply, sent); m.Reject || m.Match != c.match {
			t.Errorf("entries after %d up to %d are answered %+v, want a match up to %d", c.from, c.to, m, c.match)
		}
	}
}

func TestANodeGoesOnFromItsSnapshot(t *testing.T) {
	n, now := leader(t, config(3), snapshotted(1, 1, 1))
	n.Step(now, raft.Message{Type: raft.MsgAppendReply, From: 2, To: 1, Term: 2, Match: 8, Round: 1})
	_, all := persist(n, now)
	if len(all.Apply) != 3 || all.Apply[0].Index != 6 {
		t.Errorf("applies %v, want entries 6 to 8: the rest is in the snapshot", all.Apply)
	}
}

// A leader keeps what a follower that answers lacks, as far as it is told to, and nothing for one that
// is gone.
func TestWhatTheLogKeepsBeyondASnapshot(t *testing.T) {
	for _, c := range []struct {
		name    string
		catchUp int
		silence raft.Duration // since node 3 answered
		first   raft.Index
	}{
		{"none is behind by more", 3, 0, 4},
		{"behind by more", 2, 0, 7},
		{"gone", 3, et + 1, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := config(3)
			cfg.CatchUp = c.catchUp
			n, now := leader(t, cfg, durable(1, 1, 1, 1, 1, 1))
			for voter, match := range map[raft.NodeID]raft.Index{2: 6, 3: 3} {
				n.Step(now, raft.Message{Type: raft.MsgAppendReply, From: voter, To: 1, Term: 2, Match: match, Round: 1})
			}
			persist(n, now)
			s := n.SnapshotAt(6)
			if s.Term != 2 {
				t.Errorf("the snapshot of entry 6 is %+v", s)
			}
			n.Compact(now+c.silence, s)
			if st := n.Status(); st.FirstIndex != c.first || st.LastIndex != 6 {
				t.Errorf("%+v, want the log from %d to 6", st, c.first)
			}
			n.Compact(now, raft.Snapshot{Index: 5, Term: 1}) // overtaken
			if st := n.Status(); st.FirstIndex != c.first {
				t.Errorf("an older snapshot moved the log to %d", st.FirstIndex)
			}
		})
	}
}

// A node that restarts from a snapshot belongs to the cluster as it was then, not as it was at the start:
// by the old count two of three would be enough, and nobody would notice the other two of five.
func TestASnapshotHasTheMembersOfItsEntry(t *testing.T) {
	five := raft.Membership{Voters: []raft.NodeID{1, 2, 3, 4, 5}}
	for _, defect := range []bool{false, true} {
		cfg := config(3)
		cfg.Defects.SnapshotOldConfig = defect
		d := durable(1, 1, 1)
		d.Entries[1].Kind, d.Entries[1].Data = raft.EntryMembership, five.Encode()
		n := raft.New(cfg, d, 0)
		s := n.SnapshotAt(2)
		if changed := len(s.Members.Voters) == 5; changed == defect {
			t.Errorf("with the defect %t the snapshot has %v", defect, s.Members)
		}
		again := raft.New(cfg, raft.Durable{HardState: raft.HardState{Term: 1}, Snapshot: s}, 0)
		now := again.Deadline()
		again.Tick(now)
		persist(again, now)
		again.Step(now, raft.Message{Type: raft.MsgVoteReply, From: 2, To: 1, Term: 2})
		if leads := again.Status().Role == raft.Leader; leads != defect {
			t.Errorf("with the defect %t two votes of %v make a leader: %t", defect, five, leads)
		}
	}
}

// A node that has restarted knows what it holds, and not how much of that is committed.
func TestReadsWaitForTheReplay(t *testing.T) {
	for _, defect := range []bool{false, true} {
		cfg := config(3)
		cfg.Defects.ServeBeforeReplay = defect
		n := raft.New(cfg, durable(1, 1, 1), 0)
		err := n.Read(1, 7, raft.ReadIndex)
		_, all := persist(n, 1)
		if served := err == nil && len(all.Reads) == 1; served != defect {
			t.Errorf("with the defect %t: %v, %v", defect, err, all.Reads)
		}
		n.Step(2, raft.Message{Type: raft.MsgAppend, From: 2, To: 1, Term: 1, LogIndex: 2, LogTerm: 1, Commit: 2, Round: 1})
		if err := n.Read(3, 8, raft.ReadIndex); err != raft.ErrNotLeader {
			t.Errorf("with the defect %t a follower that has caught up takes a read: %v", defect, err)
		}
	}
}

// A node that was stopped takes in, at once, entries and a snapshot of one of them. The disk has none of these
// entries yet: its log ends too early to go on behind the snapshot, and must begin anew there.
func TestASnapshotOfEntriesThatAreNotWrittenYet(t *testing.T) {
	for _, written := range []bool{false, true} {
		n := raft.New(chunked(), durable(2, 1), 0)
		follow := raft.Message{Type: raft.MsgAppend, From: 2, To: 1, Term: 2, LogIndex: 1, LogTerm: 1, Round: 1}
		for i := raft.Index(2); i <= 6; i++ {
			follow.Entries = append(follow.Entries, raft.Entry{Index: i, Term: 2})
		}
		n.Step(1, follow)
		if written {
			persist(n, 1)
		}
		whole := chunk(0, tenBytes)
		whole.LogTerm = 2
		n.Step(1, whole)
		e := n.Effects()
		if e.Snapshot == nil || e.Snapshot.Index != 5 {
			t.Fatalf("written %t: no snapshot in %+v", written, e)
		}
		if e.Reset == written {
			t.Errorf("written %t: what the disk has behind the snapshot is dropped: %t", written, e.Reset)
		}
		if behind := len(e.Entries) == 1 && e.Entries[0].Index == 6; behind == written {
			t.Errorf("written %t: to be written are %v", written, e.Entries)
		}
		if last := n.Status().LastIndex; last != 6 {
			t.Errorf("written %t: the log ends at %d", written, last)
		}
	}
}

// Behind a full pipeline nothing can be asked about an entry that is gone: the follower is given the snapshot.
func TestALostPipelineBehindACompactedLog(t *testing.T) {
	cfg := chunked()
	cfg.MaxInflight = 1
	n, now := leader(t, cfg, raft.Durable{})
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	n.Step(now, ack(3, 1, 1))
	persist(n, now)
	for i := raft.Index(2); i <= 4; i++ {
		if _, _, err := n.Propose(now, [][]byte{[]byte(tenBytes)}); err != nil {
			t.Fatal(err)
		}
		persist(n, now)
		n.Step(now, ack(2, 1, i)) // what leaves for node 3 after the first one waits for its answer
		persist(n, now)
	}
	s := n.SnapshotAt(4)
	s.Data = []byte(tenBytes)
	if !n.Compact(now, s) {
		t.Fatal("not compacted")
	}
	now += hb
	n.Tick(now)
	n.Step(now, heard(3, 2))
	sent, _ := persist(n, now)
	if m := only(t, raft.MsgSnapshot, sent); m.To != 3 || m.LogIndex != 4 {
		t.Errorf("sent %+v", m)
	}
	if asked := of(raft.MsgAppend, sent); len(asked) > 0 {
		t.Errorf("asked about an entry that is gone: %+v", asked)
	}
}
