//go:build linux

package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/cluster"
	"schism/cluster/clustertest"
)

// TestRulesOfOthersStay: a chain of somebody else's, in the very namespace that is cut and healed.
func TestRulesOfOthersStay(t *testing.T) {
	r := newRuntime(t)
	spec, _ := testSpec(t, 2)
	c := startCluster(t, r, spec)
	holder := c.nodes[1].holder
	inContainer(t, r, holder, "iptables", "-N", "DECOY")
	inContainer(t, r, holder, "iptables", "-A", "DECOY", "-s", "192.0.2.1", "-j", "DROP")
	inContainer(t, r, holder, "iptables", "-A", "INPUT", "-j", "DECOY")
	before := rulesOfOthers(t, r, holder)
	if !strings.Contains(before, "-A INPUT -j DECOY") || !strings.Contains(before, "DOCKER_OUTPUT") {
		t.Fatalf("rules before the cut, without Docker's own DNS or the decoy's:\n%s", before)
	}
	for _, cut := range [][]cluster.Link{{{From: "n1", To: "n2"}}, {{From: "n1", To: "n2"}}, nil} {
		if err := c.SetCuts(t.Context(), cut); err != nil {
			t.Fatal(err)
		}
		if got := len(ownRules(t, r, holder)); got != len(cut) {
			t.Errorf("cuts %v: %d rules", cut, got)
		}
		if after := rulesOfOthers(t, r, holder); after != before {
			t.Errorf("rules of others before\n%s\nafter cuts %v\n%s", before, cut, after)
		}
	}
}

func rulesOfOthers(t *testing.T, r *Runtime, holder string) string {
	t.Helper()
	var rules strings.Builder
	for line := range strings.Lines(inContainer(t, r, holder, "iptables-save")) {
		// Comments hold the time, and lines with a colon the counters of built-in chains.
		if line[0] != '#' && line[0] != ':' && !strings.HasPrefix(line, "-A SCHISM-IN") {
			rules.WriteString(line)
		}
	}
	return rules.String()
}

func TestRulesSurviveKillAndStart(t *testing.T) {
	r := newRuntime(t)
	spec, _ := testSpec(t, 2)
	c := startCluster(t, r, spec)
	clustertest.At(c, "n2").AwaitUp(t)
	if err := c.SetCuts(t.Context(), []cluster.Link{{From: "n1", To: "n2"}}); err != nil {
		t.Fatal(err)
	}
	before := ownRules(t, r, c.nodes[1].holder)
	if err := c.KillNode(t.Context(), "n2"); err != nil {
		t.Fatal(err)
	}
	if err := c.KillNode(t.Context(), "n2"); err != nil {
		t.Errorf("second kill: %v", err)
	}
	if err := c.StartNode(t.Context(), "n2"); err != nil {
		t.Fatal(err)
	}
	if err := c.StartNode(t.Context(), "n2"); err == nil {
		t.Error("a running node was started")
	}
	if after := ownRules(t, r, c.nodes[1].holder); len(after) != 1 || after[0] != before[0] {
		t.Errorf("rules before the kill %v, after the start %v", before, after)
	}
}

func TestDroppedCountsPerLink(t *testing.T) {
	r := newRuntime(t)
	spec, _ := testSpec(t, 3)
	c := startCluster(t, r, spec)
	cut := []cluster.Link{{From: "n1", To: "n2"}, {From: "n3", To: "n2"}}
	if err := c.SetCuts(t.Context(), cut); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Probe(t.Context(), cut[:1], 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if err := c.SetCuts(t.Context(), cut[1:]); err != nil { // the counts outlive their rules
		t.Fatal(err)
	}
	got, err := c.Dropped(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[cut[0]] == 0 || got[cut[1]] != 0 {
		t.Errorf("dropped %v, want only %v to have met packets", got, cut[0])
	}
}

func TestOneNameOneRun(t *testing.T) {
	r := newRuntime(t)
	spec, _ := testSpec(t, 1)
	c := startCluster(t, r, spec)
	if second, err := r.Start(t.Context(), spec); err == nil {
		closeCluster(t, second)
		t.Fatal("a second run of the same name started")
	}
	if state, err := c.State(t.Context(), "n1"); err != nil || state != cluster.Running {
		t.Errorf("after the second start failed, the first run's node is %v, %v", state, err)
	}
	if out := inContainer(t, r, c.nodes[0].holder, "iptables-save"); !strings.Contains(out, "SCHISM-IN") {
		t.Errorf("the first run's holder lost its chain:\n%s", out)
	}
}

func TestHintNamesContainersThatAre(t *testing.T) {
	r := newRuntime(t)
	spec, _ := testSpec(t, 1)
	c := startCluster(t, r, spec)
	for _, name := range []string{"schism-" + spec.Run + "-n1", "schism-" + spec.Run + "-n1-net"} {
		if _, err := r.engine.ContainerInspect(t.Context(), name); err != nil || !strings.Contains(c.Hint("n1"), name) {
			t.Errorf("%s: %v; the hint is %q", name, err, c.Hint("n1"))
		}
	}
}

// TestCancelledStartLeavesNothing ends starts at different moments.
func TestCancelledStartLeavesNothing(t *testing.T) {
	r := newRuntime(t)
	for _, after := range []time.Duration{150 * time.Millisecond, 500 * time.Millisecond, time.Second} {
		spec, _ := testSpec(t, 5)
		ctx, cancel := context.WithTimeout(t.Context(), after)
		c, err := r.Start(ctx, spec)
		cancel()
		if err == nil {
			t.Logf("a start took less than %v", after)
			closeCluster(t, c)
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled after %v: %v", after, err)
		}
		stages, err := r.things(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, left := range slices.Concat(stages[0], stages[1]) {
			if left.labels[labelRun] == spec.Run {
				t.Errorf("cancelled after %v, the start left %s", after, left.what)
			}
		}
	}
}

// TestLostHolderIsReported: whoever removes a holder removes a node and its faults.
func TestLostHolderIsReported(t *testing.T) {
	r := newRuntime(t)
	spec, incidents := testSpec(t, 2)
	c := startCluster(t, r, spec)
	if err := r.engine.ContainerKill(t.Context(), c.nodes[1].holder, "SIGKILL"); err != nil {
		t.Fatal(err)
	}
	got := make(map[cluster.IncidentKind]cluster.Incident)
	clustertest.Eventually(t, "an incident for the node and one for its faults", 5*time.Second, func() (bool, string) {
		select {
		case i := <-incidents:
			got[i.Kind] = i
		default:
		}
		return len(got) == 2, fmt.Sprint(got)
	})
	for _, i := range got {
		t.Logf("%+v", i)
		if i.Node != "n2" {
			t.Errorf("incident of %q, want n2", i.Node)
		}
	}
	if err := c.SetCuts(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "n2") {
		t.Errorf("cuts on a node without a holder: %v", err)
	}
	if _, err := c.Probe(t.Context(), []cluster.Link{{From: "n2", To: "n1"}}, time.Second); err == nil {
		t.Error("a probe from a node without a holder gives a result")
	}
}
