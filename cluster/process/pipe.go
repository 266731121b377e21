package process

import (
	"errors"
	"io"
	"net"
	"os"
	"time"
)

// pipe carries one direction of a connection. What was read before a cut is written after the heal,
// in order: nothing is ever dropped from a stream that goes on, as with TCP's own retransmission.
type pipe struct {
	src, dst *net.TCPConn
	gate     *gate // src's messages to dst
	back     *gate // dst's to src: that it is gone, for instance
	done     <-chan struct{}
	writing  *crossing
}

func newPipe(src, dst *net.TCPConn, gate, back *gate, done <-chan struct{}) *pipe {
	return &pipe{src: src, dst: dst, gate: gate, back: back, done: done,
		writing: &crossing{turnBack: func() { _ = dst.SetWriteDeadline(past) }}}
}

// run relays until one end is gone. buf holds n bytes of src already.
func (p *pipe) run(buf []byte, n int) {
	for {
		if err := p.write(buf[:n]); err != nil {
			p.back.pass(p.done, instant(), func() { reset(p.src) })
			return
		}
		var err error
		n, err = p.src.Read(buf)
		switch {
		case n > 0 || err == nil:
			continue // an error comes again at the next read
		case errors.Is(err, io.EOF):
			p.gate.pass(p.done, instant(), func() { _ = p.dst.CloseWrite() })
			return
		case errors.Is(err, net.ErrClosed):
			return // by us, who told dst already
		default:
			p.gate.pass(p.done, instant(), func() { reset(p.dst) })
			return
		}
	}
}

// write sends b through the gate, in parts if cuts interrupt it.
func (p *pipe) write(b []byte) error {
	for len(b) > 0 {
		some := p.gate.throttle.take(p.done, len(b))
		var n int
		var err error
		if some == 0 || !p.gate.pass(p.done, p.writing, func() { n, err = p.dst.Write(b[:some]) }) {
			return net.ErrClosed
		}
		b = b[n:]
		if errors.Is(err, os.ErrDeadlineExceeded) {
			// Outside of the gate nobody sets it, so this clears for good.
			err = p.dst.SetWriteDeadline(time.Time{})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
