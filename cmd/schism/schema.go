package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"schism"
	"schism/targetnode"
)

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of scenarios, for editors",
		Long: `Print the JSON Schema of scenarios. An editor that knows it completes fields and
names and marks what is wrong while one writes. Most take it from a first line such
as "# yaml-language-server: $schema=schism.schema.json", or from their settings.`,
		Example: "  schism schema > schism.schema.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var defects []string
			for _, d := range targetnode.KnownDefects() {
				defects = append(defects, d.Name)
			}
			out := json.NewEncoder(cmd.OutOrStdout())
			out.SetEscapeHTML(false)
			out.SetIndent("", "  ")
			return out.Encode(schism.Schema(defects))
		},
	}
}
