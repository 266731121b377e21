package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"schism/targetnode/raft"
)

// A snapshot is one file: a magic of 8 bytes, then records as in the log: whose it is, which entry it
// follows and how long its data are, and the data in pieces. It is written under another name and gets
// its own only when it is durable, so that there is a whole one or none.
const (
	snapshotName  = "snapshot"
	snapshotDraft = "snapshot.new"
	snapshotMagic = "SCHISMP1"
	// snapshotPiece is what one record holds of the data: a checksum of its own for each, and no second
	// copy of the whole in memory.
	snapshotPiece = 1 << 20
)

// SaveSnapshot makes a snapshot durable. It may run beside all other methods. One that is older than
// what is there already is left alone. Before Compact is told of it the log stays as it is.
func (l *Log) SaveSnapshot(s raft.Snapshot) error {
	l.snapshots.Lock()
	defer l.snapshots.Unlock()
	if s.Index <= l.saved {
		return nil
	}
	if err := l.writeSnapshot(s); err != nil {
		return fmt.Errorf("save the snapshot of entry %d: %w", s.Index, err)
	}
	l.saved = s.Index
	return nil
}

func (l *Log) writeSnapshot(s raft.Snapshot) error {
	draft := filepath.Join(l.dir, snapshotDraft)
	if err := removeIfThere(l.fs, draft); err != nil {
		return err
	}
	f, err := l.fs.Create(draft)
	if err != nil {
		return err
	}
	if err := errors.Join(fillSnapshot(f, l.opts.Identity, s), f.Close()); err != nil {
		return err
	}
	if l.BeforeRename != nil {
		if err := l.BeforeRename(s); err != nil {
			return err
		}
	}
	if err := l.fs.Rename(draft, filepath.Join(l.dir, snapshotName)); err != nil {
		return err
	}
	return l.fs.SyncDir(l.dir)
}

func fillSnapshot(f File, identity string, s raft.Snapshot) error {
	buf := append([]byte(nil), snapshotMagic...)
	buf = appendRecord(buf, recordIdentity, []byte(identity))
	buf = appendSnapshotHead(buf, s)
	offset := int64(0)
	for rest := s.Data; ; {
		if _, err := f.WriteAt(buf, offset); err != nil {
			return err
		}
		offset += int64(len(buf))
		if len(rest) == 0 {
			return f.Sync()
		}
		piece := rest[:min(len(rest), snapshotPiece)]
		rest = rest[len(piece):]
		buf = appendRecord(buf[:0], recordPiece, piece)
	}
}

func removeIfThere(fsys FS, name string) error {
	if err := fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// loadSnapshot reads the snapshot, if there is one. A file that ends early is damaged: it was whole when
// it got its name.
func loadSnapshot(fsys FS, dir, identity string) (raft.Snapshot, error) {
	name := filepath.Join(dir, snapshotName)
	data, err := fsys.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return raft.Snapshot{}, nil
	case err != nil:
		return raft.Snapshot{}, fmt.Errorf("read the snapshot: %w", err)
	case len(data) < len(snapshotMagic) || string(data[:len(snapshotMagic)]) != snapshotMagic:
		return raft.Snapshot{}, &DamageError{name, 0, "not the beginning of a snapshot"}
	}
	r := snapshotReader{identity: identity, name: name}
	for at := len(snapshotMagic); ; {
		if at == len(data) && r.whole() {
			return r.snapshot, nil
		}
		kind, payload, size, err := nextRecord(data[at:])
		switch {
		case err == errEnd || err == errTorn:
			err = errors.New("it is not as long as it was when it got its name")
		case err == nil:
			err = r.take(kind, payload)
		}
		if foreign := (*IdentityError)(nil); errors.As(err, &foreign) {
			return raft.Snapshot{}, err
		}
		if err != nil {
			return raft.Snapshot{}, &DamageError{name, int64(at), err.Error()}
		}
		at += size
	}
}

// snapshotReader puts a snapshot's records together.
type snapshotReader struct {
	identity, name string
	owned          bool // its owner was read, and is this node
	size           uint64
	snapshot       raft.Snapshot
}

func (r *snapshotReader) whole() bool {
	return r.snapshot.Index > 0 && uint64(len(r.snapshot.Data)) == r.size
}

func (r *snapshotReader) take(kind recordType, payload []byte) (err error) {
	switch {
	case kind == recordIdentity && !r.owned:
		if string(payload) != r.identity {
			return &IdentityError{File: r.name, Owner: string(payload), Opener: r.identity}
		}
		r.owned = true
		return nil
	case kind == recordSnapshot && r.owned && r.snapshot.Index == 0:
		r.snapshot, r.size, err = decodeSnapshotHead(payload)
		return err
	case kind == recordPiece && r.snapshot.Index > 0 && uint64(len(payload)) <= r.size-uint64(len(r.snapshot.Data)):
		r.snapshot.Data = append(r.snapshot.Data, payload...)
		return nil
	}
	return fmt.Errorf("a record of type %d that does not belong there", kind)
}

func appendSnapshotHead(buf []byte, s raft.Snapshot) []byte {
	var p []byte
	p = binary.LittleEndian.AppendUint64(p, uint64(s.Index))
	p = binary.LittleEndian.AppendUint64(p, uint64(s.Term))
	p = binary.LittleEndian.AppendUint64(p, uint64(len(s.Data)))
	return appendRecord(buf, recordSnapshot, p, s.Members.Encode())
}

const snapshotFixedSize = 24

func decodeSnapshotHead(p []byte) (s raft.Snapshot, size uint64, err error) {
	if len(p) < snapshotFixedSize {
		return s, 0, fmt.Errorf("a snapshot's head of %d bytes instead of at least %d", len(p), snapshotFixedSize)
	}
	s.Index = raft.Index(binary.LittleEndian.Uint64(p))
	s.Term = raft.Term(binary.LittleEndian.Uint64(p[8:]))
	if s.Index == 0 {
		return s, 0, errors.New("a snapshot of the state before the first entry")
	}
	s.Members, err = raft.DecodeMembership(p[snapshotFixedSize:])
	return s, binary.LittleEndian.Uint64(p[16:]), err
}
