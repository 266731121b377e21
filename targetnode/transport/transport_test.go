package transport

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"schism/targetnode/raft"
)

const (
	testET = 100 * time.Millisecond
	// patientET is for tests in which no connection may be given up, however busy the machine is.
	patientET = 10 * time.Second
)

// member is one transport with what it received.
type member struct {
	*Transport
	addr string

	mu   sync.Mutex
	got  []raft.Message
	when time.Time // of the newest
}

func (m *member) deliver(msg raft.Message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, msg)
	m.when = time.Now()
}

func (m *member) received(term raft.Term) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, g := range m.got {
		if g.Term == term {
			n++
		}
	}
	return n
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// start runs the member with the given ID until the test ends.
func start(t *testing.T, ln net.Listener, self raft.NodeID, nodes []Node, log *slog.Logger) *member {
	t.Helper()
	return startWith(t, ln, self, nodes, log, testET)
}

func startWith(t *testing.T, ln net.Listener, self raft.NodeID, nodes []Node, log *slog.Logger, et time.Duration) *member {
	t.Helper()
	m := &member{addr: ln.Addr().String()}
	at := slices.IndexFunc(nodes, func(n Node) bool { return n.ID == self })
	m.Transport = New(Config{Cluster: "test", Peers: nodes, Self: nodes[at], ElectionTimeout: et, Deliver: m.deliver, Log: log})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("transport %d: %v", self, err)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("transport %d still runs 5 s after its context ended", self)
		}
	})
	return m
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// await polls until done or the bound.
func await(t *testing.T, bound time.Duration, what string, done func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !done() {
		if time.Since(began) > bound {
			t.Fatalf("%s: not after %v", what, bound)
		}
		time.Sleep(time.Millisecond)
	}
	return time.Since(began)
}

func TestDeliversInOrder(t *testing.T) {
	lns := []net.Listener{listen(t), listen(t)}
	nodes := []Node{{1, "a", lns[0].Addr().String()}, {2, "b", lns[1].Addr().String()}}
	a, b := startWith(t, lns[0], 1, nodes, quiet(), patientET), startWith(t, lns[1], 2, nodes, quiet(), patientET)
	// Queued before there is a connection: a vote request of a node that is up first must arrive.
	a.Send([]raft.Message{{Type: raft.MsgVote, From: 1, To: 2, Term: 1}})
	await(t, patientET, "the first message", func() bool { return b.received(1) == 1 })
	const n = 500
	for i := range n {
		a.Send([]raft.Message{{Type: raft.MsgAppend, From: 1, To: 2, Term: 2, LogIndex: raft.Index(i), Entries: []raft.Entry{{Data: make([]byte, 5000)}}}})
	}
	b.Send([]raft.Message{{Type: raft.MsgAppendReply, From: 2, To: 1, Term: 2}, {From: 2, To: 9}})
	await(t, patientET, "all messages", func() bool { return b.received(2) == n && a.received(2) == 1 })
	for i, m := range b.got[1:] {
		if m.LogIndex != raft.Index(i) || len(m.Entries) != 1 || len(m.Entries[0].Data) != 5000 {
			t.Fatalf("message %d is %d with %d entries", i, m.LogIndex, len(m.Entries))
		}
	}
}

// TestRecoversFastAfterACut holds the link for several silences, so that connections die during the
// cut, and for less than one, so that the old one survives it.
func TestRecoversFastAfterACut(t *testing.T) {
	for _, length := range []time.Duration{testET, 7 * testET} {
		t.Run(fmt.Sprint(length), func(t *testing.T) {
			lns := []net.Listener{listen(t), listen(t)}
			p := newProxy(t, lns[1].Addr().String())
			nodes := []Node{{1, "a", lns[0].Addr().String()}, {2, "b", p.ln.Addr().String()}}
			a, b := start(t, lns[0], 1, nodes, quiet()), start(t, lns[1], 2, nodes, quiet())
			term := raft.Term(1)
			send := func() bool {
				a.Send([]raft.Message{{Type: raft.MsgHeartbeat, From: 1, To: 2, Term: term}})
				return b.received(term) > 0
			}
			await(t, 10*time.Second, "a message before the cut", send)
			p.cut()
			term++
			began := time.Now()
			for time.Since(began) < length {
				if send() {
					t.Fatal("a message crossed the cut")
				}
				time.Sleep(5 * time.Millisecond)
			}
			p.heal()
			term++
			took := await(t, 5*time.Second, "a message after the heal", send)
			if took > 20*testET { // about one on a machine that does nothing else; a wait that doubles would be as long as the cut
				t.Errorf("the first message after the heal took %v, with an election timeout of %v", took, testET)
			}
			t.Logf("recovered %v after a cut of %v", took, length)
		})
	}
}

func TestASilentPeerIsDialledAgain(t *testing.T) {
	ln := listen(t)
	silent := listen(t)
	defer silent.Close()
	start(t, ln, 1, []Node{{1, "a", ln.Addr().String()}, {2, "b", silent.Addr().String()}}, quiet())
	began := time.Now()
	for i := range 2 { // welcomed, then left without a pong
		conn, err := silent.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if kind, _, err := readFrame(bufio.NewReader(conn), maxHello); err != nil || kind != frameHello {
			t.Fatalf("connection %d began with frame kind %d, %v", i, kind, err)
		}
		if _, err := conn.Write(appendFrame(nil, frameWelcome)); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < silenceLimit(testET) || took > 20*silenceLimit(testET) {
		t.Errorf("the second connection came after %v, want a little more than %v", took, silenceLimit(testET))
	}
}

func TestAnUnreachablePeerHoldsUpNobody(t *testing.T) {
	lns := []net.Listener{listen(t), listen(t)}
	hole := listen(t) // accepts by the kernel's grace, never answers
	defer hole.Close()
	nodes := []Node{{1, "a", lns[0].Addr().String()}, {2, "b", lns[1].Addr().String()}, {3, "c", hole.Addr().String()}}
	a, b := start(t, lns[0], 1, nodes, quiet()), start(t, lns[1], 2, nodes, quiet())
	began := time.Now()
	for range 10_000 {
		a.Send([]raft.Message{{Type: raft.MsgAppend, From: 1, To: 3, Entries: []raft.Entry{{Data: make([]byte, 100)}}}})
	}
	a.Send([]raft.Message{{Type: raft.MsgAppend, From: 1, To: 2, Term: 5}})
	await(t, 10*time.Second, "the message to the peer that is well", func() bool { return b.received(5) == 1 })
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("sending to a dead peer took %v", took)
	}
	if n := len(a.links.to(3).queue.take(nil)); n != shutLimit {
		t.Errorf("%d messages wait for the dead peer, want the newest %d", n, shutLimit)
	}
}

// lockedBuffer collects log lines.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestRefusesWhoDoesNotBelongHere(t *testing.T) {
	ln := listen(t)
	logged := &lockedBuffer{}
	nodes := []Node{{1, "a", ln.Addr().String()}, {2, "b", "127.0.0.1:1"}}
	a := start(t, ln, 1, nodes, slog.New(slog.NewTextHandler(logged, nil)))
	a.SetPeers(nodes[0], nodes, []raft.NodeID{9})
	wrongSender := appendMessageFrame(hello{"test", Node{2, "b", ""}, "a"}.append(nil), &raft.Message{Type: raft.MsgVote, From: 1, To: 1, Term: 9})
	for _, c := range []struct {
		name   string
		stream []byte
		logs   string
	}{
		{"another cluster", hello{"other", Node{2, "b", ""}, "a"}.append(nil), "belongs to the cluster other"},
		{"wrong address", hello{"test", Node{2, "b", ""}, "b"}.append(nil), "wants b, this node is a"},
		{"another's number", hello{"test", Node{2, "z", ""}, "a"}.append(nil), "z says that it is node 2, which is b here"},
		{"another's name", hello{"test", Node{3, "b", ""}, "a"}.append(nil), "b says that it is node 3, and is node 2 here"},
		{"this node's own number", hello{"test", Node{1, "z", ""}, "a"}.append(nil), "z says that it is node 1, and this is a"},
		{"removed", hello{"test", Node{9, "gone", ""}, "a"}.append(nil), "it was removed from the cluster"},
		{"an HTTP client", []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), "not a peer of this version"},
		{"no hello", appendFrame(nil, framePing), "in the place of the hello"},
		{"a message in another's name", wrongSender, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := net.Dial("tcp", a.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(5 * time.Second))
			if _, err := conn.Write(c.stream); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(conn); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Fatalf("the connection was not closed: %v", err)
			}
			if !strings.Contains(logged.String(), c.logs) {
				t.Errorf("the log does not say %q:\n%s", c.logs, logged)
			}
		})
	}
	if a.received(9) != 0 {
		t.Error("a message in another's name was delivered")
	}
}
