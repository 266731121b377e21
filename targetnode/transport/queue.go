package transport

import (
	"context"
	"slices"
	"sync"
	"time"

	"schism/targetnode/raft"
)

const (
	// openLimit is how many messages wait for a connection that is up but slow. Their entries are
	// shared with the log, so the queue itself is small.
	openLimit = 1024
	// shutLimit is how many wait for a connection: the newest, such as the vote requests of a node
	// that is up before its peers. Whatever was queued when a connection died has been overtaken.
	shutLimit = 16
)

// queue holds the messages for one peer.
type queue struct {
	ready chan struct{} // has a token when there is something to take

	mu       sync.Mutex
	limit    int
	messages []raft.Message
}

func newQueue() queue { return queue{ready: make(chan struct{}, 1), limit: shutLimit} }

func (q *queue) push(m raft.Message) {
	q.mu.Lock()
	if over := len(q.messages) + 1 - q.limit; over > 0 {
		q.messages = slices.Delete(q.messages, 0, over)
	}
	q.messages = append(q.messages, m)
	q.mu.Unlock()
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// open is called when a connection is up.
func (q *queue) open() {
	q.mu.Lock()
	q.limit = openLimit
	q.mu.Unlock()
	q.wake()
}

// shut is called when a connection is dead.
func (q *queue) shut() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limit = shutLimit
	q.messages = nil
}

// take gives everything that is queued; the caller gives back the slice that it had from the last call.
func (q *queue) take(used []raft.Message) []raft.Message {
	clear(used)
	q.mu.Lock()
	defer q.mu.Unlock()
	messages := q.messages
	q.messages = used[:0]
	return messages
}

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
