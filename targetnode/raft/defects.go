package raft

import "schism/targetnode/defect"

// Defects are the known bugs that can be switched on, one at a time, to prove what a tester finds.
// Each changes one decision of the core. The zero value is a correct node.
type Defects struct {
	AckBeforeFsync           bool
	ChangeBeforeTermCommit   bool
	CheckQuorumAsLease       bool
	CommitOldTerm            bool
	CountsLearners           bool
	FollowerCommitUncapped   bool
	HalfIsMajority           bool
	LeaseFromAckTime         bool
	LeaseSurvivesTransfer    bool
	PreVoteNoRecency         bool
	ReadIndexCtxReused       bool
	ReadIndexNoNoop          bool
	RestartVotesAtOnce       bool
	ServeBeforeReplay        bool
	SnapshotDropsNewerSuffix bool
	SnapshotOldConfig        bool
	TruncateAlways           bool
	VoteIgnoresLastTerm      bool
	VoteNotPersisted         bool
	VotesTwice               bool
}

// KnownDefects lists every defect of the core, sorted by name.
func KnownDefects() []defect.Of[Defects] {
	return []defect.Of[Defects]{
		{
			Name:   "ack-before-fsync",
			About:  "entries are acknowledged, and the leader counts itself, before they are durable",
			Origin: "Raft paper, figure 2: what a server must persist before it answers",
			Seen:   "lost-write once enough nodes lose what they had not fsynced",
			Shown:  "configs/raft/lost-write.yaml",
			Field:  func(d *Defects) *bool { return &d.AckBeforeFsync },
		},
		{
			Name:   "change-before-term-commit",
			About:  "a new leader changes the membership before it has committed anything in its term",
			Origin: "Ongaro, bug in single-server membership changes, raft-dev, July 2015",
			Seen:   "lost-write: two majorities of different memberships commit different entries",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.ChangeBeforeTermCommit },
		},
		{
			Name:   "check-quorum-as-lease",
			About:  "a leader serves lease reads until CheckQuorum deposes it, as if votes and slow clocks were no matter",
			Origin: "Raft thesis, §6.4.1; etcd-io/raft, ReadOnlyLeaseBased, which bounds no clock",
			Seen:   "stale-read",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.CheckQuorumAsLease },
		},
		{
			Name:   "commit-old-term",
			About:  "a leader commits entries of earlier terms by counting replicas (Raft paper, figure 8)",
			Origin: "Raft paper, §5.4.2 and figure 8",
			Seen:   "lost-write: what was read or acknowledged is replaced by a later leader",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.CommitOldTerm },
		},
		{
			Name:   "counts-learners",
			About:  "the acknowledgements of learners count towards a majority of the voters",
			Origin: "Raft thesis, §4.2.1: a new server joins as a non-voting member first",
			Seen:   "lost-write, and stale-read by read-index",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.CountsLearners },
		},
		{
			Name:   "follower-commit-uncapped",
			About:  "a follower commits up to its own last entry instead of the last one that matches the leader's",
			Origin: "Raft paper, figure 2, AppendEntries step 5: the index of the last new entry",
			Seen:   "divergence: a node applies what nobody committed",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.FollowerCommitUncapped },
		},
		{
			Name:   "half-is-majority",
			About:  "a leader takes half of the voters, rounded down, for a majority that has acknowledged",
			Origin: "Raft paper, §5.3: committed is what is stored on a majority of the servers",
			Seen:   "stale-read, fractured: what a minority acknowledged is not in the log of the others",
			Shown:  "configs/zoo/half-is-majority.yaml",
			Field:  func(d *Defects) *bool { return &d.HalfIsMajority },
		},
		{
			Name:   "lease-from-ack-time",
			About:  "the lease counts from when an acknowledgement arrived, not from when the heartbeat left",
			Origin: "Raft thesis, §6.4.1: the lease counts from the start of the round",
			Seen:   "stale-read when answers are late",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.LeaseFromAckTime },
		},
		{
			Name:   "lease-survives-transfer",
			About:  "a leader that has told another to campaign goes on with its lease",
			Origin: "Raft thesis, §6.4.1: a lease ends before leadership is transferred; etcd-io/raft issue 99",
			Seen:   "stale-read after a transfer",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.LeaseSurvivesTransfer },
		},
		{
			Name:   "prevote-no-recency",
			About:  "a pre-vote is granted to a node whose log is too old to win",
			Origin: "Raft thesis, §9.6: a pre-vote asks whether the log is good enough to win",
			Seen:   "disruption: terms rise and leaders change without end",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.PreVoteNoRecency },
		},
		{
			Name:   "read-index-ctx-reused",
			About:  "a read joins the round of heartbeats that is under way, whose answers may be older than the read",
			Origin: "Raft thesis, §6.4: the round begins after the read came; etcd-io/etcd issue 20418",
			Seen:   "stale-read",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.ReadIndexCtxReused },
		},
		{
			Name:   "read-index-no-noop",
			About:  "a new leader serves reads before it has committed an entry of its term",
			Origin: "Raft thesis, §6.4: a leader first commits an entry of its term; etcd-io/etcd issue 7331",
			Seen:   "stale-read after an election",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.ReadIndexNoNoop },
		},
		{
			Name:   "restart-votes-at-once",
			About:  "a node that restarts votes at once, though it may have promised a leader silence just before",
			Origin: "Raft thesis, §6.4.1: votes are refused within the election timeout of contact, in an earlier life too",
			Seen:   "stale-read by lease after a restart",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.RestartVotesAtOnce },
		},
		{
			Name:   "serve-before-replay",
			About:  "a restarted node answers reads, whoever leads, from what it has applied before all that it had is committed again",
			Origin: "Raft thesis, §6.4: a read waits until the state machine has applied all that was committed before it",
			Seen:   "stale-read after a restart, often of a key that was never written",
			Shown:  "configs/zoo/serve-before-replay.yaml",
			Field:  func(d *Defects) *bool { return &d.ServeBeforeReplay },
		},
		{
			Name:   "snapshot-drops-newer-suffix",
			About:  "an installed snapshot takes the place of the whole log, acknowledged entries behind it included",
			Origin: "Raft paper, §7: entries that follow the snapshot's are kept",
			Seen:   "lost-write once the node's acknowledgement was needed",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.SnapshotDropsNewerSuffix },
		},
		{
			Name:   "snapshot-old-config",
			About:  "a snapshot carries the membership of the one before it, so that who restarts from it or is given it counts a quorum of the former cluster",
			Origin: "Raft paper, §7: a snapshot includes the latest configuration as of its last included index",
			Seen:   "lost-write, or two leaders, after a change of membership",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.SnapshotOldConfig },
		},
		{
			Name:   "truncate-always",
			About:  "an append cuts off everything behind it, even where nothing conflicts",
			Origin: "Raft paper, figure 2, AppendEntries step 3: only a conflicting entry is deleted",
			Seen:   "lost-write when an old append arrives late",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.TruncateAlways },
		},
		{
			Name:   "vote-ignores-last-term",
			About:  "a vote goes to the longer log, whatever the terms of the last entries",
			Origin: "Raft paper, §5.4.1: logs with later last terms are more up to date",
			Seen:   "lost-write: a leader without committed entries",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.VoteIgnoresLastTerm },
		},
		{
			Name:   "vote-not-persisted",
			About:  "the vote is never written to disk, so that a restarted node may vote twice in a term",
			Origin: "Raft paper, figure 2: votedFor is persistent state",
			Seen:   "lost-write: two leaders of one term",
			Shown:  "simulator",
			Field:  func(d *Defects) *bool { return &d.VoteNotPersisted },
		},
		{
			Name:   "votes-twice",
			About:  "a vote is given to every candidate of a term whose log is good enough",
			Origin: "Raft paper, §5.2: each server votes for at most one candidate in a term",
			Seen:   "split-brain, and what follows from it: fractured, lost-write",
			Shown:  "configs/zoo/votes-twice.yaml",
			Field:  func(d *Defects) *bool { return &d.VotesTwice },
		},
	}
}

// ParseDefects switches on the named defects. Its error names the first one that does not exist, and
// those that do.
func ParseDefects(names []string) (Defects, error) { return defect.Switch(KnownDefects(), names) }
