package process_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"schism/cluster"
	"schism/cluster/clustertest"
	"schism/cluster/process"
)

func startCluster(t *testing.T, spec cluster.Spec) cluster.Cluster {
	t.Helper()
	c, err := process.Runtime{Temp: t.TempDir()}.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// takenTimes wraps a program so that n2 says so many times that its port is taken before it starts.
func takenTimes(t *testing.T, program cluster.Program, times int) cluster.Program {
	t.Helper()
	script := filepath.Join(t.TempDir(), "node.sh")
	err := os.WriteFile(script, []byte(`#!/bin/sh
count=$1 times=$2 binary=$3 node=$4
shift 4
if [ "$node" = n2 ] && [ "$(wc -c < "$count")" -lt "$times" ]; then
	printf x >> "$count"
	echo "listen tcp 127.0.0.1:1: bind: address already in use" >&2
	exit 1
fi
exec "$binary" "$@"
`), 0o755)
	count := filepath.Join(t.TempDir(), "count")
	if err == nil {
		err = os.WriteFile(count, nil, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	wrapped := program
	wrapped.Binary = script
	wrapped.Args = func(v cluster.View) []string {
		return append([]string{count, fmt.Sprint(times), program.Binary, v.Node}, program.Args(v)...)
	}
	return wrapped
}

// A port can be taken by somebody else between its choice and the node's bind.
func TestStartAgainWhenPortIsTaken(t *testing.T) {
	program := clustertest.Program(t)
	for _, times := range []int{1, 7} {
		t.Run(fmt.Sprint(times), func(t *testing.T) {
			var mu sync.Mutex
			views := map[string]bool{}
			wrapped := takenTimes(t, program, times)
			args := wrapped.Args
			wrapped.Args = func(v cluster.View) []string {
				mu.Lock()
				defer mu.Unlock()
				views[v.Listen["peer"]] = true
				return args(v)
			}
			c := startCluster(t, clustertest.Spec(t, wrapped))
			clustertest.At(c, "n2").AwaitUp(t)
			// The same ports are tried five times, then others.
			if got, want := len(views), 3*(1+times/5); got != want {
				t.Errorf("%d peer ports were tried, want %d", got, want)
			}
		})
	}
}

func TestFailedStartLeavesNothing(t *testing.T) {
	program := clustertest.Program(t)
	args := program.Args
	program.Args = func(v cluster.View) []string {
		if v.Node == "n3" {
			return []string{"-exit", "3"}
		}
		return args(v)
	}
	temp := t.TempDir()
	_, err := process.Runtime{Temp: temp}.Start(t.Context(), clustertest.Spec(t, program))
	if err == nil {
		t.Fatal("Start succeeded")
	}
	for _, want := range []string{"n3", "exit status 3", "last words"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
	if pids := childrenOf(t, os.Getpid(), "testnode"); len(pids) > 0 {
		t.Errorf("processes are left: %v", pids)
	}
	if left, err := filepath.Glob(filepath.Join(temp, "*")); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

func TestSpecErrorsComeAtOnce(t *testing.T) {
	_, err := process.Runtime{Temp: t.TempDir()}.Start(t.Context(), cluster.Spec{
		Run:   "Not a name",
		Nodes: []string{"n1", "n1", "../n2"},
		Program: cluster.Program{
			Binary: "node",
			Ports:  []cluster.Port{{Name: "peer"}, {Name: "peer"}},
		},
	})
	if err == nil {
		t.Fatal("Start succeeded")
	}
	for _, want := range []string{"Not a name", `two nodes have the name "n1"`, "../n2", `"node"`, "Args", `"peer"`, "directory"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not mention %s: %v", want, err)
		}
	}
}

func TestStartIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	temp := t.TempDir()
	if _, err := (process.Runtime{Temp: temp}).Start(ctx, clustertest.Spec(t, clustertest.Program(t))); err == nil {
		t.Fatal("Start succeeded under a cancelled context")
	}
	if left, err := filepath.Glob(filepath.Join(temp, "*")); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
}

func TestStartOfRunningNodeIsRefused(t *testing.T) {
	c := startCluster(t, clustertest.Spec(t, clustertest.Program(t)))
	if err := c.StartNode(t.Context(), "n1"); err == nil || !strings.Contains(err.Error(), "n1") {
		t.Errorf("StartNode of a running node: %v", err)
	}
}

// TestOrdersAtOnce gives orders from many goroutines and closes in their midst: with the race detector
// it shows that methods may be called from several goroutines, and that none outlives Close.
func TestOrdersAtOnce(t *testing.T) {
	c := startCluster(t, clustertest.Spec(t, clustertest.Program(t)))
	var all sync.WaitGroup
	deadline := time.Now().Add(500 * time.Millisecond)
	ctx := t.Context()
	for i := range uint64(6) {
		r := rand.New(rand.NewPCG(1, i))
		all.Go(func() {
			for n := 0; time.Now().Before(deadline.Add(100 * time.Millisecond)); n++ {
				node := c.Nodes()[r.IntN(3)]
				// Orders may contradict each other, so their errors tell nothing.
				switch r.IntN(6) {
				case 0:
					_ = c.KillNode(ctx, node)
				case 1:
					_ = c.StartNode(ctx, node)
				case 2:
					_ = c.SetCuts(ctx, cluster.AllLinks(c.Nodes())[:r.IntN(6)])
				case 3:
					_, _ = c.Probe(ctx, cluster.AllLinks(c.Nodes()), time.Millisecond)
				case 4:
					_ = c.(cluster.Pauser).PauseNode(ctx, node)
				case 5:
					_, _ = c.State(ctx, node)
				}
			}
		})
	}
	all.Go(func() {
		<-time.After(time.Until(deadline))
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
	if pids := childrenOf(t, os.Getpid(), "testnode"); len(pids) > 0 {
		t.Errorf("processes are left: %v", pids)
	}
}
