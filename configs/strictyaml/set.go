package strictyaml

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// set puts a value into the document before it is read, so that what is wrong with it is found and
// told as if it stood in the file: "workload.rate=500/s". A number in the path is a place in a list,
// from 0 on.
func (d *Document) set(assignment string) {
	path, text, ok := strings.Cut(assignment, "=")
	source := "--set " + path
	if !ok || path == "" {
		d.failSet(source, "write a path and a value: workload.rate=500/s", "no value is set here")
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		d.failSet(source, "check the brackets and quotes", "not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	value := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: 1, Column: 1}
	if len(doc.Content) > 0 {
		value = doc.Content[0]
	}
	if d.from(source, value); !d.refuseAliases(value) {
		return
	}
	at := d.root
	names := strings.Split(path, ".")
	for i, name := range names[:len(names)-1] {
		if at = d.enter(source, at, names[:i], name); at == nil {
			return
		}
	}
	if slot := d.slot(source, at, names[:len(names)-1], names[len(names)-1]); slot != nil {
		*slot = value
	}
}

// from remembers that a node does not stand in the file.
func (d *Document) from(source string, n *yaml.Node) {
	d.sources[n] = source
	for _, child := range n.Content {
		d.from(source, child)
	}
}

// enter goes one step down. A field that is missing, or empty, becomes a mapping.
func (d *Document) enter(source string, at *yaml.Node, above []string, name string) *yaml.Node {
	slot := d.slot(source, at, above, name)
	if slot == nil {
		return nil
	}
	if (*slot).Tag == "!!null" {
		*slot = d.made(source, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"})
	}
	return *slot
}

// slot is where the value of a name stands in at, or will stand. It is nil if there is no such place.
func (d *Document) slot(source string, at *yaml.Node, above []string, name string) **yaml.Node {
	where := strings.Join(above, ".")
	switch at.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(at.Content); i += 2 {
			if at.Content[i].Value == name {
				return &at.Content[i+1]
			}
		}
		at.Content = append(at.Content,
			d.made(source, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name}),
			d.made(source, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}))
		return &at.Content[len(at.Content)-1]
	case yaml.SequenceNode:
		i, err := strconv.Atoi(name)
		if err == nil && i >= 0 && i < len(at.Content) {
			return &at.Content[i]
		}
		d.failSet(source, "", "%s is a list of %d, counted from 0: it has no place %q", where, len(at.Content), name)
	default:
		d.failSet(source, "", "%s holds a single value and no field %q", where, name)
	}
	return nil
}

func (d *Document) made(source string, n *yaml.Node) *yaml.Node {
	n.Line, n.Column = 1, 1
	d.sources[n] = source
	return n
}

func (d *Document) failSet(source, hint, format string, args ...any) {
	d.errs = append(d.errs, &Error{File: source, Line: 1, Column: 1, Message: fmt.Sprintf(format, args...), Hint: hint})
}
