package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"schism/checker"
	"schism/history"
)

func historyCommand() *cobra.Command {
	var f filter
	cmd := &cobra.Command{
		Use:   "history DIR|FILE",
		Short: "Print the operations and faults of a run as a person reads them",
		Long: `Print what happened in a run, a line each, in the order in which it began: the
operations with what they asked for, what came back and how long it took; the
faults, and who led or was down. FILE is a history in schism's own format.`,
		Example: "  schism history store/stale-read-local/latest --key x --from 4s --to 5s",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.valid(); err != nil {
				return err
			}
			path, err := historyFile(args[0])
			if err != nil {
				return err
			}
			h, err := history.Load(path)
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return f.print(cmd.OutOrStdout(), h)
		},
		ValidArgsFunction: folders,
	}
	flags := cmd.Flags()
	flags.StringVar(&f.key, "key", "", "only operations on this key")
	flags.StringVar(&f.node, "node", "", "only operations asked of this node")
	flags.Int64Var(&f.client, "client", -1, "only operations of this client")
	flags.DurationVar(&f.from, "from", 0, "only what was still going on then, counted from the start: 14s")
	flags.DurationVar(&f.to, "to", 0, "only what had begun by then (default: the end)")
	return cmd
}

// historyFile is the history in a run's directory, or the file itself.
func historyFile(path string) (string, error) {
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return path, nil
	}
	dir, err := runDir(path)
	return dir.History(), err
}

// filter chooses from a history. Empty fields choose all.
type filter struct {
	key, node string
	client    int64 // -1: all
	from, to  time.Duration
}

func (f filter) valid() error {
	if f.client < -1 {
		return fmt.Errorf("--client %d: clients are counted from 0", f.client)
	}
	return nil
}

func (f filter) operation(op *history.Operation) bool {
	return (f.key == "" || op.Touches(f.key) || op.F == history.FinalRead) && (f.node == "" || op.Node == f.node) &&
		(f.client < 0 || int64(op.Process) == f.client) && f.span(op.CallTime, op.ReturnTime)
}

// span says whether something from begin to end falls into the time that is asked for. An operation
// without an answer ends when nobody waits for it any more.
func (f filter) span(begin, end time.Duration) bool {
	return max(begin, end) >= f.from && (f.to == 0 || begin <= f.to)
}

// line is what began at one time.
type line struct {
	at    time.Duration
	cells []string
}

func (f filter) print(out io.Writer, h *history.History) error {
	lines, shown := f.operations(h)
	lines = append(lines, f.faults(h)...)
	lines = append(lines, f.roles(h)...)
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.at, b.at) })
	rows := make([][]string, len(lines))
	for i, l := range lines {
		rows[i] = append([]string{fmt.Sprintf("%10s", checker.ShowTime(l.at))}, l.cells...)
	}
	text := table(rows)
	if h.Torn != "" {
		text += "the history was cut off: " + h.Torn + "\n"
	}
	_, err := fmt.Fprintf(out, "%s%d of %d operations in %s\n", text, shown, len(h.Operations)+len(h.FinalReads), checker.ShowTime(h.End))
	return err
}

func (f filter) operations(h *history.History) (lines []line, shown int) {
	for _, op := range slices.Concat(h.Operations, h.FinalReads) {
		if f.operation(&op) {
			client := fmt.Sprintf("client %v", op.Process)
			lines = append(lines, line{op.CallTime, []string{op.Node, client, f.asked(&op), answered(&op)}})
		}
	}
	return lines, len(lines)
}

// asked is what an operation asked for, and what it was told: "read x → 12", "write x = 19".
func (f filter) asked(op *history.Operation) string {
	switch ok := op.Outcome == history.OK; {
	case op.F == history.FinalRead:
		return f.finalRead(op)
	case op.F == history.Txn && ok:
		return "transaction: " + checker.ShowTxn(op.Output, true)
	case ok && history.IsNil(op.Input):
		return checker.ShowAsked(op.F, op.Key, op.Input) + " → " + checker.ShowValue(op.Output)
	}
	return checker.ShowAsked(op.F, op.Key, op.Input)
}

// finalRead is a node's own state: all of it, or the one key that is asked for.
func (f filter) finalRead(op *history.Operation) string {
	var s history.FinalState
	if op.Outcome != history.OK || json.Unmarshal(op.Output, &s) != nil {
		return "final read"
	}
	if f.key != "" {
		return fmt.Sprintf("final read at index %d: %s = %s", s.Applied, checker.ShowKey(f.key), checker.ShowValue(s.State[f.key]))
	}
	return fmt.Sprintf("final read at index %d: %s", s.Applied, checker.ShowCount(len(s.State), "key"))
}

func answered(op *history.Operation) string {
	after := checker.ShowSpan(op.ReturnTime - op.CallTime)
	if op.Attempts() > 1 {
		after += fmt.Sprintf(" in %d attempts", op.Attempts())
	}
	switch {
	case op.Return < 0:
		return "no answer: " + op.Error
	case op.Outcome == history.OK:
		return after
	case op.Outcome == history.Info:
		return fmt.Sprintf("no answer after %s: %s", after, op.Error)
	case op.Error == history.Mismatch && len(op.Found()) > 0:
		return fmt.Sprintf("%s, refused: it was %s", after, checker.ShowValue(op.Found()))
	}
	return fmt.Sprintf("%s, failed: %s", after, op.Error)
}

func (f filter) faults(h *history.History) []line {
	var lines []line
	for i := range h.Faults {
		life := &h.Faults[i]
		text := "▌ " + checker.FaultText(life)
		if life.Missed() {
			if f.span(life.Start, life.Start) {
				lines = append(lines, line{life.Start, []string{text + " did not strike"}})
			}
			continue
		}
		for _, step := range []struct {
			at   time.Duration
			what string
		}{{life.Start, " begins"}, {life.Active, " is in place"}, {life.End, " ends"}, {life.Healed, " is over"}} {
			if step.at >= 0 && f.span(step.at, step.at) {
				lines = append(lines, line{step.at, []string{text + step.what}})
			}
		}
	}
	return lines
}

// roles are who led, and who did not answer.
func (f filter) roles(h *history.History) []line {
	var lines []line
	for _, e := range h.Roles {
		var r history.Role
		if json.Unmarshal(e.Value, &r) != nil || !f.span(e.At(), e.At()) {
			continue
		}
		switch r.Role {
		case "leader":
			lines = append(lines, line{e.At(), []string{fmt.Sprintf("%s leads in term %d", e.Node, r.Term)}})
		case "down":
			lines = append(lines, line{e.At(), []string{e.Node + " does not answer"}})
		}
	}
	return lines
}
