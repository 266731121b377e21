package lease

import "schism/targetnode/defect"

// Defects are the known bugs of the region lease. The zero value is a correct one.
type Defects struct {
	NoWait bool
}

// KnownDefects lists every defect of the lease, sorted by name.
func KnownDefects() []defect.Of[Defects] {
	return []defect.Of[Defects]{
		{
			Name:   "region-no-wait",
			About:  "a node takes two missing renewals for the end of the region lease instead of waiting it out",
			Origin: "Gray and Cheriton, Leases (1989), §2: a lease binds its grantor until it ends by the slowest clock",
			Seen:   "stale-read at the old region leader",
			Shown:  "configs/raft/region-no-wait.yaml",
			Field:  func(d *Defects) *bool { return &d.NoWait },
		},
	}
}
