//go:build linux

package docker

import (
	"bytes"
	"context"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"schism/cluster"
	"schism/cluster/clustertest"
)

func (k *controller) holder(node string) string { return "schism-" + k.run + "-" + node + "-net" }

// awaitHealed returns when no holder has a rule left and the paused node answers.
func (k *controller) awaitHealed(addresses map[string]string) {
	k.t.Helper()
	for _, node := range cluster.Names(3) {
		clustertest.Eventually(k.t, "no rule left in "+k.holder(node), 5*time.Second, func() (bool, string) {
			rules := ownRules(k.t, k.r, k.holder(node))
			return len(rules) == 0, strings.Join(rules, "; ")
		})
	}
	clustertest.Eventually(k.t, "the paused node answers", 5*time.Second, func() (bool, string) {
		return answers(addresses["n3"])
	})
}

// inContainer runs a command in a container and returns what it printed.
func inContainer(t *testing.T, r *Runtime, id string, command ...string) string {
	t.Helper()
	ctx := context.Background()
	made, err := r.engine.ContainerExecCreate(ctx, id, container.ExecOptions{Cmd: command, AttachStdout: true, AttachStderr: true})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := r.engine.ContainerExecAttach(ctx, made.ID, container.ExecAttachOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	var out, complaints bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, &complaints, stream.Reader); err != nil {
		t.Fatal(err)
	}
	if complaints.Len() > 0 {
		t.Fatalf("%v in %s: %s", command, id, complaints.String())
	}
	return out.String()
}

// ownRules are the rules in the agent's chain, as the holder's own iptables tells them.
func ownRules(t *testing.T, r *Runtime, holder string) []string {
	t.Helper()
	var rules []string
	for line := range strings.Lines(inContainer(t, r, holder, "iptables-save", "-t", "filter")) {
		if strings.HasPrefix(line, "-A SCHISM-IN") {
			rules = append(rules, strings.TrimSpace(line))
		}
	}
	return rules
}

// healTime is when the agent said that it healed, by the engine's clock.
func healTime(t *testing.T, r *Runtime, holder string) time.Time {
	t.Helper()
	logs, err := r.engine.ContainerLogs(t.Context(), holder, container.LogsOptions{ShowStdout: true, Timestamps: true})
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	var out bytes.Buffer
	if _, err := stdcopy.StdCopy(&out, io.Discard, logs); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		stamp, message, _ := strings.Cut(line, " ")
		if !strings.Contains(message, `"dead-man"`) {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, stamp)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	t.Fatalf("%s never said that it healed:\n%s", holder, out.String())
	return time.Time{}
}

func standing(line told) bool { return line.Addresses != nil }

// TestKilledControllerLeavesNoFault: SIGKILL in mid-partition. No code of the controller runs then.
func TestKilledControllerLeavesNoFault(t *testing.T) {
	r := newIsolatedRuntime(t)
	k := startController(t, r, everyFault)
	addresses := k.await("the partition", time.Minute, standing).Addresses
	if got := ownRules(t, r, k.holder("n1")); len(got) != 2 {
		t.Fatalf("n1 is cut off by %v, want two rules", got)
	}
	if got := ownRules(t, r, k.holder("n2")); len(got) != 2 || !strings.Contains(got[1], "statistic") {
		t.Fatalf("n2 has the rules %v, want one of a cut and one of a loss", got)
	}
	if ok, _ := answers(addresses["n3"]); ok {
		t.Fatal("the paused node answers")
	}

	killed := time.Now()
	k.kill()
	k.awaitHealed(addresses)
	seen := time.Since(killed)
	var latest time.Duration
	for _, node := range cluster.Names(3) {
		latest = max(latest, healTime(t, r, k.holder(node)).Sub(killed))
	}
	t.Logf("the last agent healed %v after SIGKILL; seen from outside, docker exec included, after %v", latest, seen)
	if latest > 2*time.Second {
		t.Errorf("faults outlived the controller by %v", latest)
	}

	// The live run of this process is not touched by what removes the dead one.
	spec, _ := testSpec(t, 1)
	live := startCluster(t, r, spec)
	if left := k.clean(); len(left) > 0 {
		t.Errorf("the start of another run left %v of the dead one", left)
	}
	if state, err := live.State(t.Context(), "n1"); err != nil || state != cluster.Running {
		t.Errorf("the live run's node is %v, %v", state, err)
	}
}

// TestStalledControllerIsAnIncident: a controller that is stopped for longer than the dead man waits
// finds its faults undone, and must be told.
func TestStalledControllerIsAnIncident(t *testing.T) {
	r := newIsolatedRuntime(t)
	k := startController(t, r, everyFault)
	addresses := k.await("the partition", time.Minute, standing).Addresses

	stopped := time.Now()
	if err := k.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	k.awaitHealed(addresses)
	t.Logf("healed %v after the controller stopped", healTime(t, r, k.holder("n1")).Sub(stopped))
	if err := k.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	reported := make(map[string]string)
	k.await("an incident on every node", 5*time.Second, func(line told) bool {
		if line.Incident != nil && line.Incident.Kind == cluster.DeadMan {
			reported[line.Incident.Node] = line.Incident.What
		}
		return len(reported) == 3
	})
	t.Logf("reported: %q", reported)
	if !strings.Contains(reported["n3"], "processes stopped: true") {
		t.Errorf("n3 was paused; its incident says %q", reported["n3"])
	}
	k.await("the agents hear it again", 5*time.Second, func(line told) bool {
		return strings.Contains(line.Log, "hears this controller again")
	})
}
