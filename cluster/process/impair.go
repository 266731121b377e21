package process

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"schism/cluster"
)

// CanImpair implements cluster.Impairer.
func (c *running) CanImpair(i cluster.Impairment) error {
	if i.Loss > 0 {
		return errors.New("the process runtime carries streams, which lose nothing on the way: use the docker runtime")
	}
	return nil
}

// Impair implements cluster.Impairer.
func (c *running) Impair(ctx context.Context, links map[cluster.Link]cluster.Impairment) error {
	if err := c.usable(ctx); err != nil {
		return err
	}
	for _, i := range links {
		if err := c.CanImpair(i); err != nil {
			return err
		}
	}
	return c.network.impair(links)
}

// Transfer implements cluster.Impairer.
func (c *running) Transfer(ctx context.Context, links []cluster.Link, load cluster.Load) (map[cluster.Link]int, error) {
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	return c.network.transfer(ctx, links, load)
}

func (n *network) impair(links map[cluster.Link]cluster.Impairment) error {
	if err := n.exist(slices.Collect(maps.Keys(links))); err != nil {
		return err
	}
	for l, g := range n.gates {
		g.throttle.set(links[l].Rate)
	}
	return nil
}

func (n *network) exist(links []cluster.Link) error {
	for _, l := range links {
		if n.gates[l] == nil {
			return fmt.Errorf("%v: no such link in this cluster", l)
		}
	}
	return nil
}

func (n *network) transfer(ctx context.Context, links []cluster.Link, load cluster.Load) (map[cluster.Link]int, error) {
	if err := n.exist(links); err != nil {
		return nil, err
	}
	if n.port == "" {
		return nil, errors.New("nothing can be sent: the program has no peer port")
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	arrived := map[cluster.Link]int{}
	for _, l := range links {
		all.Go(func() {
			bytes := n.probes.load(ctx, n.address(l, n.port), load)
			mu.Lock()
			defer mu.Unlock()
			arrived[l] = int(bytes) / load.Size
		})
	}
	all.Wait()
	return arrived, ctx.Err()
}

// load sends a load to a proxy over one connection and says how many of its bytes arrived in time.
func (p *prober) load(ctx context.Context, address string, load cluster.Load) int64 {
	ctx, cancel := context.WithTimeout(ctx, load.Wait)
	defer cancel()
	conn, err := p.dial(ctx, address)
	if err != nil {
		return 0
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	message, counted := p.count(ctx, int64(load.Messages*load.Size))
	defer p.discount(message)
	if _, err := conn.Write(binary.BigEndian.AppendUint64(nil, message)); err != nil {
		return 0
	}
	began := time.Now()
	for i := range load.Messages {
		due := load.Over * time.Duration(i) / time.Duration(load.Messages)
		if early := due - time.Since(began); early > time.Millisecond {
			time.Sleep(early)
		}
		if _, err := conn.Write(make([]byte, load.Size)); err != nil {
			break // the wait is over
		}
	}
	select {
	case <-counted.all:
	case <-ctx.Done():
	}
	return counted.bytes.Load()
}

// tally is what arrived of one load.
type tally struct {
	bytes  atomic.Int64
	expect int64
	life   context.Context // what comes after its end is not waited for
	all    chan struct{}   // closed when everything did
}

// Write counts. One connection is one goroutine: two never reach the end.
func (t *tally) Write(b []byte) (int, error) {
	if n := t.bytes.Add(int64(len(b))); n >= t.expect && n-int64(len(b)) < t.expect {
		close(t.all)
	}
	return len(b), nil
}

func (p *prober) count(life context.Context, bytes int64) (message uint64, t *tally) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	t = &tally{expect: bytes, life: life, all: make(chan struct{})}
	p.loads[p.next] = t
	return p.next, t
}

func (p *prober) discount(message uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.loads, message)
}

// tallyOf is nil for a message that is no load.
func (p *prober) tallyOf(message uint64) *tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.loads[message]
}
