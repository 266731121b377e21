package cluster

import "context"

// Pauser is an optional ability of a Cluster: to freeze a node as a SIGSTOP does. Its sockets stay open
// and the kernel goes on to accept and acknowledge for it.
type Pauser interface {
	// PauseNode returns when the operating system says that the node is Paused.
	PauseNode(ctx context.Context, node string) error
	// ResumeNode lets it go on and returns when it is Running.
	ResumeNode(ctx context.Context, node string) error
}
