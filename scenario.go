// Package schism starts a replicated system as a cluster of nodes, lets clients use it while faults
// strike, writes every operation and every fault to one history, and proves from that history alone
// whether the system kept its promises.
package schism

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"schism/checker"
	"schism/checker/liveness"
	"schism/checker/report"
	"schism/checker/staleness"
	"schism/cluster"
	"schism/configs/strictyaml"
	"schism/history"
	"schism/nemesis"
	"schism/workload"
)

// Scenario is one test: which system, which clients, which faults, what is promised and what should
// be found. Its fields are those of the YAML.
type Scenario struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	// Seed fixes the operations and the choices of the faults; the timing inside the system it
	// cannot fix. 0: a random one, which the run writes down.
	Seed uint64 `yaml:"seed"`
	// Alone keeps a suite from running anything beside it: its limits mean nothing on a machine that
	// others keep busy.
	Alone    bool             `yaml:"alone,omitempty"`
	Cluster  ClusterSpec      `yaml:"cluster"`
	Workload WorkloadSpec     `yaml:"workload"`
	Nemesis  nemesis.Schedule `yaml:"nemesis,omitempty"`
	// Isolation is what the transactions of the workload are promised; empty: the strictest level.
	Isolation string          `yaml:"isolation,omitempty"`
	Checks    []string        `yaml:"checks,flow"`
	Limits    liveness.Limits `yaml:"limits,omitempty"` // of the check liveness
	// Staleness is how stale reads may be, to the check of that name.
	Staleness staleness.Limits `yaml:"staleness,omitempty"`
	Require   Require          `yaml:"require,omitempty"`
	Expect    checker.Expect   `yaml:"expect"`
}

// ClusterSpec is the system under test and where it runs.
type ClusterSpec struct {
	Runtime string // auto, docker, process
	Nodes   int
	Target  string // a name of Targets
	Options Target // its settings
}

// Require states what makes a run worth anything; below it the run is vacuous.
type Require struct {
	OKRate  workload.Rate    `yaml:"ok-rate,omitempty"` // successful operations a second
	Retried int              `yaml:"retried,omitempty"` // operations that succeeded after an attempt that did not
	During  []checker.During `yaml:"during,omitempty,flow"`
	// By the names of operations of the schedule: how many nodes held their entries on their disks when
	// that was counted, and what the answer to them was.
	Holders map[string]int          `yaml:"holders,omitempty,flow"`
	Answers map[string]history.Kind `yaml:"answers,omitempty,flow"`
	Fired   []string                `yaml:"fired,omitempty,flow"` // failpoints that announced themselves
	// Refused are the nodes that did not start from logs which the schedule had damaged.
	Refused []string `yaml:"refused,omitempty,flow"`
}

// MaxNodes bounds a cluster: every node has a process and links to all others.
const MaxNodes = 50

// Load reads a scenario. Everything that is wrong with it is in the error, a line each. Each set is a
// path and a value that replace what stands in the file: "workload.rate=500/s".
func Load(path string, set ...string) (*Scenario, error) { return LoadVariant(path, "", set...) }

// LoadVariant reads one variant of a scenario; of a file that has variants one must be chosen.
func LoadVariant(path, variant string, set ...string) (*Scenario, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parse(path, data, variant, set...)
}

// LoadVariants reads every variant of a scenario, or the only one there is.
func LoadVariants(path string, set ...string) ([]*Scenario, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	names := variants(path, data)
	if len(names) == 0 {
		s, err := Parse(path, data, set...)
		return []*Scenario{s}, err
	}
	all := make([]*Scenario, len(names))
	for i, name := range names {
		// What is wrong with all of them is told once.
		if all[i], err = parse(path, data, name, set...); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Parse reads a scenario from memory; the file's name is for the errors.
func Parse(file string, data []byte, set ...string) (*Scenario, error) {
	return parse(file, data, "", set...)
}

// variantsField holds what a scenario is run as: each variant is laid over the rest of the file.
const variantsField = "variants"

// variants are the names of a file's variants. What is wrong with it Parse will tell.
func variants(file string, data []byte) []string {
	o := &strictyaml.Overlays{Field: variantsField}
	_ = strictyaml.DecodeOverlaid(file, data, Defaults(), o).Err()
	return o.Names()
}

func parse(file string, data []byte, variant string, set ...string) (*Scenario, error) {
	s := Defaults()
	s.Workload.Mix = Mix{} // what is given is the whole mix
	o := &strictyaml.Overlays{Field: variantsField, Choice: variant}
	d := strictyaml.DecodeOverlaid(file, data, s, o, set...)
	switch names := o.Names(); {
	case d.Failures() > 0:
	case variant == "" && len(names) > 0:
		d.Errorf("--variant "+names[0]+", for example", []any{s}, "the scenario has variants, of which one is run: %s", strings.Join(names, ", "))
	default:
		if variant != "" {
			s.Name += "-" + variant
		}
		s.check(d)
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// Defaults is a scenario in which everything that may be left out has its value.
func Defaults() *Scenario {
	return &Scenario{
		Cluster: ClusterSpec{Runtime: "auto", Nodes: 5, Target: "raft-kv", Options: NewRaftKV()},
		Workload: WorkloadSpec{
			Name: "register", Clients: 10, Keys: 3, Duration: 10 * time.Second, Timeout: time.Second,
			Mix: Mix{Read: 5, Write: 4, CAS: 1}, // of register
		},
		Checks: usualChecks(linearizable),
		Expect: checker.Expect{Verdict: checker.Valid},
	}
}

// Nodes are the names of the cluster's nodes.
func (s *Scenario) Nodes() []string { return cluster.Names(s.Cluster.Nodes) }

// DecodeYAML reads the cluster; the options depend on the target, wherever they stand.
func (c *ClusterSpec) DecodeYAML(n *yaml.Node, d *strictyaml.Document) {
	var options, target *yaml.Node
	for _, f := range d.Fields(n) {
		switch f.Key.Value {
		case "runtime":
			d.Value(f.Value, &c.Runtime)
		case "nodes":
			d.Value(f.Value, &c.Nodes)
		case "target":
			target = f.Value
			d.Value(f.Value, &c.Target)
		case "options":
			options = f.Value
		default:
			d.Unknown(f.Key, "field", []string{"runtime", "nodes", "target", "options"})
		}
	}
	kind, ok := findTarget(c.Target)
	if !ok {
		d.Unknown(target, "target", targetNames())
		return
	}
	c.Options = kind.New()
	if options != nil {
		d.Value(options, c.Options)
	}
}

// MarshalYAML writes what DecodeYAML reads.
func (c ClusterSpec) MarshalYAML() (any, error) {
	return struct {
		Runtime string `yaml:"runtime"`
		Nodes   int    `yaml:"nodes"`
		Target  string `yaml:"target"`
		Options Target `yaml:"options"`
	}{c.Runtime, c.Nodes, c.Target, c.Options}, nil
}

var scenarioName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,59}$`)

// check reports what each field alone cannot tell.
func (s *Scenario) check(d *strictyaml.Document) {
	if !scenarioName.MatchString(s.Name) {
		d.Errorf("name: stale-read, for example; the run's directory is called so", []any{&s.Name},
			"the scenario needs a name of lower-case letters, digits and hyphens, found %q", s.Name)
	}
	if names := runtimeNames(); !slices.Contains(names, s.Cluster.Runtime) {
		d.Errorf(strictyaml.DidYouMean(s.Cluster.Runtime, names), []any{&s.Cluster.Runtime}, "unknown runtime %q", s.Cluster.Runtime)
	}
	if s.Cluster.Nodes < 1 || s.Cluster.Nodes > MaxNodes {
		d.Errorf(fmt.Sprintf("1 to %d", MaxNodes), []any{&s.Cluster.Nodes, &s.Cluster}, "a cluster of %d nodes", s.Cluster.Nodes)
		return // what follows speaks of the nodes
	}
	s.Cluster.Options.Check(d)
	s.Workload.check(d)
	s.Nemesis.Check(s.Nodes(), s.Workload.Duration, d)
	s.checkRegion(d)
	s.checkAsks(d)
	s.checkControl(d)
	s.checkIsolation(d)
	s.checkNames(d)
	s.checkLimits(d)
	s.checkStaleness(d)
	s.checkRequire(d)
}

// Regional is a Target one node of which may lead a region: it serves all clients then, and need not be the
// leader.
type Regional interface {
	HasRegion() bool
}

func (s *Scenario) checkRegion(d *strictyaml.Document) {
	if r, ok := s.Cluster.Options.(Regional); !(ok && r.HasRegion()) && s.Nemesis.NamesRegionLeader() {
		d.Errorf("region-lease: 2s, in the options", []any{&s.Nemesis}, "the nemesis speaks of the region leader, and there is none")
	}
}

func (s *Scenario) checkNames(d *strictyaml.Document) {
	if len(s.Checks) == 0 {
		d.Errorf("leave it out for the usual ones", []any{&s.Checks}, "a run without a check proves nothing")
	}
	for i := range s.Checks {
		if !slices.Contains(checkNames(), s.Checks[i]) {
			d.Errorf(strictyaml.DidYouMean(s.Checks[i], checkNames()), []any{&s.Checks[i]}, "unknown check %q", s.Checks[i])
		}
		if models := modelsOf(s.Checks[i]); models != nil && s.model() != "" && !slices.Contains(models, s.model()) {
			d.Errorf("it judges workloads of "+strings.Join(models, ", "), []any{&s.Checks[i]}, "the check %s knows nothing of %s", s.Checks[i], s.model())
		}
	}
	for _, list := range [][]string{s.Expect.Anomalies, s.Expect.Allow} {
		for i := range list {
			if !slices.Contains(checker.AnomalyNames(), list[i]) {
				d.Errorf(strictyaml.DidYouMean(list[i], checker.AnomalyNames()), []any{&list[i]}, "unknown anomaly %q", list[i])
			}
		}
	}
	if len(s.Expect.Anomalies) > 0 && s.Expect.Verdict != checker.Invalid {
		d.Errorf("verdict: invalid", []any{&s.Expect.Verdict, &s.Expect}, "anomalies are expected, but not the verdict invalid")
	}
	if some := len(s.Expect.Anomalies)+len(s.Expect.Allow) > 0; s.Expect.Verdict == checker.Invalid && !some {
		d.Errorf("anomalies: [stale-read], for example", []any{&s.Expect.Verdict, &s.Expect}, "invalid is expected, and no anomaly is: whatever is found would not be as expected")
	}
}

func (s *Scenario) checkRequire(d *strictyaml.Document) {
	var kinds []string
	s.Nemesis.Each(func(step *nemesis.Step) {
		if step.Fault != nil {
			kinds = append(kinds, step.Fault.Kind())
		}
	})
	if r := &s.Require; r.Retried < 0 {
		d.Errorf("", []any{&r.Retried, r}, "a number of operations cannot be negative")
	} else if none := s.Workload.Retry == "" || s.Workload.Retry == workload.RetryNone; r.Retried > 0 && none {
		d.Errorf("retry: same-identity, in the workload", []any{&r.Retried, r}, "clients that try once retry nothing")
	}
	s.checkNamed(d)
	for i := range s.Require.Refused {
		if node := &s.Require.Refused[i]; !slices.Contains(s.Nodes(), *node) {
			d.Errorf(strictyaml.DidYouMean(*node, s.Nodes()), []any{node}, "there is no node %q", *node)
		} else if !slices.Contains(kinds, "corrupt-tail") {
			d.Errorf("add corrupt-tail: "+*node+" to the nemesis", []any{node}, "nobody damages the log of %s", *node)
		}
	}
	for i := range s.Require.During {
		r := &s.Require.During[i]
		if !slices.Contains(kinds, r.Fault) {
			d.Errorf(strictyaml.DidYouMean(r.Fault, kinds), []any{&r.Fault, r}, "the nemesis has no fault %q", r.Fault)
		}
		if r.Asked < 0 || r.OK < 0 || r.OKAtMost != nil && *r.OKAtMost < 0 {
			d.Errorf("", []any{r}, "a number of operations cannot be negative")
		}
		if r.Asked == 0 && r.OK == 0 && r.OKAtMost == nil {
			d.Errorf("add asked: 20, ok: 1 or ok-at-most: 0", []any{r}, "this requires nothing")
		}
	}
}

// forReport is what the page tells of the scenario.
func (s *Scenario) forReport() (report.Scenario, error) {
	text, err := s.Encode()
	if err != nil {
		return report.Scenario{}, err
	}
	options, err := yaml.Marshal(s.Cluster.Options)
	if err != nil {
		return report.Scenario{}, err
	}
	w := s.Workload
	return report.Scenario{
		Name: s.Name, Description: s.Description, Seed: fmt.Sprint(s.Seed),
		Target:   s.Cluster.Target + " (" + strings.ReplaceAll(strings.TrimSpace(string(options)), "\n", ", ") + ")",
		Runtime:  s.Cluster.Runtime,
		Workload: fmt.Sprintf("%s, %d clients, %d keys", w.Name, w.Clients, w.Keys),
		Nodes:    s.Nodes(),
		YAML:     string(text),
	}, nil
}

// Encode is the scenario as YAML. Load reads it back.
func (s *Scenario) Encode() ([]byte, error) {
	return yaml.Marshal(s)
}
