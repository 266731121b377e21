package schism

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"schism/checker"
)

// Series counts how several runs ended.
type Series struct {
	Verdicts   map[checker.Verdict]int
	Failed     int // runs without a verdict: schism itself failed
	Unexpected int // verdicts that are decided, and not as expected
	Undecided  int // verdicts that are neither, unknown or vacuous
}

// Add counts one run.
func (s *Series) Add(o *Outcome, err error) {
	if err != nil {
		s.Failed++
		return
	}
	if s.Verdicts == nil {
		s.Verdicts = make(map[checker.Verdict]int)
	}
	s.Verdicts[o.Result.Verdict]++
	switch o.Result.ExitStatus() {
	case checker.ExitNotAsExpected:
		s.Unexpected++
	case checker.ExitUndecided:
		s.Undecided++
	}
}

// Runs is how many there were.
func (s *Series) Runs() int {
	n := s.Failed
	for _, k := range s.Verdicts {
		n += k
	}
	return n
}

// ExitStatus tells all of them: the harness failed in one, else one was not as expected, else one was
// undecided.
func (s *Series) ExitStatus() int {
	switch {
	case s.Failed > 0:
		return checker.ExitHarness
	case s.Unexpected > 0:
		return checker.ExitNotAsExpected
	case s.Undecided > 0:
		return checker.ExitUndecided
	}
	return checker.ExitAsExpected
}

// String is "7 of 50 invalid, 43 valid".
func (s *Series) String() string {
	var parts []string
	count := func(n int, what string) {
		switch {
		case n == 0:
		case len(parts) == 0:
			parts = append(parts, fmt.Sprintf("%d of %d %s", n, s.Runs(), what))
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	for _, v := range []checker.Verdict{checker.Invalid, checker.Unknown, checker.Vacuous, checker.Valid} {
		count(s.Verdicts[v], v.String())
	}
	count(s.Failed, "without a verdict")
	if len(parts) == 0 {
		return "no run"
	}
	return strings.Join(parts, ", ")
}

// Repeat says how often a scenario is run.
type Repeat struct {
	Times int
	// Until ends the series after the first run with that verdict; nil: all of them are made.
	Until *checker.Verdict
}

// RunSeries runs a scenario again and again, each run in a directory of its own: under Options.Out,
// if that is set, they are 1, 2 and so on. Begin is called before each run and gives its progress, end
// after it. A run without a verdict is counted, and the others go on. After ctx has ended no other run
// begins.
func RunSeries(ctx context.Context, s *Scenario, o Options, r Repeat, begin func(n int, o *Options), end func(n int, o *Outcome, err error, took time.Duration)) *Series {
	series := new(Series)
	out := o.Out
	for n := 1; n <= r.Times && ctx.Err() == nil; n++ {
		if out != "" {
			o.Out = filepath.Join(out, fmt.Sprint(n))
		}
		begin(n, &o)
		began := time.Now()
		outcome, err := Run(ctx, s, o)
		series.Add(outcome, err)
		end(n, outcome, err, time.Since(began))
		if err == nil && r.Until != nil && outcome.Result.Verdict == *r.Until {
			break
		}
	}
	return series
}
