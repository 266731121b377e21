package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"schism/cluster"
)

const (
	// settle is how long a start waits for a node to listen before it returns all the same: a node that
	// listens late, or not on all its ports, is not wrong.
	settle = 500 * time.Millisecond
	// startTries bounds the starts of a node whose ports were taken between reservation and start.
	startTries = 5
)

// node is one member of a cluster over all its lives.
type node struct {
	name    string
	program cluster.Program
	view    cluster.View
	log     string // path
	ports   []*reservation
	forker  *forker
	watcher *watcher
	report  func(cluster.Incident)
	reaping *sync.WaitGroup // the cluster's

	orders sync.Mutex // one start or kill at a time
	ended  bool       // by Close: no more starts
	mu     sync.Mutex
	life   *proc // the latest; nil before the first
}

// exitError is the end of a node that was to start.
type exitError struct {
	node, status, log string
}

func (e *exitError) Error() string {
	return fmt.Sprintf("node %s ended while it started: %s; its last lines:%s", e.node, e.status, e.log)
}

// portTaken guesses from the node's own words: there is no other sign.
func portTaken(err error) bool {
	var e *exitError
	return errors.As(err, &e) && strings.Contains(strings.ToLower(e.log), "address already in use")
}

func (n *node) current() *proc {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.life
}

// start starts the node with the data it had and returns when it listens, or after settle.
func (n *node) start(ctx context.Context) error {
	n.orders.Lock()
	defer n.orders.Unlock()
	if n.ended {
		return errClosed
	}
	for try := 1; ; try++ {
		err := n.tryStart(ctx)
		if !portTaken(err) || try == startTries {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (n *node) tryStart(ctx context.Context) error {
	if p := n.current(); p != nil && !p.gone() {
		return fmt.Errorf("node %s cannot be started: it is running as process %d", n.name, p.pid())
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("node %s: %w", n.name, err)
	}
	p, err := n.fork()
	if err != nil {
		return fmt.Errorf("node %s cannot be started: %w", n.name, err)
	}
	n.awaitListening(ctx, p)
	if p.expect(false) {
		return nil
	}
	return &exitError{node: n.name, status: p.cmd.ProcessState.String(), log: tail(n.log, p.logged)}
}

// fork starts the process.
func (n *node) fork() (*proc, error) {
	log, logged, err := openLog(n.log)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own
	cmd := exec.Command(n.program.Binary, n.program.Args(n.view)...)
	cmd.Dir = n.view.Data
	cmd.Stdout, cmd.Stderr = log, log
	releaseAll(n.ports)
	if err := n.forker.start(cmd); err != nil {
		n.holdPorts()
		return nil, err
	}
	p := &proc{cmd: cmd, logged: logged, exited: make(chan struct{}), expects: true}
	n.mu.Lock()
	n.life = p
	n.mu.Unlock()
	n.reaping.Go(func() { n.reap(p) })
	if err := n.watcher.add(p.pid()); err != nil {
		return nil, errors.Join(err, p.kill(context.Background()))
	}
	return p, nil
}

// reap waits for the end of one life.
func (n *node) reap(p *proc) {
	surprise := p.reap(n.holdPorts)
	_ = n.watcher.remove(p.pid()) // a dead watcher is told by the next start
	if surprise {
		n.report(cluster.Incident{Node: n.name, Kind: cluster.Exited,
			What: fmt.Sprintf("%s ended by itself: %s; its last lines:%s", n.name, p.cmd.ProcessState, tail(n.log, p.logged))})
	}
}

// holdPorts keeps the ports of a node that is down. If somebody was faster the next start will say so.
func (n *node) holdPorts() {
	for _, r := range n.ports {
		_ = r.hold(true)
	}
}

// awaitListening returns when something accepts at each of the node's ports, or the node has ended, or
// settle is over.
func (n *node) awaitListening(ctx context.Context, p *proc) {
	ctx, cancel := context.WithTimeout(ctx, settle)
	defer cancel()
	for _, port := range n.ports {
		for !accepts(ctx, port.address()) {
			select {
			case <-ctx.Done():
				return
			case <-p.exited:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}
}

func accepts(ctx context.Context, address string) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// kill ends the node if it runs.
func (n *node) kill(ctx context.Context) error {
	n.orders.Lock()
	defer n.orders.Unlock()
	return n.killHeld(ctx)
}

// end is a kill after which the node cannot be started.
func (n *node) end(ctx context.Context) error {
	n.orders.Lock()
	defer n.orders.Unlock()
	n.ended = true
	return n.killHeld(ctx)
}

func (n *node) killHeld(ctx context.Context) error {
	p := n.current()
	if p == nil {
		return nil
	}
	if err := p.kill(ctx); err != nil {
		return fmt.Errorf("kill node %s: %w", n.name, err)
	}
	return nil
}

// freeze stops or continues the node and returns when the operating system says so.
func (n *node) freeze(ctx context.Context, s syscall.Signal, want cluster.State) error {
	n.orders.Lock()
	defer n.orders.Unlock()
	p := n.current()
	if p == nil {
		return fmt.Errorf("node %s was never started", n.name)
	}
	if err := p.signal(s); err != nil {
		return fmt.Errorf("node %s: %v: %w", n.name, s, err)
	}
	if err := p.await(ctx, want); err != nil {
		return fmt.Errorf("node %s: %v: %w", n.name, s, err)
	}
	return nil
}

func (n *node) state() (cluster.State, error) {
	p := n.current()
	if p == nil || p.gone() {
		return cluster.Stopped, nil
	}
	state, err := p.state()
	if err != nil {
		return "", fmt.Errorf("state of node %s: %w", n.name, err)
	}
	return state, nil
}

// view is the cluster as one node sees it: other nodes' peer ports are proxies, the rest is direct.
func view(name string, nodes []string, ports []cluster.Port, data string, address func(node, port string) string, net *network) cluster.View {
	v := cluster.View{
		Node:   name,
		Nodes:  nodes,
		Data:   filepath.Join(data, name),
		Listen: map[string]string{},
		Dial:   map[string]map[string]string{},
	}
	for _, p := range ports {
		v.Listen[p.Name] = address(name, p.Name)
	}
	for _, to := range nodes {
		v.Dial[to] = map[string]string{}
		for _, p := range ports {
			if p.Peer && to != name {
				v.Dial[to][p.Name] = net.address(cluster.Link{From: name, To: to}, p.Name)
			} else {
				v.Dial[to][p.Name] = address(to, p.Name)
			}
		}
	}
	return v
}
