package raft_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"schism/targetnode/raft"
)

func voters(ids ...raft.NodeID) raft.Membership { return raft.Membership{Voters: ids} }

func TestMembershipRoundTrip(t *testing.T) {
	for _, m := range []raft.Membership{
		voters(1), {Voters: []raft.NodeID{1, 300}, Learners: []raft.NodeID{7}}, {Voters: []raft.NodeID{1}, Book: []byte("n2=b:1")},
	} {
		encoded := m.Encode()
		if got, err := raft.DecodeMembership(encoded); err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("%v comes back as %v, %v", m, got, err)
		}
		for size := range encoded {
			if got, err := raft.DecodeMembership(encoded[:size]); err == nil {
				t.Errorf("the first %d of %d bytes pass for %v", size, len(encoded), got)
			}
		}
		if _, err := raft.DecodeMembership(append(encoded, 0)); err == nil {
			t.Error("a byte behind the membership goes unnoticed")
		}
	}
}

func TestMembershipChangesThatAreRefused(t *testing.T) {
	n, now := leader(t, config(3), raft.Durable{})
	change := func(m raft.Membership) error {
		_, _, err := n.ProposeMembership(now, m)
		return err
	}
	if err := change(voters(1, 2)); !errors.Is(err, raft.ErrTermNotCommitted) {
		t.Errorf("before the term has committed anything: %v", err)
	}
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	for _, c := range []struct {
		m    raft.Membership
		says string
	}{
		{voters(1, 2, 3, 4, 5), "2 changes"},
		{voters(1, 2, 4), "2 changes"},
		{raft.Membership{Learners: []raft.NodeID{1}}, "no voter"},
		{voters(1, 2, 3, 3), "twice"},
		{voters(1, 2, 3, 0), "nobody"},
	} {
		if err := change(c.m); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v, want words on %q", c.m, err, c.says)
		}
	}
	if err := change(voters(1, 2)); err != nil {
		t.Fatal(err)
	}
	if err := change(voters(1, 2, 4)); !errors.Is(err, raft.ErrChangePending) {
		t.Errorf("before the last change is committed: %v", err)
	}
}

func TestAMembershipGoesBackWithItsEntry(t *testing.T) {
	n := raft.New(config(3), durable(1, 1), 0)
	change := raft.Entry{Index: 2, Term: 1, Kind: raft.EntryMembership, Data: voters(1, 2, 3, 4).Encode()}
	n.Step(1, raft.Message{Type: raft.MsgAppend, From: 2, To: 1, Term: 1, LogIndex: 1, LogTerm: 1, Entries: []raft.Entry{change}, Round: 1})
	if m := n.Status().Members; !m.Has(4) {
		t.Fatalf("an appended change is in effect at once; got %v", m)
	}
	n.Step(2, raft.Message{Type: raft.MsgAppend, From: 3, To: 1, Term: 2, LogIndex: 1, LogTerm: 1, Entries: []raft.Entry{{Index: 2, Term: 2}}, Round: 1})
	if m := n.Status().Members; m.Has(4) {
		t.Errorf("its entry is gone; got %v", m)
	}
}

// Whoever is added must hear of it although no other entry follows.
func TestANewMemberIsSentTheEntryThatAddsIt(t *testing.T) {
	n, now := leader(t, config(1), raft.Durable{})
	persist(n, now)
	at, _, err := n.ProposeMembership(now, voters(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	sent, _ := persist(n, now)
	m := only(t, raft.MsgAppend, sent)
	if m.To != 2 || m.LogIndex+raft.Index(len(m.Entries)) != at {
		t.Errorf("the new member is sent %+v, want up to entry %d", m, at)
	}
	if c := n.Status().Commit; c >= at {
		t.Errorf("one of two voters commits %d", c)
	}
}

func TestALearnerIsNotCounted(t *testing.T) {
	n, now := leader(t, config(3), raft.Durable{})
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	at, _, err := n.ProposeMembership(now, raft.Membership{Voters: []raft.NodeID{1, 2, 3}, Learners: []raft.NodeID{4}})
	if err != nil {
		t.Fatal(err)
	}
	persist(n, now)
	n.Step(now, ack(4, 1, at))
	if c := n.Status().Commit; c != at-1 {
		t.Errorf("with the learner's acknowledgement commit is %d", c)
	}
	n.Step(now, ack(3, 1, at))
	if c := n.Status().Commit; c != at {
		t.Errorf("with a second voter's commit is %d", c)
	}
}

func TestARemovedLeaderStepsDownWhenThatIsCommitted(t *testing.T) {
	n, now := leader(t, config(3), raft.Durable{})
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	at, _, err := n.ProposeMembership(now, voters(2, 3))
	if err != nil {
		t.Fatal(err)
	}
	persist(n, now)
	n.Step(now, ack(2, 1, at))
	if st := n.Status(); st.Role != raft.Leader || st.Commit >= at {
		t.Fatalf("one of two voters makes it %+v", st)
	}
	n.Step(now, ack(3, 1, at))
	if st := n.Status(); st.Role != raft.Follower || st.Commit != at {
		t.Fatalf("with both it is %+v", st)
	}
	n.Tick(now + 10*et)
	if st := n.Status(); st.Role != raft.Follower {
		t.Errorf("long after its removal it is %v", st.Role)
	}
}

// Whoever was removed is reachable until that is certain.
func TestReachableAreTheMembersOfWhateverMayBeCommitted(t *testing.T) {
	n, now := leader(t, config(3), raft.Durable{})
	persist(n, now)
	n.Step(now, ack(2, 1, 1))
	at, _, err := n.ProposeMembership(now, voters(1, 2))
	if err != nil {
		t.Fatal(err)
	}
	persist(n, now)
	if got := n.Reachable(); !reflect.DeepEqual(got, []raft.NodeID{1, 2, 3}) || n.Status().MembersAt != at {
		t.Errorf("before the removal is committed: %v, members by entry %d, want %d", got, n.Status().MembersAt, at)
	}
	n.Step(now, ack(2, 1, at))
	if got := n.Reachable(); !reflect.DeepEqual(got, []raft.NodeID{1, 2}) {
		t.Errorf("after it: %v", got)
	}
}

func TestLagIsKnownOnlyFromAnswers(t *testing.T) {
	n, now := leader(t, config(3), raft.Durable{})
	persist(n, now)
	if _, ok := n.Lag(now, 2); ok {
		t.Error("known before the first answer")
	}
	n.Step(now, ack(2, 1, 1))
	if _, _, err := n.Propose(now, [][]byte{{1}, {2}}); err != nil {
		t.Fatal(err)
	}
	if lag, ok := n.Lag(now, 2); lag != 2 || !ok {
		t.Errorf("two entries behind: %d, %t", lag, ok)
	}
	if _, ok := n.Lag(now+2*et, 2); ok {
		t.Error("known although the answer is old")
	}
	if _, ok := n.Lag(now, 9); ok {
		t.Error("known of a stranger")
	}
}
