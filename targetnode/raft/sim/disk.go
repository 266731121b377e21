package sim

import (
	"math/rand/v2"

	"schism/targetnode/raft"
)

// disk keeps apart what was fsynced from what a crash may lose.
type disk struct {
	state    raft.HardState
	snapshot raft.Snapshot
	entries  []raft.Entry // from the snapshot's successor on
	pending  []write      // in order; the first syncing of them are being fsynced
	syncing  int
}

// write is what one Effects wants durable, and what waits for that.
type write struct {
	snapshot *raft.Snapshot // from the leader, or with own from this node
	own      bool
	reset    bool // nothing is left of the log behind the snapshot
	state    *raft.HardState
	entries  []raft.Entry
	then     []raft.Message
}

func (w *write) empty() bool {
	return w.snapshot == nil && w.state == nil && len(w.entries) == 0
}

// keep makes a write durable, of its entries only the first so many.
func (d *disk) keep(w write, entries int) {
	if w.snapshot != nil && w.snapshot.Index > d.snapshot.Index {
		d.begin(*w.snapshot, w.reset)
	}
	if w.state != nil {
		d.state = *w.state
	}
	if entries > 0 {
		d.entries = append(d.entries[:w.entries[0].Index-1-d.snapshot.Index], w.entries[:entries]...)
	}
}

// begin puts a snapshot in the place of the log up to its entry, or of all of it.
func (d *disk) begin(s raft.Snapshot, reset bool) {
	if reset {
		d.entries = nil
	} else {
		d.entries = append([]raft.Entry(nil), d.entries[s.Index-d.snapshot.Index:]...)
	}
	d.snapshot = s
}

// synced ends an fsync and returns the writes that it covered.
func (d *disk) synced() []write {
	done := d.pending[:d.syncing]
	for _, w := range done {
		d.keep(w, len(w.entries))
	}
	d.pending = d.pending[d.syncing:]
	d.syncing = 0
	return done
}

// crash loses some tail of what was not fsynced, and says whether anything was lost. What was written
// may have reached the disk although nobody waited for it, in part of a write too.
func (d *disk) crash(rng *rand.Rand) (lost, torn bool) {
	survive := 0
	if len(d.pending) > 0 && rng.IntN(2) == 0 {
		survive = rng.IntN(len(d.pending) + 1)
	}
	for i, w := range d.pending {
		switch {
		case i < survive:
			d.keep(w, len(w.entries))
		case i == survive && rng.IntN(4) == 0:
			kept := rng.IntN(len(w.entries) + 1)
			d.keep(w, kept)
			lost, torn = lost || kept < len(w.entries), torn || kept > 0 && kept < len(w.entries)
		default:
			lost = lost || !w.empty()
		}
	}
	d.pending, d.syncing = nil, 0
	return lost, torn
}

// contents is what a restarting node finds, and whether that is anything at all.
func (d *disk) contents() (raft.Durable, bool) {
	found := d.state != raft.HardState{} || len(d.entries) > 0 || d.snapshot.Index > 0
	return raft.Durable{HardState: d.state, Snapshot: d.snapshot, Entries: append([]raft.Entry(nil), d.entries...)}, found
}
