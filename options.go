package schism

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"time"

	"schism/checker"
	"schism/history"
)

// bounds limit the parts of a run that wait for something.
type bounds struct {
	ready   time.Duration // from started processes to an elected leader
	recover time.Duration // from the last heal to nodes that have caught up
	final   time.Duration // to read what can be compared
	remove  time.Duration // to heal by force, and to remove the cluster
}

func usualBounds() bounds {
	return bounds{ready: 30 * time.Second, recover: 30 * time.Second, final: 10 * time.Second, remove: 30 * time.Second}
}

// Options are how a scenario is run, where the command line may differ from the scenario.
type Options struct {
	Runtime string // replaces the scenario's; empty: not
	Seed    uint64 // replaces the scenario's; 0: not
	// Store is the directory below which the run gets one of its own; Out names that one exactly.
	Store, Out string
	// Binary is the path of the schism binary that runs the nodes; empty: this process's own.
	Binary string
	// Progress takes lines for people as the run goes on; nil: nobody looks. It may be a Viewer.
	Progress io.Writer
	// Keep leaves the cluster up when the run is over.
	Keep bool
	// StopOnAnomaly ends the clients and the faults, in order, with the first anomaly that is certain.
	StopOnAnomaly bool
}

// Outcome is a run that came to its end.
type Outcome struct {
	Dir    history.RunDir
	Result *checker.Result
	Kept   *Kept // nil, unless Options.Keep
}

// resolved is the scenario with everything chosen that was left open.
func (s *Scenario) resolved(o Options) *Scenario {
	c := *s
	if o.Runtime != "" {
		c.Cluster.Runtime = o.Runtime
	}
	if o.Seed != 0 {
		c.Seed = o.Seed
	}
	for c.Seed == 0 {
		var b [8]byte
		_, _ = rand.Read(b[:])                            // it never fails
		c.Seed = uint64(binary.LittleEndian.Uint32(b[:])) // short enough to be typed
	}
	return &c
}
