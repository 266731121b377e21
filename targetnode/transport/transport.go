// Package transport carries the messages of the Raft core between nodes over TCP. Like the protocol
// expects of a network it may lose messages, and it loses them rather than wait: a node that cannot
// be reached must never hold up the others.
package transport

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"schism/targetnode/raft"
)

// Node is one that messages go to or come from, and where it is reached.
type Node struct {
	ID   raft.NodeID
	Name string
	Addr string // host:port as this node is to dial it, its own as others are
}

// Config of a transport.
type Config struct {
	Cluster string // what all of its nodes, and no others, call it
	Self    Node   // its address may be "": then whoever does not know it cannot answer
	Peers   []Node // at first: see SetPeers
	// ElectionTimeout is the measure of every bound here: a peer that comes back after a cut must
	// hear of it before it campaigns, so a dead connection may not wait for TCP's own back-off.
	ElectionTimeout time.Duration
	// Deliver takes a message from a peer. Each connection calls it from one goroutine of its own;
	// while it blocks, that peer is not read from.
	Deliver func(raft.Message)
	// Leaves, if there is one, has the last look at each message: it may cut entries from its end, and
	// says whether the message leaves at all. What does not is lost. While it blocks, the peer gets nothing.
	Leaves func(*raft.Message) bool
	// Forwarded takes, in the same way, what a peer's Forward sent; nil: it is thrown away.
	Forwarded func(from raft.NodeID, body []byte)
	Log       *slog.Logger
}

// Transport sends to peers and receives from them while Run runs.
type Transport struct {
	cfg   Config
	links links
}

// New makes a transport. Send works at once; messages leave when Run runs.
func New(cfg Config) *Transport {
	t := &Transport{cfg: cfg, links: newLinks(cfg)}
	t.SetPeers(cfg.Self, cfg.Peers, nil)
	return t
}

// Send queues messages for their receivers and returns at once. What a receiver's queue has no room
// for is lost, the oldest first. It may be called by several goroutines.
func (t *Transport) Send(messages []raft.Message) {
	for i := range messages {
		if p := t.links.to(messages[i].To); p != nil {
			p.queue.push(messages[i])
		}
	}
}

// Run dials the peers and accepts their connections on ln, which it closes, until ctx ends or ln
// fails. When it returns nothing of it runs any more.
func (t *Transport) Run(ctx context.Context, ln net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(ctx, func() { ln.Close() })()

	var running sync.WaitGroup
	t.links.start(ctx)
	defer func() {
		cancel()
		t.links.stop()
		running.Wait()
	}()
	for {
		conn, err := ln.Accept()
		switch {
		case ctx.Err() != nil:
			if conn != nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept peers' connections on %s: %w", ln.Addr(), err)
		case err != nil: // the listener is well: a connection was gone already, or files have run out
			t.cfg.Log.Warn("accept a peer's connection", "error", err)
			sleep(ctx, t.cfg.ElectionTimeout)
		default:
			running.Go(func() { t.receive(ctx, conn) })
		}
	}
}

// receive serves one connection that a peer dialled.
func (t *Transport) receive(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	in := bufio.NewReaderSize(conn, 64<<10)
	from, err := t.greet(conn, in)
	if err != nil {
		if ctx.Err() == nil {
			t.cfg.Log.Warn("refused a connection on the peer port", "remote", conn.RemoteAddr(), "error", err)
		}
		return
	}
	err = t.readMessages(conn, in, from.ID)
	if ctx.Err() == nil {
		t.cfg.Log.Debug("a peer's connection ended", "peer", from.Name, "error", err)
	}
}

// greet reads the hello and answers it, if the peer belongs here and meant this node.
func (t *Transport) greet(conn net.Conn, in *bufio.Reader) (from Node, err error) {
	conn.SetDeadline(time.Now().Add(silenceLimit(t.cfg.ElectionTimeout)))
	kind, body, err := readFrame(in, maxHello)
	if err != nil {
		return Node{}, fmt.Errorf("no hello: %w", err)
	}
	if kind != frameHello {
		return Node{}, fmt.Errorf("frame kind %d in the place of the hello", kind)
	}
	h, err := decodeHello(body)
	if err != nil {
		return Node{}, err
	}
	if h.cluster != t.cfg.Cluster {
		return Node{}, fmt.Errorf("%s belongs to the cluster %s, this node to %s: were they started with the same --peers?", h.from.Name, h.cluster, t.cfg.Cluster)
	}
	if h.to != t.cfg.Self.Name {
		return Node{}, fmt.Errorf("%s wants %s, this node is %s: it was told a wrong address", h.from.Name, h.to, t.cfg.Self.Name)
	}
	if err := t.links.meet(h.from); err != nil {
		return Node{}, err
	}
	_, err = conn.Write(appendFrame(nil, frameWelcome))
	return h.from, err
}

// readMessages delivers what comes until the connection fails, and returns why. The peer pings all the
// time, so a connection without a ping for long is one that it has given up. An older connection of
// the peer is not ended by a newer one: after a cut is healed, hellos that were held come in any order,
// and a dead connection's would then end the living one.
func (t *Transport) readMessages(conn net.Conn, in *bufio.Reader, from raft.NodeID) error {
	patience := 2 * silenceLimit(t.cfg.ElectionTimeout)
	conn.SetReadDeadline(time.Now().Add(patience))
	pong := appendFrame(nil, framePong)
	for {
		kind, body, err := readFrame(in, maxFrame)
		if err != nil {
			return err
		}
		if t.links.isGone(from) {
			return errRemoved
		}
		switch kind {
		case framePing:
			conn.SetDeadline(time.Now().Add(patience))
			if _, err := conn.Write(pong); err != nil {
				return err
			}
		case frameMessage:
			m, err := decodeMessage(body)
			if err != nil {
				return fmt.Errorf("a message that cannot be read: %w", err)
			}
			if m.From != from || m.To != t.cfg.Self.ID {
				return fmt.Errorf("a message from node %d to node %d came over the link from %d to %d", m.From, m.To, from, t.cfg.Self.ID)
			}
			t.cfg.Deliver(m)
		case frameForward:
			if t.cfg.Forwarded != nil {
				t.cfg.Forwarded(from, body)
			}
		default:
			return fmt.Errorf("unexpected frame kind %d", kind)
		}
	}
}
