package targetnode

import (
	"sync/atomic"
	"time"

	"schism/targetnode/raft"
)

// clock is where the node's core has its time from; nothing else of the node asks what time it is. It
// goes by the monotonic clock at a rate that a test may change.
type clock struct {
	origin time.Time
	wall   bool // switches on the defect lease-wall-clock: it goes by the wall clock, which is set back and forth
	pace   atomic.Pointer[pace]
}

// pace is how the clock goes since it was last changed.
type pace struct {
	since  time.Duration // the true reading then
	base   raft.Time     // what the clock showed then
	rate   float64
	offset time.Duration // of the wall clock
}

func newClock(wall bool) *clock {
	c := &clock{origin: time.Now(), wall: wall}
	c.pace.Store(&pace{rate: 1})
	return c
}

func (c *clock) now() raft.Time {
	p := c.pace.Load()
	if c.wall {
		return raft.Time(p.wallNow())
	}
	return p.at(time.Since(c.origin))
}

// wallNow is what the wall clock shows, in nanoseconds since 1970.
func (p *pace) wallNow() int64 { return time.Now().Add(p.offset).UnixNano() }

func (p *pace) at(elapsed time.Duration) raft.Time {
	if p.rate == 1 {
		return p.base + raft.Time(elapsed-p.since)
	}
	return p.base + raft.Time(float64(elapsed-p.since)*p.rate)
}

// set changes how the clock goes from now on. It goes on from what it shows, and so never back. One
// goroutine calls it.
func (c *clock) set(rate float64, offset time.Duration) {
	since := time.Since(c.origin)
	c.pace.Store(&pace{since: since, base: c.pace.Load().at(since), rate: rate, offset: offset})
}

// longestWait bounds what a clock that stands, or nearly, makes of a span.
const longestWait = time.Minute

// until is how long it takes until the clock shows t.
func (c *clock) until(t raft.Time) time.Duration {
	left := t - c.now()
	if left <= 0 {
		return 0
	}
	if rate := c.pace.Load().rate; rate != 1 && !c.wall {
		return time.Duration(min(float64(left)/rate, float64(longestWait))) // by zero: infinite
	}
	return min(time.Duration(left), longestWait)
}
