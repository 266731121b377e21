package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"schism"
	"schism/checker"
	"schism/history"
)

// status tells a result by the exit status.
func status(r *checker.Result) error { return exitWith(r.ExitStatus()) }

func exitWith(code int) error {
	if code != checker.ExitAsExpected {
		return exitStatus(code)
	}
	return nil
}

func checkCommand() *cobra.Command {
	var asJSON bool
	var bare bareHistory
	cmd := &cobra.Command{
		Use:   "check DIR|FILE",
		Short: "Judge a recorded run again, or a bare history of another tool",
		Long: `Judge a recorded run again: the history in DIR by the scenario in DIR. It prints
what "schism run" printed, and writes result.json and report.html anew.

Or judge a bare history, FILE, by a model. It may be another tool's; nothing is
written.` + bareHelp(),
		Example: `  schism check store/stale-read-local/latest --json
  schism check history.edn --model cas-register`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if bare.wanted(args[0]) {
				return bare.check(cmd, args[0], asJSON)
			}
			dir, err := runDir(args[0])
			if err != nil {
				return err
			}
			result, err := schism.Check(cmd.Context(), dir)
			if err != nil {
				return err
			}
			if err := printResult(cmd, dir, result, asJSON); err != nil {
				return err
			}
			return status(result)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print result.json instead of words")
	bare.flags(cmd)
	return cmd
}

func printResult(cmd *cobra.Command, dir history.RunDir, r *checker.Result, asJSON bool) error {
	if !asJSON {
		return tell(cmd, r, words(r, dir))
	}
	return printJSON(cmd, r)
}

// tell prints what there is to say of a result.
func tell(cmd *cobra.Command, r *checker.Result, text string) error {
	out := cmd.OutOrStdout()
	_, err := io.WriteString(out, paintFor(out).head(text, r.Verdict))
	return err
}

func printJSON(cmd *cobra.Command, r *checker.Result) error {
	data, err := r.Encode()
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(data)
	return err
}

// runDir wants a directory with a history in it.
func runDir(path string) (history.RunDir, error) {
	dir := history.RunDir(path)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no %s", path)
	}
	if err != nil || !info.IsDir() {
		return "", fmt.Errorf("%s is no run directory: name one such as store/<scenario>/latest", path)
	}
	if _, err := os.Stat(dir.History()); err != nil {
		return "", fmt.Errorf("%s holds no history: %w", path, err)
	}
	return dir, nil
}

func reportCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "report DIR",
		Short: "Write a run's report.html anew, from what is on disk",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := runDir(args[0])
			if err != nil {
				return err
			}
			if err := schism.Report(dir); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), dir.Report())
			return err
		},
		ValidArgsFunction: folders,
	}
}
