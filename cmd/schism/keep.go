package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"schism"
)

// removeWithin bounds the removal of a cluster that was kept.
const removeWithin = 30 * time.Second

// keep tells how to enter a cluster that was kept. If it cannot do without this process, keep waits for
// an interrupt and removes it.
func keep(cmd *cobra.Command, k *schism.Kept) error {
	fmt.Fprint(cmd.OutOrStdout(), keptInWords(k))
	if k.Alone {
		return nil
	}
	<-cmd.Context().Done()
	ctx, cancel := context.WithTimeout(context.Background(), removeWithin)
	defer cancel()
	return k.Close(ctx)
}

func keptInWords(k *schism.Kept) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n  The cluster %s is kept:\n", k.Run)
	for _, n := range k.Nodes {
		fmt.Fprintf(&b, "    %-4s http://%s\n", n.Name, n.Address)
		if n.Hint != "" {
			b.WriteString(wrap(n.Hint, "         "))
		}
	}
	if k.Alone {
		fmt.Fprintf(&b, "  remove   schism clean --run %s\n", k.Run)
	} else {
		b.WriteString("  Its nodes are children of this process: interrupt it (Ctrl-C) to end them.\n")
	}
	return b.String()
}
