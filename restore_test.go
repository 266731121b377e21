package schism

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"schism/cluster"
)

// leftOver is a cluster on which every fault is still on, for what should have undone it has failed.
type leftOver struct {
	cluster.Cluster
	state    map[string]cluster.State
	cut      []cluster.Link
	impaired map[cluster.Link]cluster.Impairment
}

func (c *leftOver) State(_ context.Context, node string) (cluster.State, error) {
	return c.state[node], nil
}

func (c *leftOver) StartNode(_ context.Context, node string) error {
	c.state[node] = cluster.Running
	return nil
}

func (c *leftOver) PauseNode(context.Context, string) error { panic("nobody is to be paused") }

func (c *leftOver) ResumeNode(_ context.Context, node string) error {
	c.state[node] = cluster.Running
	return nil
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
	r := &run{s: s, bounds: usualBounds(), log: log, cluster: c}
	r.restore(t.Context())
	for _, node := range slices.Sorted(maps.Keys(c.state)) {
		if c.state[node] != cluster.Running {
			t.Errorf("%s is %s", node, c.state[node])
		}
	}
	if len(c.cut) > 0 || len(c.impaired) > 0 {
		t.Errorf("links are still cut (%v) or impaired (%v)", c.cut, c.impaired)
	}
}
