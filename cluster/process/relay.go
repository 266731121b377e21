package process

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

const (
	// bufferSize bounds what a relay holds of one direction of one connection; the rest waits in the
	// kernel's buffers until these are full and the sender blocks.
	bufferSize = 32 << 10
	// maxConns bounds the connections of one proxy. The diallers beyond it wait in the listener's
	// queue, in silence: a client that dials anew every 100 ms must not eat all file descriptors
	// during a cut of an hour, nor ten starved nodes with their 90 links those of 20,000.
	maxConns = 128
)

// past is a deadline that makes a blocked read or write return at once.
var past = time.Unix(1, 0)

// proxy is the address at which one node finds one port of another.
type proxy struct {
	listener *net.TCPListener
	target   string // the real port
	forth    *gate  // from the dialler to the dialled
	back     *gate
	probes   *prober
	life     context.Context // ends with the network
	slots    chan struct{}
}

// serve accepts until the listener is closed, and returns when all its connections are.
func (p *proxy) serve() {
	var relays sync.WaitGroup
	defer relays.Wait()
	for {
		select {
		case p.slots <- struct{}{}:
		case <-p.life.Done():
			return
		}
		conn, err := p.listener.AcceptTCP()
		if err != nil {
			<-p.slots
			select {
			case <-p.life.Done():
				return
			case <-time.After(10 * time.Millisecond): // out of file descriptors: some will be closed
				continue
			}
		}
		relays.Go(func() {
			defer func() { <-p.slots }()
			p.relay(conn)
		})
	}
}

// relay serves one connection, from its acceptance to its end.
func (p *proxy) relay(near *net.TCPConn) {
	defer near.Close()
	defer context.AfterFunc(p.life, func() { near.Close() })()
	target, probe := p.target, p.probes.claim(near)
	if probe {
		target = p.probes.address()
	}
	buf := make([]byte, bufferSize)
	far, held := p.connect(near, target, probe, buf)
	if far == nil {
		return
	}
	defer far.Close()
	defer context.AfterFunc(p.life, func() { far.Close() })()
	forth := newPipe(near, far, p.forth, p.back, p.life.Done())
	back := newPipe(far, near, p.back, p.forth, p.life.Done())
	var both sync.WaitGroup
	both.Go(func() { forth.run(buf, held) })
	if !probe { // it asks for no answer, and must not stay until the way back is healed
		both.Go(func() { back.run(make([]byte, bufferSize), 0) })
	}
	both.Wait()
}

// connect dials the target as soon as the link lets it, and returns the connection and how many bytes
// the dialler has sent meanwhile; nil if there is nothing to relay.
func (p *proxy) connect(near *net.TCPConn, target string, probe bool, buf []byte) (far *net.TCPConn, held int) {
	for {
		var gone bool
		if held, gone = p.hold(near, buf, held); gone {
			// An attempt given up while its link was silent never reached anyone. Our close would tell
			// a dialler who only ended his own half something, so it waits; a probe is our own.
			if !probe {
				p.forth.pass(p.life.Done(), instant(), func() {})
			}
			return nil, 0
		}
		if p.life.Err() != nil {
			return nil, 0 // behind a cut nothing else ends this loop, once the buffer is full
		}
		far, again, err := p.dial(target)
		switch {
		case again:
			continue
		case err != nil:
			// Nobody listens: the refusal is the other node's message.
			p.back.pass(p.life.Done(), instant(), func() { reset(near) })
			return nil, 0
		}
		return far, held
	}
}

// dial says again if a cut came before the target was reached.
func (p *proxy) dial(target string) (far *net.TCPConn, again bool, err error) {
	ctx, cancel := context.WithCancel(p.life)
	defer cancel()
	dialling := &crossing{turnBack: cancel}
	if !p.forth.enter(dialling) {
		return nil, true, nil
	}
	defer p.forth.leave(dialling)
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", target)
	if err != nil {
		return nil, ctx.Err() != nil && p.life.Err() == nil, err
	}
	return conn.(*net.TCPConn), false, nil
}

// hold listens to the dialler while the link is silent, so that its giving up is noticed. It returns
// how many bytes buf holds then, and whether the dialler is gone.
func (p *proxy) hold(near *net.TCPConn, buf []byte, held int) (n int, gone bool) {
	opening := p.forth.opening()
	select {
	case <-opening:
		return held, false
	default:
	}
	interrupt := make(chan struct{})
	interrupted := make(chan struct{})
	go func() {
		defer close(interrupted)
		select {
		case <-opening:
			_ = near.SetReadDeadline(past) // fails only if closed: the read returns then too
		case <-interrupt:
		}
	}()
	n, gone = fill(near, buf, held)
	if n == len(buf) && !gone {
		select {
		case <-opening:
		case <-p.life.Done():
		}
	}
	close(interrupt)
	<-interrupted
	_ = near.SetReadDeadline(time.Time{})
	return n, gone
}

// fill reads into buf[n:] until it is full, the deadline passes, or the sender is gone.
func fill(conn *net.TCPConn, buf []byte, n int) (filled int, gone bool) {
	for n < len(buf) {
		m, err := conn.Read(buf[n:])
		n += m
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return n, false
		}
		if err != nil {
			return n, true
		}
	}
	return n, false
}

// reset closes a connection so that its other end sees a failure, not an end.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0) // a closed connection needs none
	conn.Close()
}
