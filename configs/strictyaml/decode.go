// Package strictyaml reads YAML that people wrote into Go values and tells them everything that is
// wrong with it at once: file, line, column, what was meant. Nothing is ignored, nothing is guessed.
//
// Structs are read by their `yaml` tags; a field that is no key of the struct is an error, and so is a
// key that stands twice, a value of another type, a negative duration, an alias, a second document.
package strictyaml

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// MaxBytes bounds a file. A scenario has a few kilobytes.
const MaxBytes = 1 << 20

// Unmarshaler is a type that reads itself. It tells what is wrong through d and goes on.
type Unmarshaler interface {
	DecodeYAML(n *yaml.Node, d *Document)
}

// Document is a file while it is read and checked. It gathers what is wrong.
type Document struct {
	file    string
	errs    Errors
	places  map[any]*yaml.Node    // pointer to a decoded value → where it stands
	sources map[*yaml.Node]string // where it came from, if not from the file
	root    *yaml.Node
}

// Decode reads data into v, a pointer to a struct. The file's name is for the errors. Further checks
// may add errors to the document; Err gives all of them. Each set is a path and a value that take the
// place of what stands in the file: "workload.rate=500/s".
func Decode(file string, data []byte, v any, set ...string) *Document {
	return DecodeOverlaid(file, data, v, nil, set...)
}

// DecodeOverlaid does so with one of the alternatives that the file has laid over it first; nil: it has
// none.
func DecodeOverlaid(file string, data []byte, v any, o *Overlays, set ...string) *Document {
	d := &Document{file: file, places: make(map[any]*yaml.Node), sources: make(map[*yaml.Node]string)}
	if len(data) > MaxBytes {
		d.add(1, 1, "", fmt.Sprintf("the file has %d bytes, more than the %d that are read", len(data), MaxBytes))
		return d
	}
	if d.parse(data); d.root != nil && d.refuseAliases(d.root) {
		o.lay(d)
		for _, s := range set {
			d.set(s)
		}
		d.Value(d.root, v)
	}
	return d
}

// Err is nil or Errors, in the order of the file.
func (d *Document) Err() error {
	if len(d.errs) == 0 {
		return nil
	}
	return d.errs.sorted()
}

// Failures is the number of errors so far.
func (d *Document) Failures() int { return len(d.errs) }

// Errorf reports what is wrong with the value behind the pointer field, which Decode filled; or, if
// the field is not in the file, with the nearest value around it: parents, innermost first.
func (d *Document) Errorf(hint string, fields []any, format string, args ...any) {
	for _, field := range fields {
		if n, ok := d.places[field]; ok {
			d.Fail(n, hint, format, args...)
			return
		}
	}
	d.Fail(d.root, hint, format, args...)
}

// Place says where the value behind the pointer field stands, for types that read themselves.
func (d *Document) Place(field any, n *yaml.Node) { d.places[field] = n }

// Has says whether the value behind the pointer field stands in the file.
func (d *Document) Has(field any) bool {
	_, ok := d.places[field]
	return ok
}

// Fail reports what is wrong at n. The hint says what to do; it may be empty.
func (d *Document) Fail(n *yaml.Node, hint, format string, args ...any) {
	if n == nil {
		n = &yaml.Node{Line: 1, Column: 1}
	}
	d.errs = append(d.errs, &Error{
		File: cmp.Or(d.sources[n], d.file), Line: n.Line, Column: n.Column, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

func (d *Document) add(line, column int, hint, message string) {
	d.errs = append(d.errs, &Error{File: d.file, Line: line, Column: column, Message: message, Hint: hint})
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

func (d *Document) parse(data []byte) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	if err := dec.Decode(&doc); err != nil {
		d.syntax(err)
		return
	}
	if err := dec.Decode(&second); err == nil {
		d.Fail(&second, "put it into a file of its own", "a second document begins here: one file is one scenario")
	} else if !errors.Is(err, io.EOF) {
		d.syntax(err)
	}
	d.root = doc.Content[0]
}

func (d *Document) syntax(err error) {
	if errors.Is(err, io.EOF) {
		d.add(1, 1, "", "the file is empty")
		return
	}
	message, line := strings.TrimPrefix(err.Error(), "yaml: "), 1
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = strings.Replace(message, m[0], "", 1)
	}
	d.add(line, 1, "check the indentation and the quotes around it", "not YAML: "+message)
}

// refuseAliases keeps a small file small: nested aliases make gigabytes out of ten lines.
func (d *Document) refuseAliases(n *yaml.Node) bool {
	ok := true
	if n.Kind == yaml.AliasNode {
		d.Fail(n, "write the value out", "aliases such as *%s are not read here", n.Value)
		return false
	}
	for _, child := range n.Content {
		ok = d.refuseAliases(child) && ok
	}
	return ok
}

// Field is one key of a mapping with its value.
type Field struct{ Key, Value *yaml.Node }

// Fields takes a mapping apart. A key that stands twice is reported and given once.
func (d *Document) Fields(n *yaml.Node) []Field {
	if n.Kind != yaml.MappingNode {
		d.wrongType(n, "fields, each as `name: value`")
		return nil
	}
	seen := make(map[string]int)
	var fields []Field
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if line, twice := seen[key.Value]; twice {
			d.Fail(key, "remove one of them", "%s stands twice, first on line %d", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
		fields = append(fields, Field{Key: key, Value: value})
	}
	return fields
}

// Unknown reports a name that is none of the known ones, with the one that was probably meant.
func (d *Document) Unknown(n *yaml.Node, what string, known []string) {
	d.Fail(n, DidYouMean(n.Value, known), "unknown %s %q", what, n.Value)
}
