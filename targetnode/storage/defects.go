package storage

import "schism/targetnode/defect"

// Defects are the known bugs of the log. The zero value is a correct one.
type Defects struct {
	CorruptTailKeepsVoting bool
}

// KnownDefects lists every defect of the log, sorted by name.
func KnownDefects() []defect.Of[Defects] {
	return []defect.Of[Defects]{
		{
			Name:   "corrupt-tail-keeps-voting",
			About:  "damage in the last segment is cut off as if it were a torn write, and the node goes on without what it had promised",
			Origin: "Alagappan et al., Protocol-Aware Recovery for Consensus-Based Storage (FAST 2018): a crash and a corruption must be told apart",
			Seen:   "lost-write once the disk of a node decays",
			Shown:  "configs/zoo/corrupt-tail-keeps-voting.yaml",
			Field:  func(d *Defects) *bool { return &d.CorruptTailKeepsVoting },
		},
	}
}
