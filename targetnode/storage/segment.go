package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strconv"
	"strings"

	"schism/targetnode/raft"
)

const (
	segmentSuffix = ".wal"
	segmentMagic  = "SCHISMW1"
	// segment header: magic [8] | sequence number u64 | CRC of these 16 bytes u32
	segmentHeaderSize = 20
)

func segmentName(seq uint64) string { return fmt.Sprintf("%016x%s", seq, segmentSuffix) }

func appendSegmentHeader(buf []byte, seq uint64) []byte {
	start := len(buf)
	buf = append(buf, segmentMagic...)
	buf = binary.LittleEndian.AppendUint64(buf, seq)
	return binary.LittleEndian.AppendUint32(buf, crc32.Checksum(buf[start:], castagnoli()))
}

// segments lists the numbers of the segment files in dir, which must follow each other. The first ones
// may be gone: a snapshot has taken their place then, which the reader of the rest sees to.
func segments(fsys FS, dir string) ([]uint64, error) {
	names, err := fsys.List(dir)
	if err != nil {
		return nil, fmt.Errorf("list the data directory: %w", err)
	}
	var seqs []uint64
	for _, name := range names {
		base, isSegment := strings.CutSuffix(name, segmentSuffix)
		if !isSegment {
			continue
		}
		seq, err := strconv.ParseUint(base, 16, 64)
		if err != nil || seq == 0 || segmentName(seq) != name {
			return nil, fmt.Errorf("%s: not the name of a log segment; move it out of the data directory", filepath.Join(dir, name))
		}
		if n := len(seqs); n > 0 && seq != seqs[n-1]+1 {
			return nil, fmt.Errorf("%s is missing: %s follows %s", filepath.Join(dir, segmentName(seqs[n-1]+1)), name, segmentName(seqs[n-1]))
		}
		seqs = append(seqs, seq)
	}
	return seqs, nil
}

// contents is what the records read so far make of the log.
type contents struct {
	begun     bool // a segment has said where the log stands
	hardState raft.HardState
	covered   raft.Index // by a snapshot, as the log was told
	base      position   // the entry before the first one here
	entries   []raft.Entry
}

// position is an entry's place in the log.
type position struct {
	index raft.Index
	term  raft.Term
}

func (c *contents) last() position {
	if n := len(c.entries); n > 0 {
		return position{c.entries[n-1].Index, c.entries[n-1].Term}
	}
	return c.base
}

// termAt is that of the entry at i; 0 where there is none.
func (c *contents) termAt(i raft.Index) raft.Term {
	switch {
	case i == c.base.index:
		return c.base.term
	case i < c.base.index || i > c.last().index:
		return 0
	}
	return c.entries[i-c.base.index-1].Term
}

// begin takes in where the log stood when a segment was begun. What was before the oldest segment is
// gone; every other one must find the log as it left it.
func (c *contents) begin(last position) error {
	switch {
	case !c.begun:
		c.begun, c.base = true, last
	case last != c.last():
		return fmt.Errorf("the log ends at entry %d of term %d here, but the next segment continues it from entry %d of term %d on",
			c.last().index, c.last().term, last.index, last.term)
	}
	return nil
}

// add puts an entry into the log and drops what was there from its index on. That may begin before all
// that the oldest segment knows of, in a part that a snapshot has covered since.
func (c *contents) add(e raft.Entry) error {
	switch last := c.last().index; {
	case e.Index <= c.covered:
		return fmt.Errorf("entry %d, which a snapshot has covered up to entry %d", e.Index, c.covered)
	case e.Index > last+1:
		return fmt.Errorf("entry %d follows entry %d", e.Index, last)
	case e.Index <= c.base.index:
		c.base, c.entries = position{index: e.Index - 1}, nil
	}
	c.entries = append(c.entries[:e.Index-c.base.index-1], e)
	return nil
}

// compact drops what a snapshot covers, and with reset what follows there too.
func (c *contents) compact(to position, reset bool) error {
	if last := c.last().index; !reset && to.index > last {
		return fmt.Errorf("a snapshot of entry %d is said to be of a log that ends at entry %d", to.index, last)
	}
	c.covered = to.index
	switch {
	case reset:
		c.entries = nil
	case to.index >= c.base.index:
		c.entries = append([]raft.Entry(nil), c.entries[to.index-c.base.index:]...)
	default:
		return nil // the oldest segments are gone for a newer one
	}
	c.base = to
	return nil
}

// segmentReader puts the records of one segment on top of what the segments before it held.
type segmentReader struct {
	name     string
	seq      uint64
	identity string
	found    *contents
	whole    bool       // its beginning, after which records count
	gap      bool       // it does not continue what the segments before it hold
	highest  raft.Index // of its entries
}

// read returns where the whole records end; errTorn says that part of another one followed.
func (r *segmentReader) read(data []byte) (int64, error) {
	header := appendSegmentHeader(nil, r.seq)
	if !bytes.HasPrefix(data, header) {
		if tornPrefix(data, header) {
			return 0, errTorn
		}
		return 0, &DamageError{r.name, 0, "not the header of this log segment"}
	}
	at := segmentHeaderSize
	for {
		kind, payload, size, err := nextRecord(data[at:])
		switch {
		case err == errEnd:
			return int64(at), nil
		case err == errTorn:
			return int64(at), errTorn
		case err == nil:
			err = r.take(kind, payload)
		}
		if foreign := (*IdentityError)(nil); errors.As(err, &foreign) {
			return 0, err
		}
		if err != nil {
			return int64(at), &DamageError{r.name, int64(at), err.Error()}
		}
		at += size
	}
}

// tornPrefix says that data is a front part of want followed by zeros or nothing.
func tornPrefix(data, want []byte) bool {
	n := 0
	for n < len(data) && n < len(want) && data[n] == want[n] {
		n++
	}
	return allZero(data[n:])
}

func (r *segmentReader) take(kind recordType, payload []byte) error {
	switch kind {
	case recordIdentity:
		if string(payload) != r.identity {
			return &IdentityError{File: r.name, Owner: string(payload), Opener: r.identity}
		}
	case recordHardState:
		hs, err := decodeHardState(payload)
		if err != nil {
			return err
		}
		r.found.hardState = hs
	case recordStart:
		last, err := decodeStart(payload)
		if err != nil {
			return err
		}
		r.whole = true
		err = r.found.begin(last)
		r.gap = err != nil
		return err
	case recordCompact:
		to, reset, err := decodeCompact(payload)
		if err != nil {
			return err
		}
		return r.found.compact(to, reset)
	case recordEntry:
		e, err := decodeEntry(payload)
		if err != nil {
			return err
		}
		r.highest = max(r.highest, e.Index)
		return r.found.add(e)
	default:
		return fmt.Errorf("a record of type %d, which this version does not know here", kind)
	}
	return nil
}
