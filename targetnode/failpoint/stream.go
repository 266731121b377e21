package failpoint

import (
	"sync"
	"time"
)

// Stream is one listener to announcements.
type Stream struct {
	// C has what is announced; it is closed when the stream is ended.
	C chan Pending
}

// Pending is an announcement whose point waits, not for long, until it is told.
type Pending struct {
	Announcement
	told func()
}

// Told says that the announcement is out of this process's hands.
func (p Pending) Told() { p.told() }

const (
	streamRoom = 256
	// patience is how long a point waits for its listeners. One that takes longer must not turn an
	// action at a point into another one.
	patience = 200 * time.Millisecond
)

// Listen begins a stream.
func (s *Set) Listen() *Stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	stream := &Stream{C: make(chan Pending, streamRoom)}
	s.streams[stream] = true
	if s.closed {
		s.end(stream)
	}
	return stream
}

// Unlisten ends a stream.
func (s *Set) Unlisten(stream *Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(stream)
}

func (s *Set) end(stream *Stream) {
	if s.streams[stream] {
		delete(s.streams, stream)
		close(stream.C)
	}
}

// announce tells every listener before the point acts, and waits until they have it.
func (s *Set) announce(a Announcement) {
	var telling sync.WaitGroup
	s.mu.Lock()
	for stream := range s.streams {
		telling.Add(1)
		select {
		case stream.C <- Pending{a, sync.OnceFunc(telling.Done)}:
		default: // it does not read at all
			telling.Done()
			s.end(stream)
		}
	}
	s.mu.Unlock()
	all := make(chan struct{})
	go func() {
		telling.Wait()
		close(all)
	}()
	bound := time.NewTimer(patience)
	defer bound.Stop()
	select {
	case <-all:
	case <-bound.C:
	}
}
