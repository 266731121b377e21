package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"schism/targetnode/raft"
)

// How long things may take, in terms of the election timeout ET.
func dialLimit(et time.Duration) time.Duration    { return et / 2 }  // connect and welcome
func retryPause(et time.Duration) time.Duration   { return et / 10 } // between two attempts
func pingInterval(et time.Duration) time.Duration { return et / 2 }
func silenceLimit(et time.Duration) time.Duration { return 2 * et } // without a pong: the connection is dead

// peer is the link to one other node: the connection that this node dialled, again and again.
type peer struct {
	node   Node
	hello  func(to string) hello
	end    context.CancelFunc // of run; nil: it does not run
	et     time.Duration
	log    *slog.Logger
	queue  queue
	leaves func(*raft.Message) bool

	forwards forwards
}

func newPeer(node Node, h func(to string) hello, cfg Config) *peer {
	return &peer{
		node: node, hello: h, et: cfg.ElectionTimeout, log: cfg.Log.With("peer", node.Name),
		queue: newQueue(), leaves: cfg.Leaves, forwards: newForwards(),
	}
}

// run keeps a connection to the peer until ctx ends.
func (p *peer) run(ctx context.Context) {
	told := false // of the present trouble: it is tried several times a second
	for ctx.Err() == nil {
		conn, in, err := p.connect(ctx)
		if err == nil {
			p.log.Info("connected to peer", "addr", p.node.Addr)
			told = false
			err = p.use(ctx, conn, in)
		}
		if !told && ctx.Err() == nil {
			p.log.Warn("no connection to peer", "addr", p.node.Addr, "error", err)
			told = true
		}
		sleep(ctx, retryPause(p.et))
	}
}

// connect dials and exchanges hello and welcome. Until the welcome has come nothing else is sent: a
// proxy or a stopped process accepts connections, too, and would swallow what is queued.
func (p *peer) connect(ctx context.Context) (net.Conn, *bufio.Reader, error) {
	ctx, cancel := context.WithTimeout(ctx, dialLimit(p.et))
	defer cancel()
	var d net.Dialer // TCP_NODELAY is Go's default: a vote must not wait for an acknowledgement
	conn, err := d.DialContext(ctx, "tcp", p.node.Addr)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	in := bufio.NewReader(conn)
	err = p.greet(conn, in)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, in, nil
}

func (p *peer) greet(conn net.Conn, in *bufio.Reader) error {
	if _, err := conn.Write(p.hello(p.node.Name).append(nil)); err != nil {
		return err
	}
	kind, _, err := readFrame(in, 0)
	if err != nil {
		return fmt.Errorf("no welcome from %s (its log says why if it refused): %w", p.node.Name, err)
	}
	if kind != frameWelcome {
		return fmt.Errorf("frame kind %d in the place of the welcome", kind)
	}
	return nil
}

// use sends what is queued, and pings, until the connection is dead.
func (p *peer) use(ctx context.Context, conn net.Conn, in *bufio.Reader) error {
	p.queue.open()
	defer p.queue.shut()
	p.forwards.setUp(true)
	defer p.forwards.setUp(false)
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	var silent error
	dead := make(chan struct{})
	go func() {
		defer close(dead)
		silent = p.awaitPongs(conn, in)
		conn.Close()
	}()
	err := p.write(conn, dead)
	conn.Close()
	<-dead
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return silent
}

// awaitPongs returns when the peer has been silent for too long. It is the only judge of the
// connection: a write that blocks on a full buffer ends when this closes the connection.
func (p *peer) awaitPongs(conn net.Conn, in *bufio.Reader) error {
	for {
		conn.SetReadDeadline(time.Now().Add(silenceLimit(p.et)))
		kind, _, err := readFrame(in, 0)
		if err != nil {
			return err
		}
		if kind != framePong {
			return fmt.Errorf("frame kind %d in the place of a pong", kind)
		}
	}
}

// maxWrite is where a write stops gathering messages.
const maxWrite = 1 << 20

// write returns nil when dead is closed.
func (p *peer) write(conn net.Conn, dead <-chan struct{}) error {
	pings := time.NewTicker(pingInterval(p.et))
	defer pings.Stop()
	out := gatherer{conn: conn, leaves: p.leaves}
	out.buf = appendFrame(out.buf, framePing) // the first one at once: it starts the answers
	var taken []raft.Message
	for {
		if err := out.flush(); err != nil {
			return err
		}
		select {
		case <-dead:
			return nil
		case <-pings.C:
			out.buf = appendFrame(out.buf, framePing)
		case <-p.queue.ready:
			taken = p.queue.take(taken)
			if err := out.add(taken); err != nil {
				return err
			}
		case <-p.forwards.ready:
			if err := out.addForwards(p.forwards.take()); err != nil {
				return err
			}
		}
	}
}

// gatherer writes many small frames at once.
type gatherer struct {
	conn   net.Conn
	leaves func(*raft.Message) bool
	buf    []byte
}

func (g *gatherer) add(messages []raft.Message) error {
	for i := range messages {
		if g.leaves != nil && !g.leaves(&messages[i]) {
			continue
		}
		g.buf = appendMessageFrame(g.buf, &messages[i])
		if len(g.buf) >= maxWrite {
			if err := g.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *gatherer) flush() error {
	if len(g.buf) == 0 {
		return nil
	}
	_, err := g.conn.Write(g.buf)
	g.buf = g.buf[:0]
	return err
}
