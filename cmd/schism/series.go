package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"schism"
	"schism/checker"
)

// series runs a scenario again and again, a line a run.
func (f *runFlags) series(cmd *cobra.Command, s *schism.Scenario, repeat schism.Repeat) error {
	out := cmd.OutOrStdout()
	done, reached := func() {}, false
	begin := func(n int, o *schism.Options) {
		o.Progress, done = watch(cmd, fmt.Sprintf("%d of %d", n, repeat.Times))
	}
	end := func(n int, o *schism.Outcome, err error, took time.Duration) {
		done()
		fmt.Fprintf(out, "%*d  %s\n%s", len(fmt.Sprint(repeat.Times)), n, oneLine(o, err, took), whyNot(o))
		if reached = err == nil && repeat.Until != nil && o.Result.Verdict == *repeat.Until; reached {
			_ = tell(cmd, o.Result, words(o.Result, o.Dir))
		}
	}
	series := schism.RunSeries(cmd.Context(), s, f.options, repeat, begin, end)
	fmt.Fprintf(out, "\n%s\n", series)
	if left := repeat.Times - series.Runs(); left > 0 && !reached {
		return fmt.Errorf("interrupted: %d of %d runs were not made", left, repeat.Times)
	}
	return exitWith(series.ExitStatus())
}

// oneLine is how a run ended: "invalid  as expected      8.3 s  stale-read  store/x/20261124T…".
func oneLine(o *schism.Outcome, err error, took time.Duration) string {
	if err != nil {
		return fmt.Sprintf("no verdict  %v", err)
	}
	return fmt.Sprintf("%-7s  %-15s  %5.1f s  %s", o.Result.Verdict, expectation(o.Result), took.Seconds(),
		strings.Join(nonEmpty(strings.Join(kinds(o.Result.Anomalies), ", "), filepath.Clean(string(o.Dir))), "  "))
}

// whyNot says of a run that did not end as expected why, in lines below its own: nobody should have to
// open a directory, which may be gone by then, to learn what stood against the verdict.
func whyNot(o *schism.Outcome) string {
	if o == nil || o.Result.AsExpected {
		return ""
	}
	var b strings.Builder
	for _, why := range o.Result.Why {
		b.WriteString(wrap(why, "      - "))
	}
	return b.String()
}

func expectation(r *checker.Result) string {
	if r.AsExpected {
		return "as expected"
	}
	return "not as expected"
}

func nonEmpty(words ...string) []string {
	var kept []string
	for _, w := range words {
		if w != "" {
			kept = append(kept, w)
		}
	}
	return kept
}
