package schism

import (
	"context"
	"slices"

	"schism/cluster"
)

// Kept is a cluster that outlives its run, because Options.Keep asked for it. No fault is on, and no
// client is there.
type Kept struct {
	Run   string // its name, which its containers carry
	Nodes []KeptNode
	// Alone says that it stays up when this process ends, until Clean removes it. If not, it ends
	// with this process.
	Alone bool
	// Close removes it now.
	Close func(context.Context) error
}

// KeptNode is a node of a cluster that was kept.
type KeptNode struct {
	Name    string
	Address string // where it serves clients
	Hint    string // how a person enters it; empty: there is nothing to enter
}

// kept is nil for a run that keeps nothing.
func (r *run) kept() *Kept {
	if !r.o.Keep {
		return nil
	}
	k := &Kept{Run: r.id, Alone: outlives(r.runtime.Name()), Close: r.cluster.Close}
	hinter, hints := r.cluster.(cluster.Hinter)
	for _, name := range r.s.Nodes() {
		n := KeptNode{Name: name, Address: r.cluster.Address(name, ClientPort)}
		if hints {
			n.Hint = hinter.Hint(name)
		}
		k.Nodes = append(k.Nodes, n)
	}
	return k
}

// outlives says whether the clusters of a runtime stay up without the process that started them.
func outlives(runtime string) bool {
	return slices.ContainsFunc(Runtimes(), func(k RuntimeKind) bool { return k.Name == runtime && k.Outlives })
}
