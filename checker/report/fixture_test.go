package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
)

// tape makes histories: events are put down in any order and sorted by time at the end.
type tape struct {
	rand   *rand.Rand
	events []history.Event
	header history.Header
}

func newTape(seed uint64) *tape {
	return &tape{
		rand: rand.New(rand.NewPCG(seed, 1)),
		header: history.Header{
			Schism: history.Format, Scenario: "stale-read-local", Nodes: []string{"n1", "n2", "n3", "n4", "n5"},
			Started: time.Date(2026, 11, 24, 9, 14, 2, 0, time.UTC),
		},
	}
}

func sec(s float64) time.Duration { return time.Duration(s * 1e9) }

func (t *tape) add(at float64, e history.Event) {
	e.Time = int64(sec(at))
	if e.Value == nil {
		e.Value = history.Nil
	}
	t.events = append(t.events, e)
}

// op is an operation from one time to another; nil output and kind OK is an acknowledged write.
type op struct {
	p        int
	node     string
	f, key   string
	in, out  history.Value
	from, to float64
	kind     history.Kind
	err      string
}

func (t *tape) op(o op) {
	e := history.Event{Process: history.Process(o.p), Kind: history.Invoke, F: o.f, Node: o.node, Key: o.key, Value: o.in}
	t.add(o.from, e)
	e.Kind, e.Error, e.Value = cmp.Or(o.kind, history.OK), o.err, o.out
	t.add(o.to, e)
}

func (t *tape) role(at float64, node, role string, term uint64) {
	t.add(at, history.Event{Process: history.Observer, Kind: history.Info, F: history.RoleChange, Node: node,
		Value: history.Encode(history.Role{Role: role, Term: term})})
}

func (t *tape) fault(kind string, f history.Fault, start, active, end, healed float64, bit bool) {
	phases := []struct {
		at    float64
		phase history.Phase
		kind  history.Kind
		proof string
	}{
		{start, history.FaultStart, history.Invoke, ""},
		{active, history.FaultActive, history.Info, ""},
		{active + 0.05, history.FaultProof, history.Info, map[bool]string{true: "12 of 12 cut links were silent", false: "12 of 12 probes crossed the cut"}[bit]},
		{end, history.FaultEnd, history.Info, ""},
		{healed, history.FaultHealed, history.OK, "20 of 20 links answer again"},
	}
	for _, p := range phases {
		g := f
		g.Phase, g.Proof = p.phase, p.proof
		if p.phase == history.FaultProof {
			g.Bit = &bit
		}
		if p.phase == history.FaultHealed {
			yes := true
			g.Bit = &yes
		}
		t.add(p.at, history.Event{Process: history.Nemesis, Kind: p.kind, F: kind, Value: history.Encode(g)})
	}
}

// background is what the other clients do: about rate operations a second, on the keys.
func (t *tape) background(clients, firstClient int, from, to, rate float64, keys []string, latency func(at float64, node string) (float64, history.Kind)) {
	value := int64(100000)
	for c := range clients {
		node := t.header.Nodes[c%len(t.header.Nodes)]
		p := firstClient + c
		for at := from + t.rand.Float64()*float64(clients)/rate; at < to; {
			value++
			took, kind := latency(at, node)
			o := op{p: p, node: node, f: history.Read, key: keys[t.rand.IntN(len(keys))], out: history.Int(value), from: at, to: at + took, kind: kind}
			if t.rand.IntN(2) == 0 {
				o.f, o.in, o.out = history.Write, history.Int(value), history.Int(value)
			}
			if kind != history.OK {
				o.out, o.err = nil, "time-out after 2s"
			}
			t.op(o)
			if kind == history.Info {
				p += 1000
			}
			at += took + t.rand.ExpFloat64()*float64(clients)/rate
		}
	}
}

func (t *tape) history(tb testing.TB) *history.History {
	tb.Helper()
	slices.SortStableFunc(t.events, func(a, b history.Event) int { return cmp.Compare(a.Time, b.Time) })
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	must(tb, enc.Encode(t.header))
	for i, e := range t.events {
		e.Index = int64(i)
		must(tb, enc.Encode(e))
	}
	h, err := history.Collect(&b)
	must(tb, err)
	return h
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// callOf is the index of the only operation of a client that began at a time.
func callOf(tb testing.TB, h *history.History, p int, from float64) int64 {
	tb.Helper()
	for _, ops := range [][]history.Operation{h.Operations, h.FinalReads} {
		for _, o := range ops {
			if o.Process == history.Process(p) && o.CallTime == sec(from) {
				return o.Call
			}
		}
	}
	tb.Fatalf("client %d began nothing at %v", p, from)
	return -1
}

func raftLatency(t *tape) func(float64, string) (float64, history.Kind) {
	return func(at float64, node string) (float64, history.Kind) {
		base := 0.003 + t.rand.ExpFloat64()*0.004
		if at > 15 && at < 17 || at > 35 && at < 35.7 {
			base *= 10
		}
		cutOff := at > 15 && at < 35 && (node == "n1" || node == "n2")
		switch x := t.rand.IntN(10); {
		case cutOff && x < 2:
			return 0.001, history.Fail
		case cutOff && x < 4:
			return 2, history.Info
		}
		return base, history.OK
	}
}

// staleRead is the run that the whole tool is for: AB|CDE, and the old leader answers a read.
func staleRead(tb testing.TB) Input {
	t := newTape(8412)
	t.role(0, "n1", "leader", 2)
	for _, n := range t.header.Nodes[1:] {
		t.role(0, n, "follower", 2)
	}
	t.fault("partition", partitionOf([]string{"n1", "n2"}, []string{"n3", "n4", "n5"}), 15, 15.03, 35, 35.02, true)
	t.role(16.08, "n3", "candidate", 3)
	t.role(16.27, "n3", "follower", 3)
	t.role(16.18, "n4", "candidate", 3)
	t.role(16.42, "n4", "leader", 3)
	t.role(35.1, "n1", "follower", 3)
	t.fault("kill", history.Fault{ID: 2, Text: "kill leader", What: "n4", Nodes: []string{"n4"}}, 43, 43.01, 48, 48.3, true)
	t.role(43.1, "n4", "down", 0)
	t.role(44, "n3", "candidate", 4)
	t.role(44.3, "n3", "leader", 4)
	t.role(48.4, "n4", "follower", 4)
	t.background(10, 20, 0.1, 59.5, 104, []string{"x", "y", "z", "u", "v"}, raftLatency(t))
	t.op(op{p: 1, node: "n1", f: "write", key: "x", in: history.Int(12), from: 14.520, to: 14.575})
	t.op(op{p: 2, node: "n1", f: "write", key: "x", in: history.Int(15), from: 15.300, to: 17.300, kind: history.Info, err: "time-out after 2s"})
	t.op(op{p: 5, node: "n3", f: "read", key: "x", out: history.Int(19), from: 19.130, to: 19.205})
	t.op(op{p: 3, node: "n4", f: "write", key: "x", in: history.Int(19), from: 18.364, to: 18.502})
	t.op(op{p: 7, node: "n1", f: "read", key: "x", out: history.Int(12), from: 20.381, to: 20.412})
	for i, p := range []int{1, 3, 5, 7} { // what else they do
		for at := 1.0 + 0.1*float64(i); at < 14; at += 0.9 {
			t.op(op{p: p, node: "n3", f: "read", key: "x", out: history.Int(7), from: at, to: at + 0.004})
		}
		for at := 15.1 + 0.1*float64(i); at < 18; at += 0.61 {
			t.op(op{p: p, node: "n3", f: "read", key: "y", out: history.Int(7), from: at, to: at + 0.004})
			t.op(op{p: p, node: "n3", f: "read", key: "x", out: history.Int(7), from: at + 0.2, to: at + 0.204})
		}
	}
	h := t.history(tb)
	a := checker.Anomaly{
		Name: checker.StaleRead, Key: "x",
		Message: "client 7 read x = 12 from n1 at 20.381 s, although client 3's write x = 19 had been acknowledged by n4 1.88 s earlier. n1 was cut off from the majority at the time and still believed it was leader of term 2",
		Proof:   "the writes of 12 and 19 and this read cannot be put in any order that a single register allows, whatever the other operations did",
		Faults:  []string{"partition n1 n2 | n3 n4 n5"},
		Focus:   callOf(tb, h, 7, 20.381),
	}
	for _, o := range []struct {
		p  int
		at float64
	}{{1, 14.52}, {2, 15.3}, {3, 18.364}, {5, 19.13}, {7, 20.381}} {
		a.Ops = append(a.Ops, callOf(tb, h, o.p, o.at))
	}
	return input(h, checker.Invalid, a)
}

func partitionOf(groups ...[]string) history.Fault {
	f := history.Fault{ID: 1, Text: "partition [[leader, one], [rest]]", Groups: groups}
	for i, a := range groups {
		if i > 0 {
			f.What += " | "
		}
		for k, x := range a {
			if k > 0 {
				f.What += " "
			}
			f.What += x
			for j, b := range groups {
				for _, y := range b {
					if i != j {
						f.Cut = append(f.Cut, [2]string{x, y})
					}
				}
			}
		}
	}
	return f
}

// input wraps a history in a result with the verdict, as the run directory would have it.
func input(h *history.History, v checker.Verdict, anomalies ...checker.Anomaly) Input {
	r := &checker.Result{
		Verdict: v, AsExpected: true, Expected: "valid", Anomalies: anomalies,
		Checks: []checker.Check{{
			Name: "linearizable", Verdict: v, Message: "5 keys were checked", Anomalies: anomalies,
			Figures: map[string]float64{"operations": float64(len(h.Operations)), "keys": 5},
		}, {Name: "final reads", Verdict: checker.Valid, Message: "5 nodes hold the same"}},
		Worth: []checker.Worth{
			{What: "links were silent during partition n1 n2 | n3 n4 n5", Holds: true, Seen: "12 of 12"},
			{What: "every fault of the scenario struck", Holds: true, Seen: "2 of 2"},
			{What: "reads succeeded", Holds: true, Seen: "2,610"},
		},
		Versions: checker.Versions{Schism: "0.1.0", Go: "go1.26", Format: 1},
	}
	if v == checker.Invalid {
		r.Expected = "invalid with " + anomalies[0].Name
	}
	count := make(map[string]int)
	for _, o := range h.Operations {
		count[o.Key]++
		switch o.Outcome {
		case history.OK:
			r.Stats.OK++
		case history.Fail:
			r.Stats.Fail++
		default:
			r.Stats.Info++
		}
	}
	r.Stats.Operations, r.Stats.CheckedIn = len(h.Operations), 1.9
	for _, k := range []string{"x", "y", "z", "u", "v"} {
		kv := checker.Valid
		if k == "x" && v != checker.Vacuous {
			kv = v
		}
		r.Checks[0].Keys = append(r.Checks[0].Keys, checker.KeyCheck{Key: k, Verdict: kv, Operations: count[k]})
	}
	return Input{
		History: h, Result: r, Dir: "store/stale-read-local/20261124T091402.000Z", Picture: "proof.html",
		Scenario: Scenario{
			Name: "stale-read-local", Seed: "8412", Target: "schism node, reads: local", Runtime: "docker", Workload: "register, 10 clients, 5 keys",
			Nodes: h.Header.Nodes, YAML: fmt.Sprintf("name: stale-read-local\nseed: %d\ncluster:\n  nodes: 5\n  target: raft\n  options: {reads: local}\n", 8412),
		},
	}
}
