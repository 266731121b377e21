// Package docker runs a cluster as containers of a Docker engine.
//
// Every node is two containers. The holder runs the net agent (package netagent), owns the node's
// address and its network and process namespaces, and stays for the whole run. The node itself joins
// those namespaces, has no privileges, and may be killed and started again: docker kill and start
// would wipe the firewall rules of a namespace of its own, but those in the holder's survive.
//
// All that is made carries labels, by which a later run or Clean finds what a killed controller left.
package docker

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/docker/docker/client"
)

// Options say how the runtime reaches into its containers. The zero value is right for the schism
// binary itself.
type Options struct {
	// AgentBinary runs inside the holder containers; empty: the running executable.
	AgentBinary string
	// AgentArgs make it run netagent.Run; nil: "agent".
	AgentArgs []string
}

// Runtime starts clusters on the engine that DOCKER_HOST names, or else on this machine's own.
// It implements cluster.Runtime and cluster.Cleaner.
type Runtime struct {
	options Options
	engine  *client.Client
	self    controllerID

	rebuilding sync.Mutex // node and agent are often one binary, which is rebuilt once
}

// New makes a runtime without asking the engine anything yet.
func New(options Options) (*Runtime, error) {
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, fmt.Errorf("docker: the environment (DOCKER_HOST and the like) names no usable engine: %w", err)
	}
	if options.AgentArgs == nil {
		options.AgentArgs = []string{"agent"}
	}
	if options.AgentBinary == "" {
		if options.AgentBinary, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("docker: cannot find the running executable, which becomes the net agent: %w", err)
		}
	}
	return &Runtime{options: options, engine: engine, self: thisController()}, nil
}

// Name implements cluster.Runtime.
func (r *Runtime) Name() string { return "docker" }

// answerTime bounds the wait for an engine that may not be there.
const answerTime = 2 * time.Second

// Available says which engine answers ("Docker Engine 20.10.24, API 1.41 at
// unix:///var/run/docker.sock"), or why none can be used.
// It takes two seconds at most.
func (r *Runtime) Available(ctx context.Context) (engine string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	version, err := r.engine.ServerVersion(ctx)
	if err != nil {
		return "", fmt.Errorf("no Docker engine answers at %s: %w; start one, or set DOCKER_HOST to where one listens",
			r.engine.DaemonHost(), err)
	}
	if version.Os != "linux" {
		return "", fmt.Errorf("the Docker engine at %s runs %s containers; nodes need Linux ones", r.engine.DaemonHost(), version.Os)
	}
	return fmt.Sprintf("Docker Engine %s, API %s at %s", version.Version, version.APIVersion, r.engine.DaemonHost()), nil
}

// CanRun says why no cluster could be started although an engine answers: what runs beside the nodes does so in bare
// containers. What has to be built for that is kept in the user's cache.
func (r *Runtime) CanRun(ctx context.Context) error {
	_, err := r.staticBinary(ctx, r.options.AgentBinary)
	return err
}

func (r *Runtime) staticBinary(ctx context.Context, path string) (string, error) {
	r.rebuilding.Lock()
	defer r.rebuilding.Unlock()
	return StaticBinary(ctx, path)
}
