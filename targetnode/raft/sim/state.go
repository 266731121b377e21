package sim

import (
	"encoding/binary"
	"hash/fnv"

	"schism/targetnode/raft"
)

// state is a state machine: it remembers all that was ever applied, in order, and what each key holds.
type state struct {
	sum     uint64
	entries uint64
	values  [numKeys]uint64
}

func (d state) after(e raft.Entry) state {
	h := fnv.New64a()
	h.Write(binary.BigEndian.AppendUint64(nil, d.sum))
	h.Write(e.Data)
	d.sum, d.entries = h.Sum64(), d.entries+1
	if e.Kind == raft.EntryCommand {
		value := decodeCommand(e.Data)
		d.values[keyOf(value)] = value
	}
	return d
}

// encode gives data of a length that takes several chunks.
func (d state) encode() []byte {
	data := binary.BigEndian.AppendUint64(nil, d.sum)
	data = binary.BigEndian.AppendUint64(data, d.entries)
	for _, v := range d.values {
		data = binary.BigEndian.AppendUint64(data, v)
	}
	return append(data, make([]byte, d.entries%64)...)
}

func decodeState(data []byte) state {
	d := state{sum: binary.BigEndian.Uint64(data), entries: binary.BigEndian.Uint64(data[8:])}
	for k := range d.values {
		d.values[k] = binary.BigEndian.Uint64(data[16+8*k:])
	}
	return d
}
