package docker

import (
	"os"
	"path/filepath"
	"testing"
)

// An entry of PATH that is no folder is no reason to say that iptables is missing.
func TestIptablesIsFoundBesideAWrongPath(t *testing.T) {
	want, err := findIptables()
	if err != nil {
		t.Skip(err)
	}
	file, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", file+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if got, err := findIptables(); err != nil || got != want {
		t.Errorf("with a file in PATH: %q, %v; want %q", got, err, want)
	}
}
