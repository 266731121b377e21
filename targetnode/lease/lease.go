// Package lease is the region lease of the bundled store: which node, the region leader, answers all
// clients, and until when. The lease goes through the Raft log, so that every node sees the same
// holders in the same order; how long it runs is for each node to tell by its own clock.
//
// State is what the log says, the same on every node after the same entry. Keeper is one node's view
// of it in time. Both are deterministic: no goroutine, clock, disk or network.
package lease

import (
	"encoding/binary"
	"errors"

	"schism/targetnode/raft"
)

// Entry asks for the lease, as it stands in the log.
type Entry struct {
	Holder   raft.NodeID
	Epoch    uint64        // counts holders from 1 on; a renewal keeps it
	Duration raft.Duration // for how long the holder asks, in nanoseconds
	// Replaces is the entry that the holder took for the newest in effect; 0: there was none. It is
	// what makes an entry worthless that was overtaken: two that replace the same one cannot both
	// take effect, and one that was held up for minutes takes the lease from nobody.
	Replaces raft.Index
	// Ticket is the holder's own mark on this entry, by which it knows when it asked. No two entries
	// of a node have the same, those of its earlier lives included: it remembers no times of them.
	Ticket uint64
}

// State is the newest entry that took effect, and its place in the log. The zero value is the time
// before the first holder.
type State struct {
	Index raft.Index
	Entry
}

// Apply takes in the entry of the log at index and says whether it takes effect.
func (s *State) Apply(index raft.Index, e Entry) bool {
	renewal := e.Epoch == s.Epoch && e.Holder == s.Holder
	anew := e.Epoch == s.Epoch+1
	if e.Replaces != s.Index || !renewal && !anew {
		return false
	}
	*s = State{Index: index, Entry: e}
	return true
}

// Admits says whether a write that the region leader of this epoch took in may take effect now. A
// write may be under way for longer than any lease: carried out after the next holder has taken over,
// it would be answered by the old one while the new one still reads the state without it.
func (s *State) Admits(epoch uint64) bool {
	return epoch == s.Epoch
}

// Append adds the encoding of e to buf: its fields in order as unsigned varints.
func (e Entry) Append(buf []byte) []byte {
	for _, v := range [...]uint64{uint64(e.Holder), e.Epoch, uint64(e.Duration), uint64(e.Replaces), e.Ticket} {
		buf = binary.AppendUvarint(buf, v)
	}
	return buf
}

// Decode is the inverse of Append.
func Decode(b []byte) (Entry, error) {
	var fields [5]uint64
	for i := range fields {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return Entry{}, errors.New("the lease entry ends in the middle of a field")
		}
		fields[i], b = v, b[n:]
	}
	e := Entry{
		Holder: raft.NodeID(fields[0]), Epoch: fields[1], Duration: raft.Duration(fields[2]),
		Replaces: raft.Index(fields[3]), Ticket: fields[4],
	}
	if len(b) > 0 || e.Holder == 0 || e.Epoch == 0 || e.Duration <= 0 {
		return Entry{}, errors.New("a lease entry that no node of this version writes")
	}
	return e, nil
}
