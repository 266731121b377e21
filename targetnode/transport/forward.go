package transport

import (
	"slices"
	"sync"

	"schism/targetnode/raft"
)

// Bounds of what waits to be forwarded over a connection that is up.
const (
	maxForwards     = 1024
	maxForwardBytes = 16 << 20
)

// forwards holds for one peer what the node above the protocol passes on. A client waits for each: what
// has no room, or finds no connection, is refused, so that its sender knows at once that it never left.
type forwards struct {
	ready chan struct{} // has a token when there is something to take

	mu     sync.Mutex
	up     bool
	size   int // of bodies, in bytes
	bodies [][]byte
}

func newForwards() forwards { return forwards{ready: make(chan struct{}, 1)} }

// push says whether it took the body in.
func (f *forwards) push(body []byte) bool {
	f.mu.Lock()
	room := f.up && len(f.bodies) < maxForwards && f.size+len(body) <= maxForwardBytes
	if room {
		f.bodies = append(f.bodies, body)
		f.size += len(body)
	}
	f.mu.Unlock()
	if room {
		select {
		case f.ready <- struct{}{}:
		default:
		}
	}
	return room
}

// setUp is called when a connection is up, and when it is dead: then nobody knows what of it arrived.
func (f *forwards) setUp(up bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.up, f.size, f.bodies = up, 0, nil
}

func (f *forwards) take() [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	bodies := f.bodies
	f.size, f.bodies = 0, nil
	return bodies
}

// Forward queues a body of the caller's own making for a peer and returns at once. False means that it
// will certainly not arrive; true that it may. It may be called by several goroutines.
func (t *Transport) Forward(to raft.NodeID, body []byte) bool {
	p := t.links.to(to)
	return p != nil && p.forwards.push(body)
}

// addForwards writes bodies behind what is gathered already.
func (g *gatherer) addForwards(bodies [][]byte) error {
	for _, body := range bodies {
		g.buf = appendFrame(slices.Grow(g.buf, frameHeaderSize+len(body)), frameForward, body...)
		if len(g.buf) >= maxWrite {
			if err := g.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}
