package targetnode

import (
	"encoding/binary"
	"errors"
	"fmt"

	"schism/targetnode/api"
	"schism/targetnode/kv"
	"schism/targetnode/raft"
)

// What nodes forward to each other because of the region lease. On the wire: kind u8, then the fields in
// order, numbers as unsigned varints, texts and values with their length before them.
const (
	kindRegionRequest byte = iota + 1
	kindRegionAnswer
	kindRegionProposal
	kindRegionDeclined
)

// forwarded is one of the messages below, and who sent it.
type forwarded struct {
	from    raft.NodeID
	message any
}

// regionRequest asks the region leader to serve a client's command.
type regionRequest struct {
	id      uint64
	command kv.Command
}

// regionAnswer is the answer to the request with this id.
type regionAnswer struct {
	id     uint64
	answer answer
}

// regionProposal asks the Raft leader to append this data.
type regionProposal struct{ data []byte }

// regionDeclined says that the write with this stamp was not appended.
type regionDeclined struct{ stamp kv.Stamp }

func (m regionRequest) encode() []byte {
	buf := binary.AppendUvarint([]byte{kindRegionRequest}, m.id)
	return append(buf, m.command.Encode()...)
}

func (m regionProposal) encode() []byte {
	return append([]byte{kindRegionProposal}, m.data...)
}

func (m regionDeclined) encode() []byte {
	buf := binary.AppendUvarint([]byte{kindRegionDeclined}, m.stamp.Epoch)
	return binary.AppendUvarint(buf, m.stamp.Number)
}

// encode writes an outcome of 0 before a result, and that of the error before an error. The value comes
// last, as JSON it is never empty: nothing there means that there is none.
func (m regionAnswer) encode() []byte {
	buf := binary.AppendUvarint([]byte{kindRegionAnswer}, m.id)
	if e := m.answer.err; e != nil {
		buf = append(buf, byte(e.Outcome))
		buf = appendText(buf, e.Leader)
		return appendText(buf, e.Why)
	}
	r := m.answer.result
	buf = append(buf, 0)
	buf = appendText(buf, r.Refused)
	buf = binary.AppendUvarint(buf, uint64(r.Applied))
	return append(buf, r.Value...)
}

var errShortForward = errors.New("it ends in the middle of a field")

// decodeForwarded is the inverse of the encodings above. What it gives refers to b.
func decodeForwarded(b []byte) (any, error) {
	if len(b) == 0 {
		return nil, errShortForward
	}
	d := fields{rest: b[1:]}
	var m any
	switch b[0] {
	case kindRegionRequest:
		id := d.number()
		c, err := kv.Decode(d.take())
		if d.err == nil {
			d.err = err
		}
		m = regionRequest{id, c}
	case kindRegionAnswer:
		m = d.answer()
	case kindRegionProposal:
		m = regionProposal{d.take()}
	case kindRegionDeclined:
		m = regionDeclined{kv.Stamp{Epoch: d.number(), Number: d.number()}}
	default:
		return nil, fmt.Errorf("kind %d, which this version does not know", b[0])
	}
	if d.err == nil && len(d.rest) > 0 {
		d.err = fmt.Errorf("%d bytes behind it", len(d.rest))
	}
	return m, d.err
}

// fields reads off the front of rest until the first error.
type fields struct {
	rest []byte
	err  error
}

func (d *fields) number() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.err, d.rest = errShortForward, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *fields) text() string {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.err, d.rest = errShortForward, nil
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

// take is all that is left; nil for nothing.
func (d *fields) take() []byte {
	b := d.rest
	d.rest = nil
	if len(b) == 0 {
		return nil
	}
	return b
}

func (d *fields) answer() regionAnswer {
	m := regionAnswer{id: d.number()}
	if len(d.rest) == 0 {
		d.err = errShortForward
		return m
	}
	outcome := api.Outcome(d.rest[0])
	d.rest = d.rest[1:]
	if outcome == 0 {
		m.answer.result = kv.Result{Refused: d.text(), Applied: raft.Index(d.number()), Value: d.take()}
		return m
	}
	m.answer.err = &api.Error{Outcome: outcome, Leader: d.text(), Why: d.text()}
	if outcome > api.Unknown && d.err == nil {
		d.err = fmt.Errorf("outcome %d, which this version does not know", outcome)
	}
	return m
}
