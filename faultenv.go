package schism

import (
	"context"
	"time"

	"schism/cluster"
	"schism/nemesis"
)

// network and processes are the cluster as the nemesis wants it.
type network struct{ c cluster.Cluster }

func (n network) SetCuts(ctx context.Context, cut []nemesis.Link) error {
	return n.c.SetCuts(ctx, clusterLinks(cut))
}

func (n network) Probe(ctx context.Context, links []nemesis.Link, wait time.Duration) (map[nemesis.Link]bool, error) {
	answered, err := n.c.Probe(ctx, clusterLinks(links), wait)
	result := make(map[nemesis.Link]bool, len(answered))
	for l, ok := range answered {
		result[nemesis.Link(l)] = ok
	}
	return result, err
}

func clusterLinks(links []nemesis.Link) []cluster.Link {
	out := make([]cluster.Link, len(links))
	for i, l := range links {
		out[i] = cluster.Link(l)
	}
	return out
}

type processes struct{ cluster.Cluster }

func (p processes) Running(ctx context.Context, node string) (bool, error) {
	state, err := p.State(ctx, node)
	return err == nil && state != cluster.Stopped, err
}

// pauser is the optional ability to pause, together with a look at the result.
type pauser struct {
	cluster.Pauser
	c cluster.Cluster
}

func (p pauser) Paused(ctx context.Context, node string) (bool, error) {
	state, err := p.c.State(ctx, node)
	return state == cluster.Paused, err
}

type impairer struct{ c cluster.Impairer }

func (i impairer) CanImpair(how nemesis.Impairment) error {
	return i.c.CanImpair(cluster.Impairment(how))
}

func (i impairer) Impair(ctx context.Context, links map[nemesis.Link]nemesis.Impairment) error {
	impaired := make(map[cluster.Link]cluster.Impairment, len(links))
	for l, how := range links {
		impaired[cluster.Link(l)] = cluster.Impairment(how)
	}
	return i.c.Impair(ctx, impaired)
}

func (i impairer) Transfer(ctx context.Context, links []nemesis.Link, load nemesis.Load) (map[nemesis.Link]int, error) {
	arrived, err := i.c.Transfer(ctx, clusterLinks(links), cluster.Load(load))
	result := make(map[nemesis.Link]int, len(arrived))
	for l, n := range arrived {
		result[nemesis.Link(l)] = n
	}
	return result, err
}

func (r *run) faultEnv() *nemesis.Env {
	e := &nemesis.Env{Nodes: r.s.Nodes(), Network: network{r.cluster}, Processes: processes{r.cluster}, Health: r.watch, Recorder: r.rec}
	if p, ok := r.cluster.(cluster.Pauser); ok {
		e.Pauser = pauser{p, r.cluster}
	}
	if i, ok := r.cluster.(cluster.Impairer); ok {
		e.Impairer = impairer{i}
	}
	reached, can := r.cluster.(cluster.Disks)
	if target, ok := r.s.Cluster.Options.(Logged); ok && can {
		e.Disks = disks{reached, r, target}
	}
	r.env.Store(e)
	return e
}
