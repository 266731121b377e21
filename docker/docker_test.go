//go:build linux

package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"schism/cluster"
	"schism/cluster/clustertest"
)

var _ interface {
	cluster.Runtime
	cluster.Cleaner
	cluster.RunCleaner
} = (*Runtime)(nil)

var _ interface {
	cluster.Cluster
	cluster.Disks
	cluster.Hinter
	cluster.Impairer
	cluster.Pauser
} = (*Cluster)(nil)

// binaries are what goes into containers, built once for all tests.
var binaries = sync.OnceValues(func() (folder string, err error) {
	if folder, err = os.MkdirTemp("", "schism-docker-test-"); err != nil {
		return "", err
	}
	for _, pkg := range []string{"schism/docker/testdata/agent", "schism/cluster/clustertest/testnode"} {
		build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(folder, filepath.Base(pkg)), pkg)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return folder, fmt.Errorf("go build %s: %v\n%s", pkg, err, out)
		}
	}
	return folder, nil
})

func TestMain(m *testing.M) {
	if run := os.Getenv(envController); run != "" {
		control(run)
		return
	}
	status := m.Run()
	if folder, err := binaries(); err == nil {
		os.RemoveAll(folder)
	}
	os.Exit(status)
}

// newRuntime needs an engine: where there is none the test is skipped, unless it must not be.
func newRuntime(t *testing.T) *Runtime {
	t.Helper()
	folder, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(Options{AgentBinary: filepath.Join(folder, "agent"), AgentArgs: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := r.Available(t.Context())
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("SCHISM_REQUIRE"), ","), "docker") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Log(engine)
	return r
}

// newIsolatedRuntime makes what it starts look like another machine's to all other runs on this engine:
// they would sweep away a killed controller's containers while a test still looks at them.
func newIsolatedRuntime(t *testing.T) *Runtime {
	t.Helper()
	r := newRuntime(t)
	r.self.boot = fmt.Sprintf("test-%x", time.Now().UnixNano())
	r.self.machine = r.self.boot
	return r
}

// testProgram is the conformance suite's node, described without a test: a controller process needs it.
func testProgram(binary string) cluster.Program {
	return cluster.Program{
		Binary: binary,
		Ports:  []cluster.Port{{Name: "peer", Peer: true}, {Name: "client"}},
		Args: func(v cluster.View) []string {
			view, err := json.Marshal(v)
			if err != nil {
				panic(err) // a View is strings: it always marshals
			}
			return []string{"-view", string(view)}
		},
	}
}

// testSpec is a cluster of test nodes whose incidents go to the channel.
func testSpec(t *testing.T, nodes int) (cluster.Spec, <-chan cluster.Incident) {
	t.Helper()
	folder, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	spec := clustertest.Spec(t, testProgram(filepath.Join(folder, "testnode")))
	spec.Nodes = cluster.Names(nodes)
	incidents := make(chan cluster.Incident, 100)
	spec.Report = func(i cluster.Incident) { incidents <- i }
	return spec, incidents
}

// startCluster starts a cluster, and closes it after the test.
func startCluster(t *testing.T, r *Runtime, spec cluster.Spec) *Cluster {
	t.Helper()
	started, err := r.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeCluster(t, started) })
	return started.(*Cluster)
}

func closeCluster(t *testing.T, c cluster.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestConformance(t *testing.T) { clustertest.Run(t, newRuntime(t)) }

// TestTimes shows what people wait for. The bounds are those of a busy machine.
func TestTimes(t *testing.T) {
	r := newRuntime(t)
	warm, _ := testSpec(t, 1)
	startCluster(t, r, warm) // builds the images
	spec, incidents := testSpec(t, 5)

	began := time.Now()
	c := startCluster(t, r, spec)
	start := time.Since(began)

	var took []time.Duration
	cut := cluster.AllLinks(spec.Nodes)
	for i := range 20 {
		began := time.Now()
		if err := c.SetCuts(t.Context(), cut[:i]); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	began = time.Now()
	closeCluster(t, c)
	t.Logf("five nodes: start %v; SetCuts median %v, worst %v; close %v", start, took[10], took[19], time.Since(began))
	if len(incidents) > 0 {
		t.Errorf("incident: %+v", <-incidents)
	}
}
