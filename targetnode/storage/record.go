package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"schism/targetnode/raft"
)

// A record on disk, numbers little-endian:
//
//	payload length u32 | type u8 | zero [3]u8 | CRC of payload u32 | CRC of these 12 bytes u32 | payload | end mark u8
//
// The header has a CRC of its own so that a damaged length is never followed. The end mark tells
// a write that was cut short from one that was damaged later: records are written front to back,
// so a record whose mark is there was written whole. Without it a bit flip in the last record
// looks like a torn write, and a node that cuts a damaged vote off votes a second time in the
// same term.
const (
	headerSize = 16
	endMark    = 0xE5 // far from 0 in bits, so that no single flip makes a whole record look torn
	maxPayload = 1<<32 - 1
)

type recordType uint8

const (
	recordIdentity  recordType = iota + 1 // whose log this is
	recordHardState                       // term u64 | vote u64
	recordEntry                           // index u64 | term u64 | kind u8 | data
	recordStart                           // a segment's: index u64 | term u64 of the log's last entry so far
	recordCompact                         // index u64 | term u64 of a snapshot's entry | 1 if nothing is left behind it u8
	recordSnapshot                        // a snapshot's head: index u64 | term u64 | size of its data u64 | members
	recordPiece                           // of a snapshot's data
)

const (
	hardStateSize  = 16
	entryFixedSize = 17
	startSize      = 16
	compactSize    = 17
)

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// appendRecord adds one record to buf; the payload is the concatenation of the parts.
func appendRecord(buf []byte, kind recordType, parts ...[]byte) []byte {
	table := castagnoli()
	size, sum := 0, uint32(0)
	for _, p := range parts {
		size += len(p)
		sum = crc32.Update(sum, table, p)
	}
	if size > maxPayload {
		panic(fmt.Sprintf("storage: record of %d bytes: the layers above bound an entry far below 4 GiB", size))
	}
	start := len(buf)
	buf = binary.LittleEndian.AppendUint32(buf, uint32(size))
	buf = append(buf, byte(kind), 0, 0, 0)
	buf = binary.LittleEndian.AppendUint32(buf, sum)
	buf = binary.LittleEndian.AppendUint32(buf, crc32.Checksum(buf[start:], table))
	for _, p := range parts {
		buf = append(buf, p...)
	}
	return append(buf, endMark)
}

func appendHardState(buf []byte, hs raft.HardState) []byte {
	var p [hardStateSize]byte
	binary.LittleEndian.PutUint64(p[0:], uint64(hs.Term))
	binary.LittleEndian.PutUint64(p[8:], uint64(hs.Vote))
	return appendRecord(buf, recordHardState, p[:])
}

func appendEntry(buf []byte, e raft.Entry) []byte {
	var p [entryFixedSize]byte
	binary.LittleEndian.PutUint64(p[0:], uint64(e.Index))
	binary.LittleEndian.PutUint64(p[8:], uint64(e.Term))
	p[16] = byte(e.Kind)
	return appendRecord(buf, recordEntry, p[:], e.Data)
}

func appendStart(buf []byte, last position) []byte {
	return appendRecord(buf, recordStart, appendPosition(nil, last))
}

func appendCompact(buf []byte, to position, reset bool) []byte {
	flag := []byte{0}
	if reset {
		flag[0] = 1
	}
	return appendRecord(buf, recordCompact, appendPosition(nil, to), flag)
}

func appendPosition(buf []byte, p position) []byte {
	buf = binary.LittleEndian.AppendUint64(buf, uint64(p.index))
	return binary.LittleEndian.AppendUint64(buf, uint64(p.term))
}

func decodePosition(p []byte) position {
	return position{raft.Index(binary.LittleEndian.Uint64(p)), raft.Term(binary.LittleEndian.Uint64(p[8:]))}
}

var (
	errEnd  = errors.New("end of the records")
	errTorn = errors.New("a write that was cut short")
)

// nextRecord decodes the record at the front of b, which reaches to the end of its file. It fails
// with errEnd where only zeros (or nothing) follow, with errTorn where the front part of a record
// is followed by zeros or nothing, and with words on the damage for everything else.
func nextRecord(b []byte) (kind recordType, payload []byte, size int, err error) {
	if allZero(b) {
		return 0, nil, 0, errEnd
	}
	if len(b) < headerSize {
		return 0, nil, 0, errTorn
	}
	table := castagnoli()
	if crc32.Checksum(b[:12], table) != binary.LittleEndian.Uint32(b[12:]) {
		if allZero(b[headerSize:]) {
			return 0, nil, 0, errTorn
		}
		return 0, nil, 0, errors.New("the record's header does not match its checksum, and data follows it")
	}
	length := uint64(binary.LittleEndian.Uint32(b))
	if length >= uint64(len(b)-headerSize) {
		return 0, nil, 0, errTorn
	}
	end := headerSize + int(length)
	payload = b[headerSize:end]
	switch {
	case b[end] == 0 && allZero(b[end:]):
		return 0, nil, 0, errTorn
	case b[end] != endMark:
		return 0, nil, 0, fmt.Errorf("the record ends in %#02x instead of its end mark, and data follows", b[end])
	case crc32.Checksum(payload, table) != binary.LittleEndian.Uint32(b[8:]):
		return 0, nil, 0, errors.New("the record was written whole but does not match its checksum")
	}
	return recordType(b[4]), payload, end + 1, nil
}

func decodeHardState(p []byte) (raft.HardState, error) {
	if len(p) != hardStateSize {
		return raft.HardState{}, fmt.Errorf("a hard state of %d bytes instead of %d", len(p), hardStateSize)
	}
	return raft.HardState{
		Term: raft.Term(binary.LittleEndian.Uint64(p)),
		Vote: raft.NodeID(binary.LittleEndian.Uint64(p[8:])),
	}, nil
}

func decodeStart(p []byte) (position, error) {
	if len(p) != startSize {
		return position{}, fmt.Errorf("the start of a segment in %d bytes instead of %d", len(p), startSize)
	}
	return decodePosition(p), nil
}

func decodeCompact(p []byte) (to position, reset bool, err error) {
	if len(p) != compactSize || p[16] > 1 {
		return position{}, false, errors.New("a compaction that this version cannot read")
	}
	return decodePosition(p), p[16] == 1, nil
}

// decodeEntry keeps no reference to p: the file's buffer may be large.
func decodeEntry(p []byte) (raft.Entry, error) {
	if len(p) < entryFixedSize {
		return raft.Entry{}, fmt.Errorf("an entry of %d bytes instead of at least %d", len(p), entryFixedSize)
	}
	e := raft.Entry{
		Index: raft.Index(binary.LittleEndian.Uint64(p)),
		Term:  raft.Term(binary.LittleEndian.Uint64(p[8:])),
		Kind:  raft.EntryKind(p[16]),
	}
	if len(p) > entryFixedSize {
		e.Data = append([]byte(nil), p[entryFixedSize:]...)
	}
	return e, nil
}

func allZero(b []byte) bool {
	for len(b) >= 8 {
		if binary.LittleEndian.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
