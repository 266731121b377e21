package transport

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
)

// proxy passes one node's dialled connections on, or holds every byte of them: connections are
// accepted and nothing comes, as on a cut link.
type proxy struct {
	ln     net.Listener
	target string

	mu    sync.Mutex
	open  chan struct{} // closed: bytes flow
	pairs map[net.Conn]net.Conn
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{ln: ln, target: target, open: make(chan struct{}), pairs: map[net.Conn]net.Conn{}}
	close(p.open)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		ln.Close()
		p.mu.Lock()
		for a, b := range p.pairs {
			a.Close()
			b.Close()
		}
		p.mu.Unlock()
		running.Wait()
	})
	running.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(ctx, in) })
		}
	})
	return p
}

func (p *proxy) serve(ctx context.Context, in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer out.Close()
	p.mu.Lock()
	p.pairs[in] = out
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { p.pump(ctx, out, in) })
	both.Go(func() { p.pump(ctx, in, out) })
	both.Wait()
}

func (p *proxy) pump(ctx context.Context, to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		open := p.open
		p.mu.Unlock()
		select {
		case <-open:
		case <-ctx.Done():
			return
		}
		if _, werr := to.Write(buf[:n]); werr != nil || err == io.EOF || err != nil {
			return
		}
	}
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = make(chan struct{})
}

func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.open)
}
