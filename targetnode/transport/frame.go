package transport

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"schism/targetnode/raft"
)

// A frame is: length u32 little-endian of what follows | kind u8 | body.
//
// The dialling side sends hello, then messages and pings; the accepting side answers on the same
// connection with welcome and pongs. So everything about the link A→B is on the connection that A
// dialled: whoever cuts that one (a proxy, a packet filter) cuts exactly that direction of the protocol.
type frameKind uint8

const (
	frameHello   frameKind = iota + 1 // who dials, whom it means to reach
	frameWelcome                      // the other side is who was meant
	frameMessage
	framePing
	framePong
	frameForward // for the node above the protocol
)

const (
	frameHeaderSize = 5
	// maxFrame is far above one append's soft limit plus one largest entry.
	maxFrame = 64 << 20
	// trustedFrame is how much memory a frame's claimed length is worth before its bytes are there.
	trustedFrame = 64 << 10
)

func appendFrame(buf []byte, kind frameKind, body ...byte) []byte {
	buf = binary.LittleEndian.AppendUint32(buf, uint32(1+len(body)))
	buf = append(buf, byte(kind))
	return append(buf, body...)
}

// appendMessageFrame encodes m in place, without a copy through a buffer of its own.
func appendMessageFrame(buf []byte, m *raft.Message) []byte {
	start := len(buf)
	buf = append(buf, 0, 0, 0, 0, byte(frameMessage))
	buf = appendMessage(buf, m)
	binary.LittleEndian.PutUint32(buf[start:], uint32(len(buf)-start-4))
	return buf
}

// readFrame returns a body that the caller may keep. A length that no bytes follow costs at most
// trustedFrame of memory, one above limit is refused before anything is read.
func readFrame(r *bufio.Reader, limit int) (frameKind, []byte, error) {
	header, err := r.Peek(frameHeaderSize)
	if err != nil {
		return 0, nil, err
	}
	length, kind := binary.LittleEndian.Uint32(header), frameKind(header[4])
	if length == 0 || uint64(length) > uint64(limit)+1 {
		return 0, nil, fmt.Errorf("a frame of %d bytes; the limit is %d: not a peer of this version", length, limit)
	}
	if _, err := r.Discard(frameHeaderSize); err != nil {
		return 0, nil, err
	}
	body, err := readGrowing(r, int(length)-1)
	return kind, body, err
}

// readGrowing reads n bytes into memory that it takes only as they come.
func readGrowing(r *bufio.Reader, n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	body := make([]byte, min(n, trustedFrame))
	got := 0
	for {
		m, err := io.ReadFull(r, body[got:])
		got += m
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		if got == n {
			return body, nil
		}
		next := make([]byte, min(n, 2*len(body)))
		copy(next, body)
		body = next
	}
}

// hello is the body of the first frame on a connection.
type hello struct {
	cluster string // two clusters that share an address must not mix
	from    Node
	to      string
}

const (
	protocolVersion = 2
	maxHello        = 64 << 10
)

func (h hello) append(buf []byte) []byte {
	body := []byte{protocolVersion}
	for _, s := range [...]string{h.cluster, h.to, h.from.Name, h.from.Addr} {
		body = binary.AppendUvarint(body, uint64(len(s)))
		body = append(body, s...)
	}
	body = binary.AppendUvarint(body, uint64(h.from.ID))
	return appendFrame(buf, frameHello, body...)
}

func decodeHello(b []byte) (hello, error) {
	d := decoder{rest: b}
	if version := d.byte(); d.err == nil && version != protocolVersion {
		return hello{}, fmt.Errorf("it speaks version %d of the peer protocol, this node version %d", version, protocolVersion)
	}
	h := hello{cluster: string(d.bytes()), to: string(d.bytes())}
	h.from = Node{Name: string(d.bytes()), Addr: string(d.bytes()), ID: raft.NodeID(d.uvarint())}
	if d.err == nil && len(d.rest) > 0 {
		d.err = fmt.Errorf("%d bytes behind the hello", len(d.rest))
	}
	return h, d.err
}
