package failpoint

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// ErrInjected is what a point with the action error makes its path fail with.
var ErrInjected = errors.New("a failpoint says so")

// Set is the points of one node. A nil Set has none armed. It may be used by several goroutines.
type Set struct {
	node string
	die  func() // does not return

	armed atomic.Int32 // how many points are: while it is 0, looking at it is all that a passage costs

	mu      sync.Mutex
	peers   []string
	points  map[Name]*point
	noted   map[string]Passage // by key: the first entry on it since a point was armed for it
	streams map[*Stream]bool
	closed  bool
	dying   bool // a crash has fired
}

// point is one place's state. The fields behind arm are of the arming.
type point struct {
	arm      *Arm // nil: not armed
	passed   map[string]int
	fired    int
	held     int
	limits   map[string]uint64 // by peer that is held: up to where entries may go all the same
	released chan struct{}     // closed by disarming
}

// New makes the points of a node without peers.
func New(node string) *Set {
	s := &Set{node: node, die: kill, points: map[Name]*point{}, noted: map[string]Passage{}, streams: map[*Stream]bool{}}
	for _, k := range table() {
		s.points[k.name] = &point{}
	}
	return s
}

// SetPeers says which other nodes there are now.
func (s *Set) SetPeers(names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peers = names
}

// kill ends this process as nothing can that still flushes or closes something.
func kill() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill() // if it fails, the exit below does the same but for the status
		time.Sleep(time.Second)
	}
	os.Exit(137)
}

// Arm arms a point. One that is armed already is disarmed first.
func (s *Set) Arm(name Name, arm Arm) error {
	k, err := kindOf(name)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := arm.check(k, s.peers); err != nil {
		return err
	}
	arm.Hit = max(arm.Hit, 1)
	if s.closed {
		return errors.New("the node is stopping")
	}
	s.disarm(name)
	delete(s.noted, arm.Key)
	*s.points[name] = point{arm: &arm, passed: map[string]int{}, limits: map[string]uint64{}, released: make(chan struct{})}
	s.armed.Add(1)
	return nil
}

// Disarm disarms a point and lets go what it holds.
func (s *Set) Disarm(name Name) error {
	if _, err := kindOf(name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disarm(name)
	return nil
}

// DisarmAll disarms every point.
func (s *Set) DisarmAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.points {
		s.disarm(name)
	}
}

// Close disarms every point for good, and ends the streams.
func (s *Set) Close() {
	s.DisarmAll()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for stream := range s.streams {
		s.end(stream)
	}
}

func (s *Set) disarm(name Name) {
	p := s.points[name]
	if p.arm == nil {
		return
	}
	p.arm, p.limits, p.held = nil, nil, 0
	close(p.released)
	s.armed.Add(-1)
}

// States are all points', in the order of the table.
func (s *Set) States() []State {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []State
	for _, k := range table() {
		p := s.points[k.name]
		state := State{Name: k.name, Armed: p.arm, Fired: p.fired, Held: p.held + len(p.limits)}
		for _, n := range p.passed {
			state.Passed += n
		}
		all = append(all, state)
	}
	return all
}

// Any says whether a point is armed: only then is there a reason to find out what else a passage wants
// to know.
func (s *Set) Any() bool { return s != nil && s.armed.Load() > 0 }

// Note tells of an entry on its way to the disk. An acknowledgement names an index and no key: this is
// how a point that is armed for a key knows which one to hold.
func (s *Set) Note(concerns func(key string) (Passage, bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.points {
		if p.arm == nil || p.arm.Key == "" {
			continue
		}
		if _, known := s.noted[p.arm.Key]; known {
			continue
		}
		if passage, ok := concerns(p.arm.Key); ok {
			s.noted[p.arm.Key] = passage
		}
	}
}

// Noted is the first entry on the key that was told of since a point was armed for it.
func (s *Set) Noted(key string) (Passage, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.noted[key]
	return p, ok
}

// Concerns finds out whether a passage is about the key; about any if it is "".
type Concerns func(key string) (Passage, bool)

// Begin passes a point without waiting. If held is not nil, the path may go on only when it is closed;
// an error is how the path has failed. A crash does not return.
func (s *Set) Begin(name Name, concerns Concerns) (held <-chan struct{}, err error) {
	if !s.Any() {
		return nil, nil
	}
	s.stopIfDying()
	arm, p, a := s.match(name, "", concerns)
	if p == nil {
		return nil, nil
	}
	s.announce(a)
	switch arm.Action {
	case Crash:
		s.die()
	case Fail:
		return nil, fmt.Errorf("%s: %w", name, ErrInjected)
	}
	return s.hold(p, arm), nil
}

// Pass passes a point and waits as long as it is held there.
func (s *Set) Pass(name Name, concerns Concerns) error {
	held, err := s.Begin(name, concerns)
	if held != nil {
		<-held
	}
	return err
}

// match counts a passage and says whether the point acts on it: p is nil if not.
func (s *Set) match(name Name, peer string, concerns Concerns) (arm Arm, p *point, a Announcement) {
	now := s.armOf(name)
	if now == nil || now.Peer != "" && now.Peer != peer {
		return
	}
	passage, ok := concerns(now.Key) // may ask the node: not under the lock
	if !ok || now.Index > 0 && passage.Index <= now.Index {
		return
	}
	path := ""
	if now.Action == Hold {
		path = peer
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p = s.points[name]
	if p.arm != now { // armed anew or disarmed meanwhile
		return Arm{}, nil, a
	}
	p.passed[path]++
	hit := p.passed[path]
	if hit < now.Hit || hit > now.Hit && !now.Every {
		return Arm{}, nil, a
	}
	p.fired++
	s.dying = now.Action == Crash
	return *now, p, Announcement{
		Failpoint: name, Node: s.node, Action: now.Action, Key: passage.Key, Index: passage.Index, Term: passage.Term,
		Peer: peer, Durable: passage.Durable, Hit: hit,
	}
}

// stopIfDying blocks for ever once a crash has fired. It takes a moment until that is announced, and in
// that moment another path must not do what the crash comes before, such as to process the acknowledgement
// of another peer.
func (s *Set) stopIfDying() {
	s.mu.Lock()
	dying := s.dying
	s.mu.Unlock()
	if dying {
		select {}
	}
}

func (s *Set) armOf(name Name) *Arm {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.points[name].arm
}

// hold gives a channel that is closed when the sleep is over or the point disarmed.
func (s *Set) hold(p *point, arm Arm) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.arm == nil {
		return nil
	}
	p.held++
	if arm.Action == Hold {
		return p.released
	}
	awake := make(chan struct{})
	armed, released := p.arm, p.released
	go func() {
		defer close(awake)
		timer := time.NewTimer(time.Duration(arm.For))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-released:
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if p.arm == armed {
			p.held--
		}
	}()
	return awake
}
