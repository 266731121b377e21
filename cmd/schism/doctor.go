package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"schism"
	"schism/checker"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Tell what works on this machine, what does not, and its cure",
		Long: `Look for what runs need: an engine, iptables, the kernel's features, ports, and
what tests of schism itself need. It changes nothing.

Exit status: 0 if a runtime can be used, else 3.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := schism.Examine(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.OutOrStdout(), diagnosed(d))
			if len(d.Usable) == 0 {
				return exitWith(checker.ExitHarness)
			}
			return nil
		},
	}
}

func diagnosed(d *schism.Diagnosis) string {
	width := 0
	for _, f := range d.Findings {
		width = max(width, len(f.Name))
	}
	var b strings.Builder
	hang := strings.Repeat(" ", width+4)
	for _, f := range d.Findings {
		name := fmt.Sprintf("%-*s  ", width, f.Name)
		if f.Err == nil {
			b.WriteString(marked("✓ ", wrap(f.Seen, "  "+name)))
			continue
		}
		b.WriteString(marked("✕ ", wrap(f.Err.Error(), "  "+name)))
		b.WriteString(wrap("without it: "+f.Without, hang))
		if f.Cure != "" {
			b.WriteString(wrap("cure: "+f.Cure, hang))
		}
	}
	if len(d.Usable) == 0 {
		return b.String() + "\nNo scenario can run here.\n"
	}
	return b.String() + fmt.Sprintf("\nScenarios can run here: --runtime %s; auto takes %s.\n", strings.Join(d.Usable, " or "), d.Usable[0])
}

// marked puts a mark in the place of the first two blanks: the mark is as wide as one, but longer.
func marked(mark, text string) string { return mark + strings.TrimPrefix(text, "  ") }
