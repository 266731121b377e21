package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"schism/checker"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"schism"
)

// suiteFlags are what a person may say about a suite.
type suiteFlags struct {
	runFlags
	jobs  int
	junit string
}

func suiteCommand() *cobra.Command {
	var f suiteFlags
	cmd := &cobra.Command{
		Use:   "suite DIR|FILE...",
		Short: "Run many scenarios and sum up in one table",
		Long: `Run scenarios, each once, and print one table: the files that are named, and every
*.yaml below the folders that are named, in the order of their paths; each variant
of a scenario is one. Several run at a time; those that say alone: true come last,
one by one.

index.html in the store leads to the reports, and --junit writes the results for CI
servers. Nothing runs if one of the scenarios is wrong. Exit status: 3 if any run has
no verdict, else 1 if any is not as expected, else 2 if any is undecided, else 0.`,
		Example: "  schism suite configs/raft --runtime process --jobs 2 --junit results.xml",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.jobs < 1 {
				return fmt.Errorf("--jobs %d: one scenario at a time is the least", f.jobs)
			}
			suite, err := schism.LoadSuite(args, f.set...)
			if err != nil {
				return err
			}
			return f.suite(cmd, suite, strings.Join(args, " "))
		},
	}
	f.add(cmd)
	cmd.Flags().IntVar(&f.jobs, "jobs", schism.SuiteJobs(), "how many run at a time (default: one a processor)")
	cmd.Flags().StringVar(&f.junit, "junit", "", "write the results to this file as JUnit's XML")
	return cmd
}

func (f *suiteFlags) suite(cmd *cobra.Command, suite []*schism.SuiteRun, title string) error {
	n, width, done := 0, 0, func() {}
	for _, r := range suite {
		width = max(width, len(r.Scenario.Name))
	}
	begin := func(r *schism.SuiteRun, o *schism.Options) {
		n++
		if f.jobs == 1 {
			o.Progress, done = watch(cmd, fmt.Sprintf("%d of %d", n, len(suite)))
		}
	}
	end := func(r *schism.SuiteRun) {
		done()
		fmt.Fprintf(cmd.ErrOrStderr(), "%-*s  %s\n%s", width, r.Scenario.Name, oneLine(r.Outcome, r.Err, r.Took), whyNot(r.Outcome))
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s, %d at a time: %v at least\n", checker.ShowCount(len(suite), "scenario"), f.jobs, schism.SuiteLength(suite, f.jobs).Round(time.Second))
	if err := writable(f.junit); err != nil { // before the runs, not after
		return err
	}
	began := time.Now()
	series := schism.RunSuite(cmd.Context(), suite, f.options, f.jobs, begin, end)
	printSuite(cmd.OutOrStdout(), suite)
	fmt.Fprintf(cmd.OutOrStdout(), "\n%s in %v; longest: %s\n", checker.ShowCount(series.Runs(), "run"), time.Since(began).Round(time.Second), schism.SuiteLongest(suite))
	if err := f.write(cmd, suite, title, began); err != nil {
		return err
	}
	if left := len(suite) - series.Runs(); left > 0 {
		return fmt.Errorf("interrupted: %d of %d scenarios were not run", left, len(suite))
	}
	return exitWith(series.ExitStatus())
}

// writable says why a file could not be written; "" names none.
func writable(path string) error {
	if path == "" {
		return nil
	}
	trial, err := os.CreateTemp(filepath.Dir(path), ".schism-*")
	if err != nil {
		return fmt.Errorf("write JUnit's XML: %w", err)
	}
	return errors.Join(trial.Close(), os.Remove(trial.Name()))
}

// write leaves the suite's files.
func (f *suiteFlags) write(cmd *cobra.Command, suite []*schism.SuiteRun, title string, began time.Time) error {
	page, err := schism.SuiteIndex(suite, title, f.options.Store, began)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.options.Store, 0o755); err != nil {
		return fmt.Errorf("write the index page: %w", err)
	}
	index := filepath.Join(f.options.Store, "index.html")
	if err := os.WriteFile(index, page, 0o644); err != nil {
		return fmt.Errorf("write the index page: %w", err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "index    %s\n", index)
	if f.junit == "" {
		return nil
	}
	var b bytes.Buffer
	if err := schism.WriteJUnit(&b, suite, began); err != nil {
		return err
	}
	if err := os.WriteFile(f.junit, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write JUnit's XML: %w", err)
	}
	return nil
}

// printSuite is the table.
func printSuite(out io.Writer, suite []*schism.SuiteRun) {
	rows := [][]string{{"", "scenario", "verdict", "as expected", "time", "anomalies", ""}}
	for _, r := range suite {
		rows = append(rows, suiteRow(r))
	}
	fmt.Fprintln(out)
	fmt.Fprint(out, table(rows))
}

func suiteRow(r *schism.SuiteRun) []string {
	name := r.Scenario.Name
	switch {
	case r.Err != nil:
		first, _, _ := strings.Cut(r.Err.Error(), "\n")
		return []string{"!", name, "none", "no", seconds(r.Took), "", cut(first, columns)} // whole above
	case r.Outcome == nil:
		return []string{" ", name, "not run", "", "", "", ""}
	}
	result := r.Outcome.Result
	mark, expected, where := "✓", "yes", ""
	if !result.AsExpected {
		mark, expected, where = "✕", "no", filepath.Clean(string(r.Outcome.Dir))
	}
	return []string{mark, name, result.Verdict.String(), expected, seconds(r.Took), strings.Join(kinds(result.Anomalies), ", "), where}
}
