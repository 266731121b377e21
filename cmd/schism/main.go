// Command schism tests whether a replicated system keeps its promises while faults strike.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"schism/checker"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is main without the process: it returns the exit status.
func run(args []string) int {
	ctx, stop := interruptible()
	defer stop()
	root := rootCommand()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var judged exitStatus
	switch {
	case errors.As(err, &judged):
		return int(judged)
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "schism: interrupted:", err)
		return checker.ExitHarness
	case err != nil:
		fmt.Fprintln(os.Stderr, "schism:", err)
		return checker.ExitHarness
	}
	return checker.ExitAsExpected
}

// exitStatus is the error of a command that ran well and has a verdict to tell by its status.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// interruptible is a context that the first SIGINT, SIGTERM or SIGHUP (the terminal is gone) ends, so that a run
// heals, reads and checks. The second one ends the process at once: the faults are undone by the dead man, and what
// else is left by schism clean.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		<-signals
		cancel()
		<-signals
		fmt.Fprintln(os.Stderr, "schism: interrupted twice: it ends without a verdict; `schism clean` removes what it leaves")
		os.Exit(checker.ExitHarness)
	}()
	return ctx, cancel
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "schism",
		Short: "Test whether a replicated system keeps its promises while faults strike",
		Long: `schism starts a replicated system as a cluster of nodes, lets clients use it while
faults strike, writes every operation and every fault to one history, and proves
from that history alone whether the system kept its promises.

Exit status of the commands that judge:
  0  as expected
  1  not as expected (anomalies were found, or those that a scenario names were not)
  2  undecided (unknown), or nothing was really tested (vacuous)
  3  schism itself failed: bad input, no cluster; there is no verdict then`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(agentCommand(), checkCommand(), cleanCommand(), doctorCommand(), explainCommand(), historyCommand(), listCommand(), nodeCommand(), planCommand(),
		reportCommand(), runCommand(), schemaCommand(), suiteCommand(), versionCommand(), zooCommand())
	return root
}
