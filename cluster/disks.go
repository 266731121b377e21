package cluster

import "context"

// Disks is an optional ability of a Cluster: to reach what a node has in its data directory while the node
// is stopped. Each method refuses one that is not: what it writes meanwhile would be lost, or half of it.
type Disks interface {
	// ListFiles gives the names of the files in the data directory itself, sorted.
	ListFiles(ctx context.Context, node string) ([]string, error)
	ReadFile(ctx context.Context, node, name string) ([]byte, error)
	// WriteFile replaces the content of a file that is there.
	WriteFile(ctx context.Context, node, name string, content []byte) error
}
