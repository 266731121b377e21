package docker

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"schism/cluster"
	"schism/docker/netagent"
)

// CanImpair implements cluster.Impairer. A kernel without the matches that this takes (xt_statistic,
// xt_hashlimit) says so when the rules are written.
func (c *Cluster) CanImpair(cluster.Impairment) error { return nil }

// Impair implements cluster.Impairer. As with cuts, a packet is dropped where it arrives. Beyond a
// rate packets are dropped, not queued: TCP slows down by itself.
func (c *Cluster) Impair(ctx context.Context, links map[cluster.Link]cluster.Impairment) error {
	impaired := make(map[*node]map[netip.Addr]netagent.Impairment)
	for link, i := range links {
		from, to, err := c.ends(link)
		if err != nil {
			return err
		}
		if impaired[to] == nil {
			impaired[to] = make(map[netip.Addr]netagent.Impairment)
		}
		impaired[to][from.ip] = netagent.Impairment(i)
	}
	c.cutting.Lock()
	defer c.cutting.Unlock()
	err := c.each(func(n *node) error {
		_, err := n.agent.ask(ctx, netagent.Request{Do: netagent.Impair, Impair: impaired[n]})
		return err
	})
	if err != nil {
		return fmt.Errorf("docker: the links are not as was asked for: %w", err)
	}
	return nil
}

// Transfer implements cluster.Impairer, with datagrams between the agents.
func (c *Cluster) Transfer(ctx context.Context, links []cluster.Link, load cluster.Load) (map[cluster.Link]int, error) {
	targets := make(map[*node][]netip.AddrPort)
	for _, link := range links {
		from, to, err := c.ends(link)
		if err != nil {
			return nil, err
		}
		targets[from] = append(targets[from], netip.AddrPortFrom(to.ip, to.probePort))
	}
	nonce := rand.Text()
	timer := time.NewTimer(load.Wait)
	defer timer.Stop()
	err := c.each(func(n *node) error {
		if len(targets[n]) == 0 {
			return nil
		}
		_, err := n.agent.ask(ctx, netagent.Request{Do: netagent.Send, Probe: &netagent.Probe{
			Nonce: nonce, From: n.name, To: targets[n], Tally: true,
			Rounds: load.Messages, Every: load.Over / time.Duration(load.Messages), Size: load.Size}})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("docker: transfer: %w", err)
	}
	select {
	case <-timer.C:
	case <-ctx.Done():
		return nil, fmt.Errorf("docker: transfer: %w", ctx.Err())
	}
	return c.came(ctx, nonce, links)
}

// came asks every node what it received of a transfer.
func (c *Cluster) came(ctx context.Context, nonce string, links []cluster.Link) (map[cluster.Link]int, error) {
	var mu sync.Mutex
	came := make(map[cluster.Link]int)
	err := c.each(func(n *node) error {
		answer, err := n.agent.ask(ctx, netagent.Request{Do: netagent.Tally, Nonce: nonce})
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, link := range links {
			if link.To == n.name {
				came[link] = answer.Came[link.From]
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("docker: what a transfer brought is not known: %w", err)
	}
	return came, nil
}
