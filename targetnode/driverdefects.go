package targetnode

import "schism/targetnode/defect"

// driverDefects are those of the parts that join the others to one node: its loop, its clock, its disk.
type driverDefects struct {
	ackBeforeCommit   bool
	failButCommits    bool
	leaseWallClock    bool
	readsLocal        bool
	stateAppliedSplit bool
	wipedDiskSameID   bool
}

func driverKnownDefects() []defect.Of[driverDefects] {
	return []defect.Of[driverDefects]{
		{
			Name:   "ack-before-commit",
			About:  "the leader answers a write once it is in its own log",
			Origin: "Raft paper, §5.3: the leader answers after it has applied the committed entry",
			Seen:   "lost-write once another leader is elected",
			Shown:  "configs/zoo/ack-before-commit.yaml",
			Field:  func(d *driverDefects) *bool { return &d.ackBeforeCommit },
		},
		{
			Name:   "fail-but-commits",
			About:  "a leader that is deposed answers the writes in its log as refused, though the next one may commit them",
			Origin: "Raft paper, §8: what a leader has appended when it is deposed may still be committed by its successor",
			Seen:   "dirty-read: a value whose write had failed",
			Shown:  "configs/zoo/fail-but-commits.yaml",
			Field:  func(d *driverDefects) *bool { return &d.failButCommits },
		},
		{
			Name:   "lease-wall-clock",
			About:  "the node takes its time, and so the end of its lease, from the wall clock, which may be set back meanwhile",
			Origin: "Ongaro's thesis, §6.4.1: a lease rests on a bound of the clocks' drift, which a clock that is set does not keep",
			Seen:   "stale-read at a leader that was cut off, and whose clock was set back",
			Shown:  "configs/zoo/lease-wall-clock.yaml",
			Field:  func(d *driverDefects) *bool { return &d.leaseWallClock },
		},
		{
			Name:   "reads-local",
			About:  "every node answers reads from its own state, without asking anybody",
			Origin: "Raft thesis, §6.4: reads must not bypass the log without a proof of leadership; Jepsen, etcd and Consul, 2014",
			Seen:   "stale-read",
			Shown:  "configs/zoo/reads-local.yaml",
			Field:  func(d *driverDefects) *bool { return &d.readsLocal },
		},
		{
			Name:   "state-applied-split",
			About:  "a snapshot's state and the entry that it is named after are taken at different times, so that a restart applies entries twice",
			Origin: "Raft paper, §7: a snapshot holds the last included index that belongs to its state",
			Seen:   "duplicate-apply after a restart",
			Shown:  "configs/zoo/state-applied-split.yaml",
			Field:  func(d *driverDefects) *bool { return &d.stateAppliedSplit },
		},
		{
			Name:   "wiped-disk-same-id",
			About:  "a node comes back with an empty disk under its old name, as if it had promised nothing",
			Origin: "Raft paper, figure 2: term, vote and log are persistent state; a server without them is another server",
			Seen:   "lost-write once a majority came back so",
			Shown:  "configs/zoo/wiped-disk-same-id.yaml",
			Field:  func(d *driverDefects) *bool { return &d.wipedDiskSameID },
		},
	}
}
