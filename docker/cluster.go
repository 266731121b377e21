package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"schism/cluster"
	"schism/docker/netagent"
)

// Cluster is a run's containers. It implements cluster.Cluster, cluster.Disks, cluster.Pauser,
// cluster.Impairer and cluster.Hinter.
type Cluster struct {
	runtime *Runtime
	spec    cluster.Spec
	network string // id; empty: none was made
	nodes   []*node

	// life ends when the cluster is closed; what waits in the background waits for it.
	life    context.Context
	end     context.CancelFunc
	closing atomic.Bool

	cutting sync.Mutex // two calls of SetCuts must not end half-and-half

	probing sync.Mutex
	probes  map[string]*probe // by nonce
}

func newCluster(r *Runtime, spec cluster.Spec) *Cluster {
	c := &Cluster{runtime: r, spec: spec, probes: make(map[string]*probe)}
	c.life, c.end = context.WithCancel(context.Background())
	for _, name := range spec.Nodes {
		c.nodes = append(c.nodes, &node{cluster: c, name: name})
	}
	return c
}

// name is that of the run's network (for node "") and of a node's container and volume.
func (c *Cluster) name(node string) string {
	if node == "" {
		return "schism-" + c.spec.Run
	}
	return "schism-" + c.spec.Run + "-" + node
}

func (c *Cluster) labels(node, role string) map[string]string {
	labels := map[string]string{labelRun: c.spec.Run, labelController: c.runtime.self.String()}
	if node != "" {
		labels[labelNode] = node
	}
	if role != "" {
		labels[labelRole] = role
	}
	if c.spec.Keep {
		labels[labelKept] = "yes"
	}
	return labels
}

// Nodes implements cluster.Cluster.
func (c *Cluster) Nodes() []string { return slices.Clone(c.spec.Nodes) }

// Address implements cluster.Cluster; "" for a node or a port that there is not.
func (c *Cluster) Address(name, port string) string {
	i := slices.IndexFunc(c.spec.Program.Ports, func(p cluster.Port) bool { return p.Name == port })
	n, err := c.node(name)
	if i < 0 || err != nil {
		return ""
	}
	return net.JoinHostPort(n.ip.String(), strconv.Itoa(firstPort+i))
}

func (c *Cluster) node(name string) (*node, error) {
	for _, n := range c.nodes {
		if n.name == name {
			return n, nil
		}
	}
	return nil, fmt.Errorf("docker: no node %q among %v", name, c.spec.Nodes)
}

// StartNode implements cluster.Cluster.
func (c *Cluster) StartNode(ctx context.Context, name string) error {
	return c.at(name, func(n *node) error { return n.start(ctx) })
}

// KillNode implements cluster.Cluster. A node that does not run is left as it is.
func (c *Cluster) KillNode(ctx context.Context, name string) error {
	return c.at(name, func(n *node) error { return n.kill(ctx) })
}

// PauseNode implements cluster.Pauser: every process of the node, its children too.
func (c *Cluster) PauseNode(ctx context.Context, name string) error {
	return c.at(name, func(n *node) error {
		_, err := n.agent.ask(ctx, netagent.Request{Do: netagent.Stop})
		return err
	})
}

// ResumeNode implements cluster.Pauser.
func (c *Cluster) ResumeNode(ctx context.Context, name string) error {
	return c.at(name, func(n *node) error {
		_, err := n.agent.ask(ctx, netagent.Request{Do: netagent.Continue})
		return err
	})
}

// State implements cluster.Cluster. The engine knows whether the container runs, and the agent, from
// inside, whether its processes do.
func (c *Cluster) State(ctx context.Context, name string) (state cluster.State, err error) {
	err = c.at(name, func(n *node) error {
		state, err = n.state(ctx)
		return err
	})
	return state, err
}

// Hint implements cluster.Hinter.
func (c *Cluster) Hint(name string) string {
	return fmt.Sprintf("docker logs %[1]s; docker exec %[1]s-net iptables -nvL; "+
		"docker run --rm -it --network container:%[1]s-net --pid container:%[1]s-net busybox", c.name(name))
}

// at runs do for the node of that name and puts the name into its error.
func (c *Cluster) at(name string, do func(*node) error) error {
	n, err := c.node(name)
	if err != nil {
		return err
	}
	if err := do(n); err != nil {
		return fmt.Errorf("docker: %s: %w", name, err)
	}
	return nil
}

// each runs do for all nodes side by side.
func (c *Cluster) each(do func(*node) error) error {
	tasks := make([]func() error, len(c.nodes))
	for i, n := range c.nodes {
		tasks[i] = func() error {
			if err := do(n); err != nil {
				return fmt.Errorf("%s: %w", n.name, err)
			}
			return nil
		}
	}
	return together(tasks...)
}

// together runs tasks side by side and returns all their errors.
func together(tasks ...func() error) error {
	var wait sync.WaitGroup
	errs := make([]error, len(tasks))
	for i, task := range tasks {
		wait.Go(func() { errs[i] = task() })
	}
	wait.Wait()
	return errors.Join(errs...)
}

// heard takes what an agent says without being asked.
func (c *Cluster) heard(n *node, m netagent.Message) {
	switch m.Event {
	case netagent.Arrived:
		c.arrived(m.Nonce, cluster.Link{From: m.From, To: n.name})
	case netagent.Back:
		c.spec.Log("%s: its net agent hears this controller again", n.name)
	case netagent.DeadMan:
		if m.Error == "" && m.Undone.Nothing() {
			// The faults still are what the history says: none.
			c.spec.Log("%s: %s; no fault was in force", n.name, m.Undone.Why)
			return
		}
		did := "undid"
		if m.Error != "" {
			did = "could not undo (" + m.Error + ")"
		}
		what := fmt.Sprintf("%s: its net agent %s the faults on this node: links cut: %d, impaired: %d, processes stopped: %v",
			m.Undone.Why, did, m.Undone.Blocked, m.Undone.Impaired, m.Undone.Stopped)
		c.spec.Report(cluster.Incident{Node: n.name, Kind: cluster.DeadMan, What: what})
	}
}

// watchAgent reports an agent that ends before the cluster does: it healed as it lost us, or took its
// namespaces and with them the node along.
func (c *Cluster) watchAgent(n *node) {
	select {
	case <-n.agent.gone:
		if !c.closing.Load() {
			c.spec.Report(cluster.Incident{Node: n.name, Kind: cluster.DeadMan,
				What: fmt.Sprintf("%v: the faults on this node are no longer in force", n.agent.cause)})
		}
	case <-c.life.Done():
	}
}

// Close implements cluster.Cluster.
func (c *Cluster) Close(ctx context.Context) error {
	c.closing.Store(true)
	err := c.each(func(n *node) error { return n.remove(ctx) })
	if c.network != "" {
		if removeErr := c.runtime.engine.NetworkRemove(ctx, c.network); removeErr != nil && !errdefs.IsNotFound(removeErr) {
			err = errors.Join(err, fmt.Errorf("cannot remove the run's network: %w", removeErr))
		} else {
			c.network = ""
		}
	}
	if err != nil {
		return fmt.Errorf("docker: not all of run %s was removed: %w; 'schism clean' removes the rest", c.spec.Run, err)
	}
	c.end()
	return nil
}

// learnAddress reads the address that the engine gave the holder.
func (n *node) learnAddress(ctx context.Context, network string) error {
	seen, err := n.cluster.runtime.engine.ContainerInspect(ctx, n.holder)
	if err != nil {
		return fmt.Errorf("cannot inspect its holder: %w", err)
	}
	endpoint := seen.NetworkSettings.Networks[network]
	if endpoint == nil {
		return fmt.Errorf("its holder is not in network %s", network)
	}
	if n.ip, err = netip.ParseAddr(endpoint.IPAddress); err != nil {
		return fmt.Errorf("its holder's address %q: %w", endpoint.IPAddress, err)
	}
	return nil
}

// removal removes a container with whatever runs in it.
var removal = container.RemoveOptions{Force: true, RemoveVolumes: true}
