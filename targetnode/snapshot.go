package targetnode

import (
	"context"
	"fmt"

	"schism/targetnode/kv"
	"schism/targetnode/raft"
	"schism/targetnode/storage"
)

// snapshotBytes of applied commands make a snapshot due, however few they are: what a restart has to
// apply again is bounded, and what the log takes of the disk.
const snapshotBytes = 64 << 20

// saver writes snapshots in a goroutine of its own: the loop only copies the state.
type saver struct {
	log  *storage.Log
	work chan copied // has room for the one that is under way
	done chan saved

	// The loop's own.
	every    raft.Index // entries between two snapshots
	last     raft.Index // entry of the newest one
	bytes    int        // applied since then
	underWay bool
	splits   bool           // the defect state-applied-split
	label    *raft.Snapshot // with it: what the next copy will be taken for
}

// copied is a state that is to be written, and which entry it is that after.
type copied struct {
	snapshot raft.Snapshot // without data
	state    kv.Snapshot
}

// saved reports a snapshot that is durable now.
type saved struct {
	snapshot raft.Snapshot
	err      error
}

func newSaver(log *storage.Log, every int, last raft.Index, splits bool) *saver {
	return &saver{
		log: log, work: make(chan copied, 1), done: make(chan saved, 1),
		every: raft.Index(every), last: last, splits: splits,
	}
}

// run writes what it is given until ctx ends.
func (s *saver) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-s.work:
			c.snapshot.Data = c.state.Encode()
			s.done <- saved{c.snapshot, s.log.SaveSnapshot(c.snapshot)} // there is room: one is under way at a time
		}
	}
}

// due says whether enough has been applied since the last snapshot.
func (s *saver) due(applied raft.Index) bool {
	return !s.underWay && applied > s.last && (applied-s.last >= s.every || s.bytes >= snapshotBytes)
}

// saveSnapshot begins a snapshot when one is due. The entry that it is named after must be the one that
// the state was copied after: the two are taken at once, between two entries.
func (n *node) saveSnapshot() {
	s := n.saver
	applied := n.store.Applied()
	if !s.due(applied) {
		return
	}
	name := n.core.SnapshotAt(applied)
	if s.splits {
		if s.label == nil || s.label.Index == applied {
			s.label = &name
			return
		}
		name, s.label = *s.label, nil
	}
	state := n.store.Snapshot()
	state.Applied, state.Term = name.Index, name.Term
	s.last, s.bytes, s.underWay = name.Index, 0, true
	s.work <- copied{name, state}
}

// noteSaved lets the log go that a durable snapshot covers.
func (n *node) noteSaved(now raft.Time, s saved) error {
	if s.err != nil {
		return fmt.Errorf("the disk failed, so this node must stop: %w", s.err)
	}
	n.saver.underWay = false
	if n.core.Compact(now, s.snapshot) {
		n.persist(job{snapshot: &s.snapshot})
	}
	return nil
}

// install puts a snapshot from the leader in the place of the state.
func (n *node) install(now raft.Time, s raft.Snapshot) error {
	if err := restore(n.store, s); err != nil {
		return err
	}
	n.saver.last, n.saver.bytes, n.saver.label = s.Index, 0, nil
	n.backlog.drop()
	if n.region != nil {
		n.region.noteLease(now)
	}
	n.log.Info("took over a snapshot from the leader", "entry", s.Index, "term", s.Term, "bytes", len(s.Data))
	return nil
}

func restore(store *kv.Store, s raft.Snapshot) error {
	if s.Index == 0 {
		return nil
	}
	if err := store.Restore(s.Data); err != nil {
		return err
	}
	if applied := store.Applied(); applied != s.Index {
		return fmt.Errorf("the snapshot of entry %d has the state after entry %d", s.Index, applied)
	}
	return nil
}
