package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"schism"
	"schism/checker"
	"schism/configs"
	"schism/configs/strictyaml"
	"schism/targetnode"
)

// mixedScenario is the one that looks for every defect alike.
const mixedScenario = "configs/zoo/mixed.yaml"

func zooCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "zoo",
		Short: "The known defects of the bundled target, and what finds them",
		Long: `The bundled Raft store has known defects that can be switched on, one at a time. They
measure the tester: each must be found while it is on, and nothing while it is off.`,
		Args: cobra.NoArgs, // a slip in "run" must not look like a zoo in which all was found
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(zooListCommand(), zooRunCommand())
	return cmd
}

func zooListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the defects: what is wrong, where from, what a client sees, what shows it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), zooListed(targetnode.KnownDefects()))
			return err
		},
	}
}

func zooListed(all []targetnode.Defect) string {
	var b strings.Builder
	for i, d := range all {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(d.Name + "\n")
		for _, line := range []struct{ about, text string }{{"defect", d.About}, {"origin", d.Origin}, {"seen", d.Seen}, {"shown by", d.Shown}} {
			b.WriteString(wrap(line.text, fmt.Sprintf("  %-9s ", line.about)))
		}
	}
	return b.String()
}

type zooFlags struct {
	runFlags
	plan schism.ZooPlan
}

func zooRunCommand() *cobra.Command {
	var f zooFlags
	cmd := &cobra.Command{
		Use:   "run [DEFECT...]",
		Short: "Look for each defect, and print who found it",
		Long: `Look for the defects that are named, or for all of them. Each is looked for by the
scenario that shows it, until it is found; by the same scenario with the defect off,
which must find nothing; and by one mixed scenario that is the same for all, without
any tuning and without failpoints: kills, pauses and partitions in turn. A mixed run ends
with the first anomaly that is certain; and with no defect on it must find nothing.

What only the simulator of the core shows is looked for there, schedule by schedule,
and by the mixed scenario. What neither shows, a test does.

Exit status: 3 if a run has no verdict, else 1 if a scenario does not find its defect or
a control is not valid, else 0. The mixed scenario need not find anything.`,
		Example: "  schism zoo run commit-old-term no-dedup --runtime process --mixed 10",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return defectNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.options.Runtime, "runtime", "", "where the nodes run: auto, docker or process (default: the scenarios')")
	flags.StringVar(&f.options.Store, "store", "store", "the directory below which each run gets its own")
	flags.IntVar(&f.plan.Tries, "tries", 3, "how often a defect's own scenario is run at most, and its control while that is undecided")
	flags.IntVar(&f.plan.Mixed, "mixed", 1, "how often the mixed scenario is run for each defect")
	flags.IntVar(&f.plan.Jobs, "jobs", schism.SuiteJobs(), "how many run at a time")
	completeWith(cmd, "runtime", runtimeChoices)
	return cmd
}

func defectNames() []string {
	var names []string
	for _, d := range targetnode.KnownDefects() {
		names = append(names, d.Name)
	}
	return names
}

func (f *zooFlags) run(cmd *cobra.Command, names []string) error {
	if f.plan.Tries < 1 || f.plan.Mixed < 0 || f.plan.Jobs < 1 {
		return fmt.Errorf("--tries and --jobs must be 1 or more, --mixed 0 or more")
	}
	cases, err := zooCases(names)
	if err != nil {
		return err
	}
	rows := schism.RunZoo(cmd.Context(), cases, f.options, f.plan, func(r *schism.ZooRow) {
		fmt.Fprintln(cmd.ErrOrStderr(), strings.Join(zooCells(r), "  "))
	})
	fmt.Fprintf(cmd.OutOrStdout(), "\n%s", zooTable(rows))
	return exitWith(zooStatus(rows))
}

// zooCases are those of the names, or all, and before them the control of the mixed scenario.
func zooCases(names []string) ([]schism.ZooCase, error) {
	mixed, err := bundled(mixedScenario)
	if err != nil {
		return nil, err
	}
	cases := []schism.ZooCase{{Mixed: mixed}}
	for _, d := range targetnode.KnownDefects() {
		if len(names) > 0 && !slices.Contains(names, d.Name) {
			continue
		}
		c := schism.ZooCase{Defect: d.Name, Mixed: mixed}
		if d.NeedsRegion() {
			c.Mixed = nil
		}
		if strings.HasSuffix(d.Shown, ".yaml") {
			c.Own, c.Missing = bundled(d.Shown)
			c.Control, _ = bundled(strings.TrimSuffix(d.Shown, ".yaml") + "-off.yaml") // few have one
		}
		if d.Shown == "simulator" {
			c.Simulate = func() (schism.Simulated, error) { return simulated(d.Name) }
		}
		cases = append(cases, c)
	}
	for _, name := range names {
		if !slices.Contains(defectNames(), name) {
			return nil, fmt.Errorf("no defect is called %q: %s; schism zoo list knows all", name, strictyaml.DidYouMean(name, defectNames()))
		}
	}
	return cases, nil
}

// mostSchedules bounds the simulator's search: the rarest of its defects shows within some thousands.
const mostSchedules = 40_000

func simulated(defect string) (schism.Simulated, error) {
	s, err := targetnode.Simulate(defect, mostSchedules)
	return schism.Simulated{Found: s.Found, Runs: int(s.Schedule), What: s.Invariant, Clean: s.Clean}, err
}

// bundled is a scenario that comes with the binary.
func bundled(path string) (*schism.Scenario, error) {
	text, err := configs.Read(path)
	if err != nil {
		return nil, err
	}
	return schism.Parse(path, text)
}

func zooTable(rows []*schism.ZooRow) string {
	cells := [][]string{{"", "defect", "found", "after", "runs", "anomalies", "control", "mixed", "", "by"}}
	for _, r := range rows {
		cells = append(cells, zooCells(r))
	}
	return table(cells)
}

// zooCells are: mark, defect, found by its own scenario, after how long and in how many runs, what it found,
// its control, in how many mixed runs something was found and what, and the scenario.
func zooCells(r *schism.ZooRow) []string {
	name, by := r.Case.Defect, "the mixed scenario only"
	if name == "" {
		name, by = "(none)", "the control of mixed"
	}
	if r.Err != nil {
		return []string{"!", name, "no verdict", "", "", "", "", "", "", cut(r.Err.Error(), columns)}
	}
	n, seen := r.MixedFound()
	mixed := fmt.Sprintf("%d of %d", n, len(r.Mixed))
	if r.Case.Mixed == nil {
		mixed = "–" // there is no region in it
	}
	mark := map[bool]string{true: "✓", false: "✕"}[zooGood(r)]
	found, after, runs, control := "", "", "", ""
	switch {
	case r.Case.Missing != nil:
		by = r.Case.Missing.Error()
	case r.Simulated != nil:
		by = "the simulator"
		control = map[bool]string{true: "valid", false: "invalid"}[r.Simulated.Clean]
	case r.Case.Own != nil:
		by = r.Case.Own.Name
		control = r.Control.Result.Verdict.String()
	}
	if r.Runs > 0 {
		found, runs = "no", fmt.Sprint(r.Runs)
	}
	if r.Found {
		found, after = "yes", seconds(r.After)
	}
	return []string{mark, name, found, after, runs, strings.Join(r.Anomalies, ", "), control, mixed, strings.Join(seen, ", "), by}
}

// zooGood says whether what must be found was, and nothing else.
func zooGood(r *schism.ZooRow) bool {
	if r.Case.Defect == "" {
		return !slices.ContainsFunc(r.Mixed, func(o *schism.Outcome) bool { return o.Result.Verdict != checker.Valid })
	}
	nothingToFind := r.Case.Own == nil && r.Case.Simulate == nil && r.Case.Missing == nil
	return nothingToFind || r.Found && r.ControlHolds()
}

func zooStatus(rows []*schism.ZooRow) int {
	status := checker.ExitAsExpected
	for _, r := range rows {
		switch {
		case r.Err != nil:
			return checker.ExitHarness
		case !zooGood(r):
			status = checker.ExitNotAsExpected
		}
	}
	return status
}
