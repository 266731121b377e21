package nemesis

import (
	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
)

// OfNodes is the head of a fault of which a scenario says nothing but the nodes: "kill: leader".
type OfNodes struct {
	Nodes Group
	kind  string
}

func ofNodes(kind string, n *yaml.Node, d *strictyaml.Document) OfNodes {
	f := OfNodes{kind: kind}
	d.Value(n, &f.Nodes)
	return f
}

// Kind is its name.
func (f *OfNodes) Kind() string { return f.kind }

// String is the YAML that reads as this fault.
func (f *OfNodes) String() string { return f.kind + ": " + f.Nodes.String() }

// MarshalYAML writes the nodes.
func (f *OfNodes) MarshalYAML() (any, error) { return f.Nodes.MarshalYAML() }

// Check wants nodes that exist.
func (f *OfNodes) Check(nodes []string, d *strictyaml.Document) { f.Nodes.check(nodes, d) }

// OfOne is one that strikes a single node.
type OfOne struct{ OfNodes }

// Check wants one node.
func (f *OfOne) Check(nodes []string, d *strictyaml.Document) {
	f.OfNodes.Check(nodes, d)
	if g := f.Nodes; len(g) > 0 && (len(g) > 1 || g[0].size(len(nodes)) != 1) {
		d.Errorf("name one", []any{&g[0]}, "%s means several nodes, and one can lead", g)
	}
}
