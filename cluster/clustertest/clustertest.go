// Package clustertest holds every runtime to the same promises: one table of tests, run with a small
// node program against any cluster.Runtime. A scenario means the same under each runtime that passes.
package clustertest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"schism/cluster"
)

// Times of the suite. What must happen is awaited generously; what must not happen is watched for as
// long as silence.
const (
	silence = 400 * time.Millisecond
	prompt  = 5 * time.Second
	// A held TCP connection of a kernel goes on at its next retransmission, whose interval doubles: after
	// a cut of 2 s that can be 3 s later.
	resume = 20 * time.Second
)

// Run runs the conformance suite. Each case has a cluster of three nodes of its own.
func Run(t *testing.T, runtime cluster.Runtime) {
	program := Program(t)
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			c.run(t, start(t, runtime, program))
		})
	}
	for _, c := range startCases() {
		t.Run(c.name, func(t *testing.T) {
			c.run(t, runtime, program)
		})
	}
}

type testCase struct {
	name string
	run  func(*testing.T, *bench)
}

// cases are about a cluster that runs.
func cases() []testCase {
	return []testCase{
		{"start", started},
		{"addresses stay", addresses},
		{"log grows over restarts", logs},
		{"kill", kill},
		{"kill takes children", killChildren},
		{"restart with data", restartWithData},
		{"exit by itself", exitByItself},
		{"disk", disk},
		{"pause and resume", pause},
		{"kill a paused node", killPaused},
		{"names that do not exist", unknownNames},
		{"cut both ways", cutBothWays},
		{"cut one way", cutOneWay},
		{"cut the other way", cutOtherWay},
		{"cut twice, heal once", cutTwice},
		{"overlapping cuts", overlappingCuts},
		{"kill and start during a cut", restartBehindCut},
		{"an end behind a cut", endBehindCut},
		{"a death behind a cut", deathBehindCut},
		{"stream across a cut", streamAcrossCut},
		{"full stream across a cut", fullStreamAcrossCut},
		{"stream across many cuts", streamAcrossManyCuts},
		{"probe", probe},
		{"probe of dead nodes", probeDead},
		{"rate limit", rateLimit},
		{"loss", loss},
		{"close", closeTwice},
		{"two clusters", twoClusters},
	}
}

type startCase struct {
	name string
	run  func(*testing.T, cluster.Runtime, cluster.Program)
}

// startCases start their clusters themselves.
func startCases() []startCase {
	return []startCase{
		{"start failing", startFailing},
		{"binary missing", binaryMissing},
		{"figures", figures},
	}
}

// bench is a started cluster of test nodes, and what it reported.
type bench struct {
	cluster.Cluster
	runtime cluster.Runtime
	spec    cluster.Spec
	n1      *Node
	n2      *Node
	n3      *Node

	mu        sync.Mutex
	incidents []cluster.Incident
}

func start(t *testing.T, runtime cluster.Runtime, program cluster.Program) *bench {
	t.Helper()
	return startSpec(t, runtime, Spec(t, program))
}

func startSpec(t *testing.T, runtime cluster.Runtime, spec cluster.Spec) *bench {
	t.Helper()
	b := &bench{runtime: runtime, spec: spec}
	b.spec.Report = func(i cluster.Incident) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.incidents = append(b.incidents, i)
	}
	c, err := runtime.Start(t.Context(), b.spec)
	if err != nil {
		t.Fatal(err)
	}
	b.Cluster = c
	t.Cleanup(func() {
		// The test's own context has ended by now.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	b.n1, b.n2, b.n3 = At(c, "n1"), At(c, "n2"), At(c, "n3")
	for _, n := range b.nodes() {
		n.AwaitUp(t)
	}
	return b
}

// Spec is a cluster of three test nodes with a run name and directory of its own.
func Spec(t *testing.T, program cluster.Program) cluster.Spec {
	t.Helper()
	return cluster.Spec{
		Run:     fmt.Sprintf("t%x", time.Now().UnixNano()),
		Nodes:   cluster.Names(3),
		Program: program,
		Dir:     t.TempDir(),
		Report:  func(cluster.Incident) {},
		Log:     t.Logf,
	}
}

func (b *bench) nodes() []*Node { return []*Node{b.n1, b.n2, b.n3} }

// reported is every incident so far.
func (b *bench) reported() []cluster.Incident {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]cluster.Incident(nil), b.incidents...)
}

// Eventually polls until ok, and else fails with what was awaited and the last state seen.
func Eventually(t *testing.T, what string, within time.Duration, poll func() (ok bool, state string)) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		ok, state := poll()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain for: %s; last seen: %s", within, what, state)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// never polls for as long as silence and fails as soon as it happened.
func never(t *testing.T, what string, poll func() (happened bool, state string)) {
	t.Helper()
	for deadline := time.Now().Add(silence); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if happened, state := poll(); happened {
			t.Fatalf("%s: %s", what, state)
		}
	}
}
