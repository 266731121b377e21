package main

import (
	"github.com/spf13/cobra"

	"schism"
	"schism/history/importers"
)

// scenarioFiles completes the names of scenarios.
func scenarioFiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

// folders completes the names of directories: of runs, or of scenarios.
func folders(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// completeWith gives a flag its choices.
func completeWith(cmd *cobra.Command, flag string, choices func() []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return choices(), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // there is no such flag: a mistake in this program
	}
}

func runtimeChoices() []string {
	choices := []string{"auto\tthe first that is available"}
	for _, r := range schism.Runtimes() {
		choices = append(choices, r.Name+"\t"+r.About)
	}
	return choices
}

func modelChoices() []string {
	var choices []string
	for _, m := range schism.Models() {
		choices = append(choices, m.Name+"\t"+m.About)
	}
	return choices
}

func isolationChoices() []string {
	var choices []string
	for _, l := range schism.IsolationLevels() {
		choices = append(choices, string(l.Isolation)+"\t"+l.About)
	}
	return choices
}

func formatChoices() []string {
	var choices []string
	for _, f := range importers.Formats() {
		choices = append(choices, f.Name+"\t"+f.About)
	}
	return choices
}

func verdictChoices() []string { return []string{"valid", "invalid", "unknown", "vacuous"} }
