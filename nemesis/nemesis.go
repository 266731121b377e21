// Package nemesis brings faults about, proves that they bit, and undoes them. Every step of a fault's
// life goes into the history.
package nemesis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"schism/history"
)

// Bounds on what a fault may take beside its own length, which is counted from when it is in place.
const (
	aimBound   = 10 * time.Second // to find a leader
	applyBound = 15 * time.Second
	undoBound  = 20 * time.Second // to undo it and to measure that it is gone
	gonePoll   = 50 * time.Millisecond
)

// Nemesis carries out a schedule.
type Nemesis struct {
	Schedule Schedule
	Seed     uint64
	Length   time.Duration // of the run: what strikes every so often does so to its end
	Env      *Env
	Leaders  Leadership
	Recorder Recorder
	// Announce is told what happened, for people. It may be nil.
	Announce func(format string, args ...any)

	lastID  atomic.Int64
	lastAsk atomic.Int64
	late    atomic.Int64 // faults that the end of the run came before
	tokens  tokens
}

// Run carries the schedule out. When ctx ends, what is on is undone, under a bound of its own, and
// what had not struck yet is recorded as such. The error is one of the harness: the history could
// not be written. A fault that failed is in the history.
func (n *Nemesis) Run(ctx context.Context) error {
	began := time.Now()
	inTurn := make([][]Planned, len(n.Schedule)) // the first step of each round
	for _, p := range n.Schedule.Plan(n.Seed, n.Length) {
		if p.Step == 0 {
			inTurn[p.Entry] = append(inTurn[p.Entry], p)
		}
	}
	errs := make([]error, len(n.Schedule))
	var entries sync.WaitGroup
	for i, rounds := range inTurn {
		entries.Go(func() { errs[i] = n.entry(ctx, began, rounds) })
	}
	entries.Wait()
	if late := n.late.Load(); late > 0 {
		n.tell("▌ %d of the schedule did not strike: %v", late, errEnded)
	}
	return errors.Join(errs...)
}

// entry carries out the rounds of one entry. A round that the one before it holds up begins late.
func (n *Nemesis) entry(ctx context.Context, began time.Time, rounds []Planned) error {
	for _, p := range rounds {
		sleep(ctx, p.At-time.Since(began))
		r := &round{n: n, entry: n.Schedule[p.Entry], place: p}
		if err := r.play(ctx); err != nil {
			return err
		}
	}
	return nil
}

// life is one fault from its start to its end.
type life struct {
	n      *Nemesis
	kind   string
	text   string
	step   Step
	place  string // of a fault, in the schedule
	id     int
	random *rand.Rand
	known  reign
	strike Strike
	facts  history.Fault // whom it strikes
	active time.Time     // when it was in place
	await  func(ctx context.Context, c Condition, within time.Duration, known reign) (reign, error)
	unmet  error // its condition did not come to hold
	// meanwhile plays the steps that it lasts for; nil: there are none.
	meanwhile func(context.Context) error
}

func (l *life) live(ctx context.Context) error {
	if ctx.Err() != nil {
		return l.missed(errEnded)
	}
	if err := l.aim(ctx); err != nil {
		return l.missed(err)
	}
	if err := l.record(history.Invoke, history.FaultStart, nil, "", nil); err != nil {
		return err
	}
	l.say("▌ %s %s", l.kind, l.facts.What)
	struck, err := l.bring(ctx)
	if err != nil {
		return err
	}
	if struck {
		if err := l.stay(ctx); err != nil {
			return errors.Join(err, l.end(ctx))
		}
	}
	return l.end(ctx)
}

// stay lets the fault last, and measures it again if that took any time: otherwise a second measurement
// would tell nothing new.
func (l *life) stay(ctx context.Context) error {
	lasted := l.meanwhile != nil
	if lasted {
		if err := l.meanwhile(ctx); err != nil {
			return err
		}
	} else {
		lasted = l.last(ctx)
	}
	if _, later := l.strike.(Latent); !lasted && !later {
		return nil
	}
	return l.prove(ctx, "at its end: ")
}

// last lets the fault last for a time, or until something holds. It says false if that took no time.
func (l *life) last(ctx context.Context) bool {
	course, goes := l.strike.(Course)
	if goes {
		if err := course.Go(ctx, l.n.Env, l.step.For); err != nil {
			l.say("▌ %s broke off: %v", l.kind, err)
		}
	}
	left := l.step.For - time.Since(l.active) // its proof took some of its time
	if l.step.Until != (Condition{}) {
		l.known, l.unmet = l.await(ctx, l.step.Until, left, l.known)
	} else {
		sleep(ctx, left)
	}
	return goes || l.step.For > 0
}

// missed records a fault that struck nobody: the run is vacuous then.
func (l *life) missed(why error) error {
	no, how := false, "did not strike"
	if l.step.Ask != nil {
		how = "did not go as arranged"
	}
	if err := l.record(history.Invoke, history.FaultStart, nil, "", nil); err != nil {
		return err
	}
	if errors.Is(why, errEnded) {
		l.n.late.Add(1)
	} else {
		l.say("▌ %s %s: %v", l.text, how, why)
	}
	return l.record(history.Info, history.FaultProof, &no, "it "+how+": "+why.Error(), nil)
}

func (l *life) aim(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, aimBound)
	defer cancel()
	if err := supported(l.step.Fault, l.n.Env); err != nil {
		return err
	}
	pick := NewPicker(l.n.Env.Nodes, l.n.Leaders, l.random)
	strike, err := l.step.Fault.Aim(ctx, pick)
	if err != nil {
		return err
	}
	l.known = reign{leader: cmp.Or(pick.leader, l.known.leader), region: cmp.Or(pick.region, l.known.region)}
	l.strike, l.facts = strike, strike.Describe()
	return nil
}

// bring applies the fault and measures that it bites. struck is false if it could not be applied;
// it is undone all the same, for part of it may be on.
func (l *life) bring(ctx context.Context) (struck bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyBound)
	defer cancel()
	no := false
	if err := l.strike.Before(ctx, l.n.Env); err != nil {
		if err := l.record(history.Info, history.FaultProof, &no, "not provable: "+err.Error(), nil); err != nil {
			return false, err
		}
	}
	if err := l.strike.Apply(ctx, l.n.Env); err != nil {
		return false, l.record(history.Info, history.FaultProof, &no, "could not be applied: "+err.Error(), err)
	}
	l.active = time.Now()
	if err := l.record(history.Info, history.FaultActive, nil, "", nil); err != nil {
		return false, err
	}
	if _, later := l.strike.(Latent); later {
		return true, nil
	}
	return true, l.prove(ctx, "")
}

func (l *life) prove(ctx context.Context, prefix string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), applyBound)
	defer cancel()
	bites, seen, err := l.strike.Bites(ctx, l.n.Env)
	if err != nil {
		seen = "could not be measured: " + err.Error()
	}
	if !bites {
		l.say("▌ %s does not bite: %s", l.kind, seen)
	} else if prefix == "" {
		l.say("▌   %s", seen)
	}
	return l.record(history.Info, history.FaultProof, &bites, prefix+seen, nil)
}

// end undoes the fault and measures that it is gone, whatever has become of the run.
func (l *life) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoBound)
	defer cancel()
	if err := l.record(history.Info, history.FaultEnd, nil, "", nil); err != nil {
		return err
	}
	gone, seen := false, ""
	err := l.strike.Undo(ctx, l.n.Env)
	if err == nil {
		gone, seen, err = l.awaitGone(ctx)
	}
	kind := history.OK
	if !gone {
		kind = history.Fail
		l.say("▌ %s could not be undone: %s", l.kind, errors.Join(err, errors.New(seen)))
	} else {
		l.say("▌ %s over: %s", l.kind, seen)
	}
	return l.record(kind, history.FaultHealed, &gone, seen, err)
}

// awaitGone asks until it is so. What could not be measured is measured again: a node that starts just now
// refuses connections for a while.
func (l *life) awaitGone(ctx context.Context) (gone bool, seen string, err error) {
	for {
		gone, seen, err = l.strike.Gone(ctx, l.n.Env)
		if gone && err == nil {
			return true, seen, nil
		}
		if sleep(ctx, gonePoll); ctx.Err() != nil {
			return false, seen, errors.Join(fmt.Errorf("still not gone after %v", undoBound), err)
		}
	}
}

func (l *life) record(kind history.Kind, phase history.Phase, bit *bool, proof string, failure error) error {
	f := history.Fault{ID: l.id, Phase: phase, Text: l.text, Bit: bit, Proof: proof}
	if phase == history.FaultStart {
		id, text := f.ID, f.Text
		f = l.facts
		f.ID, f.Phase, f.Text, f.Step = id, phase, text, l.place
	}
	e := history.Event{Process: history.Nemesis, Kind: kind, F: l.kind, Value: history.Encode(f)}
	if failure != nil {
		e.Error = failure.Error()
	}
	_, err := l.n.Recorder.Record(e)
	return err
}

func (l *life) say(format string, args ...any) { l.n.tell(format, args...) }

func (n *Nemesis) tell(format string, args ...any) {
	if n.Announce != nil {
		n.Announce(format, args...)
	}
}

func sleep(ctx context.Context, span time.Duration) {
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
