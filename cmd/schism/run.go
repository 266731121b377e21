package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"schism"
	"schism/checker"
)

// runFlags are what a person may say about a run beside its scenario.
type runFlags struct {
	options schism.Options
	set     []string
	variant string
	times   int
	until   string
}

func (f *runFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.options.Runtime, "runtime", "", "where the nodes run: auto, docker or process (default: the scenario's)")
	flags.StringVar(&f.options.Store, "store", "store", "the directory below which each run gets its own")
	flags.Uint64Var(&f.options.Seed, "seed", 0, "fixes operations and choices of faults (default: the scenario's, else random)")
	flags.StringArrayVar(&f.set, "set", nil, "replace a value of the scenario: --set workload.rate=500/s; may be given again")
	completeWith(cmd, "runtime", runtimeChoices)
}

func runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run SCENARIO.yaml",
		Short: "Run a scenario: cluster, clients, faults, verdict, report",
		Long: `Run a scenario. On a terminal a few lines show how it goes, elsewhere a line a
second tells it, on standard error; the verdict stands on standard output at the
end.

The run's directory is store/<scenario>/<start time>/, unless --out names it. It
holds the resolved scenario.yaml, history.jsonl, result.json, report.html, the
nodes' logs and schism.log.

What is recorded is judged while it comes, as far as nothing that follows can undo
the finding; it is told at once. With --stop-on-anomaly the clients and faults end
there, and the rest goes its usual way.

With --repeat the scenario is run again and again, each run in a directory of its
own, and the last line counts: "7 of 50 invalid, 43 valid". --until ends the
series after the first run with that verdict. Exit status of a series: 3 if any
run has no verdict, else 1 if any is not as expected, else 2 if any is undecided,
else 0.

With --keep the cluster stays up when the run is over, healed and without clients,
and the way into each node is printed. Child processes end with this command, so
with the process runtime it stays until it is interrupted.

The first interrupt ends the run in order: heal, final reads, check, report. The
second one ends it at once; "schism clean" then removes what may be left.`,
		Example: `  schism run configs/raft/stale-read-local.yaml --runtime process
  schism run configs/raft/lost-write.yaml --repeat 50 --until valid
  schism run configs/raft/lost-write.yaml --set workload.rate=500/s --keep`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: scenarioFiles,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.variant, "variant", "", "which of the scenario's variants to run, if it has any")
	flags.StringVar(&f.options.Out, "out", "", "the run's own directory, new or empty; those of a series stand below it")
	flags.IntVar(&f.times, "repeat", 1, "how often to run it")
	flags.StringVar(&f.until, "until", "", "end the series with the first run of this verdict: valid, invalid, unknown or vacuous")
	flags.BoolVar(&f.options.StopOnAnomaly, "stop-on-anomaly", false, "end the run, in order, with the first anomaly that is certain")
	flags.BoolVar(&f.options.Keep, "keep", false, "leave the cluster up when the run is over")
	completeWith(cmd, "until", verdictChoices)
	return cmd
}

func (f *runFlags) run(cmd *cobra.Command, path string) error {
	repeat, err := f.repeat()
	if err != nil {
		return err
	}
	s, err := schism.LoadVariant(path, f.variant, f.set...)
	if err != nil {
		return err
	}
	if cmd.Flags().Changed("repeat") {
		return f.series(cmd, s, repeat)
	}
	return f.once(cmd, s)
}

// repeat checks the flags that belong together.
func (f *runFlags) repeat() (schism.Repeat, error) {
	r := schism.Repeat{Times: f.times}
	switch {
	case f.times < 1:
		return r, fmt.Errorf("--repeat %d: a series has one run at least", f.times)
	case f.times > 1 && f.options.Keep:
		return r, errors.New("--keep beside --repeat: only the cluster of a single run can be kept")
	case f.until == "":
		return r, nil
	case f.times == 1:
		return r, errors.New("--until needs --repeat: the most runs to be made")
	}
	r.Until = new(checker.Verdict)
	if err := r.Until.UnmarshalText([]byte(f.until)); err != nil {
		return r, fmt.Errorf("--until: %w", err)
	}
	return r, nil
}

func (f *runFlags) once(cmd *cobra.Command, s *schism.Scenario) error {
	progress, done := watch(cmd, "")
	f.options.Progress = progress
	outcome, err := schism.Run(cmd.Context(), s, f.options)
	done()
	if err != nil {
		return err
	}
	if err := tell(cmd, outcome.Result, words(outcome.Result, outcome.Dir)); err != nil {
		return err
	}
	if outcome.Kept != nil {
		if err := keep(cmd, outcome.Kept); err != nil {
			return err
		}
	}
	return status(outcome.Result)
}

// watch is where a run tells how it goes: a screen if there is one, else plain lines. Done must be
// called before anything else is written to the terminal. With a title the run is one of many, of
// which plain lines tell only the end.
func watch(cmd *cobra.Command, title string) (progress io.Writer, done func()) {
	w := cmd.ErrOrStderr()
	if s := newScreen(w); s != nil {
		s.title, s.quiet = title, title != ""
		return s, s.Close
	}
	if title != "" {
		w = io.Discard
	}
	return w, func() {}
}
