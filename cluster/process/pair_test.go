package process

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"schism/cluster"
)

// pair is a network of the nodes a and b, where b is a listener of the test's.
type pair struct {
	*network
	t        *testing.T
	b        *net.TCPListener
	accepted chan *net.TCPConn
	count    atomic.Int32 // of accepted
}

func newPair(t *testing.T) *pair {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	p := &pair{t: t, b: l, accepted: make(chan *net.TCPConn, 2*maxConns)}
	go func() {
		for {
			conn, err := l.AcceptTCP()
			if err != nil {
				return
			}
			p.count.Add(1)
			p.accepted <- conn
		}
	}()
	p.network, err = newNetwork([]string{"a", "b"}, port, func(string, string) string { return l.Addr().String() })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// dial is a's.
func (p *pair) dial() *net.TCPConn {
	p.t.Helper()
	conn, err := net.DialTimeout("tcp", p.address(ab, "peer"), 2*time.Second)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

func (p *pair) accept() *net.TCPConn {
	p.t.Helper()
	select {
	case conn := <-p.accepted:
		p.t.Cleanup(func() { conn.Close() })
		return conn
	case <-time.After(5 * time.Second):
		p.t.Fatal("waited 5 s in vain for a connection to reach b")
		return nil
	}
}

func (p *pair) cut(links ...cluster.Link) {
	p.t.Helper()
	if err := p.setCuts(links); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) write(conn *net.TCPConn, text string) {
	p.t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pair) wantRead(conn *net.TCPConn, want string) {
	p.t.Helper()
	got := make([]byte, len(want))
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		p.t.Fatalf("read %.40q, %v; want %.40q", got[:n], err, want)
	}
}

// wantProbes probes links. One that is to arrive gets more time than one that is to be lost.
func (p *pair) wantProbes(want map[cluster.Link]bool) {
	p.t.Helper()
	for link, arrives := range want {
		wait := quiet
		if arrives {
			wait = 5 * time.Second
		}
		if got, err := p.probe(p.t.Context(), []cluster.Link{link}, wait); err != nil || got[link] != arrives {
			p.t.Errorf("probe of %v arrived: %t, %v; want %t", link, got[link], err, arrives)
		}
	}
}

// wantQuiet reads for a while and wants neither bytes nor an end.
func (p *pair) wantQuiet(conn *net.TCPConn) {
	p.t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(quiet))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Fatalf("read %d bytes, %v; want silence", n, err)
	}
}

// wantEnd wants this error, or a reset if it is nil.
func (p *pair) wantEnd(conn *net.TCPConn, want error) {
	p.t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err := conn.Read(make([]byte, 1))
	if want != nil && !errors.Is(err, want) || want == nil && (err == nil || !strings.Contains(err.Error(), "reset")) {
		p.t.Fatalf("read: %v, want %v (nil: a reset)", err, want)
	}
}
