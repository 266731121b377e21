package transport

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"schism/targetnode/raft"
)

// links are the connections that this node keeps: to the peers that it was told of, and to strangers that
// introduced themselves. Whoever joins a cluster is spoken to by nodes that its own log does not name yet,
// and must answer them.
type links struct {
	cfg Config

	mu      sync.RWMutex
	self    Node
	peers   map[raft.NodeID]*peer
	told    map[raft.NodeID]bool // of the peers; the others are strangers
	gone    map[raft.NodeID]bool // nodes that were removed for good
	ctx     context.Context      // nil: Run does not run
	running sync.WaitGroup
}

// maxStrangers bounds the links that others can make this node keep.
const maxStrangers = 16

var errRemoved = errors.New("it was removed from the cluster: it can be stopped")

func newLinks(cfg Config) links {
	return links{cfg: cfg, self: cfg.Self, peers: map[raft.NodeID]*peer{}}
}

// SetPeers tells the transport of a change of the membership. It keeps a connection to each of the peers
// from now on, this node itself left out, and none to those that are gone, whose own it refuses.
func (t *Transport) SetPeers(self Node, peers []Node, gone []raft.NodeID) {
	l := &t.links
	l.mu.Lock()
	defer l.mu.Unlock()
	l.self, l.told, l.gone = self, map[raft.NodeID]bool{}, map[raft.NodeID]bool{}
	for _, id := range gone {
		l.gone[id] = true
		l.drop(id)
	}
	for _, n := range peers {
		if n.ID != self.ID {
			l.told[n.ID] = true
			l.keep(n)
		}
	}
}

// keep is called with the lock held, like drop.
func (l *links) keep(n Node) {
	if p := l.peers[n.ID]; p != nil && p.node == n {
		return
	}
	l.drop(n.ID)
	p := newPeer(n, l.hello, l.cfg)
	l.peers[n.ID] = p
	if l.ctx != nil {
		l.run(p)
	}
}

func (l *links) run(p *peer) {
	ctx, cancel := context.WithCancel(l.ctx)
	p.end = cancel
	l.running.Go(func() {
		defer cancel()
		p.run(ctx)
	})
}

func (l *links) drop(id raft.NodeID) {
	if p := l.peers[id]; p != nil && p.end != nil {
		p.end()
	}
	delete(l.peers, id)
}

func (l *links) start(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ctx = ctx
	for _, p := range l.peers {
		l.run(p)
	}
}

// stop waits for the links to end, with the context that they were started with.
func (l *links) stop() {
	l.mu.Lock()
	l.ctx = nil
	l.mu.Unlock()
	l.running.Wait()
}

// to is the link to a node; nil: there is none.
func (l *links) to(id raft.NodeID) *peer {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.peers[id]
}

func (l *links) isGone(id raft.NodeID) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.gone[id]
}

// hello is what this node says to a peer first.
func (l *links) hello(to string) hello {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return hello{cluster: l.cfg.Cluster, from: l.self, to: to}
}

// meet takes in who introduces itself, or says why it does not belong here.
func (l *links) meet(n Node) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.peers[n.ID]
	switch {
	case l.gone[n.ID]:
		return fmt.Errorf("%s: %w", n.Name, errRemoved)
	case n.ID == 0 || n.ID == l.self.ID || n.Name == l.self.Name:
		return fmt.Errorf("%s says that it is node %d, and this is %s, node %d", n.Name, n.ID, l.self.Name, l.self.ID)
	case known != nil && known.node.Name != n.Name:
		return fmt.Errorf("%s says that it is node %d, which is %s here", n.Name, n.ID, known.node.Name)
	case known != nil && (l.told[n.ID] || known.node == n || n.Addr == ""):
		return nil
	case known == nil && len(l.peers)-len(l.told) >= maxStrangers:
		return fmt.Errorf("%s is one of too many nodes that this one does not know", n.Name)
	}
	for id, p := range maps.All(l.peers) {
		if id != n.ID && p.node.Name == n.Name {
			return fmt.Errorf("%s says that it is node %d, and is node %d here", n.Name, n.ID, id)
		}
	}
	if n.Addr != "" { // else it may speak, and cannot be answered yet
		l.keep(n)
	}
	return nil
}
