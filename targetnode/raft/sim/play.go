package sim

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Finding is a schedule that violated something.
type Finding struct {
	Seed uint64
	Result
}

// Play runs a schedule with the seeds from 1 to seeds, on all processors. each, if not nil, sees every result, one at a
// time, in no certain order; once it says so no new seed is begun. All seeds below one that was begun
// are played: the lowest of which each says something is always the same.
func Play(sc Schedule, seeds int, each func(Finding) (enough bool)) Stats {
	var (
		next  atomic.Uint64
		stop  atomic.Bool
		mu    sync.Mutex
		total Stats
		wg    sync.WaitGroup
	)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for !stop.Load() {
				mine := sc
				if mine.Seed = next.Add(1); mine.Seed > uint64(seeds) {
					return
				}
				r := mine.Run()
				mu.Lock()
				total.Add(&r.Stats)
				if each != nil && each(Finding{mine.Seed, r}) {
					stop.Store(true)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return total
}

// Find plays seeds from 1 on until one violates one of the given invariants, or any if none is given. It
// returns the lowest such seed; false: none of so many did. Its Stats are of its schedule alone.
func Find(sc Schedule, seeds int, invariants ...string) (found Finding, ok bool) {
	wanted := func(v *Violation) bool {
		for _, name := range invariants {
			if v.Invariant == name {
				return true
			}
		}
		return len(invariants) == 0
	}
	Play(sc, seeds, func(f Finding) bool {
		if f.Violation == nil || !wanted(f.Violation) {
			return false
		}
		if !ok || f.Seed < found.Seed {
			found, ok = f, true
		}
		return true
	})
	return found, ok
}
