package nemesis

import (
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
)

// entryFields are those of an entry beside those of a step.
var entryFields = []string{"at", "every", "jitter", "times", "sequence"}

// DecodeYAML reads when, with either one fault or a `sequence`.
func (e *Entry) DecodeYAML(n *yaml.Node, d *strictyaml.Document) {
	var step []strictyaml.Field
	for _, f := range d.Fields(n) {
		switch f.Key.Value {
		case "at":
			d.Value(f.Value, &e.At)
		case "every":
			d.Value(f.Value, &e.Every)
		case "jitter":
			d.Value(f.Value, &e.Jitter)
		case "times":
			d.Value(f.Value, &e.Times)
		case "sequence":
			e.Sequence = true
			d.Value(f.Value, &e.Steps)
		default:
			step = append(step, f)
		}
	}
	e.repetition(d)
	switch {
	case e.Sequence && len(step) > 0:
		d.Fail(step[0].Key, "put it into the sequence", "%s stands beside a sequence", step[0].Key.Value)
	case e.Sequence && len(e.Steps) == 0:
		d.Fail(n, "write faults under it, each as `- kill: leader`", "the sequence is empty")
	case !e.Sequence:
		e.Steps = make([]Step, 1)
		e.Steps[0].decode(n, step, entryFields, d)
	}
}

// repetition reports fields that belong to `every`, and begins the first round after one such time if
// nothing else is said.
func (e *Entry) repetition(d *strictyaml.Document) {
	before := d.Failures()
	switch {
	case d.Has(&e.Every) && e.Every == 0:
		d.Errorf("every: 5s", []any{&e.Every}, "rounds need some time between them")
	case !d.Has(&e.Every):
		for _, field := range []any{&e.Jitter, &e.Times} {
			if d.Has(field) {
				d.Errorf("add every: 5s", []any{field}, "jitter and times belong to a fault that strikes every so often")
			}
		}
	case d.Has(&e.Times) && e.Times < 1:
		d.Errorf("leave it out to go on to the end of the run", []any{&e.Times}, "the fault would strike %d times", e.Times)
	}
	if d.Failures() == before && !d.Has(&e.At) {
		e.At = e.Every
	}
}

// DecodeYAML reads a step of a sequence.
func (s *Step) DecodeYAML(n *yaml.Node, d *strictyaml.Document) {
	s.decode(n, d.Fields(n), nil, d)
}

func (s *Step) decode(n *yaml.Node, fields []strictyaml.Field, known []string, d *strictyaml.Document) {
	had := make(map[string]*yaml.Node) // which of the fields below, and its key
	before := d.Failures()
	for _, f := range fields {
		switch f.Key.Value {
		case "for", "wait", "within":
			had[f.Key.Value] = f.Key
			d.Value(f.Value, &s.For)
		case "until":
			had["until"] = f.Key
			d.Value(f.Value, &s.Until)
		case "ask":
			s.Ask = &Ask{}
			d.Value(f.Value, s.Ask)
		case "meanwhile":
			had["meanwhile"] = f.Key
			d.Value(f.Value, &s.Meanwhile)
		default:
			s.fault(f, append(known, "ask", "for", "meanwhile", "wait", "until", "within"), d)
		}
	}
	if d.Failures() == before {
		s.checkFields(n, had, d)
	}
}

func (s *Step) checkFields(n *yaml.Node, had map[string]*yaml.Node, d *strictyaml.Document) {
	wait, until, within, lasts, meanwhile := had["wait"], had["until"], had["within"], had["for"], had["meanwhile"]
	switch {
	case s.Ask != nil && (s.Fault != nil || len(had) > 0):
		d.Fail(n, "make two steps of it", "an operation stands in a step of its own")
	case s.Ask != nil:
	case meanwhile != nil && s.Fault == nil:
		d.Fail(meanwhile, "name the fault beside it", "there is no fault while which the steps could happen")
	case meanwhile != nil && (lasts != nil || until != nil):
		d.Fail(meanwhile, "make the last of these steps a wait, or until", "a fault with steps of its own lasts as long as they take")
	case meanwhile != nil && len(s.Meanwhile) == 0:
		d.Fail(meanwhile, "write steps under it, each as `- kill: leader`", "no step is there")
	case wait != nil && (s.Fault != nil || until != nil || within != nil || lasts != nil):
		d.Fail(n, "make two steps of it", "a step is either a fault or a wait")
	case until != nil && lasts != nil:
		d.Fail(lasts, "write within, the bound on until", "a fault lasts either for some time or until something holds")
	case until != nil && s.For == 0:
		d.Fail(until, "within: 5s", "until needs a bound, so that a run cannot wait for ever")
	case within != nil && until == nil:
		d.Fail(within, "until: leader changed, for example", "within is a bound on until, and there is none")
	case s.Fault == nil && wait == nil && until == nil:
		d.Fail(n, "faults are "+strings.Join(kindNames(), ", "), "no fault is named here")
	}
}

func (s *Step) fault(f strictyaml.Field, known []string, d *strictyaml.Document) {
	for _, kind := range Kinds() {
		if kind.Name != f.Key.Value {
			continue
		}
		if s.Fault != nil {
			d.Fail(f.Key, "make two entries of it", "%s stands beside %s: one step is one fault", kind.Name, s.Fault.Kind())
			return
		}
		s.Fault = kind.Decode(f.Value, d)
		d.Place(s.Fault, f.Value)
		return
	}
	d.Unknown(f.Key, "fault", append(known, kindNames()...))
}

// MarshalYAML writes what DecodeYAML reads.
func (e Entry) MarshalYAML() (any, error) {
	n := mapping()
	if err := add(n, "at", e.At.String()); err != nil {
		return nil, err
	}
	if e.Every > 0 {
		if err := add(n, "every", e.Every.String()); err != nil {
			return nil, err
		}
	}
	if e.Jitter > 0 {
		if err := add(n, "jitter", e.Jitter.String()); err != nil {
			return nil, err
		}
	}
	if e.Times > 0 {
		if err := add(n, "times", e.Times); err != nil {
			return nil, err
		}
	}
	if !e.Sequence {
		return n, e.Steps[0].marshal(n)
	}
	return n, add(n, "sequence", e.Steps)
}

// MarshalYAML writes what DecodeYAML reads.
func (s Step) MarshalYAML() (any, error) {
	n := mapping()
	return n, s.marshal(n)
}

func (s Step) marshal(n *yaml.Node) error {
	if s.Fault != nil {
		if err := add(n, s.Fault.Kind(), s.Fault); err != nil {
			return err
		}
	}
	span := "for"
	switch {
	case s.Ask != nil:
		return add(n, "ask", s.Ask)
	case len(s.Meanwhile) > 0:
		return add(n, "meanwhile", s.Meanwhile)
	case s.Until != Condition{}:
		if err := add(n, "until", s.Until.String()); err != nil {
			return err
		}
		span = "within"
	case s.Fault == nil:
		span = "wait"
	case s.For == 0:
		return nil
	}
	return add(n, span, s.For.String())
}

// flowFields makes YAML of a struct that is written on one line.
func flowFields(v any) (*yaml.Node, error) {
	var n yaml.Node
	err := n.Encode(v)
	n.Style = yaml.FlowStyle
	return &n, err
}

// inOneLine is what a marshaller of such YAML writes.
func inOneLine(m yaml.Marshaler) string {
	text, err := yaml.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("nemesis: encode %+v: %v", m, err)) // it holds words and numbers
	}
	return strings.TrimSpace(string(text))
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func add(n *yaml.Node, key string, value any) error {
	var k, v yaml.Node
	if err := k.Encode(key); err != nil {
		return err
	}
	if err := v.Encode(value); err != nil {
		return err
	}
	n.Content = append(n.Content, &k, &v)
	return nil
}
