package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"schism"
	"schism/configs/strictyaml"
	"schism/targetnode"
)

// topics is everything that has a name, the bundled target's defects too.
func topics() []schism.Topic {
	all := schism.Topics()
	for _, d := range targetnode.KnownDefects() {
		all = append(all, schism.Topic{Group: "defects", Name: d.Name, About: d.About, More: defectUse})
	}
	return all
}

const defectUse = `A known bug of raft-kv, off unless it is asked for: defects: [NAME] under cluster.options. It is there
to see whether a test finds it.`

// groups are the groups of topics, in their order.
func groups() []string {
	var names []string
	for _, t := range topics() {
		if !slices.Contains(names, t.Group) {
			names = append(names, t.Group)
		}
	}
	return names
}

func listCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list [GROUP]",
		Short: "List what scenarios can name, and what results tell of",
		Long: `List what scenarios can name, and what results tell of, a line each.

Groups: ` + strings.Join(groups(), ", ") + ".",
		Example:           "  schism list faults",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: firstOf(groups),
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen := groups()
			if len(args) > 0 {
				if !slices.Contains(chosen, args[0]) {
					return fmt.Errorf("no group is called %q: %s", args[0], strictyaml.DidYouMean(args[0], chosen))
				}
				chosen = args
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), listed(chosen))
			return err
		},
	}
}

// listed is a paragraph a group, all with the same columns.
func listed(chosen []string) string {
	all := topics()
	width := 0
	for _, t := range all {
		width = max(width, len(t.Name))
	}
	var b strings.Builder
	for i, group := range chosen {
		if i > 0 {
			b.WriteString("\n")
		}
		b.WriteString(group + "\n")
		for _, t := range all {
			if t.Group == group {
				b.WriteString(wrap(t.About, fmt.Sprintf("  %-*s  ", width, t.Name)))
			}
		}
	}
	return b.String()
}

func explainCommand() *cobra.Command {
	names := func() []string {
		var all []string
		for _, t := range topics() {
			all = append(all, t.Name)
		}
		return all
	}
	return &cobra.Command{
		Use:               "explain NAME",
		Short:             "Explain a name: an anomaly, a fault, a verdict and so on",
		Example:           "  schism explain stale-read",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: firstOf(names),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := explained(args[0])
			if text == "" {
				return fmt.Errorf("nothing is called %q: %s; schism list knows all names", args[0], strictyaml.DidYouMean(args[0], names()))
			}
			_, err := fmt.Fprint(cmd.OutOrStdout(), text)
			return err
		},
	}
}

// explained is empty for a name that nothing has. Several things may share one, such as the workload
// and the model append.
func explained(name string) string {
	var b strings.Builder
	for _, t := range topics() {
		if t.Name != name {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		b.WriteString(wrap(fmt.Sprintf("%s (one of the %s): %s.", t.Name, t.Group, t.About), ""))
		if t.More != "" {
			b.WriteString("\n" + wrap(strings.ReplaceAll(t.More, "\n", " "), ""))
		}
	}
	return b.String()
}

// firstOf completes a command's only argument.
func firstOf(choices func() []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return choices(), cobra.ShellCompDirectiveNoFileComp
	}
}
