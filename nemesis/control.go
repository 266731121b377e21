package nemesis

import (
	"context"
	"sync"
	"time"

	"schism/history"
)

// Control works nodes from within, through a port that the system under test opens for tests only.
type Control interface {
	// Arm sets a trap in a node. It returns when the trap is set, and whatever it will announce from then
	// on is posted on the board.
	Arm(ctx context.Context, node string, t Trap) error
	// Disarm takes the trap of this name out and lets go what it holds.
	Disarm(ctx context.Context, node, name string) error
	Armed(ctx context.Context, node, name string) (bool, error)
	// Durable are the values of the commands on a key that the node's own disk holds in its log, with
	// their places there.
	Durable(ctx context.Context, node, key string) ([]LogEntry, error)
	// Transfer makes the leader at node hand its leadership to another one.
	Transfer(ctx context.Context, node, to string) error
	// HoldElection stops a node's election timer, or lets it run again.
	HoldElection(ctx context.Context, node string, hold bool) error
	ElectionHeld(ctx context.Context, node string) (bool, error)
	// Campaign makes a node ask for votes now.
	Campaign(ctx context.Context, node string) error
	// Role is what a node says of itself just now.
	Role(ctx context.Context, node string) (history.Role, error)
	// SetRate makes the node's monotonic clock run so much faster than time, or slower.
	SetRate(ctx context.Context, node string, rate float64) error
	// Clock reads that clock.
	Clock(ctx context.Context, node string) (time.Duration, error)
	// SetWall sets the node's wall clock so far forward, or back, from the right time.
	SetWall(ctx context.Context, node string, by time.Duration) error
	// Wall reads that clock.
	Wall(ctx context.Context, node string) (time.Time, error)
}

// Trap is a failpoint as a node is told of it.
type Trap struct {
	Name   string
	Action string
	For    time.Duration // of a sleep
	Hit    int           // which passage acts, from 1 on; 0: the first
	Every  bool          // every one does
	Peer   string        // only passages that concern this node; empty: any
	Key    string        // only those that concern a command on this key; empty: any
	Index  *uint64       // how far in the log a leader may still send; nil: not at all
}

// LogEntry is a command in a node's log.
type LogEntry struct {
	Index uint64
	Value history.Value
}

// Board holds what failpoints have announced, in the order in which it came. The zero value is ready.
type Board struct {
	mu      sync.Mutex
	posted  []history.Announcement
	excused map[string]int // crashes of a node that somebody has asked about
	news    chan struct{}  // closed and replaced with each announcement
}

// Post adds an announcement.
func (b *Board) Post(a history.Announcement) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.posted = append(b.posted, a)
	close(b.next())
	b.news = nil
}

func (b *Board) next() chan struct{} {
	if b.news == nil {
		b.news = make(chan struct{})
	}
	return b.news
}

// mark is a place on the board: what is posted from then on is after it.
func (b *Board) mark() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.posted)
}

// since are the announcements after a mark that are wanted.
func (b *Board) since(mark int, wanted func(history.Announcement) bool) []history.Announcement {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []history.Announcement
	for _, a := range b.posted[mark:] {
		if wanted(a) {
			found = append(found, a)
		}
	}
	return found
}

// Crashed says whether a failpoint has announced that it would end the node, one announcement for one
// end. It waits so long for it: the announcement leaves before the node dies, but comes another way.
func (b *Board) Crashed(node string, within time.Duration) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		b.mu.Lock()
		crashes := 0
		for _, a := range b.posted {
			if a.Node == node && a.Action == ActionCrash {
				crashes++
			}
		}
		if crashes > b.excused[node] {
			if b.excused == nil {
				b.excused = make(map[string]int)
			}
			b.excused[node]++
			b.mu.Unlock()
			return true
		}
		news := b.next()
		b.mu.Unlock()
		select {
		case <-news:
		case <-timer.C:
			return false
		}
	}
}
