package main

import (
	"context"
	"io"
	"strings"
	"testing"

	"schism"
)

// What was interrupted before its last run is not as expected, even if all runs that were made are.
func TestAnInterruptedSeriesHasNoVerdict(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	cmd := runCommand()
	cmd.SetContext(ctx)
	cmd.SetOut(io.Discard)
	var f runFlags
	err := f.series(cmd, schism.Defaults(), schism.Repeat{Times: 3})
	if err == nil || !strings.Contains(err.Error(), "interrupted: 3 of 3 runs were not made") {
		t.Errorf("error %v, want that it was interrupted", err)
	}
}
