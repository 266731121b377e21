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
type bareHistory struct{ schism.As }

func (b *bareHistory) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&b.Model, "model", "", "what the keys of FILE are")
	cmd.Flags().StringVar(&b.Isolation, "isolation", "", "what FILE's transactions are promised (default: the strictest)")
	cmd.Flags().StringSliceVar(&b.Checks, "checks", nil, "what FILE is judged by: "+strings.Join(schism.BareCheckNames(), ", ")+" (default: by its model, one of the first two)")
	cmd.Flags().StringVar(&b.Format, "format", "", "what FILE is written in (default: as it looks)")
	completeWith(cmd, "model", modelChoices)
	completeWith(cmd, "isolation", isolationChoices)
	completeWith(cmd, "checks", schism.BareCheckNames)
	completeWith(cmd, "format", formatChoices)
}

// bareHelp lists what the flags may be.
func bareHelp() string {
	var b strings.Builder
	b.WriteString("\n\nModels:\n")
	for _, m := range schism.Models() {
		fmt.Fprintf(&b, "  %-14s %s\n", m.Name, m.About)
	}
	b.WriteString("\nFormats:\n")
	for _, f := range importers.Formats() {
		fmt.Fprintf(&b, "  %-14s %s\n", f.Name, f.About)
	}
	if models := schism.LeveledModels(); len(models) > 0 {
		fmt.Fprintf(&b, "\nIsolation levels, of the models %s:\n", strings.Join(models, ", "))
		for _, l := range schism.IsolationLevels() {
			fmt.Fprintf(&b, "  %-33s %s\n", l.Isolation, l.About)
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// wanted says whether path is a bare history: a file, or something that was given a model or a format.
func (b *bareHistory) wanted(path string) bool {
	info, err := os.Stat(path)
	return b.Model != "" || b.Format != "" || b.Isolation != "" || len(b.Checks) > 0 || err == nil && !info.IsDir()
}

func (b *bareHistory) check(cmd *cobra.Command, path string, asJSON bool) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a run directory, which its scenario says how to judge: leave out --model, --isolation, --format and --checks, or name the history.jsonl in it", path)
	}
	result, err := schism.CheckHistory(cmd.Context(), path, b.As)
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
