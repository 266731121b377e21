package main

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// stream is one long-lived connection; each end sends the lines 1, 2, 3, … when told to, and checks
// that the other's come in order and that none is missing.
type stream struct {
	conn   net.Conn
	r      *bufio.Reader
	orders chan int

	mu  sync.Mutex
	now status
}

// status is one end's view of a stream.
type status struct {
	Sent     int    // handed to the kernel
	Received int    // the last number that came
	Wrong    string // the first line that was not the number expected
	Ended    string // why the stream ended; empty while it stands
}

func newStream(conn net.Conn, r *bufio.Reader) *stream {
	// Orders are taken while a cut blocks the writer; the suite never gives this many.
	return &stream{conn: conn, r: r, orders: make(chan int, 1024)}
}

// dialStream returns when the other end has answered.
func (n *node) dialStream(to, id string) error {
	conn, err := net.DialTimeout("tcp", n.view.Dial[to]["peer"], 5*time.Second)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "stream %s\n", id); err != nil {
		return err
	}
	s := newStream(conn, bufio.NewReader(conn))
	line, err := s.r.ReadString('\n')
	if err != nil || strings.TrimSpace(line) != "ok" {
		conn.Close()
		return fmt.Errorf("stream to %s: %q, %v", to, line, err)
	}
	n.mu.Lock()
	n.streams[id] = s
	n.mu.Unlock()
	go s.run()
	return nil
}

func (n *node) stream(id string) *stream {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.streams[id]
}

func (s *stream) push(count int) { s.orders <- count }

func (s *stream) close() { s.conn.Close() }

func (s *stream) status() status {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *stream) run() {
	go s.write()
	for {
		line, err := s.r.ReadString('\n')
		s.mu.Lock()
		if err != nil {
			s.now.Ended = failure(err)
			s.mu.Unlock()
			return
		}
		line = strings.TrimRight(line, "\n")
		if want := number(s.now.Received + 1); line == want {
			s.now.Received++
		} else if s.now.Wrong == "" {
			s.now.Wrong = fmt.Sprintf("got %.20q… (%d bytes), want %.20q… (%d bytes)", line, len(line), want, len(want))
		}
		s.mu.Unlock()
	}
}

func (s *stream) write() {
	for count := range s.orders {
		for range count {
			next := s.status().Sent + 1
			if _, err := fmt.Fprintln(s.conn, number(next)); err != nil {
				return
			}
			s.mu.Lock()
			s.now.Sent = next
			s.mu.Unlock()
		}
	}
}

// number is a line of about one packet, so that a few thousand of them fill every buffer on their way.
func number(i int) string { return fmt.Sprintf("%d %s", i, strings.Repeat("x", 1000+i%7)) }
