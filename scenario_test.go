package schism

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func scenarioFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("configs/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios found: %v", err)
	}
	return files
}

// What a run writes down as its scenario reads as the same scenario: a repeat is a repeat.
func TestScenariosRoundTrip(t *testing.T) {
	for _, path := range scenarioFiles(t) {
		all, err := LoadVariants(path)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, s := range all {
			if base := strings.TrimSuffix(filepath.Base(path), ".yaml"); s.Name != base && (len(all) == 1 || !strings.HasPrefix(s.Name, base+"-")) {
				t.Errorf("%s: its name is %s", path, s.Name)
			}
			roundTrip(t, path, s)
		}
	}
}

func roundTrip(t *testing.T, path string, s *Scenario) {
	t.Helper()
	first, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(path, first)
	if err != nil {
		t.Errorf("%s was written as\n%s\nwhich is refused: %v", path, first, err)
		return
	}
	second, err := again.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("%s was written as\n%s\nand then as\n%s", path, first, second)
	}
}

// Each file says in its head which claim it makes real.
func TestScenariosSayWhatTheyAreFor(t *testing.T) {
	for _, path := range scenarioFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "# ") {
			t.Errorf("%s does not begin with a comment that says what it shows", path)
		}
	}
}

const good = `name: demo
cluster:
  nodes: 5
workload:
  name: register
  duration: 5s
nemesis:
  - at: 1s
    for: 1s
    partition: [leader, rest]
expect:
  verdict: valid
`

func TestScenarioErrors(t *testing.T) {
	if _, err := Parse("s.yaml", []byte(good)); err != nil {
		t.Fatalf("the scenario that the others are made of: %v", err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown field":      {"cluster:", "clutser:\n  nodes: 3\ncluster:", `s.yaml:2:1: unknown field "clutser" (did you mean cluster?)`},
		"wrong type":         {"nodes: 5", "nodes: five", `s.yaml:3:10: want a whole number, found "five"`},
		"10^20 nodes":        {"nodes: 5", "nodes: 100000000000000000000", "s.yaml:3:10: 100000000000000000000 is out of range"},
		"no nodes":           {"nodes: 5", "nodes: 0", "s.yaml:3:10: a cluster of 0 nodes (1 to 50)"},
		"too many nodes":     {"nodes: 5", "nodes: 51", "s.yaml:3:10: a cluster of 51 nodes"},
		"negative duration":  {"duration: 5s", "duration: -5s", "s.yaml:6:13: a duration cannot be negative: -5s"},
		"n9 of five":         {"[leader, rest]", "[n9, rest]", `s.yaml:10:17: "n9" is none of the 5 nodes and no selector (the nodes are n1 to n5)`},
		"a fault too late":   {"at: 1s", "at: 5s", "s.yaml:8:9: the fault would end 6s after the start, but the run lasts 5s"},
		"unknown runtime":    {"nodes: 5", "runtime: dokcer", `unknown runtime "dokcer" (did you mean docker?)`},
		"unknown target":     {"nodes: 5", "target: raft", `unknown target "raft" (did you mean raft-kv?)`},
		"unknown option":     {"nodes: 5", "options: {read: local}", `unknown field "read" (did you mean reads?)`},
		"unknown mode":       {"nodes: 5", "options: {reads: locl}", `unknown way to read "locl" (did you mean local?)`},
		"lease without":      {"nodes: 5", "options: {reads: lease, check-quorum: false}", "it needs check-quorum"},
		"a lease of 1ms":     {"nodes: 5", "options: {region-lease: 1ms}", "a region lease of 1ms (100ms to 10m, or leave it out)"},
		"a home of nothing":  {"nodes: 5", "options: {region-home: n1}", "n1 is to lead the region first, and there is no region lease (region-lease: 2s)"},
		"no region":          {"[leader, rest]", "[region-leader, rest]", "the nemesis speaks of the region leader, and there is none (region-lease: 2s, in the options)"},
		"unknown workload":   {"name: register", "name: registre", `unknown workload "registre" (did you mean register?)`},
		"no rate":            {"duration: 5s", "duration: 5s\n  rate: fast", `s.yaml:7:9: "fast" is no rate`},
		"no clients":         {"duration: 5s", "duration: 5s\n  clients: 0", "s.yaml:7:12: 0 clients"},
		"an empty mix":       {"duration: 5s", "duration: 5s\n  mix: {read: 0, write: 0, cas: 0}", "no operation has a share"},
		"a share too many":   {"duration: 5s", "duration: 5s\n  mix: {read: 1, append: 1}", "s.yaml:7:26: the workload register makes no append (it makes cas, read, write)"},
		"unknown loop":       {"duration: 5s", "duration: 5s\n  loop: opn", `unknown loop "opn" (did you mean open?)`},
		"open, no rate":      {"duration: 5s", "duration: 5s\n  loop: open", "s.yaml:7:9: an open loop asks by the clock: it needs a rate"},
		"unknown retry":      {"duration: 5s", "duration: 5s\n  retry: same", `unknown way to retry "same" (did you mean same-identity?)`},
		"a write twice":      {"duration: 5s", "duration: 5s\n  retry: fresh-identity", "s.yaml:7:10: fresh-identity: what takes effect twice looks like a fault of the system on the workload register (same-identity, or one of the workloads append, "},
		"a dequeue twice":    {"register\n  duration: 5s", "queue\n  duration: 5s\n  retry: fresh-identity", "s.yaml:7:10: fresh-identity"},
		"a write asked":      {"nemesis:", "nemesis:\n  - at: 1s\n    sequence: [{ask: {f: write, key: x, at: n1, retry: fresh-identity}}]", "s.yaml:9:56: fresh-identity"},
		"nobody retries":     {"duration: 5s", "duration: 5s\n  once: 2", "s.yaml:7:9: of 10 clients 2 try once: the others must retry"},
		"all try once":       {"duration: 5s", "duration: 5s\n  retry: same-identity\n  once: 10", "s.yaml:8:9: of 10 clients 10 try once"},
		"a negative share":   {"duration: 5s", "duration: 5s\n  mix: {read: -1}", "a share of -1 parts"},
		"unknown anomaly":    {"verdict: valid", "verdict: invalid\n  anomalies: [stale-reads]", `unknown anomaly "stale-reads" (did you mean stale-read?)`},
		"anomaly and valid":  {"verdict: valid", "anomalies: [stale-read]", "anomalies are expected, but not the verdict invalid"},
		"invalid by what":    {"verdict: valid", "verdict: invalid", "invalid is expected, and no anomaly is"},
		"unknown verdict":    {"verdict: valid", "verdict: vallid", `verdict "vallid"`},
		"unknown check":      {"expect:", "checks: [linear]\nexpect:", `unknown check "linear" (did you mean linearizable?)`},
		"sessions of locks":  {"name: register\n  duration: 5s", "name: mutex\n  duration: 5s\nchecks: [sessions]", "the check sessions knows nothing of mutex (it judges workloads of append, cas-register, register)"},
		"no check":           {"expect:", "checks: []\nexpect:", "a run without a check proves nothing"},
		"unseen staleness":   {"expect:", "staleness: {time: 1s}\nexpect:", "a limit that no check looks at (add staleness to checks)"},
		"no staleness":       {"expect:", "checks: [staleness]\nstaleness: {versions: 0}\nexpect:", "a limit of 0 versions"},
		"unseen limits":      {"expect:", "checks: [linearizable]\nlimits: {leader-changes: 0}\nexpect:", "s.yaml:12:9: limits that no check looks at (add liveness to checks)"},
		"a limit below 0":    {"expect:", "limits: {term-growth: -1}\nexpect:", "s.yaml:11:23: a limit of -1 (0 allows none)"},
		"a limit of 0s":      {"expect:", "limits: {unavailable: 0s}\nexpect:", "s.yaml:11:23: a limit of no time at all"},
		"service of no time": {"expect:", "limits: {service: [{f: write}]}\nexpect:", "s.yaml:11:20: a limit of no time at all (unavailable: 2s)"},
		"service nowhere":    {"expect:", "limits: {service: [{at: n9, unavailable: 1s}]}\nexpect:", `there is no node "n9"`},
		"service of nothing": {"expect:", "limits: {service: [{f: append, unavailable: 1s}]}\nexpect:", "makes no append (it makes "},
		"unknown limit":      {"expect:", "limits: {leader-change: 1}\nexpect:", `unknown field "leader-change" (did you mean leader-changes?)`},
		"requires nothing":   {"expect:", "require: {during: [{fault: partition}]}\nexpect:", "this requires nothing"},
		"retries nothing":    {"expect:", "require: {retried: 5}\nexpect:", "clients that try once retry nothing (retry: same-identity, in the workload)"},
		"no such fault":      {"expect:", "require: {during: [{fault: kill, asked: 1}]}\nexpect:", `the nemesis has no fault "kill"`},
		"refuses unharmed":   {"expect:", "require: {refused: [n1]}\nexpect:", "nobody damages the log of n1 (add corrupt-tail: n1 to the nemesis)"},
		"no node refuses":    {"expect:", "require: {refused: [n9]}\nexpect:", `there is no node "n9"`},
		"a second document":  {"expect:", "---\nexpect:", "a second document begins here"},
		"an alias":           {"name: demo", "name: &a demo\ndescription: *a", "aliases such as *a are not read here"},
		"a name with dots":   {"name: demo", "name: ../demo", "the scenario needs a name of lower-case letters"},
	} {
		text := strings.Replace(good, c.old, c.new, 1)
		if text == good {
			t.Fatalf("%s: %q is not in the scenario", name, c.old)
		}
		if _, err := Parse("s.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got  %v\nwant %s", name, err, c.want)
		}
	}
}

func TestAllErrorsAtOnce(t *testing.T) {
	text := strings.NewReplacer("[leader, rest]", "[n9, n8]", "register", "regster", "nodes: 5", "runtime: x").Replace(good)
	_, err := Parse("s.yaml", []byte(text))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"s.yaml:3:12", "s.yaml:5:9", "s.yaml:10:17", "s.yaml:10:21"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "linearizable") {
		t.Errorf("the checks of a workload that nobody knows are no mistake:\n%v", err)
	}
}

// A mix that is left out is the workload's own; one that is given is the whole of it.
func TestMixes(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     Mix
	}{
		"register":        {"", "", Mix{Read: 5, Write: 4, CAS: 1}},
		"append":          {"name: register", "name: append", Mix{Read: 1, Append: 1}},
		"register, given": {"duration: 5s", "duration: 5s\n  mix: {write: 2}", Mix{Write: 2}},
	} {
		s, err := Parse("s.yaml", []byte(strings.Replace(good, c.old, c.new, 1)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if s.Workload.Mix != c.want {
			t.Errorf("%s: %+v, want %+v", name, s.Workload.Mix, c.want)
		}
	}
}

const varied = `name: demo
workload: {name: append, retry: none, duration: 5s, mix: {read: 1, append: 1}}
nemesis:
  - at: 1s
    ask: {f: append, key: x, at: leader, name: e}
expect: {effects: {e: once}}
variants:
  plain:
  fresh:
    workload: {retry: fresh-identity, mix: {append: 2}}
    expect: {verdict: invalid, anomalies: [duplicate-apply], effects: {e: twice}}
    nemesis: [{at: 2s, ask: {f: append, key: x, at: n1, name: e}}]
`

// A mapping is laid over a mapping, and all else takes the place of what it is laid over.
func TestVariants(t *testing.T) {
	path := filepath.Join(t.TempDir(), "demo.yaml")
	if err := os.WriteFile(path, []byte(varied), 0o644); err != nil {
		t.Fatal(err)
	}
	all, err := LoadVariants(path)
	if err != nil || len(all) != 2 {
		t.Fatalf("%d variants: %v", len(all), err)
	}
	plain, fresh := all[0], all[1]
	if plain.Name != "demo-plain" || plain.Workload.Retry != "none" || plain.Expect.Effects["e"] != "once" {
		t.Errorf("plain: %+v", plain)
	}
	if fresh.Name != "demo-fresh" || fresh.Workload.Retry != "fresh-identity" || fresh.Workload.Name != "append" ||
		fresh.Workload.Mix != (Mix{Read: 1, Append: 2}) || fresh.Expect.Effects["e"] != "twice" || fresh.Nemesis[0].Steps[0].Ask.At != "n1" {
		t.Errorf("fresh: %+v", fresh)
	}
	suite, err := LoadSuite([]string{path}, "workload.keys=7")
	if err != nil || len(suite) != 2 || suite[1].Scenario.Name != "demo-fresh" || suite[1].Scenario.Workload.Keys != 7 {
		t.Errorf("the suite: %v, %v", suite, err)
	}
}

func TestVariantErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, variant, want string }{
		"none chosen":    {varied, "", "s.yaml:1:1: the scenario has variants, of which one is run: plain, fresh (--variant plain, for example)"},
		"an unknown one": {varied, "frash", `s.yaml:8:3: there is none of the name "frash" (did you mean fresh?)`},
		"there are none": {good, "plain", "the file has no variants, and plain was chosen"},
		"a word":         {strings.Replace(varied, "  plain:", "  plain: x", 1), "plain", "s.yaml:8:10: want fields"},
		"empty":          {good + "variants: {}\n", "", "there are no variants (leave them out)"},
		"twice":          {varied + "  plain:\n", "plain", "plain stands twice"},
		"a wrong field":  {strings.Replace(varied, "retry: fresh", "retri: fresh", 1), "fresh", `s.yaml:10:16: unknown field "retri" (did you mean retry?)`},
	} {
		if _, err := parse("s.yaml", []byte(c.text), c.variant); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got  %v\nwant %s", name, err, c.want)
		}
	}
}

// The longest duration that there is leaves no room to add another one: such a run had no plan.
func TestARunThatNeverEnds(t *testing.T) {
	const longest = "9223372036854775807ns"
	_, err := Parse("s.yaml", []byte("name: x\nworkload: {duration: "+longest+"}\nnemesis: [{every: "+longest+", jitter: "+longest+", kill: one}]\n"))
	if err == nil || !strings.Contains(err.Error(), "s.yaml:2:22: a run of 2562047h47m16.854775807s (168h0m0s at most)") {
		t.Errorf("got %v", err)
	}
}

// What is said of the schedule's operations, and what needs the nodes' control ports, must fit.
func TestScriptErrors(t *testing.T) {
	script := strings.Replace(varied[:strings.Index(varied, "variants:")], "{effects: {e: once}}", "{}", 1)
	if _, err := Parse("s.yaml", []byte(script)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"an unknown name":      {"expect: {}", "expect: {effects: {f: once}}", "s.yaml:6:23: no operation of the schedule is called f (known: e)"},
		"an unknown number":    {"expect: {}", "expect: {effects: {e: thrice}}", `s.yaml:6:23: "thrice" is no number of effects`},
		"nobody counts":        {"expect: {}", "expect: {}\nrequire: {holders: {e: 3}}", "s.yaml:7:24: nobody counts who holds e (add {until: 3 hold e, within: 2s}"},
		"too many holders":     {"expect: {}", "expect: {}\nrequire: {holders: {e: 6}}", "s.yaml:7:24: 6 holders (there are 5 nodes)"},
		"no answer":            {"expect: {}", "expect: {}\nrequire: {answers: {e: maybe}}", `s.yaml:7:24: an answer cannot be "maybe"`},
		"an answer to nothing": {"expect: {}", "expect: {}\nrequire: {answers: {g: ok}}", "no operation of the schedule is called g"},
		"no such failpoint":    {"expect: {}", "expect: {}\nrequire: {fired: [ack.held]}", `unknown failpoint "ack.held" (did you mean ack.hold?)`},
		"no control port":      {"  - at: 1s\n", "  - {at: 1s, transfer: n2}\n  - at: 1s\n", "s.yaml:4:24: transfer: n2: it works through the nodes' control port, which is not open (control: true, under cluster.options)"},
		"a failpoint's name": {
			"nemesis:\n", "cluster: {options: {control: true}}\nnemesis:\n  - {at: 1s, failpoint: {name: ack.held, at: n1, action: hold}}\n",
			`s.yaml:5:32: unknown failpoint "ack.held" (did you mean ack.hold?)`,
		},
		"an unknown key kind": {"f: append, key: x", "f: write, key: x", "s.yaml:5:14: keys of the workload append know no write (it knows append, read)"},
		"an unknown retry":    {"name: e}", "name: e, retry: again}", `unknown way to retry "again"`},
		"an unknown stop":     {"duration: 5s", "duration: 5s, stop: after-fault", `unknown time to stop "after-fault" (did you mean after-faults?)`},
	} {
		text := strings.Replace(script, c.old, c.new, 1)
		if text == script {
			t.Fatalf("%s: %q is not in the scenario", name, c.old)
		}
		if _, err := Parse("s.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got  %v\nwant %s", name, err, c.want)
		}
	}
}
