package clustertest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/cluster"
)

// started: every node runs, knows its cluster, reaches each other node, and its log is on disk.
func started(t *testing.T, b *bench) {
	if got := b.Nodes(); !slices.Equal(got, b.spec.Nodes) {
		t.Errorf("Nodes() = %v, want %v", got, b.spec.Nodes)
	}
	for _, n := range b.nodes() {
		b.wantState(t, n, cluster.Running)
		v := n.View(t)
		if v.Node != n.Name || !slices.Equal(v.Nodes, b.spec.Nodes) {
			t.Errorf("%s was told that it is %s of %v", n.Name, v.Node, v.Nodes)
		}
		for _, other := range b.nodes() {
			n.wantAnswer(t, other)
		}
		Eventually(t, n.Name+"'s first line in its log", prompt, func() (bool, string) {
			log := b.log(t, n)
			return strings.Contains(log, n.Name+" started"), log
		})
	}
	if got := b.reported(); len(got) > 0 {
		t.Errorf("incidents: %v", got)
	}
}

// addresses: each port of each node has its own, and it stays over a restart.
func addresses(t *testing.T, b *bench) {
	before := b.addresses()
	if all := slices.Compact(slices.Sorted(slices.Values(before))); len(all) != len(before) {
		t.Errorf("two ports share an address: %v", before)
	}
	b.kill(t, b.n2)
	b.restart(t, b.n2)
	if after := b.addresses(); !slices.Equal(before, after) {
		t.Errorf("addresses before the restart %v, after %v", before, after)
	}
}

// kill: the process is gone when KillNode returns, and nothing answers.
func kill(t *testing.T, b *bench) {
	b.kill(t, b.n2)
	var pid int
	if err := b.n2.call("GET", "/pid", nil, "", &pid); err == nil {
		t.Error("the killed node answered on its client port")
	}
	if r := b.n1.Ask(t, "n2", "anyone", silence); r.Failure == "" {
		t.Errorf("the killed node answered on its peer port: %q", r.Answer)
	}
	if got := b.reported(); len(got) > 0 {
		t.Errorf("a kill that was ordered was reported as an incident: %v", got)
	}
}

// killChildren: a node's children are part of it. One that lived on would hold its ports or write to
// the data of its successor.
func killChildren(t *testing.T, b *bench) {
	b.n2.Spawn(t)
	b.kill(t, b.n2)
	b.restart(t, b.n2)
	beats := b.n2.Read(t, "beats")
	never(t, "a killed node's child goes on", func() (bool, string) {
		now := b.n2.Read(t, "beats")
		return now != beats, fmt.Sprintf("%d beats, then %d", len(beats), len(now))
	})
}

// restartWithData: what a node fsynced before a kill is there after its start.
func restartWithData(t *testing.T, b *bench) {
	b.n2.Write(t, "note", "written by n2")
	b.n3.Write(t, "note", "written by n3")
	for range 2 {
		b.kill(t, b.n2)
		b.restart(t, b.n2)
		if got := b.n2.Read(t, "note"); got != "written by n2" {
			t.Fatalf("n2 reads %q after its restart", got)
		}
	}
	b.n1.wantAnswer(t, b.n2)
	b.n2.wantAnswer(t, b.n1)
}

// logs: one file over all of a node's lives.
func logs(t *testing.T, b *bench) {
	b.n1.Log(t, "said in the first life")
	b.kill(t, b.n1)
	b.restart(t, b.n1)
	b.n1.Log(t, "said in the second life")
	Eventually(t, "both lives' lines in n1's log", prompt, func() (bool, string) {
		log := b.log(t, b.n1)
		first, second := strings.Index(log, "first life"), strings.Index(log, "second life")
		return first >= 0 && first < second && strings.Count(log, "n1 started") == 2, log
	})
}

// exitByItself: a node that nobody killed and that is gone is an incident, and can be started again.
func exitByItself(t *testing.T, b *bench) {
	b.n3.Write(t, "note", "kept")
	b.n3.Exit()
	Eventually(t, "an incident that names n3", prompt, func() (bool, string) {
		got := b.reported()
		return len(got) == 1 && got[0].Kind == cluster.Exited && got[0].Node == "n3", fmt.Sprint(got)
	})
	b.wantState(t, b.n3, cluster.Stopped)
	b.restart(t, b.n3)
	if got := b.n3.Read(t, "note"); got != "kept" {
		t.Errorf("n3 reads %q after its restart", got)
	}
}

// pause: a paused node says nothing, and goes on where it was.
func pause(t *testing.T, b *bench) {
	pauser := b.pauser(t)
	pid := b.n2.PID(t)
	b.pause(t, pauser, b.n2)
	if r := b.n1.Ask(t, "n2", "asleep", silence); r.Failure != "timeout" || r.Bytes > 0 {
		t.Errorf("a paused node was asked, and came: %+v", r)
	}
	if err := pauser.ResumeNode(t.Context(), "n2"); err != nil {
		t.Fatal(err)
	}
	b.wantState(t, b.n2, cluster.Running)
	b.n1.wantAnswer(t, b.n2)
	if got := b.n2.PID(t); got != pid {
		t.Errorf("n2 was process %d before the pause and %d after", pid, got)
	}
}

func killPaused(t *testing.T, b *bench) {
	b.pause(t, b.pauser(t), b.n2)
	b.kill(t, b.n2)
	b.restart(t, b.n2)
	b.n1.wantAnswer(t, b.n2)
}

// unknownNames: each is an error that says the name, and nothing else happens.
func unknownNames(t *testing.T, b *bench) {
	ctx := t.Context()
	b.cut(t, both(b.n1, b.n2))
	stranger := []cluster.Link{{From: "n1", To: "n9"}}
	_, stateErr := b.State(ctx, "n9")
	_, probeErr := b.Probe(ctx, stranger, silence)
	for what, err := range map[string]error{
		"StartNode": b.StartNode(ctx, "n9"),
		"KillNode":  b.KillNode(ctx, "n9"),
		"State":     stateErr,
		"Probe":     probeErr,
		"SetCuts":   b.SetCuts(ctx, stranger),
	} {
		if err == nil || !strings.Contains(err.Error(), "n9") {
			t.Errorf("%s of n9: %v", what, err)
		}
	}
	b.n1.wantSilence(t, b.n2, "still cut")
}

// closeTwice: whatever state the nodes are in, nothing answers afterwards, and the logs are there.
func closeTwice(t *testing.T, b *bench) {
	b.cut(t, both(b.n1, b.n2))
	b.kill(t, b.n1)
	if p, ok := b.Cluster.(cluster.Pauser); ok {
		b.pause(t, p, b.n2)
	}
	b.n3.Write(t, "note", "to be removed")
	for range 2 {
		if err := b.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range b.nodes() {
		var pid int
		if err := n.call("GET", "/pid", nil, "", &pid); err == nil {
			t.Errorf("%s answers after Close", n.Name)
		}
		b.log(t, n)
	}
	if err := b.StartNode(t.Context(), "n1"); err == nil {
		t.Error("a closed cluster started a node")
	}
	if got := b.reported(); len(got) > 0 {
		t.Errorf("incidents: %v", got)
	}
}

// twoClusters: runs at the same time, with nodes of the same names, do not touch each other.
func twoClusters(t *testing.T, b *bench) {
	other := start(t, b.runtime, b.spec.Program)
	other.n2.Write(t, "note", "of the other")
	b.n2.Write(t, "note", "of the one")
	b.cut(t, cluster.AllLinks(b.Nodes()))
	other.n1.wantAnswer(t, other.n2)
	b.n1.wantSilence(t, b.n2, "cut")
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	other.n2.wantAnswer(t, other.n3)
	if got := other.n2.Read(t, "note"); got != "of the other" {
		t.Errorf("the other cluster's n2 reads %q", got)
	}
}

func (b *bench) kill(t *testing.T, n *Node) {
	t.Helper()
	if err := b.KillNode(t.Context(), n.Name); err != nil {
		t.Fatal(err)
	}
	b.wantState(t, n, cluster.Stopped)
}

func (b *bench) restart(t *testing.T, n *Node) {
	t.Helper()
	if err := b.StartNode(t.Context(), n.Name); err != nil {
		t.Fatal(err)
	}
	n.AwaitUp(t)
	b.wantState(t, n, cluster.Running)
}

func (b *bench) wantState(t *testing.T, n *Node, want cluster.State) {
	t.Helper()
	if got, err := b.State(t.Context(), n.Name); err != nil || got != want {
		t.Fatalf("state of %s: %v, %v; want %v", n.Name, got, err, want)
	}
}

func (b *bench) pauser(t *testing.T) cluster.Pauser {
	t.Helper()
	p, ok := b.Cluster.(cluster.Pauser)
	if !ok {
		t.Skipf("the %s runtime cannot pause nodes", b.runtime.Name())
	}
	return p
}

func (b *bench) pause(t *testing.T, p cluster.Pauser, n *Node) {
	t.Helper()
	if err := p.PauseNode(t.Context(), n.Name); err != nil {
		t.Fatal(err)
	}
	b.wantState(t, n, cluster.Paused)
}

func (b *bench) addresses() []string {
	var all []string
	for _, n := range b.Nodes() {
		for _, p := range b.spec.Program.Ports {
			all = append(all, b.Address(n, p.Name))
		}
	}
	return all
}

func (b *bench) log(t *testing.T, n *Node) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.spec.Dir, "nodes", n.Name, n.Name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wantAnswer polls, since after a heal a system may need a moment.
func (n *Node) wantAnswer(t *testing.T, to *Node) {
	t.Helper()
	Eventually(t, n.Name+" hears "+to.Name+"'s answer", prompt, func() (bool, string) {
		r := n.Ask(t, to.Name, "hello", time.Second)
		return r.Answer == to.Name+" hello", r.Failure
	})
}
