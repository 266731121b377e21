package docker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"schism/cluster"
	"schism/docker/netagent"
)

// probeRounds is how many datagrams a probe sends over each link: on one that loses every third, five
// all vanish once in 243 times.
const probeRounds = 5

// SetCuts implements cluster.Cluster. Every node's rules are written each time, changed or not: they
// are what the machine shall be like, not what we remember of it.
func (c *Cluster) SetCuts(ctx context.Context, cut []cluster.Link) error {
	blocked := make(map[*node][]netip.Addr)
	for _, link := range cut {
		from, to, err := c.ends(link)
		if err != nil {
			return err
		}
		// A link is cut where it arrives: the sender notices nothing, as with a broken wire.
		blocked[to] = append(blocked[to], from.ip)
	}
	c.cutting.Lock()
	defer c.cutting.Unlock()
	err := c.each(func(n *node) error {
		_, err := n.agent.ask(ctx, netagent.Request{Do: netagent.Block, Block: blocked[n]})
		return err
	})
	if err != nil {
		return fmt.Errorf("docker: the cuts are not what was asked for: %w", err)
	}
	return nil
}

func (c *Cluster) ends(link cluster.Link) (from, to *node, err error) {
	from, fromErr := c.node(link.From)
	to, toErr := c.node(link.To)
	if err := errors.Join(fromErr, toErr); err != nil {
		return nil, nil, err
	}
	if from == to {
		return nil, nil, fmt.Errorf("docker: link %v: a node has no link to itself", link)
	}
	return from, to, nil
}

// Dropped says how many packets the cuts of each link have swallowed since the start: evidence that a
// cut met traffic. Links that were never cut are missing.
func (c *Cluster) Dropped(ctx context.Context) (map[cluster.Link]uint64, error) {
	var mu sync.Mutex
	dropped := make(map[cluster.Link]uint64)
	err := c.each(func(to *node) error {
		answer, err := to.agent.ask(ctx, netagent.Request{Do: netagent.Count})
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, from := range c.nodes {
			if packets, ok := answer.Dropped[from.ip]; ok {
				dropped[cluster.Link{From: from.name, To: to.name}] = packets
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("docker: the packets dropped are not known: %w", err)
	}
	return dropped, nil
}

// probe is one call of Probe.
type probe struct {
	mu      sync.Mutex
	heard   map[cluster.Link]bool // true: something arrived
	missing int
	all     chan struct{} // closed when nothing is missing
}

// Probe implements cluster.Cluster. The agents of the nodes send each other datagrams.
func (c *Cluster) Probe(ctx context.Context, links []cluster.Link, wait time.Duration) (map[cluster.Link]bool, error) {
	p := &probe{heard: make(map[cluster.Link]bool), all: make(chan struct{})}
	targets := make(map[*node][]netip.AddrPort)
	for _, link := range links {
		from, to, err := c.ends(link)
		if err != nil {
			return nil, err
		}
		if _, twice := p.heard[link]; twice {
			continue
		}
		p.heard[link] = false
		p.missing++
		targets[from] = append(targets[from], netip.AddrPortFrom(to.ip, to.probePort))
	}
	if p.missing == 0 {
		return p.heard, nil
	}
	nonce := rand.Text()
	c.expect(nonce, p)
	defer c.expect(nonce, nil)
	// The last round leaves when there still is a fifth of the time for it to arrive.
	err := c.each(func(n *node) error {
		if len(targets[n]) == 0 {
			return nil
		}
		_, err := n.agent.ask(ctx, netagent.Request{Do: netagent.Send, Probe: &netagent.Probe{
			Nonce: nonce, From: n.name, To: targets[n], Rounds: probeRounds, Every: wait / probeRounds}})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("docker: probe: %w", err)
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-p.all:
	case <-timer.C:
	case <-ctx.Done():
		return nil, fmt.Errorf("docker: probe: %w", ctx.Err())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard, nil
}

// expect makes p take what arrives with the nonce; nil: nobody does any more.
func (c *Cluster) expect(nonce string, p *probe) {
	c.probing.Lock()
	defer c.probing.Unlock()
	if p == nil {
		delete(c.probes, nonce)
		return
	}
	c.probes[nonce] = p
}

func (c *Cluster) arrived(nonce string, link cluster.Link) {
	c.probing.Lock()
	p := c.probes[nonce]
	c.probing.Unlock()
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if heard, asked := p.heard[link]; heard || !asked {
		return
	}
	p.heard[link] = true
	if p.missing--; p.missing == 0 {
		close(p.all)
	}
}
