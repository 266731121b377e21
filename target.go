package schism

import (
	"context"

	"schism/cluster"
	"schism/configs/strictyaml"
	"schism/history"
	"schism/workload"
)

// Target is a system under test together with its settings: a pointer to a struct whose `yaml` tags
// are the scenario's cluster.options.
type Target interface {
	// Check reports settings that cannot be.
	Check(d *strictyaml.Document)
	// Program says how a node is run; the binary is schism's own.
	Program(binary string) cluster.Program
	// Dial makes a client of the node that serves clients at addr.
	Dial(addr string) workload.Client
	// Status is what the node at addr says of itself.
	Status(ctx context.Context, addr string) (Status, error)
	// State is all that the node at addr holds, without asking another one.
	State(ctx context.Context, addr string) (history.FinalState, error)
}

// Status is what a node says of itself. No safety checker ever sees it.
type Status struct {
	history.Role
	Commit  uint64
	Applied uint64
	// AppliedTerm is the term of the entry at Applied. Only when it is a leader's own has that leader learnt what
	// the leaders before it had committed (Raft paper, section 8).
	AppliedTerm uint64
}

// ClientPort is the name of the port at which every target serves clients.
const ClientPort = "client"

// TargetKind is one target that a scenario can name.
type TargetKind struct {
	Name  string
	About string // one line for people
	New   func() Target
}

// Targets is every target there is, by name. A new one is one file and one line here.
func Targets() []TargetKind {
	return []TargetKind{
		{"raft-kv", "the bundled Raft key-value store, with defects that can be switched on", func() Target { return NewRaftKV() }},
	}
}

func findTarget(name string) (TargetKind, bool) {
	for _, t := range Targets() {
		if t.Name == name {
			return t, true
		}
	}
	return TargetKind{}, false
}

func targetNames() []string {
	var names []string
	for _, t := range Targets() {
		names = append(names, t.Name)
	}
	return names
}
