// Package search asks Porcupine, the oracle for any model, under caps of time and memory: what it
// cannot decide within them is unknown, together with what was decided.
package search

import (
	"context"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
)

// Guard keeps the searches of one check below a cap of memory, which Porcupine does not know: it
// keeps a set of as many bits as there are operations for every configuration that it tried.
type Guard struct {
	base, cap uint64

	mu      sync.Mutex
	running map[*searching]struct{}
	closed  chan struct{}
}

// searching is one search that the guard may end.
type searching struct {
	stop  atomic.Bool
	ops   int
	since time.Time
	full  atomic.Bool // stopped for want of memory
	model caught      // what the model panicked with, in a goroutine of Porcupine's
}

// watchEvery is how often the guard looks. A search allocates about 1 GB a second.
const watchEvery = 5 * time.Millisecond

// Unguarded never stops anybody.
func Unguarded() *Guard { return &Guard{running: make(map[*searching]struct{})} }

// Watch measures until the guard is closed. The cap, in bytes, counts from the heap as it is now, with
// the history in it and whatever garbage there is: that much the process takes already.
func Watch(limit uint64) *Guard {
	g := Unguarded()
	g.base, g.cap, g.closed = heapSize(), limit, make(chan struct{})
	go func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			select {
			case <-g.closed:
				return
			case <-tick.C:
				// Dead objects count until they are collected: live and dead ones together are
				// what the process really takes.
				if heapSize() > g.base+g.cap-g.cap/8 { // it grows on until the next look
					g.stopLargest()
				}
			}
		}
	}()
	return g
}

// Close ends the measuring.
func (g *Guard) Close() { close(g.closed) }

func heapSize() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// Ask puts some operations to Porcupine. ok is false if it did not come to an end in time, or was told
// to stop; full tells that it was ended for want of memory.
//
// Porcupine takes a time-out and nothing else. So that a search can be ended for want of memory, every
// step asks a flag: once it is set no step succeeds, the search unwinds without growing, and what it
// then calls illegal means nothing.
func (g *Guard) Ask(ctx context.Context, m porcupine.Model, ops []porcupine.Operation, limit time.Duration) (linearizable, ok, full bool) {
	s := &searching{ops: len(ops), since: time.Now()}
	g.mu.Lock()
	g.running[s] = struct{}{}
	g.mu.Unlock()
	if ctx.Err() != nil {
		s.stop.Store(true) // perhaps too late for StopAll
	}
	result := porcupine.CheckOperationsTimeout(s.stoppable(m), ops, limit)
	g.mu.Lock()
	delete(g.running, s)
	g.mu.Unlock()
	s.model.again()
	if full = s.full.Load(); full {
		runtime.GC() // what it leaves must not count against the next
	}
	if s.stop.Load() {
		return false, false, full
	}
	return result == porcupine.Ok, result != porcupine.Unknown, full
}

func (s *searching) stoppable(m porcupine.Model) porcupine.Model {
	step := m.Step
	m.Step = func(state, input, output any) (ok bool, next any) {
		if s.stop.Load() {
			return false, state
		}
		defer func() {
			if s.model.keep(recover()) {
				s.stop.Store(true)
				ok, next = false, state
			}
		}()
		return step(state, input, output)
	}
	return m
}

// stopLargest ends the search that takes most: its sets are as long as its key, and there are more of
// them the longer it runs. The others go on.
func (g *Guard) stopLargest() {
	g.mu.Lock()
	defer g.mu.Unlock()
	var worst *searching
	var most float64
	for s := range g.running {
		if s.stop.Load() {
			return // it is on its way out
		}
		if size := float64(s.ops) * float64(time.Since(s.since)); worst == nil || size > most {
			worst, most = s, size
		}
	}
	if worst != nil {
		worst.full.Store(true)
		worst.stop.Store(true)
	}
}

// StopAll ends every search that runs now.
func (g *Guard) StopAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for s := range g.running {
		s.stop.Store(true)
	}
}
