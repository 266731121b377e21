package strictyaml

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// Overlays are alternatives that a file has under one of its fields: each a name and what it puts over
// the rest of the file. A mapping is laid over a mapping field by field; whatever else there is takes the
// place of what stood there.
type Overlays struct {
	// Field holds the alternatives. It is no field of the value that is read.
	Field string
	// Choice is the one that is laid over the file; empty: none is.
	Choice string
	names  []string
}

// Names are the alternatives of the file that was read, in its order.
func (o *Overlays) Names() []string { return o.names }

// lay takes the alternatives out of the document and puts the chosen one over the rest.
func (o *Overlays) lay(d *Document) {
	if o == nil || d.root.Kind != yaml.MappingNode {
		return
	}
	at := keyIn(d.root, o.Field)
	if at < 0 {
		if o.Choice != "" {
			d.Fail(d.root, "", "the file has no %s, and %s was chosen", o.Field, o.Choice)
		}
		return
	}
	key, all := d.root.Content[at], d.root.Content[at+1]
	d.root.Content = slices.Delete(d.root.Content, at, at+2)
	if all.Kind == yaml.MappingNode && len(all.Content) == 0 {
		d.Fail(key, "leave them out", "there are no %s", o.Field)
	}
	var chosen *yaml.Node
	for _, f := range d.Fields(all) {
		o.names = append(o.names, f.Key.Value)
		if f.Key.Value == o.Choice {
			chosen = f.Value
		}
	}
	switch {
	case o.Choice == "":
	case chosen == nil:
		d.Fail(all, DidYouMean(o.Choice, o.names), "there is none of the name %q", o.Choice)
	case chosen.Kind != yaml.MappingNode && chosen.Tag != "!!null":
		d.wrongType(chosen, "fields, each as `name: value`")
	default:
		overlay(d.root, chosen)
	}
}

// overlay puts what stands in over into base.
func overlay(base, over *yaml.Node) {
	for i := 0; i+1 < len(over.Content); i += 2 {
		key, value := over.Content[i], over.Content[i+1]
		at := keyIn(base, key.Value)
		switch {
		case at < 0:
			base.Content = append(base.Content, key, value)
		case base.Content[at+1].Kind == yaml.MappingNode && value.Kind == yaml.MappingNode:
			overlay(base.Content[at+1], value)
		default:
			base.Content[at+1] = value
		}
	}
}

func keyIn(n *yaml.Node, name string) int {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return i
		}
	}
	return -1
}
