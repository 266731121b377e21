package clustertest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"schism/cluster"
)

// Program builds the suite's node program as a static executable, which a scratch image can hold too,
// and describes it. It has a peer port "peer" and a client port "client".
func Program(t *testing.T) cluster.Program {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "testnode")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "schism/cluster/clustertest/testnode")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the test node: %v\n%s", err, out)
	}
	return cluster.Program{
		Binary: binary,
		Ports:  []cluster.Port{{Name: "peer", Peer: true}, {Name: "client"}},
		Args: func(v cluster.View) []string {
			b, err := json.Marshal(v)
			if err != nil {
				panic(err) // a View is strings: it always marshals
			}
			return []string{"-view", string(b)}
		},
	}
}
