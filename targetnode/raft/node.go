// Package raft is the consensus core of the bundled key-value store: elections with PreVote and
// CheckQuorum, log replication, linearizable reads by ReadIndex or by leader lease. It follows Ongaro
// and Ousterhout, "In Search of an Understandable Consensus Algorithm" (the paper), and Ongaro's
// thesis, "Consensus: Bridging Theory and Practice".
//
// A Node is a deterministic state machine without goroutine, clock, disk or network: inputs (Step,
// Tick, Propose, Read, Persisted) change its state, and Effects hands out what is to be done about it.
// A driver runs it on real I/O; a simulator runs several in virtual time.
package raft

import (
	"fmt"
	"math/rand/v2"
)

// Node is one member of a cluster. It is not safe for concurrent use.
type Node struct {
	cfg Config
	rng *rand.Rand
	now Time // of the newest input
	out Effects

	term        Term
	vote        NodeID
	stateDirty  bool // term or vote changed since the last Effects
	durableTerm Term // the driver's disk is known to have this term
	role        Role
	leader      NodeID

	log       raftLog
	commit    Index
	applied   Index    // handed out to be applied, or part of the snapshot
	snapshot  Snapshot // the newest that this node's disk has
	recovered Index    // the last entry that an earlier life left; only a defect cares
	incoming  incoming
	configs   []configuration // the newest at or before the log's front, and all that the log has

	electionAt  Time // when a node that does not lead campaigns
	held        bool // its election timer stands still: HoldElections
	silentUntil Time // until then a leader may count on this node's silence: no vote for another
	ballots     ballots

	// What only a leader has; becomeLeader starts it afresh.
	peers       []progress // the members in effect, this node too if it is one
	countedFrom Time       // CheckQuorum counts from the election, or from the newest change of the membership
	heartbeatAt Time
	rounds      rounds
	reads       readQueue
	handover    handover
}

// New makes a node from its configuration and what its storage found, and takes over the slices of
// both. It panics if the configuration is not valid: see Config.Validate.
func New(cfg Config, d Durable, now Time) *Node {
	if err := cfg.Validate(); err != nil {
		panic(fmt.Sprintf("raft: configuration of node %d: %v", cfg.ID, err))
	}
	n := &Node{
		cfg:         cfg,
		rng:         rand.New(rand.NewPCG(cfg.Seed, uint64(cfg.ID))),
		now:         now,
		term:        d.HardState.Term,
		vote:        d.HardState.Vote,
		durableTerm: d.HardState.Term,
		log:         newLog(d.Snapshot.Index, d.Snapshot.Term, d.Entries),
		commit:      d.Snapshot.Index,
		applied:     d.Snapshot.Index,
		snapshot:    d.Snapshot,
		silentUntil: longAgo,
	}
	n.configs = []configuration{{Membership{Voters: cfg.Nodes}, 0}}
	if d.Snapshot.Index > 0 {
		if err := d.Snapshot.Members.Validate(); err != nil {
			panic(fmt.Sprintf("raft: node %d, snapshot of entry %d: %v", cfg.ID, d.Snapshot.Index, err))
		}
		n.configs[0] = configuration{d.Snapshot.Members, d.Snapshot.Index}
	}
	n.noteMembers(d.Entries)
	n.recovered = n.log.last()
	if last := n.log.lastTerm(); last > n.term {
		// The snapshot was durable before the state that the leader of its last entry had brought. Without that
		// term a leader from before it would be followed, against committed entries. A vote in it was not given,
		// or it would be durable.
		n.term, n.vote, n.stateDirty = last, 0, true
	}
	n.resetElectionTimer()
	switch {
	case cfg.Restarted && !cfg.Defects.RestartVotesAtOnce:
		// A leader may have been promised silence just before the crash.
		n.silentUntil = now + cfg.ElectionTimeout
	case len(n.members().Voters) == 1:
		n.electionAt = now
	case n.term == 0:
		// Nobody leads a cluster that was never used: there is no heartbeat to wait for.
		n.electionAt = now + cfg.ElectionTimeout/4 + n.random(cfg.ElectionTimeout*3/4)
	}
	return n
}

// Step takes in a message from another node. now must be read after the message left every queue: a
// request that waited through a pause must be judged by the time at which it is answered.
func (n *Node) Step(now Time, m Message) {
	n.advance(now)
	// Of strangers nobody is left out: the leader that adds this node, or a candidate that was added, may
	// be one that this node's log does not name yet (thesis, §4.1). Whose answers count is decided there.
	if m.To != n.cfg.ID || m.From == n.cfg.ID || m.From == 0 {
		return
	}
	switch {
	case m.Term < n.term:
		n.answerOldTerm(m)
		return
	case n.owesSilence() && (m.Type == MsgVote && !m.Transfer || m.Type == MsgPreVote):
		// Neither the vote nor the term is taken: a node that was cut off must not unseat a leader
		// whom the others hear (thesis, §4.2.3).
		return
	case m.Term > n.term && m.adoptsTerm():
		n.becomeFollower(m.Term, 0)
	}
	n.dispatch(m)
}

func (n *Node) dispatch(m Message) {
	switch m.Type {
	case MsgPreVote:
		n.handlePreVote(m)
	case MsgPreVoteReply:
		n.handlePreVoteReply(m)
	case MsgVote:
		n.handleVote(m)
	case MsgVoteReply:
		n.handleVoteReply(m)
	case MsgAppend:
		if n.follow(m.From) {
			n.handleAppend(m)
		}
	case MsgHeartbeat:
		if n.follow(m.From) {
			n.handleHeartbeat(m)
		}
	case MsgSnapshot:
		if n.follow(m.From) {
			n.handleSnapshot(m)
		}
	case MsgAppendReply, MsgHeartbeatReply, MsgSnapshotReply:
		if n.role == Leader {
			n.handleFollowerReply(m)
		}
	case MsgTimeoutNow:
		n.handleTimeoutNow()
	}
}

// adoptsTerm says whether a message of a newer term moves its receiver there. A PreVote speaks of a
// term that nobody has entered yet, and so does the consent to it.
func (m *Message) adoptsTerm() bool {
	return m.Type != MsgPreVote && (m.Type != MsgPreVoteReply || m.Reject)
}

// answerOldTerm tells the sender of a request of an older term which term it is now. That deposes a
// leader left behind, and it is also how a node whose term ran ahead while it was cut off gets back
// in: CheckQuorum refuses its votes and it refuses the leader's appends, so that without this answer
// it would stay outside for ever (the leader steps down, and the next term is above both).
func (n *Node) answerOldTerm(m Message) {
	reply := Message{To: m.From, Term: n.term, Reject: true}
	switch m.Type {
	case MsgPreVote:
		reply.Type = MsgPreVoteReply
	case MsgVote:
		reply.Type = MsgVoteReply
	case MsgAppend, MsgHeartbeat, MsgSnapshot:
		reply.Type = MsgAppendReply
	default:
		return
	}
	n.sendDurable(reply)
}

// Tick lets time pass. It does nothing before Deadline.
func (n *Node) Tick(now Time) {
	n.advance(now)
	switch {
	case n.now < n.Deadline():
	case n.role != Leader && !n.mayCampaign():
		n.resetElectionTimer()
	case n.role != Leader:
		n.campaign()
	case n.lostQuorum():
		n.becomeFollower(n.term, 0)
	default:
		n.broadcastHeartbeat()
	}
}

// Deadline is when the next Tick has something to do. Any input may move it.
func (n *Node) Deadline() Time {
	if n.role != Leader {
		if n.held {
			return never
		}
		return n.electionAt
	}
	if n.cfg.CheckQuorum {
		return min(n.heartbeatAt, n.quorumLostAt())
	}
	return n.heartbeatAt
}

// Persisted reports the driver's own disk: the entries up to last are durable, and so is the state
// handed out with or before them; term is that of the entry at last. A HardState is reported by itself,
// with its term and 0. Only a leader's entries of its
// own term matter here. Those are never overwritten while it leads, so that a late report of a write
// that was truncated since cannot be mistaken for them.
func (n *Node) Persisted(now Time, term Term, last Index) {
	n.advance(now)
	n.durableTerm = max(n.durableTerm, term)
	if n.role == Candidate && n.durableTerm == n.term {
		n.count(n.cfg.ID, true)
	}
	if n.role == Leader && term == n.term {
		n.countSelf(min(last, n.log.last()))
	}
}

// Effects takes what has gathered since the last call. Sending to followers waits for it, so that all
// inputs taken in between share one append to each follower and one round of heartbeats for reads.
func (n *Node) Effects() Effects {
	if n.role == Leader {
		n.replicate()
		n.startReadRound()
	}
	if n.stateDirty {
		n.out.HardState = &HardState{Term: n.term, Vote: n.voteToWrite()}
		n.stateDirty = false
	}
	n.out.Entries = n.log.takeUnstable()
	if n.applied < n.commit {
		n.out.Apply = n.log.slice(n.applied+1, n.commit)
		n.applied = n.commit
	}
	e := n.out
	n.out = Effects{}
	return e
}

// Status is the node's view of itself as of its newest input.
func (n *Node) Status() Status {
	newest := &n.configs[len(n.configs)-1]
	return Status{
		ID:         n.cfg.ID,
		Role:       n.role,
		Term:       n.term,
		Leader:     n.leader,
		Commit:     n.commit,
		FirstIndex: n.log.base + 1,
		LastIndex:  n.log.last(),
		LeaseUntil: max(n.leaseUntil(), 0),
		Members:    newest.Membership,
		MembersAt:  newest.at,
	}
}

func (n *Node) becomeFollower(term Term, leader NodeID) {
	if n.role == Leader {
		n.failReads()
		n.resetElectionTimer()
	}
	if term > n.term {
		n.term, n.vote = term, 0
		n.stateDirty = true
		n.incoming = incoming{}
	}
	n.role, n.leader = Follower, leader
	n.ballots, n.peers = nil, nil
}

func (n *Node) advance(now Time) {
	n.now = max(n.now, now)
}

func (n *Node) send(m Message) {
	m.From = n.cfg.ID
	n.out.Send = append(n.out.Send, m)
}

// sendDurable is for everything that would be a lie after a crash that lost the latest writes.
func (n *Node) sendDurable(m Message) {
	m.From = n.cfg.ID
	n.out.SendDurable = append(n.out.SendDurable, m)
}

func (n *Node) random(below Duration) Duration {
	return Duration(n.rng.Int64N(int64(max(below, 1))))
}
