package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"schism"
)

func cleanCommand() *cobra.Command {
	var run string
	var images bool
	cmd := &cobra.Command{
		Use:   "clean",
		Short: "Remove what dead runs left behind, and clusters that were kept",
		Long: `Remove the containers, networks, volumes and data directories of runs whose
controller is proved dead, clusters that --keep left up among them. Live runs, and
whatever schism did not start, stay.

With --images the images that runs built go as well, those that no container uses.
They are a cache: the next run builds them again.`,
		Example: "  schism clean --run 20261124t091402-1a2b3c",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			clean, of := schism.Clean, "any dead run"
			if cmd.Flags().Changed("run") {
				of = "the run " + run
				clean = onlyRun(run)
			}
			out := cmd.OutOrStdout()
			removed, err := clean(cmd.Context(), out)
			if err == nil && removed == 0 {
				fmt.Fprintf(out, "nothing is left of %s\n", of)
			}
			if images && err == nil {
				err = schism.CleanImages(cmd.Context(), out)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&run, "run", "", "only what this run left, by the name that its containers carry")
	cmd.Flags().BoolVar(&images, "images", false, "remove the images that runs built as well")
	return cmd
}

func onlyRun(run string) func(context.Context, io.Writer) (int, error) {
	return func(ctx context.Context, log io.Writer) (int, error) { return schism.CleanRun(ctx, run, log) }
}
