package raft

import "errors"

// Config is what a node is told at its start; it does not change afterwards.
type Config struct {
	ID    NodeID
	Nodes []NodeID // voters of the new cluster, until the log says otherwise; without this node it waits to be added

	ElectionTimeout   Duration // minimum; each wait is drawn from [ElectionTimeout, 2·ElectionTimeout), only a new cluster's first is shorter
	HeartbeatInterval Duration
	PreVote           bool
	CheckQuorum       bool    // a leader without a quorum's answers for ElectionTimeout steps down; voters refuse within ElectionTimeout of leader contact
	ClockError        float64 // ε: declared bound on a clock's rate error, for the lease formula
	Lease             bool    // reads by lease are offered (requires CheckQuorum)
	Restarted         bool    // the storage found state from an earlier life: the node may owe a leader its silence

	MaxAppendBytes int    // soft limit of one MsgAppend's payload; hard limit of one MsgSnapshot's
	MaxInflight    int    // unanswered MsgAppends to one follower
	CatchUp        int    // entries that the log keeps at most, beyond a snapshot, for followers that lack them
	Seed           uint64 // of the election time-outs

	Defects Defects // the zoo: all off in a correct node
}

// Durable is what the storage found at start: the state of an earlier life, or the zero value.
type Durable struct {
	HardState HardState
	Snapshot  Snapshot
	Entries   []Entry // contiguous from the snapshot's successor on
}

// ReadMode is how a read is made safe, or not.
type ReadMode uint8

const (
	// ReadLocal serves at once whatever this node has applied, if it believes itself leader.
	ReadLocal ReadMode = iota + 1
	// ReadIndex asks a quorum whether this node still leads (Raft thesis, §6.4).
	ReadIndex
	// ReadLease trusts the promise that a quorum gave with its last answers (§6.4.1, with the drift bound).
	ReadLease
)

// ErrNotLeader refuses a proposal or a read: nothing was appended.
var ErrNotLeader = errors.New("not the leader")

// ErrNotReady refuses a read that may succeed later at this node: no entry of the term is committed yet,
// or the lease has run out.
var ErrNotReady = errors.New("leader, but not ready to serve this read")

// ErrTransferring refuses a proposal while leadership is being handed over: nothing was appended.
var ErrTransferring = errors.New("leadership is being handed over")

// Effects is what the driver must do after one or more inputs, in this order: start Send; make
// Snapshot, HardState and Entries durable; start SendDurable; tell Persisted; restore the state machine
// from Snapshot; apply Apply; answer Reads. The state machine need not wait for the disk.
type Effects struct {
	Send []Message // may leave before anything is durable

	// Snapshot came from the leader; nil: none did. It replaces the log up to its entry.
	Snapshot  *Snapshot
	Reset     bool       // with Snapshot: nothing is left on disk of the log behind it
	HardState *HardState // nil: unchanged
	Entries   []Entry    // replace everything from Entries[0].Index on

	SendDurable []Message // only when Snapshot, HardState and Entries of this and of every earlier Effects are durable

	Apply []Entry // newly committed, in log order, each once in a node's life unless a snapshot covers it

	Reads       []ReadReady // to be served when Index is applied
	ReadsFailed []uint64    // reads asked of Read that will not be served: leadership was lost
}

// Empty says that there is nothing to do.
func (e *Effects) Empty() bool {
	return len(e.Send) == 0 && e.Snapshot == nil && e.HardState == nil && len(e.Entries) == 0 && len(e.SendDurable) == 0 &&
		len(e.Apply) == 0 && len(e.Reads) == 0 && len(e.ReadsFailed) == 0
}

// ReadReady allows the read that was asked for with ID, once Index is applied.
type ReadReady struct {
	ID    uint64
	Index Index
}

// Status is a node's view of itself, for people, hints and tests.
type Status struct {
	ID         NodeID
	Role       Role
	Term       Term
	Leader     NodeID // 0: unknown
	Commit     Index
	FirstIndex Index // of the log in memory; what is before it is in the snapshot only
	LastIndex  Index
	LeaseUntil Time       // leader with Config.Lease: end of the lease by its own clock; else 0
	Members    Membership // in effect
	MembersAt  Index      // the entry that brought them; 0: none did. They are certain once it is committed
}
