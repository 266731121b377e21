package main

import (
	"os"

	"github.com/spf13/cobra"

	"schism/docker/netagent"
)

func agentCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "agent",
		Short:  "Hold a node's network inside its container, at the command of schism run",
		Hidden: true, // schism run starts it; nobody else has a use for it
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return netagent.Run(cmd.Context(), os.Stdin, os.Stdout, os.Stderr)
		},
	}
}
