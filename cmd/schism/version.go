package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"schism"
	"schism/history"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of schism, Go and the history format",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "schism %s, %s, %s/%s, history format %d\n",
				schism.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, history.Format)
			return err
		},
	}
}
