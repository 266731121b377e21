package nemesis

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"
)

var errEnded = errors.New("the run ended before it struck")

// round is one passage through the steps of an entry.
type round struct {
	n     *Nemesis
	entry Entry
	place Planned // of its first step
	known reign
	unmet error // something that did not come to pass: the steps after it are not what was meant

	mark  int            // on the board, when it began
	asked errgroup.Group // operations that go on beside the steps
}

// play leads the round to its end, operations under way included.
func (r *round) play(ctx context.Context) error {
	if r.n.Env.Board != nil {
		r.mark = r.n.Env.Board.mark()
	}
	r.note(ctx)
	err := r.list(ctx, r.entry.Steps, 0)
	return errors.Join(err, r.asked.Wait())
}

// note asks who leads, if a condition will want to know whether that has changed. If nobody does,
// whoever comes is a change.
func (r *round) note(ctx context.Context) {
	leader, region := false, false
	each(r.entry.Steps, func(s *Step) {
		leader = leader || s.Until == Condition{test: changed}
		region = region || s.Until == Condition{region: true, test: changed}
	})
	ctx, cancel := context.WithTimeout(ctx, aimBound)
	defer cancel()
	if leader {
		r.known.leader, _ = r.n.Leaders.Leader(ctx)
	}
	if region {
		r.known.region, _ = r.n.Leaders.RegionLeader(ctx)
	}
}

// list plays steps in turn, the first of which has this number in the entry. When they are over so is
// the context that they are given: what is repeated beside them ends.
func (r *round) list(ctx context.Context, steps []Step, number int) error {
	ctx, over := context.WithCancel(ctx)
	defer over()
	for _, s := range steps {
		if err := r.step(ctx, s, number); err != nil {
			return err
		}
		number += 1 + size(s.Meanwhile)
	}
	return nil
}

func (r *round) step(ctx context.Context, step Step, number int) error {
	switch {
	case step.Fault != nil:
		return r.fault(ctx, step, number)
	case r.unmet != nil:
		return nil
	case step.Ask != nil:
		return r.ask(ctx, step, number)
	case step.Until == (Condition{}):
		sleep(ctx, step.For)
		return nil
	}
	known, unmet := r.await(ctx, step.Until, step.For, r.known)
	return r.met(step, known, unmet)
}

// random is that of one step.
func (r *round) random(number int) *rand.Rand {
	return stream(r.n.Seed, r.place.Entry, r.place.Round, number)
}

func (r *round) fault(ctx context.Context, step Step, number int) error {
	l := r.n.newLife(step)
	l.place = Planned{Entry: r.place.Entry, Round: r.place.Round, Step: number}.Place()
	l.random, l.known, l.await = r.random(number), r.known, r.await
	played := len(step.Meanwhile) == 0
	if !played {
		l.meanwhile = func(ctx context.Context) error {
			played = true
			r.known = l.known
			err := r.list(ctx, step.Meanwhile, number+1)
			l.known = r.known
			return err
		}
	}
	var err error
	if r.unmet != nil {
		err = l.missed(r.unmet)
	} else if err = l.live(ctx); err == nil {
		err = r.met(step, l.known, l.unmet)
	}
	if err != nil || played {
		return err
	}
	if r.unmet == nil {
		r.unmet = fmt.Errorf("%s did not strike", step.Fault)
	}
	return r.list(ctx, step.Meanwhile, number+1) // each is recorded as one that did not strike either
}

// met takes what became of a condition. One that did not come to hold is recorded as a fault that did
// not strike, so that nobody takes the run for what it was meant to be.
func (r *round) met(step Step, known reign, unmet error) error {
	r.known = known
	if unmet == nil {
		return nil
	}
	r.unmet = fmt.Errorf("until %s: %w", step.Until, unmet)
	return r.n.newLife(Step{Until: step.Until, For: step.For}).missed(unmet)
}

// newLife is that of a fault, or of a condition or an operation without one.
func (n *Nemesis) newLife(step Step) *life {
	l := &life{n: n, step: step, id: int(n.lastID.Add(1))}
	switch {
	case step.Ask != nil:
		l.kind, l.text = "ask", step.String()
		return l
	case step.Fault == nil:
		l.kind, l.text = "until", step.String()
		return l
	}
	l.kind, l.text = step.Fault.Kind(), step.Fault.String()
	return l
}

// await waits for a condition and gives who leads then. If it does not come to hold, known is what
// it was.
func (r *round) await(ctx context.Context, c Condition, within time.Duration, known reign) (reign, error) {
	if c.FromWithin() {
		err := r.n.within(ctx, c, within, r.mark)
		if err == nil {
			r.n.tell("▌ until %s: so it is", c)
		}
		return known, err
	}
	leader, err := c.await(ctx, within, r.n.Leaders, *known.of(c))
	if err != nil {
		return known, err
	}
	*known.of(c) = leader
	r.n.tell("▌ until %s: %s leads", c, leader)
	return known, nil
}
