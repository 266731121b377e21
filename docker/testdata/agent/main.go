// Command agent is the net agent alone: what the tests of package docker put into holder containers.
package main

import (
	"context"
	"fmt"
	"os"

	"schism/docker/netagent"
)

func main() {
	if err := netagent.Run(context.Background(), os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
