package schism

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"schism/checker"
	"schism/history"
	"schism/workload"
)

// Live checking judges the beginning of a history while the rest is still to come.
//
// Theorem: what the checks below find on a beginning, in which what is open counts as unknown, is there in every
// history that begins so. Linearizability is closed under beginnings (Herlihy and Wing, Linearizability, TOPLAS
// 1990, section 3): cut a linearization of the whole off where the beginning ends, keep of the open operations
// those that took effect in it, and it is one of the beginning. Of the session guarantees each says that
// operations of the beginning contradict one another. Of transactions a level of isolation that keeps real time is
// closed under beginnings too, for in its order nothing comes before what had ended when it began. The others are not:
// a read of what is only asked for later is one of nobody's value so far, and serializable all the same, with the
// writer first; and a transaction that was seen and then refused has no say in the end. Other checks wait for the end: what nodes hold then, or
// what is lost for good, is not certain before.
//
// It reads the file that is being written, so that no client ever waits for it. A checker that can watch a
// history grow sees every event once, as soon as it is on disk; what breaks a key is then proved from the last part of
// the file, a longer and longer one until it is. What cannot be watched is judged from its beginning again and
// again, with rests that are mostly three times as long; where a part of a history can prove something by itself, the
// last part, which overlaps with the one before, is judged too.
type live struct {
	checks []*liveCheck
	limits liveBounds
	found  func(checker.Anomaly)
	ended  func(error) // what cannot be watched is judged no more

	parted int64     // events up to which parts were judged
	part   time.Time // before which no other one is

	mu   sync.Mutex
	said map[[2]string]bool // by check and key
}

// liveCheck is one check and what it can watch.
type liveCheck struct {
	checker.Checker
	watch checker.Watch   // nil: it cannot watch anything
	again map[string]bool // keys that it has to judge again and again all the same
}

// liveBounds bound what live checking may take away from the run.
type liveBounds struct {
	pause  time.Duration // between two looks at what was written
	late   time.Duration // after which a finding should be told
	rest   int           // times as long as it took to judge a beginning, until the next
	events int64         // in a beginning; beyond them no more is judged
	part   int64         // events of the first part that a proof is looked for in, and in which parts overlap
}

func usualLiveBounds() liveBounds {
	return liveBounds{pause: 100 * time.Millisecond, late: 2 * time.Second, rest: 3, events: 4_000_000, part: 20_000}
}

// restAfter is how long to rest after a beginning was judged. What happens just behind it waits for the rest and for
// the next judgement: if that can still be told in time with a rest as long as the work, it is shortened.
func (b liveBounds) restAfter(took time.Duration) time.Duration {
	rest := time.Duration(b.rest) * took
	if inTime := b.late - 2*took; inTime >= took {
		rest = min(rest, inTime)
	}
	return rest
}

// newLive lets some checks, whose findings on a beginning are certain, judge a history while it grows.
func newLive(checks []checker.Checker, found func(checker.Anomaly), ended func(error)) *live {
	l := &live{limits: usualLiveBounds(), found: found, ended: ended, said: make(map[[2]string]bool)}
	for _, c := range checks {
		one := &liveCheck{Checker: c, again: make(map[string]bool)}
		if w, can := c.(checker.Watcher); can {
			one.watch = w.Watch() // nil: not this kind
		}
		l.checks = append(l.checks, one)
	}
	return l
}

// liveChecks are those of the scenario's checks that are certain on a beginning.
func (s *Scenario) liveChecks() []checker.Checker {
	if s.model() == workload.ModelSetFull {
		return nil // it asks what is lost for good
	}
	var all []checker.Checker
	for _, c := range Checks() {
		for _, name := range s.Checks {
			if c.Name == name && c.Live && (name != isolation || s.keepsRealTime()) {
				all = append(all, c.New(s, liveLimits()))
			}
		}
	}
	return all
}

func liveLimits() checker.Limits {
	return checker.Limits{Time: 10 * time.Second, Memory: 512 << 20, Jobs: 1, Once: true}
}

// judgeLive looks at what was recorded until ctx ends. The channel is closed when it looks no more.
func (r *run) judgeLive(ctx context.Context, stop func()) (done <-chan struct{}) {
	over := make(chan struct{})
	told := make(map[string]int)
	found := func(a checker.Anomaly) { // one at a time
		told[a.Name]++
		if line := announcement(a, told[a.Name]); line != "" {
			r.log.Event("✗ %s", line)
		}
		if r.o.StopOnAnomaly && ctx.Err() == nil {
			r.log.Event("the run ends here, as asked: healing, reading, checking")
			stop()
		}
	}
	ended := func(err error) {
		r.log.Event("live checking has ended, the check at the end will tell: %v", err)
	}
	l := newLive(r.s.liveChecks(), found, func(err error) {
		r.log.Event("what live checking cannot watch is judged no more, the check at the end will tell: %v", err)
	})
	if len(l.checks) == 0 {
		close(over)
		return over
	}
	go func() {
		defer close(over)
		if err := l.follow(ctx, r.dir.History()); err != nil {
			ended(err)
		}
	}()
	return over
}

// announcement is what is said of the nth anomaly of its name while the run goes on: a broken store may break its
// promise on every key, and the report has them all.
func announcement(a checker.Anomaly, n int) string {
	const inFull = 3
	switch {
	case n <= inFull:
		return a.Message
	case n == inFull+1:
		return fmt.Sprintf("%s on key %s too; if it is on others, the report will tell", a.Name, a.Key)
	}
	return ""
}

// follow looks at the history at path until ctx ends.
func (l *live) follow(ctx context.Context, path string) error {
	f, err := history.Follow(path)
	if err != nil {
		return err
	}
	defer f.Close()
	ctx, stop := context.WithCancel(ctx)
	var again sync.WaitGroup
	defer again.Wait()
	defer stop()
	beginnings := make(chan *history.SoFar)
	again.Go(func() {
		if err := l.judgeAgain(ctx, beginnings); err != nil {
			l.ended(err)
		}
	})
	tick := time.NewTicker(l.limits.pause)
	defer tick.Stop()
	for {
		if err := l.look(ctx, f); err != nil {
			return err
		}
		select {
		case beginnings <- f.SoFar():
		default: // it rests
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look watches what was written since the last look.
func (l *live) look(ctx context.Context, f *history.Follower) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a watch failed: %v\n%s", p, debug.Stack())
		}
	}()
	broken := make(map[*liveCheck]map[string]bool)
	for e, err := range f.Events() {
		if err != nil {
			return err
		}
		for _, c := range l.checks {
			if c.watch == nil {
				continue
			}
			switch c.watch.Add(e) {
			case checker.Broken:
				if broken[c] == nil {
					broken[c] = make(map[string]bool)
				}
				broken[c][e.Key] = true
			case checker.Unwatched:
				l.leave(c, e.Key)
			}
		}
	}
	for c, keys := range broken {
		if err := l.prove(ctx, f.SoFar(), c, keys); err != nil {
			return err
		}
	}
	return l.judgeParts(ctx, f.SoFar())
}

// leave has a key judged again and again.
func (l *live) leave(c *liveCheck, key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.again[key] = true
}
