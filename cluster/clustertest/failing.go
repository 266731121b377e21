package clustertest

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/cluster"
)

// startFailing: a program that exits at once makes Start fail, in words that help. Nothing is left
// behind: a cluster of the same names starts afterwards.
func startFailing(t *testing.T, runtime cluster.Runtime, program cluster.Program) {
	good := Spec(t, program)
	bad := good
	bad.Program.Args = func(v cluster.View) []string {
		if v.Node == "n2" {
			return []string{"-exit", "3"}
		}
		return program.Args(v)
	}
	c, err := runtime.Start(t.Context(), bad)
	if err == nil {
		_ = c.Close(t.Context())
		t.Fatal("Start succeeded although n2 exits at once")
	}
	for _, want := range []string{"n2", "last words"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not mention %q: %v", want, err)
		}
	}
	b := startSpec(t, runtime, good)
	b.n1.wantAnswer(t, b.n2)
}

func binaryMissing(t *testing.T, runtime cluster.Runtime, program cluster.Program) {
	program.Binary = filepath.Join(t.TempDir(), "no-such-binary")
	c, err := runtime.Start(t.Context(), Spec(t, program))
	if err == nil {
		_ = c.Close(t.Context())
		t.Fatal("Start succeeded without a binary")
	}
	if !strings.Contains(err.Error(), "no-such-binary") {
		t.Errorf("the error does not name the binary: %v", err)
	}
}

// figures logs what faults cost with five nodes: a schedule of seconds needs them far below that.
func figures(t *testing.T, runtime cluster.Runtime, program cluster.Program) {
	spec := Spec(t, program)
	spec.Nodes = cluster.Names(5)
	began := time.Now()
	b := startSpec(t, runtime, spec)
	for _, name := range spec.Nodes {
		At(b.Cluster, name).AwaitUp(t)
	}
	t.Logf("five nodes from Start to all answering: %v", since(began))

	grudge := halves(spec.Nodes)
	var cuts, heals []time.Duration
	for range 20 {
		cuts = append(cuts, timed(func() { b.cut(t, grudge) }))
		heals = append(heals, timed(func() { b.cut(t, nil) }))
	}
	t.Logf("halves of five nodes, median of 20: cut %v, heal %v", median(cuts), median(heals))
	t.Logf("probe of %d open links: %v", len(cluster.AllLinks(spec.Nodes)), timed(func() {
		b.wantProbes(t, nil)
	}))
	t.Logf("kill %v, start %v", timed(func() { b.kill(t, b.n1) }), timed(func() { b.restart(t, b.n1) }))
	t.Logf("close: %v", timed(func() {
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}))
}

// halves is the grudge of the first two nodes against the others.
func halves(nodes []string) []cluster.Link {
	return slices.DeleteFunc(cluster.AllLinks(nodes), func(l cluster.Link) bool {
		return slices.Contains(nodes[:2], l.From) == slices.Contains(nodes[:2], l.To)
	})
}

func timed(f func()) time.Duration {
	began := time.Now()
	f()
	return since(began)
}

func since(began time.Time) time.Duration { return time.Since(began).Round(time.Microsecond) }

func median(ds []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(ds))[len(ds)/2]
}
