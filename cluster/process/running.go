package process

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"schism/cluster"
)

// closeWithin bounds the removal of a cluster that did not start.
const closeWithin = 10 * time.Second

var errClosed = errors.New("the cluster is closed")

// running is a started cluster.
type running struct {
	spec    cluster.Spec
	home    *home
	forker  *forker
	watcher *watcher
	network *network
	nodes   map[string]*node
	ports   map[string]map[string]*reservation
	reaping sync.WaitGroup

	closing sync.Mutex
	closed  bool
}

var (
	_ cluster.Cluster  = (*running)(nil)
	_ cluster.Hinter   = (*running)(nil)
	_ cluster.Pauser   = (*running)(nil)
	_ cluster.Impairer = (*running)(nil)
	_ cluster.Disks    = (*running)(nil)
)

func (c *running) Nodes() []string { return slices.Clone(c.spec.Nodes) }

// Address is empty for a node or port that does not exist.
func (c *running) Address(node, port string) string {
	r := c.ports[node][port]
	if r == nil {
		return ""
	}
	return r.address()
}

func (c *running) StartNode(ctx context.Context, node string) error {
	n, err := c.open(node)
	if err != nil {
		return err
	}
	return n.start(ctx)
}

func (c *running) KillNode(ctx context.Context, node string) error {
	n, err := c.open(node)
	if err != nil {
		return err
	}
	return n.kill(ctx)
}

func (c *running) State(_ context.Context, node string) (cluster.State, error) {
	n, err := c.find(node)
	if err != nil {
		return "", err
	}
	return n.state()
}

// PauseNode stops the node's processes with SIGSTOP.
func (c *running) PauseNode(ctx context.Context, node string) error {
	n, err := c.open(node)
	if err != nil {
		return err
	}
	return n.freeze(ctx, syscall.SIGSTOP, cluster.Paused)
}

// ResumeNode continues them with SIGCONT.
func (c *running) ResumeNode(ctx context.Context, node string) error {
	n, err := c.open(node)
	if err != nil {
		return err
	}
	return n.freeze(ctx, syscall.SIGCONT, cluster.Running)
}

func (c *running) SetCuts(ctx context.Context, cut []cluster.Link) error {
	if err := c.usable(ctx); err != nil {
		return err
	}
	return c.network.setCuts(cut)
}

func (c *running) Probe(ctx context.Context, links []cluster.Link, wait time.Duration) (map[cluster.Link]bool, error) {
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	return c.network.probe(ctx, links, wait)
}

// Hint tells where a kept node's traces are, and how to reach it.
func (c *running) Hint(node string) string {
	n := c.nodes[node]
	if n == nil {
		return ""
	}
	var b strings.Builder
	if p := n.current(); p != nil && !p.gone() {
		fmt.Fprintf(&b, "process %d, ", p.pid())
	}
	for _, p := range c.spec.Program.Ports {
		fmt.Fprintf(&b, "%s at %s, ", p.Name, c.Address(node, p.Name))
	}
	fmt.Fprintf(&b, "data in %s, log in %s", n.view.Data, n.log)
	return b.String()
}

// Close kills the nodes and removes their data.
func (c *running) Close(ctx context.Context) error {
	c.closing.Lock()
	defer c.closing.Unlock()
	c.closed = true
	errs := []error{c.each(func(n *node) error { return n.end(ctx) })}
	if c.network != nil {
		errs = append(errs, c.network.close())
	}
	if err := c.awaitReaped(ctx); err != nil {
		// A node that outlives SIGKILL hangs in the kernel. Its dead men stay, and so does the mark
		// of the data's owner: a later Close, or a sweep, removes them.
		return errors.Join(append(errs, err)...)
	}
	for _, ports := range c.ports {
		for _, r := range ports {
			r.release()
		}
	}
	if c.forker != nil {
		c.forker.close()
		c.forker = nil
	}
	errs = append(errs, c.watcher.close(), c.home.remove())
	c.watcher = nil
	return errors.Join(errs...)
}

// awaitReaped waits for the goroutines that wait for the nodes.
func (c *running) awaitReaped(ctx context.Context) error {
	reaped := make(chan struct{})
	go func() {
		c.reaping.Wait()
		close(reaped)
	}()
	select {
	case <-reaped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("not every node has ended: %w", ctx.Err())
	}
}

// each runs f for all nodes at the same time.
func (c *running) each(f func(*node) error) error {
	errs := make([]error, len(c.spec.Nodes))
	var all sync.WaitGroup
	for i, name := range c.spec.Nodes {
		if n := c.nodes[name]; n != nil {
			all.Go(func() { errs[i] = f(n) })
		}
	}
	all.Wait()
	return errors.Join(errs...)
}

func (c *running) find(name string) (*node, error) {
	if n := c.nodes[name]; n != nil {
		return n, nil
	}
	return nil, fmt.Errorf("there is no node %s, only %s", name, strings.Join(c.spec.Nodes, ", "))
}

// open finds a node of a cluster that is not closed.
func (c *running) open(name string) (*node, error) {
	if err := c.usable(context.Background()); err != nil {
		return nil, err
	}
	return c.find(name)
}

func (c *running) usable(ctx context.Context) error {
	c.closing.Lock()
	defer c.closing.Unlock()
	if c.closed {
		return errClosed
	}
	return ctx.Err()
}
