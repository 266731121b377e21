package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"schism"
	"schism/history/importers"
)

// bareHistory is how a history without a scenario is to be taken.
type bareHistory struct {
	format, model string
	checks        []string
}

func (b *bareHistory) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&b.model, "model", "", "what the keys of FILE are")
	cmd.Flags().StringSliceVar(&b.checks, "checks", nil, "what FILE is judged by: "+strings.Join(schism.BareCheckNames(), ", ")+" (default: the first)")
	cmd.Flags().StringVar(&b.format, "format", "", "what FILE is written in (default: as it looks)")
}

// bareHelp lists what the flags may be.
func bareHelp() string {
	var b strings.Builder
	b.WriteString("\n\nModels:\n")
	for _, m := range schism.Models() {
		fmt.Fprintf(&b, "  %-13s %s\n", m.Name, m.About)
	}
	b.WriteString("\nFormats:\n")
	for _, f := range importers.Formats() {
		fmt.Fprintf(&b, "  %-13s %s\n", f.Name, f.About)
	}
	return strings.TrimRight(b.String(), "\n")
}

// wanted says whether path is a bare history: a file, or something that was given a model or a format.
func (b *bareHistory) wanted(path string) bool {
	info, err := os.Stat(path)
	return b.model != "" || b.format != "" || len(b.checks) > 0 || err == nil && !info.IsDir()
}

func (b *bareHistory) check(cmd *cobra.Command, path string, asJSON bool) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a run directory, which its scenario says how to judge: leave out --model, --format and --checks, or name the history.jsonl in it", path)
	}
	result, err := schism.CheckHistory(cmd.Context(), path, b.format, b.model, b.checks...)
	if err != nil {
		return err
	}
	fmt.Fprint(cmd.ErrOrStderr(), result.Stacks())
	if asJSON {
		err = printJSON(cmd, result)
	} else {
		err = tell(cmd, result, conclusion(result)+wrap(schism.HowRead(result), "  history  "))
	}
	if err != nil {
		return err
	}
	return status(result)
}
