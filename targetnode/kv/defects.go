package kv

import (
	"schism/targetnode/defect"
	"schism/targetnode/raft"
)

// Defects are the known bugs of the state machine. The zero value is a correct one.
type Defects struct {
	AppliedAheadOfState     bool // it needs Options.Recovered, as DedupInMemory does
	NoDedup                 bool
	DedupInMemory           bool
	RegionNoFence           bool
	SessionExpiryLocalClock bool // it needs Options.Clock
	SnapshotForgetsSessions bool
}

// KnownDefects lists every defect of the state machine, sorted by name.
func KnownDefects() []defect.Of[Defects] {
	return []defect.Of[Defects]{
		{
			Name:   "applied-ahead-of-state",
			About:  "the index of the last entry applied is stored apart from the state and ahead of it, so that a restart skips an entry",
			Origin: "Raft paper, §8 and figure 2: lastApplied tells what is in the state, which holds only if the two are stored as one",
			Seen:   "fractured: nodes that restarted at other entries hold other states",
			Shown:  "configs/zoo/applied-ahead-of-state.yaml",
			Field:  func(d *Defects) *bool { return &d.AppliedAheadOfState },
		},
		{
			Name:   "dedup-in-memory",
			About:  "what a session's writes were answered is forgotten at a restart, so that one sent again takes effect twice",
			Origin: "Raft thesis, §6.3: sessions are part of the replicated state",
			Seen:   "duplicate-apply after a kill",
			Shown:  "configs/raft/duplicate-apply-in-memory.yaml",
			Field:  func(d *Defects) *bool { return &d.DedupInMemory },
		},
		{
			Name:   "no-dedup",
			About:  "a write that is sent again under the same identity takes effect again",
			Origin: "Raft paper, §8: the state machine tracks the latest serial number of each client",
			Seen:   "duplicate-apply",
			Shown:  "configs/raft/duplicate-apply-no-dedup.yaml",
			Field:  func(d *Defects) *bool { return &d.NoDedup },
		},
		{
			Name:   "region-no-fence",
			About:  "a write that a former region leader forwarded takes effect although another one has taken over",
			Origin: "fencing tokens: Burrows, the Chubby lock service, §2.4 (sequencers)",
			Seen:   "stale-read at the new region leader",
			Shown:  "configs/raft/region-no-fence.yaml",
			Field:  func(d *Defects) *bool { return &d.RegionNoFence },
		},
		{
			Name:   "session-expiry-local-clock",
			About:  "a session ends when it was silent for too long by the clock of each node, not by the log that they share",
			Origin: "Raft thesis, §6.3: servers must agree on when to expire a session, or their states diverge",
			Seen:   "fractured; stale-read and dirty-read once the node leads whose clock was fast: it refused what the others carried out",
			Shown:  "configs/zoo/session-expiry-local-clock.yaml",
			Field:  func(d *Defects) *bool { return &d.SessionExpiryLocalClock },
		},
		{
			Name:   "snapshot-forgets-sessions",
			About:  "a node that takes its state from a snapshot does not know what sessions' writes were answered, and carries one sent again out twice",
			Origin: "Raft thesis, §6.3: sessions are part of the state, and so of every snapshot",
			Seen:   "duplicate-apply after a restart",
			Shown:  "configs/zoo/snapshot-forgets-sessions.yaml",
			Field:  func(d *Defects) *bool { return &d.SnapshotForgetsSessions },
		},
	}
}

// Options are what a store is told at the start of its node.
type Options struct {
	Defects Defects
	// Recovered is the last entry that the node found on its disk, or that a snapshot there has. Only a
	// defect cares: the state is made of these, so that there is nothing else that a restart could lose.
	Recovered raft.Index
	// Clock is what this node's clock shows; only a defect asks, for the state may not depend on it.
	Clock func() raft.Time
}
