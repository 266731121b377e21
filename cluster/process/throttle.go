package process

import (
	"sync"
	"time"
)

// throttle lets bytes pass at a rate. What waits is in the sender's buffers: nothing is lost.
type throttle struct {
	mu      sync.Mutex
	rate    int           // bytes a second; 0: no limit
	free    time.Time     // when the next bytes may pass
	changed chan struct{} // closed at the next change of the rate
}

func newThrottle() *throttle { return &throttle{changed: make(chan struct{})} }

// set changes the rate. Who waits goes on at once and asks again for the rest.
func (t *throttle) set(rate int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rate == rate {
		return
	}
	t.rate, t.free = rate, time.Time{}
	close(t.changed)
	t.changed = make(chan struct{})
}

// take waits until some of n bytes may pass, and says how many; 0 if done came first.
func (t *throttle) take(done <-chan struct{}, n int) int {
	n, wait, changed := t.reserve(n)
	if wait <= 0 {
		return n
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-changed:
	case <-done:
		return 0
	}
	return n
}

// reserve books as much as passes in a twentieth of a second, so that those who share a link take
// turns.
func (t *throttle) reserve(n int) (m int, wait time.Duration, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rate == 0 {
		return n, 0, nil
	}
	now := time.Now()
	if t.free.Before(now) {
		t.free = now
	}
	wait = t.free.Sub(now)
	m = min(n, max(t.rate/20, 1))
	t.free = t.free.Add(time.Duration(m) * time.Second / time.Duration(t.rate))
	return m, wait, t.changed
}
