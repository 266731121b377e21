package storage

import (
	"errors"
	"fmt"
	"path/filepath"

	"schism/targetnode/raft"
)

// Recovered is what Open found.
type Recovered struct {
	Durable raft.Durable
	Cut     *Cut // nil: the log ended cleanly
}

// Cut tells of a torn last write that was cut off.
type Cut struct {
	File   string
	Offset int64 // where the file ends now
}

// DamageError refuses a log that holds something other than what was written to it.
type DamageError struct {
	File   string
	Offset int64 // of the damaged record
	What   string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s, offset %d: %s. This node may have given a vote or acknowledged entries that are unreadable now, "+
		"so it does not start: bring back a good copy of the file (an empty directory under the same name could lose acknowledged writes)",
		e.File, e.Offset, e.What)
}

// IdentityError refuses a log that was written by another node.
type IdentityError struct {
	File          string
	Owner, Opener string
}

func (e *IdentityError) Error() string {
	return fmt.Sprintf("%s belongs to %s, and this node is %s: start it with the data directory and the peers that it had before",
		e.File, e.Owner, e.Opener)
}

const lockName = "LOCK"

// recover reads the snapshot and every segment, cuts the last one's torn tail and leaves all of them
// durable. It also returns a compaction that the log must still be told of.
func (l *Log) recover() (Recovered, *compaction, error) {
	snapshot, err := loadSnapshot(l.fs, l.dir, l.opts.Identity)
	if err != nil {
		return Recovered{}, nil, err
	}
	seqs, err := segments(l.fs, l.dir)
	if err != nil {
		return Recovered{}, nil, err
	}
	var log contents
	cut, err := l.readSegments(seqs, &log, snapshot.Index > 0)
	if err != nil {
		return Recovered{}, nil, err
	}
	l.hardState, l.last, l.saved = log.hardState, log.last(), snapshot.Index
	untold, err := log.continueFrom(snapshot, filepath.Join(l.dir, snapshotName))
	if err != nil {
		return Recovered{}, nil, err
	}
	return Recovered{raft.Durable{HardState: log.hardState, Snapshot: snapshot, Entries: log.entries}, cut}, untold, nil
}

// readSegments also notes in l.closed what may be removed one day. compacted says that segments may be
// gone from the front.
func (l *Log) readSegments(seqs []uint64, log *contents, compacted bool) (*Cut, error) {
	var cut *Cut
	var before Cut // where the segment before ended
	for i, seq := range seqs {
		r := segmentReader{name: filepath.Join(l.dir, segmentName(seq)), seq: seq, identity: l.opts.Identity, found: log}
		data, err := l.fs.ReadFile(r.name)
		if err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		end, err := r.read(data)
		last := i == len(seqs)-1
		if damage := (*DamageError)(nil); last && errors.As(err, &damage) && l.opts.Defects.CorruptTailKeepsVoting {
			err = errTorn
		}
		switch damage := (*DamageError)(nil); {
		case r.gap && errors.As(err, &damage):
			return nil, &DamageError{before.File, before.Offset, damage.What}
		case err != nil && !errors.Is(err, errTorn):
			return nil, err
		case !last && (err != nil || end != int64(len(data)) || !r.whole):
			return nil, &DamageError{r.name, end, "the segment ends early although a later one follows it"}
		case i == 0 && !r.whole && (seq > 1 || compacted):
			return nil, &DamageError{r.name, end, "the beginning of the oldest segment is cut short, which was durable before those in front of it were removed"}
		}
		if errors.Is(err, errTorn) {
			cut = &Cut{File: r.name, Offset: end}
		}
		if last {
			if err := l.seal(&r, end); err != nil {
				return nil, err
			}
		}
		before = Cut{r.name, end}
		if r.whole {
			l.closed = append(l.closed, segment{seq, r.highest})
		}
	}
	if len(seqs) == 0 && compacted {
		return nil, &DamageError{filepath.Join(l.dir, snapshotName), 0, "there is a snapshot, and no log segment beside it"}
	}
	return cut, nil
}

// compaction is what Compact is told.
type compaction struct {
	snapshot raft.Snapshot
	reset    bool
}

// continueFrom makes the log continue the snapshot. The log may not have been told of that yet: the node
// stopped between the two. What follows in the log is the snapshot's continuation only if the log has
// its very entry.
func (c *contents) continueFrom(s raft.Snapshot, name string) (untold *compaction, err error) {
	if needed := max(c.covered, c.base.index); s.Index < needed {
		return nil, &DamageError{name, 0, fmt.Sprintf("the log begins behind entry %d, and there is no snapshot of that entry or a later one", needed)}
	}
	if s.Index == c.covered {
		return nil, nil
	}
	untold = &compaction{snapshot: s, reset: c.termAt(s.Index) != s.Term}
	return untold, c.compact(position{s.Index, s.Term}, untold.reset)
}

// seal ends the last segment at end for good. It syncs the file even where nothing is cut: after a
// kill the records may be in the page cache only, and the node is about to rely on them. A segment
// whose beginning is torn never held a record that counts, so its number is used again.
func (l *Log) seal(r *segmentReader, end int64) error {
	if !r.whole {
		if err := l.fs.Remove(r.name); err != nil {
			return fmt.Errorf("remove a log segment that was never begun: %w", err)
		}
		l.seq = r.seq - 1
		return l.fs.SyncDir(l.dir)
	}
	l.seq = r.seq
	f, err := l.fs.Open(r.name)
	if err != nil {
		return fmt.Errorf("cut the end of the log: %w", err)
	}
	err = f.Truncate(end)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("cut %s at offset %d: %w", r.name, end, err)
	}
	return l.fs.SyncDir(l.dir)
}
