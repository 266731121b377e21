package sim

import (
	"bytes"
	"fmt"

	"schism/targetnode/raft"
)

// The five properties of figure 3 of the Raft paper, and what clients are promised.
const (
	ElectionSafety     = "election safety"
	LeaderAppendOnly   = "leader append-only"
	LogMatching        = "log matching"
	LeaderCompleteness = "leader completeness"
	StateMachineSafety = "state machine safety"
	LinearizableReads  = "linearizable reads"
	KeptPromises       = "kept promises"     // a write that was acknowledged stays, one that failed has no effect
	LeaseExclusivity   = "lease exclusivity" // nobody leads while an older leader has a lease
	PreVoteRecency     = "pre-vote recency"  // consent to a campaign means that this voter would vote for it
	Liveness           = "liveness"
	NoPanic            = "no panic"
)

// Violation is a property that did not hold.
type Violation struct {
	Invariant string
	Detail    string
}

func (v *Violation) String() string {
	return v.Invariant + " is violated: " + v.Detail
}

// invariants judges the cluster from outside: from what nodes write, apply and believe to be. Each
// change is judged when it happens, at a cost that does not grow with the logs.
type invariants struct {
	leaderOf  []raft.NodeID   // by term
	written   [][]fact        // by index: every entry that was ever in a log there
	committed []fact          // by index-1
	members   raft.Membership // by the newest committed change,
	membersAt raft.Index      // which is this entry
	leading   raft.Term       // the newest term that had a leader
	found     *Violation      // the first
}

// fact is what must be the same wherever an entry with this index and term is.
type fact struct {
	term     raft.Term
	prevTerm raft.Term
	data     []byte

	// Of committed facts only.
	kind     raft.EntryKind
	commitIn raft.Term // the term of the node that first said so
	state    state     // after it
}

func (v *invariants) fail(invariant, format string, args ...any) {
	if v.found == nil {
		v.found = &Violation{invariant, fmt.Sprintf(format, args...)}
	}
}

// wrote judges entries that a node puts into its log, and then takes them over into n.log.
// If every index and term stand for one entry with one predecessor's term, then two logs that agree in
// the term at an index agree in everything before it: that is log matching, by induction.
func (v *invariants) wrote(n *node, entries []raft.Entry) {
	first := entries[0].Index
	if first > lastIndex(n.log)+1 {
		v.fail(LogMatching, "n%d leaves a gap before %s", n.id, describeEntry(entries[0]))
		return
	}
	st := n.raft.Status()
	if st.Role == raft.Leader && n.ledTerm == st.Term && first <= lastIndex(n.log) {
		v.fail(LeaderAppendOnly, "n%d leads term %d and replaces its log from %d on", n.id, st.Term, first)
	}
	n.log = n.log[:first-1]
	for _, e := range entries {
		v.match(n, e)
		n.log = append(n.log, e)
	}
}

func (v *invariants) match(n *node, e raft.Entry) {
	for len(v.written) <= int(e.Index) {
		v.written = append(v.written, nil)
	}
	f := fact{term: e.Term, prevTerm: termAt(n.log, e.Index-1), data: e.Data}
	for _, known := range v.written[e.Index] {
		if known.term != f.term {
			continue
		}
		if known.prevTerm != f.prevTerm || !bytes.Equal(known.data, f.data) {
			v.fail(LogMatching, "n%d has %s after one of term %d; elsewhere it was %q after one of term %d",
				n.id, describeEntry(e), f.prevTerm, known.data, known.prevTerm)
		}
		return
	}
	v.written[e.Index] = append(v.written[e.Index], f)
}

// consented judges a voter's answer to a pre-vote that it has just taken in.
func (v *invariants) consented(n *node, asked *raft.Message) {
	last := lastIndex(n.log)
	if term := termAt(n.log, last); asked.LogTerm < term || asked.LogTerm == term && asked.LogIndex < last {
		v.fail(PreVoteRecency, "n%d, whose log ends with %d@%d, encourages n%d, whose log ends with %d@%d, to campaign in term %d",
			n.id, last, term, asked.From, asked.LogIndex, asked.LogTerm, asked.Term)
	}
}

// leads judges a node that has just won an election: it is the only one of its term, and has whatever
// any earlier term committed.
func (v *invariants) leads(n *node, term raft.Term) {
	for len(v.leaderOf) <= int(term) {
		v.leaderOf = append(v.leaderOf, 0)
	}
	if other := v.leaderOf[term]; other != 0 && other != n.id {
		v.fail(ElectionSafety, "n%d and n%d both lead term %d", other, n.id, term)
	}
	v.leaderOf[term] = n.id
	v.leading = max(v.leading, term)
	for i := range v.committed {
		v.holds(n, term, raft.Index(i+1))
	}
}

func (v *invariants) holds(n *node, term raft.Term, i raft.Index) {
	c := v.committed[i-1]
	if c.commitIn < term && termAt(n.log, i) != c.term {
		v.fail(LeaderCompleteness, "entry %d of term %d was committed in term %d, but the leader of term %d, n%d, has %s there",
			i, c.term, c.commitIn, term, n.id, describeTerm(termAt(n.log, i)))
	}
}

// applied judges what a node gives to its state machine.
func (v *invariants) applied(n *node, entries []raft.Entry, nodes []*node) {
	for _, e := range entries {
		if e.Index != n.applied+1 {
			v.fail(StateMachineSafety, "n%d applies %s right after entry %d", n.id, describeEntry(e), n.applied)
		}
		n.applied, n.state = e.Index, n.state.after(e)
		if e.Index <= lastCommitted(v) {
			c := v.committed[e.Index-1]
			if c.term != e.Term || !bytes.Equal(c.data, e.Data) {
				v.fail(StateMachineSafety, "n%d applies %s, but entry %d of term %d with %q was applied there before",
					n.id, describeEntry(e), e.Index, c.term, c.data)
			}
			continue
		}
		v.committed = append(v.committed, fact{
			term: e.Term, data: e.Data, kind: e.Kind, commitIn: n.raft.Status().Term, state: n.state,
		})
		if m, err := raft.DecodeMembership(e.Data); e.Kind == raft.EntryMembership && err == nil {
			v.members, v.membersAt = m, e.Index
		}
		for _, other := range nodes {
			if other.ledTerm != 0 {
				v.holds(other, other.ledTerm, e.Index)
			}
		}
	}
}

// installed judges a snapshot that takes the place of a node's log, and puts into n.log what it stands
// for: what was committed.
func (v *invariants) installed(n *node, s raft.Snapshot) {
	n.applied, n.state = s.Index, state{}
	if s.Index == 0 {
		return
	}
	if s.Index > lastCommitted(v) {
		v.fail(StateMachineSafety, "n%d has a snapshot of entry %d, but only %d are committed", n.id, s.Index, lastCommitted(v))
		return
	}
	n.state = decodeState(s.Data)
	if c := v.committed[s.Index-1]; c.term != s.Term || c.state != n.state || n.state.entries != uint64(s.Index) {
		v.fail(StateMachineSafety, "n%d has a snapshot of entry %d of term %d with the state %x after %d entries, but that entry is of term %d and leaves the state %x",
			n.id, s.Index, s.Term, n.state.sum, n.state.entries, c.term, c.state.sum)
	}
	var suffix []raft.Entry
	if termAt(n.log, s.Index) == s.Term {
		kept := min(lastIndex(n.log), n.raft.Status().LastIndex)
		suffix = append(suffix, n.log[s.Index:kept]...)
	}
	n.log = n.log[:0]
	for i, c := range v.committed[:s.Index] {
		n.log = append(n.log, raft.Entry{Index: raft.Index(i + 1), Term: c.term, Kind: c.kind, Data: c.data})
	}
	n.log = append(n.log, suffix...)
}

// served judges a read that a node would answer from its state as of index. floor is how far the
// cluster had committed when the read was asked.
func (v *invariants) served(n *node, mode raft.ReadMode, index, floor raft.Index) {
	if index < floor {
		v.fail(LinearizableReads, "n%d serves a %s read as of entry %d, but entry %d was committed before it was asked",
			n.id, describeMode(mode), index, floor)
	}
}

// leases judges that nobody has a lease by its own clock when a later leader has been elected. A leader
// of a later term may only be one whose voters owed no silence any more.
func (v *invariants) leases(s *sim, touched *node) {
	for _, n := range s.nodes {
		if n.raft == nil || n.ledTerm == 0 || n.ledTerm >= v.leading || n != touched && touched.ledTerm != v.leading {
			continue
		}
		if until := n.raft.Status().LeaseUntil; n.clock.reading(s.now) < until {
			v.fail(LeaseExclusivity, "n%d has a lease in term %d until %d, and it is %d by its clock, but n%d leads term %d",
				n.id, n.ledTerm, until, n.clock.reading(s.now), v.leaderOf[v.leading], v.leading)
		}
	}
}

// waiting judges that nobody is left waiting for a leader that leads no more.
func (v *invariants) waiting(n *node) {
	if n.asked > 0 && n.raft.Status().Role != raft.Leader {
		v.fail(LinearizableReads, "n%d leads no more and leaves %d reads without an answer", n.id, n.asked)
	}
}

func lastCommitted(v *invariants) raft.Index {
	return raft.Index(len(v.committed))
}

func lastIndex(log []raft.Entry) raft.Index {
	return raft.Index(len(log))
}

func termAt(log []raft.Entry, i raft.Index) raft.Term {
	if i == 0 || i > lastIndex(log) {
		return 0
	}
	return log[i-1].Term
}
