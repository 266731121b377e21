package kv

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"schism/targetnode/lease"
	"schism/targetnode/raft"
)

// Snapshot is the whole state at one point of the log.
type Snapshot struct {
	Applied raft.Index                 // the last entry in it
	Term    raft.Term                  // that entry's term
	Values  map[string]json.RawMessage // every key that has one
	// Sessions belong to it, the longest silent first: a node that took over the values alone would carry
	// out again what it has in them already.
	Sessions []Session
	// Lease does for the same reason: without it the node would admit what the others refuse.
	Lease lease.State
}

// Snapshot copies the state between two entries.
func (s *Store) Snapshot() Snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Snapshot{Applied: s.applied, Term: s.term, Values: maps.Clone(s.values), Sessions: s.sessions.copies(), Lease: s.lease}
}

const snapshotVersion = 1

// Encode gives the same bytes for the same state, on every node:
//
//	version u8 | applied, term | lease: index, length, entry | number of keys | each: key, value, by key
//	| number of sessions | each: id, used, seq, answer
//
// Numbers are unsigned varints; strings and values follow their length. An answer is: refused, value (its
// length + 1; 0: it has none), applied.
func (s *Snapshot) Encode() []byte {
	e := encoder{snapshotVersion}
	e.numbers(uint64(s.Applied), uint64(s.Term), uint64(s.Lease.Index))
	e.bytes(s.Lease.Entry.Append(nil))
	e.numbers(uint64(len(s.Values)))
	for _, key := range slices.Sorted(maps.Keys(s.Values)) {
		e.bytes([]byte(key))
		e.bytes(s.Values[key])
	}
	e.numbers(uint64(len(s.Sessions)))
	for _, known := range s.Sessions {
		e.numbers(known.ID, uint64(known.Used), known.Seq)
		e.bytes([]byte(known.Answer.Refused))
		if known.Answer.Value == nil {
			e.numbers(0)
		} else {
			e.numbers(uint64(len(known.Answer.Value)) + 1)
			e = append(e, known.Answer.Value...)
		}
		e.numbers(uint64(known.Answer.Applied))
	}
	return e
}

type encoder []byte

func (e *encoder) numbers(vs ...uint64) {
	for _, v := range vs {
		*e = binary.AppendUvarint(*e, v)
	}
}

func (e *encoder) bytes(b []byte) {
	e.numbers(uint64(len(b)))
	*e = append(*e, b...)
}

// DecodeSnapshot is the inverse of Encode. The values refer to data.
func DecodeSnapshot(data []byte) (Snapshot, error) {
	d := decoder{rest: data}
	if version := d.take(1); len(version) == 1 && version[0] != snapshotVersion {
		return Snapshot{}, fmt.Errorf("a snapshot of version %d, which this version does not know", version[0])
	}
	s := Snapshot{
		Applied: raft.Index(d.number()), Term: raft.Term(d.number()),
		Values: map[string]json.RawMessage{}, Lease: lease.State{Index: raft.Index(d.number())},
	}
	s.Lease.Entry = d.lease()
	for range d.count() {
		key := string(d.take(d.number()))
		s.Values[key] = d.take(d.number())
	}
	for range d.count() {
		s.Sessions = append(s.Sessions, d.session())
	}
	if d.err == nil && len(d.rest) > 0 {
		d.err = fmt.Errorf("%d bytes behind the snapshot", len(d.rest))
	}
	return s, d.err
}

// decoder reads fields off the front of rest until the first error, after which all read as zero.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) number() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail(errors.New("the snapshot ends in the middle of a field"))
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count is a number of things that take at least a byte each.
func (d *decoder) count() uint64 {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.fail(fmt.Errorf("%d things in %d bytes of the snapshot", n, len(d.rest)))
		return 0
	}
	return n
}

func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.fail(errors.New("the snapshot ends in the middle of a value"))
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

// lease reads the newest lease entry; that of a state without one is not fit for the log.
func (d *decoder) lease() lease.Entry {
	b := d.take(d.number())
	if d.err != nil || slices.Equal(b, lease.Entry{}.Append(nil)) {
		return lease.Entry{}
	}
	e, err := lease.Decode(b)
	d.fail(err)
	return e
}

func (d *decoder) session() Session {
	known := Session{ID: d.number(), Used: raft.Index(d.number()), Seq: d.number()}
	known.Answer.Refused = string(d.take(d.number()))
	if n := d.number(); n > 0 {
		known.Answer.Value = d.take(n - 1)
	}
	known.Answer.Applied = raft.Index(d.number())
	return known
}

func (d *decoder) fail(err error) {
	if d.err == nil && err != nil {
		d.err, d.rest = err, nil
	}
}

// Restore puts the state that Encode wrote in the place of this one. Its error means, like that of
// Apply, that the node must stop.
func (s *Store) Restore(data []byte) error {
	snap, err := DecodeSnapshot(data)
	if err != nil {
		return fmt.Errorf("restore the state from a snapshot: %w", err)
	}
	known := newSessions(s.options)
	for _, one := range snap.Sessions {
		known.add(one)
	}
	d := s.options.Defects
	if d.SnapshotForgetsSessions || d.DedupInMemory && snap.Applied == s.options.Recovered {
		known.forget()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values, s.sessions, s.lease, s.applied, s.term = snap.Values, known, snap.Lease, snap.Applied, snap.Term
	return nil
}
