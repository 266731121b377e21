package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"schism"
)

// mostPlanned bounds how many operations are held and printed: more than anybody reads.
const mostPlanned = 1_000_000

func planCommand() *cobra.Command {
	var set []string
	var variant string
	var seed uint64
	var operations int
	cmd := &cobra.Command{
		Use:   "plan SCENARIO.yaml",
		Short: "Print the faults and operations of a run, without running it",
		Long: `Print when which faults will strike and what the clients will ask for, as far as
scenario and seed fix it. Nothing is started and nothing is written.

Whom a selector chooses, such as leader, is known when the fault strikes; which
client makes an operation, and when, the run decides.`,
		Example:           "  schism plan configs/raft/duplicate-apply.yaml --seed 42 --operations 3",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: scenarioFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if operations < 0 || operations > mostPlanned {
				return fmt.Errorf("--operations %d: it can be 0 to %d", operations, mostPlanned)
			}
			s, err := schism.LoadVariant(args[0], variant, set...)
			if err != nil {
				return err
			}
			printPlan(cmd.OutOrStdout(), s.Preview(seed, operations))
			return nil
		},
	}
	cmd.Flags().Uint64Var(&seed, "seed", 0, "fixes operations and choices of faults (default: the scenario's, else random)")
	cmd.Flags().StringArrayVar(&set, "set", nil, "replace a value of the scenario: --set workload.rate=500/s; may be given again")
	cmd.Flags().StringVar(&variant, "variant", "", "which of the scenario's variants to print, if it has any")
	cmd.Flags().IntVar(&operations, "operations", 10, "how many operations to print")
	return cmd
}

func printPlan(out io.Writer, p *schism.Preview) {
	w := p.Scenario.Workload
	fmt.Fprintf(out, "%s, %s, %v, %d nodes, seed %d\n", p.Scenario.Name, w.Name, w.Duration, p.Scenario.Cluster.Nodes, p.Scenario.Seed)
	if len(p.Faults) == 0 {
		fmt.Fprintln(out, "\nno faults")
	} else {
		fmt.Fprintln(out, "\nthe schedule, since the clients begin")
	}
	for _, f := range p.Faults {
		fmt.Fprintln(out, f)
	}
	if len(p.Operations) > 0 {
		fmt.Fprintf(out, "\nthe first operations, of %d clients\n", w.Clients)
	}
	for i, o := range p.Operations {
		fmt.Fprintf(out, "%9d  %s\n", i+1, schism.Sketch(o))
	}
}
