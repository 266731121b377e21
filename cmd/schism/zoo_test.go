package main

import (
	"os"
	"path/filepath"
	"testing"

	"schism/targetnode"
)

// What shows a defect is there to be run.
func TestWhatShowsADefectExists(t *testing.T) {
	for _, d := range targetnode.KnownDefects() {
		if d.Shown == "simulator" || d.Shown == "test" {
			continue
		}
		if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(d.Shown))); err != nil {
			t.Errorf("%s is shown by %q: %v", d.Name, d.Shown, err)
		}
	}
}
