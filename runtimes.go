package schism

import (
	"context"
	"fmt"
	"os"

	"schism/cluster"
	"schism/cluster/process"
	"schism/docker"
)

// RuntimeKind is one place where clusters can run.
type RuntimeKind struct {
	Name  string
	About string // one line for people
	// Outlives says that its clusters stay up without the process that started them.
	Outlives bool
	// New makes the runtime. The binary is schism's own, for what a runtime runs beside the nodes.
	New func(binary string) (cluster.Runtime, error)
}

// Runtimes is every runtime there is, by name. A new one is one folder and one line here. A scenario
// may also say auto.
func Runtimes() []RuntimeKind {
	return []RuntimeKind{
		{"docker", "containers on a Docker engine, cut off by iptables", true, newDocker},
		{"process", "child processes on loopback, cut off by proxies", false, newProcess},
	}
}

func newDocker(binary string) (cluster.Runtime, error) {
	return docker.New(docker.Options{AgentBinary: binary})
}

func newProcess(string) (cluster.Runtime, error) { return process.Runtime{}, nil }

// availability is an optional ability of a runtime: whether it can be used here and now, and what
// answers.
type availability interface {
	Available(ctx context.Context) (what string, err error)
}

const autoRuntime = "auto"

func runtimeNames() []string {
	names := []string{autoRuntime}
	for _, r := range Runtimes() {
		names = append(names, r.Name)
	}
	return names
}

// chooseRuntime makes the runtime of that name. auto takes the first that is available; why tells in
// words what was taken.
func chooseRuntime(ctx context.Context, name, binary string) (r cluster.Runtime, why string, err error) {
	why = "as asked"
	if name == autoRuntime {
		why = "auto"
	}
	for _, kind := range Runtimes() {
		if kind.Name != name && name != autoRuntime {
			continue
		}
		r, err := kind.New(binary)
		if err == nil {
			var what string
			if what, err = ready(ctx, r); what != "" {
				why += ": " + what
			}
		}
		if err == nil || name != autoRuntime {
			return r, why, err
		}
		why += ": " + err.Error()
	}
	return nil, "", fmt.Errorf("unknown runtime %q: known are %v", name, runtimeNames())
}

// available says what answers; a runtime that cannot tell needs nothing that could be missing.
func available(ctx context.Context, r cluster.Runtime) (what string, err error) {
	if a, ok := r.(availability); ok {
		return a.Available(ctx)
	}
	return "", nil
}

// preparation is an optional ability of a runtime: to say why it could not start a cluster although what it stands
// on is there.
type preparation interface {
	CanRun(ctx context.Context) error
}

// ready is available, and whether a cluster could be started.
func ready(ctx context.Context, r cluster.Runtime) (what string, err error) {
	if what, err = available(ctx, r); err != nil {
		return "", err
	}
	if p, ok := r.(preparation); ok {
		if err := p.CanRun(ctx); err != nil {
			return "", err
		}
	}
	return what, nil
}

// ownBinary is the path of the running schism, for the nodes and agents that it starts.
func ownBinary() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the schism binary that runs the nodes: %w", err)
	}
	return path, nil
}
