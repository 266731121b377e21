package schism

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"schism/checker"
)

func TestSeries(t *testing.T) {
	valid := &Outcome{Result: &checker.Result{Verdict: checker.Valid, AsExpected: true}}
	found := &Outcome{Result: &checker.Result{Verdict: checker.Invalid, AsExpected: true}}
	broken := &Outcome{Result: &checker.Result{Verdict: checker.Invalid}}
	vacuous := &Outcome{Result: &checker.Result{Verdict: checker.Vacuous}}
	var failed *Outcome
	for _, c := range []struct {
		runs []*Outcome
		want string
		exit int
	}{
		{nil, "no run", checker.ExitAsExpected},
		{[]*Outcome{valid, valid}, "2 of 2 valid", checker.ExitAsExpected},
		{[]*Outcome{valid, found, valid}, "1 of 3 invalid, 2 valid", checker.ExitAsExpected},
		{[]*Outcome{valid, vacuous}, "1 of 2 vacuous, 1 valid", checker.ExitUndecided},
		{[]*Outcome{vacuous, broken, valid}, "1 of 3 invalid, 1 vacuous, 1 valid", checker.ExitNotAsExpected},
		{[]*Outcome{broken, failed, vacuous}, "1 of 3 invalid, 1 vacuous, 1 without a verdict", checker.ExitHarness},
	} {
		var s Series
		for _, o := range c.runs {
			var err error
			if o == nil {
				err = errors.New("no cluster")
			}
			s.Add(o, err)
		}
		if got := s.String(); got != c.want || s.ExitStatus() != c.exit || s.Runs() != len(c.runs) {
			t.Errorf("%q, exit status %d of %d runs, want %q, %d of %d", got, s.ExitStatus(), s.Runs(), c.want, c.exit, len(c.runs))
		}
	}
}

// quick is a scenario of a second that is valid. Its elections take so long to begin that a loaded
// machine starts none.
const quick = `name: quick
cluster: {runtime: process, nodes: 3, options: {reads: read-index, election-timeout: 1s}}
workload: {clients: 3, rate: 60/s, duration: 1s, mix: {read: 1, write: 1}}
`

// Each run of a series has a directory of its own; the series ends with the verdict that was waited
// for, and a run that has none does not end it.
func TestRunSeries(t *testing.T) {
	s, err := Parse("quick.yaml", []byte(quick))
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, "process")
	if err := os.MkdirAll(filepath.Join(o.Out, "1", "occupied"), 0o755); err != nil {
		t.Fatal(err)
	}
	until := checker.Valid
	var verdicts []string
	series := RunSeries(t.Context(), s, o, Repeat{Times: 5, Until: &until}, func(int, *Options) {},
		func(n int, run *Outcome, err error, took time.Duration) {
			if err != nil {
				verdicts = append(verdicts, "none")
				return
			}
			verdicts = append(verdicts, run.Result.Verdict.String())
			if want := filepath.Join(o.Out, "2"); n != 2 || string(run.Dir) != want || took <= 0 {
				t.Errorf("run %d in %s after %v, want %s", n, run.Dir, took, want)
			}
		})
	if !slices.Equal(verdicts, []string{"none", "valid"}) || series.String() != "1 of 2 valid, 1 without a verdict" {
		t.Errorf("%v: %s", verdicts, series)
	}
}
