package schism

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"schism/checker"
	"schism/cluster"
	"schism/history"
	"schism/nemesis"
)

// leftOver is a cluster on which every fault is still on, for what should have undone it has failed.
type leftOver struct {
	cluster.Cluster
	mu       sync.Mutex
	state    map[string]cluster.State
	cut      []cluster.Link
	impaired map[cluster.Link]cluster.Impairment
}

func (c *leftOver) State(_ context.Context, node string) (cluster.State, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state[node], nil
}

func (c *leftOver) runs(node string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state[node] = cluster.Running
	return nil
}

func (c *leftOver) StartNode(_ context.Context, node string) error {
	return c.runs(node)
}

func (c *leftOver) PauseNode(context.Context, string) error { panic("nobody is to be paused") }

func (c *leftOver) ResumeNode(_ context.Context, node string) error {
	return c.runs(node)
}

func (c *leftOver) SetCuts(_ context.Context, cut []cluster.Link) error {
	c.cut = cut
	return nil
}

func (c *leftOver) CanImpair(cluster.Impairment) error { return nil }

func (c *leftOver) Impair(_ context.Context, links map[cluster.Link]cluster.Impairment) error {
	c.impaired = links
	return nil
}

func (c *leftOver) Transfer(context.Context, []cluster.Link, cluster.Load) (map[cluster.Link]int, error) {
	panic("nothing is to be measured")
}

var (
	_ cluster.Pauser   = (*leftOver)(nil)
	_ cluster.Impairer = (*leftOver)(nil)
)

// Before the last reads nothing is on any more, whatever has become of the faults' own undoing.
func TestNoFaultOutlivesTheRun(t *testing.T) {
	link := cluster.Link{From: "n1", To: "n2"}
	c := &leftOver{
		state:    map[string]cluster.State{"n1": cluster.Stopped, "n2": cluster.Paused, "n3": cluster.Running},
		cut:      []cluster.Link{link},
		impaired: map[cluster.Link]cluster.Impairment{link: {Rate: 1}},
	}
	log, err := openLog(filepath.Join(t.TempDir(), "log"), testLog{t})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s := Defaults()
	s.Cluster.Nodes = 3
	path := filepath.Join(t.TempDir(), "history.jsonl")
	rec, err := history.Create(path, history.Header{})
	if err != nil {
		t.Fatal(err)
	}
	r := &run{s: s, bounds: usualBounds(), log: log, cluster: c}
	r.recorder.Store(rec)
	r.restore(t.Context())
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	for _, node := range slices.Sorted(maps.Keys(c.state)) {
		if c.state[node] != cluster.Running {
			t.Errorf("%s is %s", node, c.state[node])
		}
	}
	if len(c.cut) > 0 || len(c.impaired) > 0 {
		t.Errorf("links are still cut (%v) or impaired (%v)", c.cut, c.impaired)
	}
	h, err := history.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(h.Incidents)
	if want := []string{"n1 was still down; it is started", "n2 was still frozen; it goes on"}; !slices.Equal(h.Incidents, want) {
		t.Errorf("the history tells %q, want %q", h.Incidents, want)
	}
}

// What was set within a node and never undone, as by a step that broke off, is gone before the last reads. The
// history tells it, and the run is not valid.
func TestNothingStaysSetWithinANode(t *testing.T) {
	s, err := Parse("left.yaml", []byte(`
name: left
cluster: {nodes: 3, target: raft-kv, options: {control: true}}
workload: {name: register, clients: 3, rate: 50/s, duration: 4s}
checks: [linearizable, final-reads]
`))
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, "process")
	o.Keep = true
	set := make(chan error, 1)
	go func() { set <- leaveSet(t.Context(), o.Out) }()
	outcome, err := Run(t.Context(), s, o)
	if err = errors.Join(err, <-set); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = outcome.Kept.Close(context.WithoutCancel(t.Context())) }()
	for _, what := range []string{"failpoint apply.before was", "clock still ran at rate 0.5", "wall clock was still set by -20s", "timer was still held"} {
		n := 0
		for _, why := range outcome.Result.Why {
			if strings.Contains(why, what) && strings.HasPrefix(why, "n2 ") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d times it is told that the %s: %q", n, what, outcome.Result.Why)
		}
	}
	if v := outcome.Result.Verdict; v != checker.Unknown {
		t.Errorf("the run is %v", v)
	}
	addr, err := controlOf(o.Out, "n2")
	if err != nil {
		t.Fatal(err)
	}
	if left, err := NewRaftKV().Release(t.Context(), addr); err != nil || len(left) > 0 {
		t.Errorf("still set: %q, %v", left, err)
	}
	h, err := history.Load(filepath.Join(o.Out, "history.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, read := range h.FinalReads {
		if read.Outcome == history.OK && read.Node == "n2" {
			return
		}
	}
	t.Errorf("n2, whose application of entries was held, was not read at the end: %+v", h.FinalReads)
}

// leaveSet sets all there is within n2, as soon as the clients are there, and goes away.
func leaveSet(ctx context.Context, dir string) error {
	for {
		if h, err := os.ReadFile(filepath.Join(dir, "history.jsonl")); err == nil && bytes.Contains(h, []byte(`"ok"`)) {
			break
		}
		if !pause(ctx, startPoll) {
			return ctx.Err()
		}
	}
	addr, err := controlOf(dir, "n2")
	if err != nil {
		return err
	}
	within := NewRaftKV().Within(func(_, _ string) string { return addr })
	return errors.Join(
		within.SetRate(ctx, "n2", 0.5), within.SetWall(ctx, "n2", -20*time.Second), within.HoldElection(ctx, "n2", true),
		within.Arm(ctx, "n2", nemesis.Trap{Name: "apply.before", Action: nemesis.ActionHold}),
	)
}

// controlOf is the address of a node's control port, by its log.
func controlOf(dir, node string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "nodes", node, node+".log"))
	if err != nil {
		return "", err
	}
	_, after, found := strings.Cut(string(text), " control=")
	if !found {
		return "", fmt.Errorf("the log of %s tells no control port: %s", node, text)
	}
	addr, _, _ := strings.Cut(after, "\n")
	return addr, nil
}
