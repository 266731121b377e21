// Package storage keeps a node's Raft state on disk: a log of checksummed records in segment
// files, written by group commit. It knows records and files, not the protocol.
package storage

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"schism/targetnode/raft"
)

// DefaultSegmentSize is where a new segment file begins when Options does not say. A small one
// wastes little disk (its room is reserved ahead); beginning one costs two syncs.
const DefaultSegmentSize = 4 << 20

// Options of a log.
type Options struct {
	// Identity says whose log this is, in words. A directory written under another identity is
	// refused: a node that comes up with a neighbour's log has promised what it does not know.
	Identity string
	// SegmentSize in bytes: reserved at once, exceeded by at most one batch. 0: DefaultSegmentSize.
	SegmentSize int64
	Defects     Defects // the zoo: all off in a correct log
}

// Log is an open write-ahead log with the snapshot that its front part has gone into. Only SaveSnapshot
// may be called beside another method.
type Log struct {
	fs   FS
	dir  string
	opts Options
	lock io.Closer

	file      File   // the last segment, the only one that is ever written
	name      string // its path, for errors
	seq       uint64 // its number
	size      int64  // where the next record goes
	buf       []byte // records appended since the last Sync
	hardState raft.HardState
	last      position   // of the log, with what is appended
	highest   raft.Index // of the entries in the last segment
	closed    []segment  // the segments before the last
	covered   raft.Index // segments up to it go when what is in buf is durable; 0: none do
	err       error      // the first failed write or sync; final

	// BeforeRename, if it is not nil, is called when a snapshot is durable and does not have its name yet.
	// Its error is taken for that of the rename.
	BeforeRename func(raft.Snapshot) error

	snapshots sync.Mutex // held while a snapshot is written
	saved     raft.Index // of the newest one
}

// segment is one that is written no more.
type segment struct {
	seq     uint64
	highest raft.Index // of its entries: no segment is needed once a snapshot has all of them
}

// Open takes the log in dir, which it makes if need be, and returns what an earlier life left
// there. All of that is durable when Open returns, whatever of it had been synced before. A torn
// last record, which nobody was ever promised, is cut off; any other damage is a *DamageError.
func Open(fsys FS, dir string, opts Options) (*Log, Recovered, error) {
	if opts.SegmentSize == 0 {
		opts.SegmentSize = DefaultSegmentSize
	}
	if err := fsys.MkdirAll(dir); err != nil {
		return nil, Recovered{}, fmt.Errorf("make the data directory: %w", err)
	}
	lock, err := fsys.Lock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, Recovered{}, fmt.Errorf("lock the data directory: %w", err)
	}
	l := &Log{fs: fsys, dir: dir, opts: opts, lock: lock}
	found, untold, err := l.recover()
	if err != nil {
		lock.Close()
		return nil, Recovered{}, err
	}
	// Appending to the recovered segment would save a file a start, but then every rule about
	// torn tails would have to hold in the middle of a file, too.
	err = l.beginSegment()
	if err == nil && untold != nil {
		l.Compact(untold.snapshot, untold.reset)
		err = l.Sync()
	}
	if err != nil {
		lock.Close()
		return nil, Recovered{}, err
	}
	return l, found, nil
}

// Append adds the hard state (nil: unchanged) and then the entries to the records that the next
// Sync makes durable. An entry replaces what the log held from its index on.
func (l *Log) Append(hs *raft.HardState, entries []raft.Entry) {
	if hs != nil {
		l.hardState = *hs
		l.buf = appendHardState(l.buf, *hs)
	}
	for _, e := range entries {
		l.buf = appendEntry(l.buf, e)
		l.last = position{e.Index, e.Term}
		l.highest = max(l.highest, e.Index)
	}
}

// Compact tells the log of a snapshot that SaveSnapshot has made durable. With the next Sync the log
// begins behind its entry; reset says that it had another one there, or none, and so nothing follows.
// The segments that are not needed any more go then.
func (l *Log) Compact(s raft.Snapshot, reset bool) {
	to := position{s.Index, s.Term}
	l.buf = appendCompact(l.buf, to, reset)
	if reset {
		l.last = to
	}
	l.covered = s.Index
}

// Sync makes everything appended so far durable with one write and one sync. An error is final:
// after a failed fsync the kernel may call the lost pages clean, so that a second one succeeds
// without them (the PostgreSQL findings of 2018). The node must stop.
func (l *Log) Sync() error {
	if l.err != nil || len(l.buf) == 0 {
		return l.err
	}
	if l.err = l.writeOut(); l.err != nil {
		return l.err
	}
	if l.size >= l.opts.SegmentSize {
		if l.err = l.nextSegment(); l.err != nil {
			return l.err
		}
	}
	if l.covered > 0 {
		l.err = l.removeCovered()
	}
	return l.err
}

// removeCovered removes the oldest segments whose entries a snapshot has. Each removal is made durable
// before the next: a gap between two that are left would look like a lost file.
func (l *Log) removeCovered() error {
	for len(l.closed) > 0 && l.closed[0].highest <= l.covered {
		name := filepath.Join(l.dir, segmentName(l.closed[0].seq))
		if err := l.fs.Remove(name); err != nil {
			return fmt.Errorf("remove a log segment that a snapshot covers: %w", err)
		}
		if err := l.fs.SyncDir(l.dir); err != nil {
			return fmt.Errorf("remove the log segment %s: %w", name, err)
		}
		l.closed = l.closed[1:]
	}
	l.covered = 0
	return nil
}

func (l *Log) writeOut() error {
	if _, err := l.file.WriteAt(l.buf, l.size); err != nil {
		return fmt.Errorf("write %d bytes at offset %d of %s: %w", len(l.buf), l.size, l.name, err)
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", l.name, err)
	}
	l.size += int64(len(l.buf))
	l.buf = l.buf[:0]
	if cap(l.buf) > maxKeptBuffer {
		l.buf = nil
	}
	return nil
}

// maxKeptBuffer bounds what one large batch leaves behind in memory.
const maxKeptBuffer = 4 << 20

func (l *Log) nextSegment() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("close %s: %w", l.name, err)
	}
	l.closed = append(l.closed, segment{l.seq, l.highest})
	return l.beginSegment()
}

// beginSegment makes the next segment durable before any record that counts is put into it. It
// repeats the identity, the hard state and where the log stands, so that each segment can stand without
// those before it.
func (l *Log) beginSegment() error {
	l.seq++
	l.name = filepath.Join(l.dir, segmentName(l.seq))
	buf := appendSegmentHeader(nil, l.seq)
	buf = appendRecord(buf, recordIdentity, []byte(l.opts.Identity))
	buf = appendHardState(buf, l.hardState)
	buf = appendStart(buf, l.last)
	l.highest = 0
	f, err := l.fs.Create(l.name)
	if err != nil {
		return fmt.Errorf("begin a log segment: %w", err)
	}
	if err := l.fillSegment(f, buf); err != nil {
		f.Close()
		return fmt.Errorf("begin the log segment %s: %w", l.name, err)
	}
	l.file, l.size = f, int64(len(buf))
	return nil
}

func (l *Log) fillSegment(f File, start []byte) error {
	if err := f.Allocate(l.opts.SegmentSize); err != nil {
		return err
	}
	if _, err := f.WriteAt(start, 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return l.fs.SyncDir(l.dir)
}

// Close makes what was appended durable, gives back the room that the last segment did not use,
// and lets go of the directory.
func (l *Log) Close() error {
	err := l.Sync()
	if err == nil {
		err = l.file.Truncate(l.size)
	}
	return errors.Join(err, l.file.Close(), l.lock.Close())
}
