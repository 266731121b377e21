package raft

// NodeID names a member of the cluster; 0 means none.
type NodeID uint64

// Term is a leader's reign, counted from 1; 0 is the time before the first election.
type Term uint64

// Index is a position in the log, counted from 1; 0 is the position before the first entry.
type Index uint64

// Time is a reading of one node's monotonic clock in nanoseconds, from an origin of the driver's
// choosing. Readings of two nodes are never compared.
type Time int64

// Duration is a span of Time in nanoseconds.
type Duration = Time

// EntryKind says what an entry of the log is for.
type EntryKind uint8

const (
	// EntryCommand carries a command of the state machine above.
	EntryCommand EntryKind = iota
	// EntryNoop opens a leader's term: only through an entry of its own term may a leader commit
	// those of earlier terms (Ongaro's thesis, §3.6.2).
	EntryNoop
	// EntryMembership carries a Membership, see Membership.Encode.
	EntryMembership
)

// Entry is one record of the replicated log.
type Entry struct {
	Index Index
	Term  Term
	Kind  EntryKind
	Data  []byte
}

// HardState is what a node must have on disk before it answers anything that depends on it.
type HardState struct {
	Term Term
	Vote NodeID // who got this node's vote in Term; 0: nobody
}

// Role is what a node takes itself for.
type Role uint8

const (
	Follower Role = iota
	PreCandidate
	Candidate
	Leader
)

func (r Role) String() string {
	switch r {
	case Follower:
		return "follower"
	case PreCandidate:
		return "pre-candidate"
	case Candidate:
		return "candidate"
	case Leader:
		return "leader"
	}
	return "unknown role"
}

// MessageType tells the remote calls of the protocol apart; answers are messages of their own.
type MessageType uint8

const (
	MsgPreVote MessageType = iota + 1
	MsgPreVoteReply
	MsgVote
	MsgVoteReply
	MsgAppend
	MsgAppendReply
	MsgHeartbeat
	MsgHeartbeatReply
	MsgSnapshot
	MsgSnapshotReply
	// MsgTimeoutNow tells a follower that has the whole log to campaign at once (thesis, §3.10).
	MsgTimeoutNow
)

// Snapshot stands for the log up to Index: it is what the state machine was after that entry.
type Snapshot struct {
	Index   Index      // 0: there is none
	Term    Term       // of the entry at Index
	Members Membership // in effect at Index
	Data    []byte     // the state machine's own; nobody changes it
}

// Message is one datagram between two nodes. It may be lost, delayed, reordered or duplicated.
// Which fields are set depends on Type.
type Message struct {
	Type     MessageType
	From, To NodeID
	Term     Term

	// MsgAppend: the entry before Entries; its refusal repeats LogIndex. MsgVote, MsgPreVote: the
	// sender's last entry. MsgSnapshot: the snapshot's last entry; its answer repeats LogIndex.
	LogIndex Index
	LogTerm  Term

	Entries []Entry // MsgAppend
	Commit  Index   // MsgAppend: the leader's commit index; MsgHeartbeat: that, capped at what is known to match

	Reject bool // replies
	// MsgVote: the leader asked for this election, so that the silence owed to it does not stand
	// against the vote.
	Transfer bool
	// MsgAppendReply: on success the highest index known to match; on Reject where the leader may go
	// on looking: ConflictTerm is the term of the follower's entry at Match (0: before its first entry).
	Match        Index
	ConflictTerm Term

	// MsgSnapshot: Data is what stands at Offset of the snapshot's Size bytes. MsgSnapshotReply: Offset
	// is how much the follower has from the front.
	Offset, Size uint64
	Data         []byte
	Members      []byte // MsgSnapshot: the Membership in effect at LogIndex, encoded

	// Round numbers a leader's heartbeats within its term, from 1; a MsgAppend or MsgSnapshot carries the newest. A
	// reply repeats it, so that the leader knows after which send time the follower still took it for
	// leader: ReadIndex, CheckQuorum and the lease all rest on that. An answer to a message of an
	// older term has 0, because the leader of the new term must not take it for one to its own.
	Round uint64
}
