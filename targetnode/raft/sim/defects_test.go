package sim_test

import "schism/targetnode/raft/sim"

// violations are what each defect of the core is known to violate.
var violations = map[string][]string{
	"ack-before-fsync":            {sim.LeaderCompleteness},
	"change-before-term-commit":   {sim.LeaderCompleteness, sim.StateMachineSafety},
	"check-quorum-as-lease":       {sim.LinearizableReads, sim.LeaseExclusivity},
	"commit-old-term":             {sim.LeaderCompleteness},
	"counts-learners":             {sim.LeaderCompleteness},
	"follower-commit-uncapped":    {sim.StateMachineSafety},
	"half-is-majority":            {sim.LeaderCompleteness},
	"lease-from-ack-time":         {sim.LinearizableReads, sim.LeaseExclusivity},
	"lease-survives-transfer":     {sim.LinearizableReads, sim.LeaseExclusivity},
	"prevote-no-recency":          {sim.PreVoteRecency},
	"read-index-ctx-reused":       {sim.LinearizableReads},
	"read-index-no-noop":          {sim.LinearizableReads},
	"restart-votes-at-once":       {sim.LinearizableReads, sim.LeaseExclusivity},
	"snapshot-drops-newer-suffix": {sim.LeaderCompleteness},
	"snapshot-old-config":         {sim.ElectionSafety, sim.LeaderCompleteness},
	"truncate-always":             {sim.LeaderCompleteness},
	"vote-ignores-last-term":      {sim.LeaderCompleteness},
	"vote-not-persisted":          {sim.ElectionSafety},
	"votes-twice":                 {sim.ElectionSafety},
}
