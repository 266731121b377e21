package kv

import (
	"encoding/binary"
	"errors"

	"schism/targetnode/lease"
)

// Fenced is the refusal of a write that a region leader took in whose epoch was over when its entry came
// to be applied. It can never take effect any more.
const Fenced = "fenced"

// What stands in the log in the place of an operation's code: part of its format.
const (
	leaseCode byte = 0xf0
	stampCode byte = 0xf1
)

// Stamp is what a region leader puts before a write: its epoch, and a number by which it knows the write
// again when it applies it. The zero value is that of a write without one.
type Stamp struct {
	Epoch  uint64
	Number uint64
}

// Stamped gives the form in which the encoded command stands in the log under a stamp.
func Stamped(s Stamp, command []byte) []byte {
	buf := make([]byte, 0, 1+2*binary.MaxVarintLen64+len(command))
	buf = append(buf, stampCode)
	buf = binary.AppendUvarint(buf, s.Epoch)
	buf = binary.AppendUvarint(buf, s.Number)
	return append(buf, command...)
}

// EncodeLease gives the form in which an entry about the region lease stands in the log.
func EncodeLease(e lease.Entry) []byte {
	return e.Append([]byte{leaseCode})
}

// cutStamp parts what Stamped joined. The zero stamp is that of a command without one.
func cutStamp(data []byte) (s Stamp, command []byte, err error) {
	if len(data) == 0 || data[0] != stampCode {
		return Stamp{}, data, nil
	}
	epoch, n := binary.Uvarint(data[1:])
	if n > 0 && epoch > 0 {
		if number, m := binary.Uvarint(data[1+n:]); m > 0 {
			return Stamp{epoch, number}, data[1+n+m:], nil
		}
	}
	return Stamp{}, nil, errors.New("a region leader's stamp that this version cannot read")
}

// StampOf is the stamp of a command in the log; the zero one if it has none.
func StampOf(data []byte) Stamp {
	s, _, _ := cutStamp(data) // what cannot be read never got this far: Apply stopped the node
	return s
}

// change is what an entry of the log does to the state: it moves the lease, or carries out a command.
type change struct {
	lease   *lease.Entry
	stamp   Stamp
	op      operation
	command Command
}

func decodeChange(data []byte) (c change, err error) {
	if len(data) > 0 && data[0] == leaseCode {
		e, err := lease.Decode(data[1:])
		return change{lease: &e}, err
	}
	var command []byte
	if c.stamp, command, err = cutStamp(data); err == nil {
		c.op, c.command, err = decode(command)
	}
	return c, err
}

// carryOut is called with the store's lock held. The fence comes before the session look-up and leaves
// no trace there: a write that was fenced may be sent again under the same identity to the next region
// leader, who must not find it answered.
func (s *Store) carryOut(c *change) Result {
	switch {
	case c.lease != nil:
		s.lease.Apply(s.applied, *c.lease)
		return Result{Applied: s.applied}
	case !s.lease.Admits(c.stamp.Epoch) && !s.options.Defects.RegionNoFence:
		return Result{Refused: Fenced, Applied: s.applied}
	}
	return s.execute(c.op, &c.command)
}

// Lease is the region lease after the last entry applied.
func (s *Store) Lease() lease.State {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.lease
}
