// Package process runs a cluster as child processes on 127.0.0.1: no root, no engine, any Unix. Every
// node finds every peer at an address of its own, where a proxy in this process relays to the peer's
// real port as long as the link is not cut.
//
// A cut is silence. Connections stay as they are and attempts are accepted, but no byte, end or reset
// passes in that direction, and no attempt reaches the peer. After the heal a stream goes on where it was:
// what its sender wrote meanwhile, up to what the kernel's buffers and 32 KiB here hold, is delivered in
// order, and so is its end. That is what TCP itself does after an outage; a reset at the heal would tell
// the nodes of something that no network says. Attempts that were given up meanwhile are forgotten, as a
// SYN would have been.
//
// One direction is cut alone: with B→A cut, a connection that A dials carries A's requests to B, and B's
// answers wait. (Where the kernel's packets are dropped, no connection comes about then.)
//
// Bytes that were handed to the receiving node's socket before a cut have arrived, even if the node is
// paused and reads them during the cut.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"schism/cluster"
)

// Runtime implements cluster.Runtime and cluster.Cleaner. Its zero value is ready.
type Runtime struct {
	// Temp is where the nodes' data live during a run; empty means os.TempDir.
	Temp string
}

var (
	_ cluster.Runtime = Runtime{}
	_ cluster.Cleaner = Runtime{}
)

// Name is "process".
func (Runtime) Name() string { return "process" }

// Start starts every node at the same time and returns when all listen, at the latest half a second
// after they were started.
func (r Runtime) Start(ctx context.Context, spec cluster.Spec) (cluster.Cluster, error) {
	spec, err := checked(spec)
	if err != nil {
		return nil, fmt.Errorf("start a cluster of processes: %w", err)
	}
	began := time.Now()
	for try := 1; ; try++ {
		c, err := r.start(ctx, spec)
		if err == nil {
			spec.Log("%d nodes run on 127.0.0.1, started in %v", len(spec.Nodes), time.Since(began).Round(time.Millisecond))
			return c, nil
		}
		// Somebody took a port between its reservation and the node's bind: other ports, then.
		if !portTaken(err) || try == startTries {
			return nil, fmt.Errorf("start a cluster of processes: %w", err)
		}
	}
}

func (r Runtime) start(ctx context.Context, spec cluster.Spec) (*running, error) {
	c := &running{spec: spec, nodes: map[string]*node{}, ports: map[string]map[string]*reservation{}}
	err := c.prepare(r.temp())
	if err == nil {
		err = c.each(func(n *node) error { return n.start(ctx) })
	}
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		return nil, errors.Join(err, c.Close(ctx))
	}
	return c, nil
}

func (r Runtime) temp() string {
	if r.Temp != "" {
		return r.Temp
	}
	return os.TempDir()
}

// prepare makes everything but the processes. What it made before an error is Close's to remove.
func (c *running) prepare(temp string) (err error) {
	if c.home, err = newHome(temp, c.spec.Run); err != nil {
		return err
	}
	if c.watcher, err = newWatcher(); err != nil {
		if !orphansDie {
			return err
		}
		c.spec.Log("%v: what nodes start themselves would outlive this process", err)
	}
	c.forker = newForker()
	if err := c.reserve(); err != nil {
		return err
	}
	ports := c.spec.Program.Ports
	if c.network, err = newNetwork(c.spec.Nodes, ports, c.Address); err != nil {
		return err
	}
	for _, name := range c.spec.Nodes {
		if err := c.addNode(name); err != nil {
			return err
		}
	}
	return nil
}

// reserve finds a port for every port of every node.
func (c *running) reserve() error {
	ports := c.spec.Program.Ports
	found, err := reservePorts(len(c.spec.Nodes) * len(ports))
	if err != nil {
		return err
	}
	for i, name := range c.spec.Nodes {
		c.ports[name] = map[string]*reservation{}
		for j, p := range ports {
			c.ports[name][p.Name] = found[i*len(ports)+j]
		}
	}
	return nil
}

func (c *running) addNode(name string) error {
	n := &node{
		name:    name,
		program: c.spec.Program,
		view:    view(name, c.spec.Nodes, c.spec.Program.Ports, c.home.path, c.Address, c.network),
		log:     filepath.Join(c.spec.Dir, "nodes", name, name+".log"),
		forker:  c.forker,
		watcher: c.watcher,
		report:  c.spec.Report,
		reaping: &c.reaping,
	}
	for _, p := range c.spec.Program.Ports {
		n.ports = append(n.ports, c.ports[name][p.Name])
	}
	c.nodes[name] = n
	return os.Mkdir(n.view.Data, 0o755)
}
