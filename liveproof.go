package schism

import (
	"context"
	"fmt"
	"maps"
	"time"

	"schism/checker"
	"schism/history"
)

// prove tells what is wrong with keys that a watch found broken. The proof is looked for in the last part of
// the history, and in ever longer ones: mostly it is near.
func (l *live) prove(ctx context.Context, so *history.SoFar, c *liveCheck, keys map[string]bool) error {
	for events := l.limits.part; len(keys) > 0 && ctx.Err() == nil; events *= 8 {
		h, whole, err := so.Part(events, func(key string) bool { return keys[key] })
		if err != nil {
			return err
		}
		var judge checker.Checker = partOnly{c.Name(), c.watch}
		if whole {
			judge = c.Checker
		}
		found := l.tell(checker.Guarded(ctx, judge, h))
		if _, partial := c.watch.(checker.PartialWatch); partial && len(found) > 0 {
			return nil // it names what is on a key by itself
		}
		for _, key := range found {
			delete(keys, key)
		}
		if whole {
			for key := range keys {
				l.leave(c, key) // there was no time for a proof
			}
			return nil
		}
	}
	return nil
}

// judgeParts judges what was written since it did so last, and some more, by the checks that are watched in parts. It
// never rests long: the longer it rests, the longer the next part is.
func (l *live) judgeParts(ctx context.Context, so *history.SoFar) error {
	began := time.Now()
	if so.Events == l.parted || began.Before(l.part) {
		return nil
	}
	for _, c := range l.checks {
		w, is := c.watch.(checker.PartialWatch)
		if !is {
			continue
		}
		h, _, err := so.Part(so.Events-l.parted+l.limits.part, nil)
		if err != nil {
			return err
		}
		l.tell(checker.Guarded(ctx, partOnly{c.Name(), w}, h))
	}
	l.parted = so.Events
	ended := time.Now()
	l.part = ended.Add(min(l.limits.restAfter(ended.Sub(began)), l.limits.late/4))
	return nil
}

// partOnly judges parts of histories.
type partOnly struct {
	name string
	checker.Watch
}

func (p partOnly) Name() string { return p.name }

func (p partOnly) Check(ctx context.Context, h *history.History) checker.Check {
	return p.CheckPart(ctx, h)
}

// judgeAgain judges, of each beginning that it takes, what cannot be watched.
func (l *live) judgeAgain(ctx context.Context, beginnings <-chan *history.SoFar) error {
	judged := int64(-1)
	for {
		var so *history.SoFar
		select {
		case <-ctx.Done():
			return nil
		case so = <-beginnings:
		}
		if so.Events == judged {
			continue
		}
		judged = so.Events
		began := time.Now()
		for _, c := range l.checks {
			if err := l.judgeOne(ctx, so, c); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(l.limits.restAfter(time.Since(began))):
		}
	}
}

// judgeOne judges one beginning by one check.
func (l *live) judgeOne(ctx context.Context, so *history.SoFar, c *liveCheck) error {
	l.mu.Lock()
	keys := maps.Clone(c.again)
	l.mu.Unlock()
	var want func(string) bool
	if _, partial := c.watch.(checker.PartialWatch); c.watch != nil && !partial {
		if want = func(key string) bool { return keys[key] }; len(keys) == 0 {
			return nil
		}
	}
	if so.Events > l.limits.events {
		return fmt.Errorf("it judges at most %d events", l.limits.events)
	}
	h, _, err := so.Part(so.Events, want)
	if err != nil {
		return err
	}
	l.tell(checker.Guarded(ctx, c.Checker, h))
	return nil
}

// tell tells what is new, the first finding of each check and key, and returns the keys of all of them.
func (l *live) tell(check checker.Check) (keys []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range check.Anomalies {
		keys = append(keys, a.Key)
		if id := [2]string{check.Name, a.Key}; !l.said[id] {
			l.said[id] = true
			l.found(a)
		}
	}
	return keys
}
