package process

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"time"
)

// prober measures links without the nodes. The controller dials a link's proxy itself; the proxy knows
// such a connection and relays it through the very same gates to a listener of the controller instead
// of the node. So a link can be measured while its node is down, and the message's arrival is told
// past the network.
type prober struct {
	listener *net.TCPListener
	serving  sync.WaitGroup

	mu       sync.Mutex
	settled  sync.Cond // dialling went to zero
	dialling int
	known    map[string]bool          // connections not yet claimed by their proxy
	next     uint64                   // message
	awaited  map[uint64]chan struct{} // closed when the message arrives
	loads    map[uint64]*tally
}

func newProber() (*prober, error) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	p := &prober{listener: l, known: map[string]bool{}, awaited: map[uint64]chan struct{}{}, loads: map[uint64]*tally{}}
	p.settled.L = &p.mu
	p.serving.Go(p.receive)
	return p, nil
}

func (p *prober) address() string { return p.listener.Addr().String() }

func (p *prober) close() error {
	err := p.listener.Close()
	p.serving.Wait()
	return err
}

// receive is the far end of all probes.
func (p *prober) receive() {
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		conn, err := p.listener.AcceptTCP()
		if err != nil {
			return
		}
		conns.Go(func() {
			defer conn.Close()
			var b [8]byte
			if _, err := io.ReadFull(conn, b[:]); err != nil {
				return
			}
			message := binary.BigEndian.Uint64(b[:])
			p.arrive(message)
			if t := p.tallyOf(message); t != nil {
				defer context.AfterFunc(t.life, func() { conn.Close() })()
				_, _ = io.Copy(t, conn) // until the sender ends it
			}
		})
	}
}

func (p *prober) arrive(message uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.awaited[message]; c != nil {
		close(c)
		delete(p.awaited, message)
	}
}

// send sends one message to a proxy and reports whether it arrived within wait.
func (p *prober) send(ctx context.Context, address string, wait time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	conn, err := p.dial(ctx, address)
	if err != nil {
		return false
	}
	defer conn.Close()
	message, arrived := p.expect()
	defer p.forget(message)
	if _, err := conn.Write(binary.BigEndian.AppendUint64(nil, message)); err != nil {
		return false
	}
	select {
	case <-arrived:
		return true
	case <-ctx.Done():
		return false
	}
}

func (p *prober) expect() (message uint64, arrived <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	c := make(chan struct{})
	p.awaited[p.next] = c
	return p.next, c
}

func (p *prober) forget(message uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.awaited, message)
}

// dial connects to a proxy and makes the connection known to it.
func (p *prober) dial(ctx context.Context, address string) (net.Conn, error) {
	p.mu.Lock()
	p.dialling++
	p.mu.Unlock()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.known[conn.LocalAddr().String()+" "+conn.RemoteAddr().String()] = true
	}
	if p.dialling--; p.dialling == 0 {
		p.settled.Broadcast()
	}
	return conn, err
}

// claim tells a proxy whether the connection that it accepted is a probe's, once. A proxy can accept
// one before dial has returned, so while one is being dialled an unknown connection waits.
func (p *prober) claim(accepted *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := accepted.RemoteAddr().String() + " " + accepted.LocalAddr().String()
	for !p.known[id] && p.dialling > 0 {
		p.settled.Wait()
	}
	known := p.known[id]
	delete(p.known, id)
	return known
}
