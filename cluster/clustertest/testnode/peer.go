package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"schism/cluster"
)

// node is what one test node knows: what it heard on its peer port, and its open streams.
type node struct {
	view cluster.View

	mu       sync.Mutex
	accepted int      // connections on the peer port
	texts    []string // of the asks heard
	streams  map[string]*stream
}

func newNode(v cluster.View) *node {
	return &node{view: v, streams: map[string]*stream{}}
}

// servePeers takes two kinds of connections, told apart by their first line: "ask TEXT", answered with
// one line and closed, and "stream ID", which stays.
func (n *node) servePeers() error {
	l, err := net.Listen("tcp", n.view.Listen["peer"])
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		n.mu.Lock()
		n.accepted++
		n.mu.Unlock()
		go n.servePeer(conn)
	}
}

func (n *node) servePeer(conn net.Conn) {
	r := bufio.NewReader(conn)
	line, err := r.ReadString('\n')
	if err != nil {
		conn.Close()
		return
	}
	kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	switch kind {
	case "ask":
		n.mu.Lock()
		n.texts = append(n.texts, rest)
		n.mu.Unlock()
		fmt.Fprintf(conn, "%s %s\n", n.view.Node, rest)
		conn.Close()
	case "stream":
		s := newStream(conn, r)
		n.mu.Lock()
		n.streams[rest] = s
		n.mu.Unlock()
		// The opener waits for this line: afterwards both ends know that the stream stands.
		fmt.Fprintln(conn, "ok")
		s.run()
	default:
		log.Printf("peer port: %q is neither an ask nor a stream", line)
		conn.Close()
	}
}

type heard struct {
	Accepted int
	Texts    []string
}

func (n *node) heard() heard {
	n.mu.Lock()
	defer n.mu.Unlock()
	return heard{Accepted: n.accepted, Texts: append([]string{}, n.texts...)}
}

type reply struct {
	Answer string
	// Failure is empty, or timeout, refused, reset, eof, or what the system said.
	Failure string
	Bytes   int // received
}

// ask sends one request over a new connection.
func (n *node) ask(to, text string, wait time.Duration) reply {
	deadline := time.Now().Add(wait)
	conn, err := net.DialTimeout("tcp", n.view.Dial[to]["peer"], wait)
	if err != nil {
		return reply{Failure: failure(err)}
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return reply{Failure: failure(err)}
	}
	if _, err := fmt.Fprintf(conn, "ask %s\n", text); err != nil {
		return reply{Failure: failure(err)}
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return reply{Failure: failure(err), Bytes: len(line)}
	}
	return reply{Answer: strings.TrimSpace(line), Bytes: len(line)}
}

func failure(err error) string {
	switch {
	case os.IsTimeout(err): // a dial that timed out is no os.ErrDeadlineExceeded
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "reset"
	case errors.Is(err, io.EOF):
		return "eof"
	}
	return err.Error()
}
