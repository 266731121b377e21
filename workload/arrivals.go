package workload

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Loop is what makes a client ask the next operation.
type Loop string

const (
	// Closed: the answer to the one before, and the rate. A system that is slow is asked less.
	Closed Loop = "closed"
	// Open: the clock alone. Operations are due at the rate whatever the system does; those that find
	// no free client begin late, and how late they are is a result.
	Open Loop = "open"
)

// Loops are all kinds of loop.
func Loops() []string { return []string{string(Closed), string(Open)} }

// arrivals are the times at which the operations of an open loop are due: the k-th at k/rate.
type arrivals struct {
	began time.Time
	rate  Rate

	mu    sync.Mutex
	taken int64
	late  []time.Duration // by operation begun
}

// wait takes the next arrival and waits until it is due; false if ctx ended first.
func (a *arrivals) wait(ctx context.Context) bool {
	a.mu.Lock()
	due := a.due(a.taken)
	a.taken++
	a.mu.Unlock()
	sleep(ctx, time.Until(due))
	if ctx.Err() != nil {
		return false
	}
	late := max(0, time.Since(due))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.late = append(a.late, late)
	return true
}

func (a *arrivals) due(k int64) time.Time {
	return a.began.Add(time.Duration(float64(k) / float64(a.rate) * float64(time.Second)))
}

// Lateness is how far an open loop fell behind its clock.
type Lateness struct {
	Begun        int // operations
	Missed       int // due before the end, and never begun for want of a free client
	Median, Most time.Duration
	P99          time.Duration
}

func (l Lateness) String() string {
	return fmt.Sprintf("%d operations begun, late by %v (median), %v (p99), %v (most); %d missed",
		l.Begun, short(l.Median), short(l.P99), short(l.Most), l.Missed)
}

func short(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// lateness sums up, at the end of the run.
func (a *arrivals) lateness(end time.Time) Lateness {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := Lateness{Begun: len(a.late)}
	due := 1 + int(end.Sub(a.began).Seconds()*float64(a.rate)) // the first one at once
	l.Missed = max(0, due-l.Begun)
	if l.Begun > 0 {
		late := slices.Sorted(slices.Values(a.late))
		l.Median, l.P99, l.Most = late[(l.Begun-1)/2], late[(l.Begun*99+99)/100-1], late[l.Begun-1]
	}
	return l
}
