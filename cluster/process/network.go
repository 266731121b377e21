package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"schism/cluster"
)

// network is all links of a cluster: a gate for each, and a proxy for each at each peer port.
type network struct {
	gates   map[cluster.Link]*gate
	proxies map[endpoint]*proxy
	port    string // the peer port that probes use
	probes  *prober

	cuts    sync.Mutex      // one SetCuts at a time
	life    context.Context // ended by end
	end     context.CancelFunc
	closing sync.Once
	serving sync.WaitGroup
}

// endpoint is what one node dials.
type endpoint struct {
	link cluster.Link
	port string
}

// newNetwork opens the proxies. target is the real address of a port of a node.
func newNetwork(nodes []string, ports []cluster.Port, target func(node, port string) string) (*network, error) {
	probes, err := newProber()
	if err != nil {
		return nil, err
	}
	n := &network{
		gates:   map[cluster.Link]*gate{},
		proxies: map[endpoint]*proxy{},
		probes:  probes,
	}
	n.life, n.end = context.WithCancel(context.Background())
	for _, l := range cluster.AllLinks(nodes) {
		n.gates[l] = newGate()
	}
	for link := range n.gates {
		for _, p := range ports {
			if !p.Peer {
				continue
			}
			n.port = p.Name
			if err := n.listen(endpoint{link, p.Name}, target(link.To, p.Name)); err != nil {
				return nil, errors.Join(err, n.close())
			}
		}
	}
	return n, nil
}

func (n *network) listen(at endpoint, target string) error {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return fmt.Errorf("proxy for %v: %w", at.link, err)
	}
	p := &proxy{
		listener: l,
		target:   target,
		forth:    n.gates[at.link],
		back:     n.gates[cluster.Link{From: at.link.To, To: at.link.From}],
		probes:   n.probes,
		life:     n.life,
		slots:    make(chan struct{}, maxConns),
	}
	n.proxies[at] = p
	n.serving.Go(p.serve)
	return nil
}

// address is where link.From dials a port of link.To.
func (n *network) address(link cluster.Link, port string) string {
	return n.proxies[endpoint{link, port}].listener.Addr().String()
}

// setCuts shuts before it opens, so that on the way from one partition to another no link passes that
// is cut in both.
func (n *network) setCuts(cut []cluster.Link) error {
	shut := map[cluster.Link]bool{}
	for _, l := range cut {
		if n.gates[l] == nil {
			return fmt.Errorf("cannot cut %v: no such link in this cluster", l)
		}
		shut[l] = true
	}
	n.cuts.Lock()
	defer n.cuts.Unlock()
	for l := range shut {
		n.gates[l].close()
	}
	for l, g := range n.gates {
		if !shut[l] {
			g.open()
		}
	}
	return nil
}

// probe sends a message over each link, all at the same time.
func (n *network) probe(ctx context.Context, links []cluster.Link, wait time.Duration) (map[cluster.Link]bool, error) {
	for _, l := range links {
		if n.gates[l] == nil {
			return nil, fmt.Errorf("cannot probe %v: no such link in this cluster", l)
		}
		if n.port == "" {
			return nil, fmt.Errorf("cannot probe %v: the program has no peer port", l)
		}
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	arrived := map[cluster.Link]bool{}
	for _, l := range links {
		all.Go(func() {
			ok := n.probes.send(ctx, n.address(l, n.port), wait)
			mu.Lock()
			defer mu.Unlock()
			arrived[l] = ok
		})
	}
	all.Wait()
	return arrived, ctx.Err()
}

// close ends every connection and returns when none is left. It may be called again.
func (n *network) close() error {
	var errs []error
	n.closing.Do(func() {
		n.end()
		for _, p := range n.proxies {
			errs = append(errs, p.listener.Close())
		}
		errs = append(errs, n.probes.close())
	})
	n.serving.Wait()
	return errors.Join(errs...)
}
