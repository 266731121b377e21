package schism

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"schism/nemesis"
	"schism/targetnode"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	var defects []string
	for _, d := range targetnode.KnownDefects() {
		defects = append(defects, d.Name)
	}
	data, err := json.Marshal(Schema(defects))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func against(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

// An editor must not mark what a run would take: neither the files of people, nor what a run writes.
func TestSchemaTakesEveryScenario(t *testing.T) {
	s := compiled(t)
	for _, path := range scenarioFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := against(t, s, text); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		all, err := LoadVariants(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, scenario := range all {
			written, err := scenario.resolved(Options{}).Encode()
			if err != nil {
				t.Fatal(err)
			}
			if err := against(t, s, written); err != nil {
				t.Errorf("%s, as a run writes it: %v\n%s", path, err, written)
			}
		}
	}
	every := "name: every\nworkload: {name: append}\ncluster: {options: {control: true}}\nnemesis:\n" + everyFault +
		"require: {during: [{fault: kill, at: n1, from: 1s, to: 2s, asked: 1, ok: 1, ok-at-most: 0}], holders: {e: 3}, answers: {e: ok}, fired: [ack.hold], refused: [n1]}\n" +
		"expect: {effects: {e: once-or-twice}}\n"
	if err := against(t, s, []byte(every)); err != nil {
		t.Error(err)
	}
	if _, err := Parse("every.yaml", []byte(every)); err != nil {
		t.Errorf("that is no scenario: %v", err)
	}
}

// everyFault has each fault, in each of its forms.
const everyFault = `
  - {at: 1s, for: 1s, partition: [[leader, one], rest]}
  - {at: 1s, for: 1s, partition: ring}
  - {at: 1s, for: 1s, partition: "random(2)"}
  - {at: 1s, for: 1s, one-way: {from: leader, to: [n2, n3]}}
  - {at: 1s, for: 1s, cut: n1->n2}
  - {at: 1s, for: 1s, cut: [n1->n2, "leader <-> n3"]}
  - {at: 1s, for: 1s, kill: all}
  - {at: 1s, for: 1s, kill: [n1, one]}
  - {at: 1s, for: 1500ms, pause: leader}
  - {at: 1s, corrupt-tail: [n1, one]}
  - {at: 1s, for: 1s, loss: {of: 30%, links: leader<->rest}}
  - {at: 1s, for: 1s, rate-limit: {to: 16KB/s, links: [n1->n2]}}
  - {at: 1s, restart: minority}
  - {at: 1s, rolling-restart: [followers, leader]}
  - {at: 1s, for: 1s, clock: {at: leader, rate: 0.1}}
  - {at: 1s, for: 1s, wall-clock: {at: leader, back: 20s}}
  - {at: 1s, transfer: n2}
  - {at: 1s, elect: one}
  - {at: 1s, campaign-in-vain: [n1, n2]}
  - {at: 1s, for: 1s, hold-elections: all}
  - {at: 1s, for: 1s, failpoint: {name: ack.hold, at: [n1, n2], action: hold, hit: 2, peer: n3, key: x, up-to: e}}
  - {at: 1s, failpoint: {name: apply.before, at: leader, action: sleep, for: 1s, every: true}, until: fired apply.before 2 times, within: 1s}
  - {every: 4s, jitter: 500ms, times: 2, for: 1s, kill: majority}
  - at: 1s
    sequence:
      - ask: {f: append, key: x, at: leader, name: e, retry: none, timeout: 1s, expect: ok, background: true}
      - ask: {f: read, key: x, at: leader, repeat: true}
      - kill: one
        meanwhile:
          - {until: leader, within: 1s}
          - ask: {f: append, key: x, at: n1}
      - {kill: leader, for: 500ms}
      - {until: leader changed, within: 3s}
      - {until: 3 hold e, within: 1s}
      - {until: fired ack.hold at n1 4 times, within: 1s}
      - {wait: 1s}
      - {partition: [leader, rest], until: leader != n1, within: 1s}
`

func TestEveryFaultIsInTheSchemasTest(t *testing.T) {
	for _, k := range nemesis.Kinds() {
		if !strings.Contains(everyFault, k.Name+": ") {
			t.Errorf("%s is in none of the scenarios that the schema is held to", k.Name)
		}
	}
}

func TestSchemaRefusesWhatLoadRefuses(t *testing.T) {
	s := compiled(t)
	for name, text := range map[string]string{
		"no name":                  "description: x\n",
		"a bad name":               "name: ../x\n",
		"an unknown field":         "name: x\nclutser: {}\n",
		"unknown in the cluster":   "name: x\ncluster: {node: 3}\n",
		"too many nodes":           "name: x\ncluster: {nodes: 51}\n",
		"an unknown runtime":       "name: x\ncluster: {runtime: dokcer}\n",
		"an unknown target":        "name: x\ncluster: {target: raft}\n",
		"an unknown option":        "name: x\ncluster: {options: {read: local}}\n",
		"an option of that target": "name: x\ncluster: {target: raft-kv, options: {read: local}}\n",
		"a mode that is none":      "name: x\ncluster: {options: {reads: locl}}\n",
		"a defect that is none":    "name: x\ncluster: {options: {defects: [ack-before]}}\n",
		"an unknown workload":      "name: x\nworkload: {name: registre}\n",
		"no rate":                  "name: x\nworkload: {rate: fast}\n",
		"no duration":              "name: x\nworkload: {duration: 5 parsecs}\n",
		"text for a number":        "name: x\nworkload: {keys: three}\n",
		"unknown in the mix":       "name: x\nworkload: {mix: {reads: 3}}\n",
		"an unknown fault":         "name: x\nnemesis: [{at: 1s, for: 1s, partitoin: [leader, rest]}]\n",
		"no fault":                 "name: x\nnemesis: [{at: 1s}]\n",
		"no selector":              "name: x\nnemesis: [{at: 1s, for: 1s, kill: laeder}]\n",
		"one group":                "name: x\nnemesis: [{at: 1s, for: 1s, partition: [leader]}]\n",
		"an unknown shape":         "name: x\nnemesis: [{at: 1s, for: 1s, partition: rign}]\n",
		"no link":                  "name: x\nnemesis: [{at: 1s, for: 1s, cut: n1-n2}]\n",
		"unknown in one-way":       "name: x\nnemesis: [{at: 1s, for: 1s, one-way: {form: leader, to: rest}}]\n",
		"at inside a sequence":     "name: x\nnemesis: [{at: 1s, sequence: [{at: 1s, kill: n1}]}]\n",
		"an empty sequence":        "name: x\nnemesis: [{at: 1s, sequence: []}]\n",
		"no condition":             "name: x\nnemesis: [{at: 1s, sequence: [{until: leadr, within: 1s}]}]\n",
		"an unknown check":         "name: x\nchecks: [linear]\n",
		"an unknown anomaly":       "name: x\nexpect: {verdict: invalid, anomalies: [stale-reads]}\n",
		"an unknown verdict":       "name: x\nexpect: {verdict: vallid}\n",
		"an unknown requirement":   "name: x\nrequire: {during: [{fault: kill, aksed: 1}]}\nnemesis: [{at: 1s, for: 1s, kill: n1}]\n",
	} {
		if err := against(t, s, []byte(text)); err == nil {
			t.Errorf("%s: the schema takes\n%s", name, text)
		}
		// Names of defects are the node's own to know.
		if _, err := Parse("x.yaml", []byte(text)); err == nil && name != "a defect that is none" {
			t.Errorf("%s: Parse takes\n%s", name, text)
		}
	}
}

// A word for a field that nobody has would be dead.
func TestEveryChoiceOfTheSchemaHasItsField(t *testing.T) {
	g := &schemer{words: choices(nil)}
	data, err := json.Marshal(Schema([]string{"some-defect"}))
	if err != nil {
		t.Fatal(err)
	}
	for name, words := range g.words {
		if name == "RaftKV.defects" {
			words = enum("some-defect")
		}
		want, err := json.Marshal(words)
		if err != nil {
			t.Fatal(err)
		}
		field := name[strings.Index(name, ".")+1:]
		if !strings.Contains(string(data), `"`+field+`":`+string(want)) && !strings.Contains(string(data), `"`+field+`":{"items":`+string(want)) {
			t.Errorf("%s is no field of a scenario", name)
		}
	}
}
