package targetnode

import (
	"cmp"
	"slices"
	"strings"

	"schism/targetnode/defect"
	"schism/targetnode/kv"
	"schism/targetnode/lease"
	"schism/targetnode/raft"
	"schism/targetnode/storage"
)

// Defect is one known bug of a node.
type Defect struct{ defect.Of[defects] }

// defects are those that are switched on, each in the part of the node that has it.
type defects struct {
	core   raft.Defects
	state  kv.Defects
	lease  lease.Defects
	disk   storage.Defects
	driver driverDefects
}

// knownDefects are those of all parts, sorted by name.
func knownDefects() []defect.Of[defects] {
	all := slices.Concat(
		defect.In(raft.KnownDefects(), func(on *defects) *raft.Defects { return &on.core }),
		defect.In(kv.KnownDefects(), func(on *defects) *kv.Defects { return &on.state }),
		defect.In(lease.KnownDefects(), func(on *defects) *lease.Defects { return &on.lease }),
		defect.In(storage.KnownDefects(), func(on *defects) *storage.Defects { return &on.disk }),
		defect.In(driverKnownDefects(), func(on *defects) *driverDefects { return &on.driver }),
	)
	slices.SortFunc(all, func(a, b defect.Of[defects]) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// KnownDefects lists every defect of a node, sorted by name.
func KnownDefects() []Defect {
	var all []Defect
	for _, d := range knownDefects() {
		all = append(all, Defect{d})
	}
	return all
}

// parseDefects switches on the named defects. Its error names the first one that does not exist, and
// those that do.
func parseDefects(names []string) (defects, error) { return defect.Switch(knownDefects(), names) }

// NeedsRegion says that the defect is nothing without a region lease.
func (d Defect) NeedsRegion() bool { return isRegionDefect(d.Name) }

func isRegionDefect(name string) bool { return strings.HasPrefix(name, "region-") }

// stateOptions are those of the state of a node that found this on its disk, and goes by this clock.
func (on defects) stateOptions(found raft.Durable, c *clock) kv.Options {
	o := kv.Options{Defects: on.state, Recovered: found.Snapshot.Index, Clock: c.now}
	if n := len(found.Entries); n > 0 {
		o.Recovered = found.Entries[n-1].Index
	}
	return o
}
