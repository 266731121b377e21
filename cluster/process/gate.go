package process

import "sync"

// gate is one direction of one pair of nodes. Everything that a node sends to the other passes it:
// bytes, connection attempts, closes and resets.
type gate struct {
	mu     sync.Mutex
	opened chan struct{} // closed while the gate is open
	shut   bool
	inside map[*crossing]struct{}
	left   sync.Cond

	throttle *throttle
}

// crossing is somebody who passes gates, one at a time. While inside it may block, on a receiver that
// does not read for instance; turnBack makes it return at once.
type crossing struct {
	turnBack func()
}

// instant is a crossing that blocks nowhere, such as a close.
func instant() *crossing { return &crossing{turnBack: func() {}} }

func newGate() *gate {
	g := &gate{opened: make(chan struct{}), inside: map[*crossing]struct{}{}, throttle: newThrottle()}
	g.left.L = &g.mu
	close(g.opened)
	return g
}

// opening is closed when the gate is open.
func (g *gate) opening() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.opened
}

// pass waits until the gate is open, runs op inside, and reports whether it did: not, if done came
// first.
func (g *gate) pass(done <-chan struct{}, c *crossing, op func()) bool {
	for {
		select {
		case <-done:
			return false
		case <-g.opening():
		}
		if g.enter(c) {
			defer g.leave(c)
			op()
			return true
		}
	}
}

// enter reports false if the gate is shut. Who entered must leave.
func (g *gate) enter(c *crossing) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	g.inside[c] = struct{}{}
	return true
}

func (g *gate) leave(c *crossing) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.inside, c)
	g.left.Broadcast()
}

// close returns when nobody is inside and nobody will be. Without the wait a write that had entered
// before could still deliver after a cut was said to stand.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		g.shut = true
		g.opened = make(chan struct{})
	}
	for c := range g.inside {
		c.turnBack()
	}
	for len(g.inside) > 0 {
		g.left.Wait()
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		g.shut = false
		close(g.opened)
	}
}
