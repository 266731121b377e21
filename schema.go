package schism

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"schism/checker"
	"schism/checker/txn"
	"schism/configs/strictyaml"
	"schism/history"
	"schism/nemesis"
	"schism/workload"
)

// Schema is the JSON Schema of scenarios, for editors. It is made from the types that Load reads them
// into, so that it knows every field, and from the tables of what a field may name. Load is stricter:
// it sees what fits together. The defects are the names that the bundled target knows.
func Schema(defects []string) map[string]any {
	g := &schemer{words: choices(defects)}
	root := g.of(reflect.TypeFor[Scenario]())
	root["$schema"] = "http://json-schema.org/draft-07/schema#"
	root["title"] = "A scenario of schism"
	root["required"] = []string{"name"}
	root["properties"].(schema)[variantsField] = schema{
		"type": "object", "minProperties": 1, "additionalProperties": schema{"type": []string{"object", "null"}},
		"description": "by its name, what each variant puts over the rest of the file",
	}
	root["definitions"] = map[string]any{
		"selector": selectorSchema(),
		"step":     g.step(nil),
	}
	return root
}

// schema is one JSON Schema.
type schema = map[string]any

// schemer makes schemas of Go types.
type schemer struct {
	words map[string]schema // what a field may hold, by its type's name and its own: "RaftKV.reads"
}

func ref(name string) schema { return schema{"$ref": "#/definitions/" + name} }

// of is the schema of what strictyaml reads into a value of type t.
func (g *schemer) of(t reflect.Type) schema {
	if own, ok := g.own(t); ok {
		return own
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.of(t.Elem())
	case reflect.Struct:
		return g.structure(t)
	case reflect.Slice:
		return schema{"type": "array", "items": g.of(t.Elem())}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": g.of(t.Elem())}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int:
		return schema{"type": "integer"}
	case reflect.Uint64:
		return schema{"type": "integer", "minimum": 0}
	case reflect.Float64:
		return schema{"type": "number"}
	case reflect.String:
		return schema{"type": "string"}
	}
	panic(fmt.Sprintf("schism: there is no schema for a %v", t))
}

// own is the schema of a type that reads itself.
func (g *schemer) own(t reflect.Type) (schema, bool) {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return pattern(`^([0-9]*\.?[0-9]+(ns|us|µs|ms|s|m|h))+$`, "a duration: 250ms, 10s, 1m30s"), true
	case reflect.TypeFor[workload.Rate]():
		return pattern(`^[0-9.]+k?\s*/\s*(s|sec|min|m|h)$`, "a rate: 500/s, 2k/s, 30/min"), true
	case reflect.TypeFor[workload.Loop]():
		return enum(workload.Loops()...), true
	case reflect.TypeFor[workload.Retry]():
		return enum(workload.Retries()...), true
	case reflect.TypeFor[checker.Verdict]():
		return enum("valid", "invalid", "vacuous"), true // unknown stands for valid in old runs
	case reflect.TypeFor[checker.Times]():
		return enum(checker.TimesNames()...), true
	case reflect.TypeFor[history.Kind]():
		return enum(string(history.OK), string(history.Info), string(history.Fail)), true
	case reflect.TypeFor[ClusterSpec]():
		return g.cluster(), true
	case reflect.TypeFor[nemesis.Entry]():
		return g.entry(), true
	case reflect.TypeFor[nemesis.Step]():
		return ref("step"), true
	case reflect.TypeFor[nemesis.Condition]():
		return pattern(`^((region-)?leader( changed|\s*[=!]=\s*\S+)?|fired \S+( at \S+)?( \d+ times)?|\d+ hold \S+)$`,
			"leader, leader changed, leader == n1, leader != n1, the same of the region-leader, fired ack.hold at n1 4 times, 3 hold NAME"), true
	case reflect.TypeFor[nemesis.Selector]():
		return ref("selector"), true
	case reflect.TypeFor[nemesis.Group](), reflect.TypeFor[nemesis.OfNodes](), reflect.TypeFor[nemesis.OfOne]():
		return oneOrMore(ref("selector")), true
	case reflect.TypeFor[nemesis.Arrows]():
		return oneOrMore(g.of(reflect.TypeFor[nemesis.Arrow]())), true
	case reflect.TypeFor[nemesis.Arrow]():
		return pattern(`^[^<>]+?\s*<?->\s*[^<>]+$`, "a link: n1->n2, or both ways: leader<->n2"), true
	case reflect.TypeFor[nemesis.Partition]():
		return partitionSchema(g.of(reflect.TypeFor[nemesis.Group]())), true
	}
	switch value := reflect.New(t).Interface().(type) {
	case strictyaml.Unmarshaler:
		// A guess would tell people wrong things.
		panic(fmt.Sprintf("schism: %T reads itself, and there is no schema for it", value))
	case encoding.TextUnmarshaler:
		return schema{"type": "string"}, true
	}
	return nil, false
}

// structure is the schema of a struct by its `yaml` tags.
func (g *schemer) structure(t reflect.Type) schema {
	properties := schema{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		s := g.of(field.Type)
		if words, ok := g.words[t.Name()+"."+name]; ok {
			s = words
			if field.Type.Kind() == reflect.Slice {
				s = schema{"type": "array", "items": words}
			}
		}
		properties[name] = s
	}
	return object(properties)
}

// cluster is a ClusterSpec: its options depend on its target.
func (g *schemer) cluster() schema {
	s := object(schema{
		"runtime": enum(runtimeNames()...),
		"nodes":   schema{"type": "integer", "minimum": 1, "maximum": MaxNodes},
		"target":  enum(targetNames()...),
		"options": schema{},
	})
	var rules []schema
	for _, t := range Targets() {
		named := schema{"properties": schema{"target": schema{"const": t.Name}}}
		if t.Name != Defaults().Cluster.Target {
			named["required"] = []string{"target"}
		}
		options := g.of(reflect.TypeOf(t.New()))
		rules = append(rules, schema{"if": named, "then": schema{"properties": schema{"options": options}}})
	}
	s["allOf"] = rules
	return s
}

// entry is an entry of a schedule: a step with a time of its own, or a sequence of steps.
func (g *schemer) entry() schema {
	span := g.of(reflect.TypeFor[time.Duration]())
	return g.step(schema{
		"at": span, "every": span, "jitter": span,
		"times":    schema{"type": "integer", "minimum": 1},
		"sequence": schema{"type": "array", "minItems": 1, "items": ref("step")},
	})
}

// step is one fault, wait or condition, beside other fields of the same mapping.
func (g *schemer) step(others schema) schema {
	span := g.of(reflect.TypeFor[time.Duration]())
	properties := schema{
		"for": span, "wait": span, "within": span,
		"until": g.of(reflect.TypeFor[nemesis.Condition]()),
	}
	needed := []string{"wait", "until"} // one of them, or of the faults, or a sequence
	properties["ask"] = g.ask()
	properties["meanwhile"] = schema{"type": "array", "minItems": 1, "items": ref("step")}
	needed = append(needed, "ask")
	for name, s := range others {
		properties[name] = s
	}
	if _, ok := others["sequence"]; ok {
		needed = append(needed, "sequence")
	}
	for _, kind := range nemesis.Kinds() {
		s := g.fault(kind)
		s["description"] = kind.About
		properties[kind.Name] = s
		needed = append(needed, kind.Name)
	}
	s := object(properties)
	var some []schema
	for _, name := range needed {
		some = append(some, schema{"required": []string{name}})
	}
	s["anyOf"] = some
	return s
}

// ask is an operation of the schedule.
func (g *schemer) ask() schema {
	s := g.structure(reflect.TypeFor[nemesis.Ask]())
	s["description"] = "one operation, asked by the schedule itself: {f: append, key: x, at: leader}"
	s["required"] = []string{"f", "key", "at"}
	return s
}

// fault is what stands behind the name of a fault: its fields, or the value of its only one.
func (g *schemer) fault(kind nemesis.Kind) schema {
	nothing := strictyaml.Decode(kind.Name, []byte("{}"), new(struct{}))
	t := reflect.TypeOf(kind.Decode(&yaml.Node{Kind: yaml.MappingNode}, nothing)).Elem()
	if s, ok := g.own(t); ok {
		return s
	}
	if t.NumField() == 1 && t.Field(0).Tag.Get("yaml") == "" {
		return g.of(t.Field(0).Type)
	}
	return g.structure(t)
}

func partitionSchema(group schema) schema {
	return schema{"anyOf": []schema{
		{"type": "array", "minItems": 2, "items": group},
		enum(string(nemesis.Halves), string(nemesis.Ring), string(nemesis.Bridge)),
		ref("selector"),
	}}
}

func selectorSchema() schema {
	var words []string
	for _, s := range nemesis.Selectors() {
		words = append(words, string(s.Name))
	}
	return schema{"anyOf": []schema{
		enum(words...),
		pattern(`^(random\([0-9]+\)|n[0-9]+)$`, "a node, n1, or so many random ones, random(2)"),
	}}
}

// choices are the words of fields whose type does not tell them.
func choices(defects []string) map[string]schema {
	anomalies := enum(checker.AnomalyNames()...)
	kinds := schema{"enum": []string{}}
	for _, k := range nemesis.Kinds() {
		kinds["enum"] = append(kinds["enum"].([]string), k.Name)
	}
	return map[string]schema{
		"Scenario.name":      pattern(scenarioName.String(), "lower-case letters, digits and hyphens"),
		"Scenario.checks":    enum(checkNames()...),
		"Scenario.isolation": enum(txn.IsolationNames()...),
		"WorkloadSpec.name":  enum(workloadNames()...),
		"WorkloadSpec.stop":  enum(string(StopAfterFaults)),
		"Ask.f":              enum(history.Read, history.Write, history.Append),
		"Ask.retry":          enum(workload.Retries()...),
		"Failpoint.name":     enum(failpoints()...),
		"Failpoint.action":   enum(nemesis.Actions()...),
		"Require.fired":      enum(failpoints()...),
		"During.fault":       kinds,
		"Expect.anomalies":   anomalies,
		"Expect.allow":       anomalies,
		"RaftKV.reads":       enum(readModes()...),
		"RaftKV.defects":     enum(defects...),
	}
}

// failpoints are those of all targets.
func failpoints() []string {
	var names []string
	for _, t := range Targets() {
		if c, ok := t.New().(Controllable); ok {
			names = append(names, c.Failpoints()...)
		}
	}
	return names
}

func object(properties schema) schema {
	return schema{"type": "object", "properties": properties, "additionalProperties": false}
}

func enum(words ...string) schema { return schema{"enum": words} }

func pattern(regexp, about string) schema {
	return schema{"type": "string", "pattern": regexp, "description": about}
}

// oneOrMore is a list, or a single thing without brackets.
func oneOrMore(s schema) schema {
	return schema{"anyOf": []schema{s, {"type": "array", "minItems": 1, "items": s}}}
}
