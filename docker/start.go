package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"

	"schism/cluster"
	"schism/docker/netagent"
)

// firstPort is that of a program's first port; the others follow. Every node has an address of its
// own, so all use the same ones.
const firstPort = 7001

// undoTime bounds what is not ended with the caller's context: the removal of what a failed Start had
// made, and the creation or start of one thing. Engines have taken more than half a minute for one of twenty
// containers that were started at once on two processors.
const undoTime = 2 * time.Minute

var validRun = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// Start implements cluster.Runtime. It first removes what dead runs left, so that runs that were
// killed never use up the engine's networks.
func (r *Runtime) Start(ctx context.Context, spec cluster.Spec) (cluster.Cluster, error) {
	if spec.Log == nil {
		spec.Log = func(string, ...any) {}
	}
	if spec.Report == nil {
		spec.Report = func(cluster.Incident) {}
	}
	if !validRun.MatchString(spec.Run) {
		return nil, fmt.Errorf("docker: run name %q: want 1 to 40 of a-z, 0-9 and -", spec.Run)
	}
	if _, err := r.Available(ctx); err != nil {
		return nil, err
	}
	if err := r.sweep(ctx, spec.Log); err != nil {
		spec.Log("what dead runs left could not all be removed: %v", err)
	}
	c := newCluster(r, spec)
	if err := c.bringUp(ctx); err != nil {
		// The caller's context may be what ended the start.
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("docker: start of run %s: %w", spec.Run, err), c.Close(undo))
	}
	return c, nil
}

func (c *Cluster) bringUp(ctx context.Context) error {
	var holderImage, nodeImage string
	err := together(
		func() (err error) { holderImage, err = c.prepareHolder(ctx); return err },
		func() (err error) { nodeImage, err = c.prepareNode(ctx); return err },
		func() error { return c.createNetwork(ctx) },
	)
	if err != nil {
		return err
	}
	if err := c.each(func(n *node) error { return c.startHolder(ctx, n, holderImage) }); err != nil {
		return err
	}
	if err := c.checkReachable(ctx); err != nil {
		return err
	}
	if err := c.each(func(n *node) error { return c.createNode(ctx, n, nodeImage) }); err != nil {
		return err
	}
	if err := c.each(func(n *node) error { return n.start(ctx) }); err != nil {
		return err
	}
	return c.each(func(n *node) error { return n.stays(ctx) })
}

func (c *Cluster) prepareHolder(ctx context.Context) (image string, err error) {
	agent, err := c.runtime.staticBinary(ctx, c.runtime.options.AgentBinary)
	if err != nil {
		return "", err
	}
	return c.runtime.holderImage(ctx, agent, c.spec.Log)
}

func (c *Cluster) prepareNode(ctx context.Context) (image string, err error) {
	program, err := c.runtime.staticBinary(ctx, c.spec.Program.Binary)
	if err != nil {
		return "", err
	}
	return c.runtime.nodeImage(ctx, program, c.spec.Log)
}

// createNetwork comes before all containers and volumes: the engine refuses a second network of the
// same name, so that of two runs with one name only the first goes on, and owns what is named after it.
func (c *Cluster) createNetwork(ctx context.Context) error {
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	created, err := c.runtime.engine.NetworkCreate(ctx, c.name(""), network.CreateOptions{
		Driver: "bridge", Labels: c.labels("", "")})
	if err != nil {
		return fmt.Errorf("cannot create the run's network: %w", err)
	}
	c.network = created.ID
	return nil
}

// startHolder starts the container that owns the node's network, and talks to the agent in it.
func (c *Cluster) startHolder(ctx context.Context, n *node, image string) (err error) {
	engine := c.runtime.engine
	config := &container.Config{
		Image:    image,
		Hostname: n.name,
		Labels:   c.labels(n.name, roleHolder),
		Cmd:      append([]string{binaryPath}, c.runtime.options.AgentArgs...),
		// StdinOnce is what makes the engine close the agent's input when a killed controller's
		// connection closes; without it the input stays open for somebody else to attach.
		OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true,
	}
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(c.name("")),
		CapDrop:     []string{"ALL"},
		// KILL: the program in the node may run as any user.
		CapAdd:         []string{"NET_ADMIN", "NET_RAW", "KILL"},
		SecurityOpt:    []string{"no-new-privileges"},
		ReadonlyRootfs: true,
		Tmpfs:          map[string]string{"/run": ""}, // the lock file of the legacy iptables
		LogConfig:      boundedLog,
	}
	networks := &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{
		c.name(""): {Aliases: []string{n.name}},
	}}
	if n.holder, err = c.create(ctx, c.name(n.name)+"-net", config, host, networks); err != nil {
		return fmt.Errorf("cannot create its holder: %w", err)
	}
	stream, err := engine.ContainerAttach(ctx, n.holder, container.AttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return fmt.Errorf("cannot attach to its holder: %w", err)
	}
	n.agent = attachAgent(stream, func(m netagent.Message) { c.heard(n, m) })
	if err := c.startContainer(ctx, n.holder); err != nil {
		return fmt.Errorf("cannot start its holder: %w", err)
	}
	if n.probePort, err = n.agent.awaitReady(ctx); err != nil {
		return err
	}
	go c.watchAgent(n)
	return n.learnAddress(ctx, c.name(""))
}

// boundedLog keeps what the engine stores of a container's output small; the run's own copy is whole.
var boundedLog = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "16m", "max-file": "1"}}

// checkReachable connects to a port that nothing listens on. A refusal proves that this machine has a
// way into the network; with an engine inside a virtual machine or on another host there is none, and
// every client would only see time-outs.
func (c *Cluster) checkReachable(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	address := net.JoinHostPort(c.nodes[0].ip.String(), strconv.Itoa(firstPort-1))
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err == nil {
		return conn.Close()
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return nil
	}
	return fmt.Errorf("containers of the engine at %s are not reachable from this machine: %w; "+
		"run schism on the engine's own Linux host, or use the process runtime", c.runtime.engine.DaemonHost(), err)
}

// createNode prepares the node's own container and log; n.start starts it.
func (c *Cluster) createNode(ctx context.Context, n *node, image string) error {
	folder := filepath.Join(c.spec.Dir, "nodes", n.name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var err error
	if n.log, err = os.OpenFile(filepath.Join(folder, n.name+".log"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644); err != nil {
		return err
	}
	config := &container.Config{
		Image:      image,
		Labels:     c.labels(n.name, roleNode),
		Entrypoint: []string{binaryPath},
		Cmd:        c.spec.Program.Args(c.view(n)),
		WorkingDir: dataPath,
	}
	inHolder := "container:" + n.holder
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(inHolder),
		PidMode:     container.PidMode(inHolder), // so that the agent can stop and continue it
		CapDrop:     []string{"ALL"},
		SecurityOpt: []string{"no-new-privileges"},
		Mounts:      []mount.Mount{c.dataVolume(n)},
		LogConfig:   boundedLog,
	}
	if n.container, err = c.create(ctx, c.name(n.name), config, host, nil); err != nil {
		return fmt.Errorf("cannot create its container: %w", err)
	}
	return nil
}

func (c *Cluster) create(ctx context.Context, name string, config *container.Config, host *container.HostConfig,
	networks *network.NetworkingConfig) (id string, err error) {
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	created, err := c.runtime.engine.ContainerCreate(ctx, config, host, networks, nil, name)
	return created.ID, err
}

// startContainer starts it, or does nothing if ctx is over. A container that is removed while a start of it goes on
// that was given up can leave an endpoint of nobody in the run's network (errHeldByEngine).
func (c *Cluster) startContainer(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := toTheEnd(ctx)
	defer cancel()
	return c.runtime.engine.ContainerStart(ctx, id, container.StartOptions{})
}

// toTheEnd makes a context for a call that creates or starts something: if it were given up half-way, the engine
// might still do it, and nobody would know its id, or that it runs.
func toTheEnd(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), undoTime)
}

// dataVolume keeps the node's data outside of the container's file system, whose driver may be slow or
// not flush to disk what a program flushes.
func (c *Cluster) dataVolume(n *node) mount.Mount {
	n.volume = c.name(n.name)
	return mount.Mount{Type: mount.TypeVolume, Source: n.volume, Target: dataPath,
		VolumeOptions: &mount.VolumeOptions{Labels: c.labels(n.name, "")}}
}

// view is the cluster as n sees it: every address is the node's own, there is nothing in between.
func (c *Cluster) view(n *node) cluster.View {
	v := cluster.View{
		Node:   n.name,
		Nodes:  c.Nodes(),
		Data:   dataPath,
		Listen: make(map[string]string),
		Dial:   make(map[string]map[string]string),
	}
	for _, peer := range c.nodes {
		v.Dial[peer.name] = make(map[string]string)
		for _, port := range c.spec.Program.Ports {
			v.Dial[peer.name][port.Name] = c.Address(peer.name, port.Name)
		}
	}
	for _, port := range c.spec.Program.Ports {
		v.Listen[port.Name] = c.Address(n.name, port.Name)
	}
	return v
}
