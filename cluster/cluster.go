// Package cluster says what it takes to run a replicated system somewhere: start its nodes, kill and
// restart them, cut the links between them, and leave nothing behind. A Runtime is one such somewhere:
// cluster/process runs child processes on loopback, docker runs containers.
package cluster

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Link is one direction of the connection between two nodes: what From sends to To.
type Link struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func (l Link) String() string { return l.From + "→" + l.To }

// Port is a socket that every node of a program listens on.
type Port struct {
	Name string
	// Peer ports carry the traffic between nodes: faults of the network act on them. The others
	// serve clients, which reach every node at all times.
	Peer bool
}

// Program is how one node of the system under test is run.
type Program struct {
	// Binary is the absolute path of a self-contained executable on this machine.
	Binary string
	Ports  []Port
	// Args makes the command line after the binary's name.
	Args func(View) []string
}

// View is the cluster as one node sees it: which addresses it binds, and at which it finds the others.
// Under the process runtime the latter are proxies.
type View struct {
	Node   string
	Nodes  []string                     // all of them, in order
	Data   string                       // a directory that survives kill and restart
	Listen map[string]string            // port name → host:port
	Dial   map[string]map[string]string // node → port name → host:port; this node included
}

// Spec is a cluster to be started.
type Spec struct {
	Run     string // identifies the run: 1 to 40 of [a-z0-9-]; names and labels are made of it
	Nodes   []string
	Program Program
	// Dir is the run's directory. Logs go to Dir/nodes/<name>/<name>.log as they are written, over
	// restarts too.
	Dir string
	// Keep says that the cluster is to outlive its controller, where the runtime can: nobody removes
	// it but a person who calls for Clean.
	Keep bool
	// Report takes what happens outside of any call, such as a dead man's heal. It may be called
	// from any goroutine.
	Report func(Incident)
	// Log takes one plain line of progress at a time ("image schism/node:1a2b built in 0.9 s").
	Log func(format string, args ...any)
}

// Incident is something that a runtime noticed by itself. Every incident makes a run's verdict
// unknown at best: the faults were not those that the history tells.
type Incident struct {
	Node string // empty: the whole cluster
	Kind IncidentKind
	What string // for people
}

// IncidentKind names what went wrong.
type IncidentKind string

const (
	// DeadMan: the faults on a node were undone because the controller seemed dead, and it was not.
	DeadMan IncidentKind = "dead-man"
	// Exited: a node ended by itself.
	Exited IncidentKind = "node-exited"
)

// State is what the operating system says about a node.
type State string

const (
	Running State = "running"
	Stopped State = "stopped" // never started, killed, or ended by itself
	Paused  State = "paused"
)

// Runtime starts clusters.
type Runtime interface {
	// Name is the one used in scenarios: "docker", "process".
	Name() string
	// Start prepares the network and starts every node. It returns when each process runs; whether
	// the system is ready to serve is the caller's to find out. On an error nothing is left behind.
	Start(ctx context.Context, spec Spec) (Cluster, error)
}

// Cluster is a started system. Its methods may be called from several goroutines.
type Cluster interface {
	Nodes() []string
	// Address is where the controller reaches a port of a node. It does not change while the cluster
	// lives; it answers nothing while the node is down.
	Address(node, port string) string

	// StartNode starts a node that is not running, with the data it had.
	StartNode(ctx context.Context, node string) error
	// KillNode ends a node with SIGKILL and returns when it is gone; a paused node too. Its cuts stay.
	KillNode(ctx context.Context, node string) error
	// State asks the operating system, not a memory of what was ordered.
	State(ctx context.Context, node string) (State, error)

	// SetCuts makes exactly these links silent and lets all others pass: the whole desired state,
	// so that calling it twice is calling it once, and nil heals everything.
	SetCuts(ctx context.Context, cut []Link) error
	// Probe sends a message over each link and says over which it arrived. The receipt travels
	// outside the faulted network, so that one direction is measured alone. A link is silent if
	// nothing arrived within wait.
	Probe(ctx context.Context, links []Link, wait time.Duration) (map[Link]bool, error)

	// Close removes all that Start made, data included, logs excepted. It tries every part even if
	// one fails, and may be called twice.
	Close(ctx context.Context) error
}

// Hinter is an optional ability of a Cluster: how a person enters a node that was kept.
type Hinter interface {
	Hint(node string) string
}

// Remains is what a dead run left behind.
type Remains struct {
	Run  string
	What []string // for people: "container schism-1a2b-n1"
}

// Cleaner is an optional ability of a Runtime.
type Cleaner interface {
	// Clean removes what runs left behind whose controller is proved dead, and returns it.
	// Nothing that schism did not start is touched. Each removal is told to log.
	Clean(ctx context.Context, log io.Writer) ([]Remains, error)
}

// RunCleaner is an optional ability of a Cleaner: to remove what one dead run left, and no other.
type RunCleaner interface {
	CleanRun(ctx context.Context, run string, log io.Writer) ([]Remains, error)
}

// AllLinks is every directed pair of distinct nodes, in order.
func AllLinks(nodes []string) []Link {
	var links []Link
	for _, from := range nodes {
		for _, to := range nodes {
			if from != to {
				links = append(links, Link{From: from, To: to})
			}
		}
	}
	return links
}

// Names makes the node names n1 … nN.
func Names(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("n%d", i+1)
	}
	return names
}
