package schism

import (
	"context"
	"fmt"
	"slices"
	"time"

	"schism/checker"
	"schism/history"
)

// Defective is a Target with known bugs that can be switched on, to prove what a test finds.
type Defective interface {
	Target
	// SwitchedOn are the names of those that are on.
	SwitchedOn() []string
	// With is the target with just these on.
	With(defects []string) Target
}

// ZooCase is one known defect and the scenarios that look for it.
type ZooCase struct {
	Defect string
	Own    *Scenario // shows it, every time; nil: none of its own
	// Control is its control, where that differs from it in more than the defect; nil: Own with the defect off.
	Control *Scenario
	Mixed   *Scenario // the same for all defects, tuned for none; nil: the defect cannot be in it
	// Simulate looks for it in a simulator, if there is no Own; nil: nobody can.
	Simulate func() (Simulated, error)
	// Missing is why there is no Own, where there should be one.
	Missing error
}

// Simulated is what a simulator of the target found of a defect.
type Simulated struct {
	Found bool
	Runs  int    // how many schedules that took
	What  string // which invariant was broken
	Clean bool   // the same schedule breaks nothing with the defect off
}

// ZooPlan says how often scenarios are run.
type ZooPlan struct {
	Tries int // at most, until the own scenario has found it
	Mixed int // runs of the mixed scenario
	Jobs  int // runs at a time
}

// ZooRow is what became of one case.
type ZooRow struct {
	Case      ZooCase
	Found     bool          // by its own scenario
	Runs      int           // how many that took
	Anomalies []string      // what the finding run found
	After     time.Duration // of that run, when what broke the promise had happened; of the simulator, how long it searched
	Control   *Outcome      // the own scenario with the defect off; nil: there is none
	Simulated *Simulated    // nil: the simulator was not asked
	Mixed     []*Outcome
	Err       error // of the harness
}

// MixedFound is in how many of the mixed runs something was found, and what.
func (r *ZooRow) MixedFound() (n int, anomalies []string) {
	for _, o := range r.Mixed {
		if o.Result.Verdict == checker.Invalid {
			n++
			anomalies = append(anomalies, anomalyNames(o.Result)...)
		}
	}
	slices.Sort(anomalies)
	return n, slices.Compact(anomalies)
}

// ControlHolds says whether the own scenario, or the simulator's schedule, finds nothing once the defect is off.
func (r *ZooRow) ControlHolds() bool {
	if r.Simulated != nil {
		return r.Simulated.Clean
	}
	return r.Control != nil && r.Control.Result.Verdict == checker.Valid
}

// RunZoo looks for every defect: with its own scenario until that has found it, with the same scenario and
// the defect off, which must be valid, and with the mixed one. End is called as each row is complete, never
// twice at once. Rows that ctx leaves out say so in Err.
func RunZoo(ctx context.Context, cases []ZooCase, o Options, p ZooPlan, end func(*ZooRow)) []*ZooRow {
	rows := make([]*ZooRow, len(cases))
	done := make(chan struct{}, 1)
	jobs := make([]int, len(cases))
	for i := range jobs {
		jobs[i] = i
	}
	inParallel(jobs, max(1, p.Jobs), func(i int) {
		rows[i] = &ZooRow{Case: cases[i]}
		rows[i].Err = rows[i].run(ctx, o, p)
		done <- struct{}{}
		defer func() { <-done }()
		end(rows[i])
	})
	return rows
}

func (r *ZooRow) run(ctx context.Context, o Options, p ZooPlan) error {
	if r.Case.Own != nil {
		if err := r.look(ctx, o, p.Tries); err != nil {
			return err
		}
	}
	if r.Case.Own == nil && r.Case.Simulate != nil {
		if err := r.simulate(); err != nil {
			return err
		}
	}
	if r.Case.Mixed == nil {
		return nil
	}
	mixed, err := r.Case.Mixed.withDefects(r.switches()...)
	if err != nil {
		return err
	}
	o.StopOnAnomaly = true // one is enough
	for range p.Mixed {
		outcome, err := runUntil(ctx, mixed, o)
		if err != nil {
			return err
		}
		r.Mixed = append(r.Mixed, outcome)
	}
	return nil
}

func (r *ZooRow) simulate() error {
	began := time.Now()
	found, err := r.Case.Simulate()
	r.Simulated, r.Found, r.Runs, r.After = &found, found.Found, found.Runs, time.Since(began)
	if found.Found {
		r.Anomalies = []string{found.What}
	}
	return err
}

// switches is the defect, or none of a case that is the control of all others.
func (r *ZooRow) switches() []string {
	if r.Case.Defect == "" {
		return nil
	}
	return []string{r.Case.Defect}
}

// look runs the own scenario and its control.
func (r *ZooRow) look(ctx context.Context, o Options, tries int) error {
	off, err := r.Case.control()
	if err != nil {
		return err
	}
	for r.Runs < tries && !r.Found {
		r.Runs++
		outcome, err := runUntil(ctx, r.Case.Own, o)
		if err != nil {
			return err
		}
		if r.Found = outcome.Result.AsExpected; r.Found {
			r.Anomalies = anomalyNames(outcome.Result)
			if r.After, err = brokenAt(outcome); err != nil {
				return err
			}
		}
	}
	// A control that was worth nothing, or undecided, says nothing either way.
	for n := 0; n < tries && (r.Control == nil || !decided(r.Control)); n++ {
		if r.Control, err = runUntil(ctx, off, o); err != nil {
			return err
		}
	}
	return nil
}

func decided(o *Outcome) bool {
	return o.Result.Verdict == checker.Valid || o.Result.Verdict == checker.Invalid
}

// runUntil is Run, but nothing begins after ctx has ended.
func runUntil(ctx context.Context, s *Scenario, o Options) (*Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return Run(ctx, s, o)
}

// withDefects is the scenario with just these defects on.
func (s *Scenario) withDefects(names ...string) (*Scenario, error) {
	target, ok := s.Cluster.Options.(Defective)
	if !ok {
		return nil, fmt.Errorf("the target of %s has no defects to switch on", s.Name)
	}
	c := *s
	c.Cluster.Options = target.With(names)
	return &c, nil
}

// control is the scenario in which nothing may be found.
func (c *ZooCase) control() (*Scenario, error) {
	off, err := c.Own.without(c.Defect)
	if err != nil || c.Control == nil {
		return off, err
	}
	target, ok := c.Control.Cluster.Options.(Defective)
	if !ok || len(target.SwitchedOn()) > 0 || c.Control.Expect.Verdict != checker.Valid {
		return nil, fmt.Errorf("the scenario %s is no control of %s: it must be valid without any defect", c.Control.Name, c.Own.Name)
	}
	return c.Control, nil
}

// without is the scenario with one defect off: then it must find nothing.
func (s *Scenario) without(defect string) (*Scenario, error) {
	target, ok := s.Cluster.Options.(Defective)
	if !ok || !slices.Contains(target.SwitchedOn(), defect) {
		return nil, fmt.Errorf("the scenario %s does not switch %s on", s.Name, defect)
	}
	if s.Expect.Verdict != checker.Invalid {
		return nil, fmt.Errorf("the scenario %s does not expect to find %s", s.Name, defect)
	}
	c, err := s.withDefects(slices.DeleteFunc(slices.Clone(target.SwitchedOn()), func(d string) bool { return d == defect })...)
	if err != nil {
		return nil, err
	}
	c.Name += "-off"
	c.Expect = checker.Expect{Verdict: checker.Valid}
	return c, nil
}

func anomalyNames(r *checker.Result) []string {
	var names []string
	for _, a := range r.Anomalies {
		names = append(names, a.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// brokenAt is when the first promise had been broken, by the clock of the run.
func brokenAt(o *Outcome) (time.Duration, error) {
	h, err := history.Load(o.Dir.History())
	if err != nil {
		return 0, err
	}
	first := h.End
	for _, a := range o.Result.Anomalies {
		for _, ops := range [][]history.Operation{h.Operations, h.FinalReads} {
			for i := range ops {
				if ops[i].Call == a.Focus {
					first = min(first, max(ops[i].CallTime, ops[i].ReturnTime))
				}
			}
		}
		for _, e := range h.Roles {
			if slices.Contains(a.Events, e.Index) && len(a.Ops) == 0 && e.Time > 0 {
				first = min(first, e.At())
			}
		}
	}
	return first, nil
}
