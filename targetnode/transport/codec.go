package transport

import (
	"encoding/binary"
	"errors"
	"fmt"

	"schism/targetnode/raft"
)

// A message on the wire is its fields in order, each an unsigned varint, flags and kinds as one byte.
// Neither side negotiates: the hello names the version, and one of another version is refused.

const (
	flagReject = 1 << iota
	flagTransfer
)

// appendMessage adds m's encoding to buf.
func appendMessage(buf []byte, m *raft.Message) []byte {
	flags := byte(0)
	if m.Reject {
		flags |= flagReject
	}
	if m.Transfer {
		flags |= flagTransfer
	}
	buf = append(buf, byte(m.Type), flags)
	for _, v := range [...]uint64{
		uint64(m.From), uint64(m.To), uint64(m.Term), uint64(m.LogIndex), uint64(m.LogTerm),
		uint64(m.Commit), uint64(m.Match), uint64(m.ConflictTerm), m.Round,
		m.Offset, m.Size, uint64(len(m.Data)),
	} {
		buf = binary.AppendUvarint(buf, v)
	}
	buf = append(buf, m.Data...)
	buf = binary.AppendUvarint(buf, uint64(len(m.Members)))
	buf = append(buf, m.Members...)
	buf = binary.AppendUvarint(buf, uint64(len(m.Entries)))
	for i := range m.Entries {
		e := &m.Entries[i]
		buf = binary.AppendUvarint(buf, uint64(e.Index))
		buf = binary.AppendUvarint(buf, uint64(e.Term))
		buf = append(buf, byte(e.Kind))
		buf = binary.AppendUvarint(buf, uint64(len(e.Data)))
		buf = append(buf, e.Data...)
	}
	return buf
}

// minEntrySize is the shortest encoding of an entry: it bounds how many of them a message of a given
// length can hold, whatever count the message claims.
const minEntrySize = 4

var errShort = errors.New("the message ends in the middle of a field")

// decodeMessage is the inverse of appendMessage. Its data and its entries' refer to b.
func decodeMessage(b []byte) (raft.Message, error) {
	d := decoder{rest: b}
	var m raft.Message
	m.Type = raft.MessageType(d.byte())
	flags := d.byte()
	m.Reject, m.Transfer = flags&flagReject != 0, flags&flagTransfer != 0
	m.From, m.To = raft.NodeID(d.uvarint()), raft.NodeID(d.uvarint())
	m.Term = raft.Term(d.uvarint())
	m.LogIndex, m.LogTerm = raft.Index(d.uvarint()), raft.Term(d.uvarint())
	m.Commit, m.Match = raft.Index(d.uvarint()), raft.Index(d.uvarint())
	m.ConflictTerm, m.Round = raft.Term(d.uvarint()), d.uvarint()
	m.Offset, m.Size, m.Data = d.uvarint(), d.uvarint(), d.bytes()
	m.Members = d.bytes()
	count := d.uvarint()
	switch {
	case d.err != nil:
		return raft.Message{}, d.err
	case flags&^(flagReject|flagTransfer) != 0:
		return raft.Message{}, fmt.Errorf("unknown flags %#02x", flags)
	case count > uint64(len(d.rest)/minEntrySize):
		return raft.Message{}, fmt.Errorf("%d entries in %d bytes", count, len(d.rest))
	}
	if count > 0 {
		m.Entries = make([]raft.Entry, count)
	}
	for i := range m.Entries {
		m.Entries[i] = raft.Entry{
			Index: raft.Index(d.uvarint()), Term: raft.Term(d.uvarint()),
			Kind: raft.EntryKind(d.byte()), Data: d.bytes(),
		}
	}
	if d.err == nil && len(d.rest) > 0 {
		d.err = fmt.Errorf("%d bytes behind the message", len(d.rest))
	}
	return m, d.err
}

// decoder reads fields off the front of rest until the first error, after which all read as zero.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) byte() byte {
	if len(d.rest) == 0 {
		d.fail()
		return 0
	}
	b := d.rest[0]
	d.rest = d.rest[1:]
	return b
}

func (d *decoder) bytes() []byte {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.fail()
		return nil
	}
	if n == 0 {
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) fail() {
	if d.err == nil {
		d.err = errShort
	}
	d.rest = nil
}
