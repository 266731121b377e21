package schism

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"schism/cluster"
	"schism/configs/strictyaml"
	"schism/history"
	"schism/nemesis"
)

// Controllable is an optional ability of a Target: nodes that can be worked from within.
type Controllable interface {
	Target
	// Controlled says whether its settings open the port.
	Controlled() bool
	// Failpoints are the names of the places at which a node can be trapped.
	Failpoints() []string
	// Within works the nodes, whose ports are where addr says: control of ControlPort, client of ClientPort.
	Within(addr func(node, port string) string) nemesis.Control
	// Release undoes whatever was set within the node at addr, the address of its control port, and tells what
	// was: "the failpoint ack.hold was still armed; it is disarmed".
	Release(ctx context.Context, addr string) (left []string, err error)
	// Announcements follows what the failpoints of the node announce until the stream breaks, or ctx ends.
	// Open is called when nothing can be missed any more.
	Announcements(ctx context.Context, addr string, open func(), heard func(history.Announcement)) error
}

// checkControl reports what needs a port that the target does not open, and failpoints that it does not
// have.
func (s *Scenario) checkControl(d *strictyaml.Document) {
	target, can := s.Cluster.Options.(Controllable)
	s.Nemesis.Each(func(step *nemesis.Step) {
		if !step.FromWithin() {
			return
		}
		at := []any{&step.Until, step}
		if step.Fault != nil {
			at = []any{step.Fault, step}
		}
		switch {
		case !can:
			d.Errorf("", at, "%s: nodes of the target %s cannot be worked from within", step, s.Cluster.Target)
		case !target.Controlled():
			d.Errorf("control: true, under cluster.options", at, "%s: it works through the nodes' control port, which is not open", step)
		}
		if f, ok := step.Fault.(*nemesis.Failpoint); ok && can && !slices.Contains(target.Failpoints(), f.Name) {
			d.Errorf(strictyaml.DidYouMean(f.Name, target.Failpoints()), []any{&f.Name, f}, "unknown failpoint %q", f.Name)
		}
	})
}

// listeners follow the announcements of every node while the run goes on.
type listeners struct {
	target Controllable
	nodes  []string
	addr   func(node string) string
	heard  func(history.Announcement)

	mu     sync.Mutex
	open   map[string]bool
	opened chan struct{} // closed and replaced whenever a stream opens
}

func newListeners(target Controllable, nodes []string, addr func(string) string, heard func(history.Announcement)) *listeners {
	return &listeners{target: target, nodes: nodes, addr: addr, heard: heard, open: make(map[string]bool), opened: make(chan struct{})}
}

// relisten is how soon a stream that broke is opened again.
const relisten = 20 * time.Millisecond

// listen follows all nodes until ctx ends.
func (l *listeners) listen(ctx context.Context) {
	var streams sync.WaitGroup
	for _, node := range l.nodes {
		streams.Go(func() {
			for ok := true; ok; ok = pause(ctx, relisten) {
				// It breaks whenever the node goes down: the next one is that of its next life.
				_ = l.target.Announcements(ctx, l.addr(node), func() { l.set(node, true) }, l.heard)
				l.set(node, false)
			}
		})
	}
	streams.Wait()
}

func (l *listeners) set(node string, open bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[node] = open
	close(l.opened)
	l.opened = make(chan struct{})
}

// await waits until nothing that the node announces can be missed.
func (l *listeners) await(ctx context.Context, node string) error {
	for {
		l.mu.Lock()
		open, opened := l.open[node], l.opened
		l.mu.Unlock()
		if open {
			return nil
		}
		select {
		case <-opened:
		case <-ctx.Done():
			return fmt.Errorf("nobody hears the announcements of %s", node)
		}
	}
}

// heardControl arms nothing of which nobody would hear.
type heardControl struct {
	nemesis.Control
	listeners *listeners
}

// Arm waits until the node is listened to.
func (c heardControl) Arm(ctx context.Context, node string, t nemesis.Trap) error {
	if err := c.listeners.await(ctx, node); err != nil {
		return err
	}
	return c.Control.Arm(ctx, node, t)
}

// workWithin gives the nemesis the nodes' control ports, if there are any, and writes down what is
// announced there. Stop ends the listening.
func (r *run) workWithin(ctx context.Context, e *nemesis.Env) (stop func() error) {
	target, ok := r.s.Cluster.Options.(Controllable)
	if !ok || !target.Controlled() {
		return func() error { return nil }
	}
	var recording error // by the listeners, before stop returns
	var mu sync.Mutex
	e.Board = new(nemesis.Board)
	heard := func(a history.Announcement) {
		r.log.Event("▌   %s announces %s, and then %s", a.Node, a.Failpoint, a.Action)
		_, err := r.rec.Record(history.Event{
			Process: history.Nemesis, Kind: history.Info, F: history.Announced, Node: a.Node, Value: history.Encode(a),
		})
		mu.Lock()
		recording = errors.Join(recording, err)
		mu.Unlock()
		e.Board.Post(a)
	}
	l := newListeners(target, r.s.Nodes(), func(node string) string { return r.cluster.Address(node, ControlPort) }, heard)
	e.Control = heardControl{target.Within(r.cluster.Address), l}
	r.board.Store(e.Board)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() { defer close(done); l.listen(ctx) }()
	return func() error {
		cancel()
		<-done
		r.board.Store(nil)
		return recording
	}
}

// announceWait is how long an announcement may take that left before its node ended.
const announceWait = time.Second

// ordered says whether a failpoint has ended the node, as the scenario wanted.
func (r *run) ordered(i cluster.Incident) bool {
	board := r.board.Load()
	return board != nil && i.Kind == cluster.Exited && board.Crashed(i.Node, announceWait)
}

// decodeAnnouncement reads one line of a stream.
func decodeAnnouncement(line []byte) (a history.Announcement, err error) {
	return a, json.Unmarshal(line, &a)
}
