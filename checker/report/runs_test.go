package report

import (
	"fmt"
	"strings"
	"testing"

	"schism/checker"
	"schism/history"
)

// calm answers everything in a few milliseconds.
func calm(t *tape) func(float64, string) (float64, history.Kind) {
	return func(float64, string) (float64, history.Kind) { return 0.002 + t.rand.ExpFloat64()*0.003, history.OK }
}

func (t *tape) cluster(leader string, term uint64) {
	for _, n := range t.header.Nodes {
		role := "follower"
		if n == leader {
			role = "leader"
		}
		t.role(0, n, role, term)
	}
}

func (t *tape) finalRead(p int, node string, from float64, applied uint64, state map[string]history.Value) {
	t.op(op{p: p, node: node, f: history.FinalRead, out: history.Encode(history.FinalState{Applied: applied, State: state}), from: from, to: from + 0.006})
}

func opsOf(tb testing.TB, h *history.History, calls ...any) []int64 {
	tb.Helper()
	var ops []int64
	for i := 0; i < len(calls); i += 2 {
		ops = append(ops, callOf(tb, h, calls[i].(int), calls[i+1].(float64)))
	}
	return ops
}

// lostWrite: everything is killed at once, and what was acknowledged is gone at the end.
func lostWrite(tb testing.TB) Input {
	t := newTape(7)
	t.header.Scenario = "lost-write"
	t.cluster("n2", 1)
	kill := history.Fault{ID: 1, Text: "kill all", What: "n1 n2 n3 n4 n5", Nodes: t.header.Nodes}
	t.fault("kill", kill, 8, 8.02, 11, 11.4, true)
	for _, n := range t.header.Nodes {
		t.role(8.1, n, "down", 0)
		t.role(11.5, n, "follower", 2)
	}
	t.role(11.9, "n3", "candidate", 2)
	t.role(12.0, "n3", "leader", 2)
	t.background(8, 20, 0.1, 7.9, 90, []string{"x", "y"}, calm(t))
	t.background(8, 60, 12.2, 39, 90, []string{"x", "y"}, calm(t))
	t.op(op{p: 3, node: "n2", f: "write", key: "x", in: history.Int(40), from: 7.20, to: 7.204})
	t.op(op{p: 4, node: "n2", f: "write", key: "x", in: history.Int(41), from: 7.94, to: 7.943})
	t.op(op{p: 5, node: "n2", f: "read", key: "x", out: history.Int(41), from: 7.96, to: 7.962})
	for i, n := range t.header.Nodes {
		t.finalRead(900+i, n, 40+0.02*float64(i), 3120, map[string]history.Value{"x": history.Int(40), "y": history.Int(9)})
	}
	h := t.history(tb)
	a := checker.Anomaly{
		Name: checker.LostWrite, Key: "x", Focus: callOf(tb, h, 900, 40),
		Ops:     opsOf(tb, h, 3, 7.20, 4, 7.94, 5, 7.96, 900, 40.0),
		Message: "client 4's write x = 41 was acknowledged by n2 at 7.943 s and is gone: at 40.000 s n1 itself holds x = 40, 32.1 s later",
		Proof:   "x = 41 was acknowledged before the final read of n1 began, no later write replaced it, and n1 had applied the whole log",
	}
	in := input(h, checker.Invalid, a)
	in.Scenario.Name, in.Scenario.Description = "lost-write", "acknowledges before fsync"
	return in
}

// tightRead: everything happens within twenty milliseconds, thirty seconds into the fault.
func tightRead(tb testing.TB) Input {
	t := newTape(9)
	t.cluster("n3", 4)
	t.fault("partition", partitionOf([]string{"n3", "n5"}, []string{"n1", "n2", "n4"}), 5, 5.01, 55, 55.1, true)
	t.role(6.5, "n1", "candidate", 5)
	t.role(6.6, "n1", "leader", 5)
	t.background(6, 20, 0.1, 59, 60, []string{"x", "y", "z"}, calm(t))
	t.op(op{p: 6, node: "n3", f: "write", key: "x", in: history.Int(1), from: 4.1, to: 4.102})
	t.op(op{p: 6, node: "n1", f: "write", key: "x", in: history.Int(2), from: 36.000, to: 36.004})
	t.op(op{p: 6, node: "n3", f: "read", key: "x", out: history.Int(1), from: 36.0061, to: 36.0072})
	h := t.history(tb)
	return input(h, checker.Invalid, checker.Anomaly{
		Name: checker.StaleRead, Key: "x", Focus: callOf(tb, h, 6, 36.0061), Ops: opsOf(tb, h, 6, 4.1, 6, 36.0, 6, 36.0061),
		Message: "client 6 read x = 1 from n3 at 36.006 s, although its own write x = 2 had been acknowledged by n1 2.1 ms earlier",
		Proof:   "1 was replaced by 2 before the read began",
	})
}

func dirtyRead(tb testing.TB) Input {
	t := newTape(10)
	t.cluster("n1", 1)
	t.background(6, 20, 0.1, 19, 60, []string{"x", "y"}, calm(t))
	t.op(op{p: 1, node: "n2", f: "cas", key: "x", in: history.Pair(history.Int(3), history.Int(8)), from: 9.5, to: 9.51, kind: history.Fail, err: history.Mismatch})
	t.op(op{p: 2, node: "n4", f: "read", key: "x", out: history.Int(8), from: 10.2, to: 10.21})
	h := t.history(tb)
	return input(h, checker.Invalid, checker.Anomaly{
		Name: checker.DirtyRead, Key: "x", Focus: callOf(tb, h, 2, 10.2), Ops: opsOf(tb, h, 1, 9.5, 2, 10.2),
		Message: "client 2 read x = 8 from n4 at 10.200 s, although client 1's cas 3 → 8 had been refused 0.69 s earlier",
		Proof:   "no operation that took effect wrote 8",
	})
}

func validRun(tb testing.TB) Input {
	in := staleRead(tb)
	valid := input(in.History, checker.Valid)
	valid.Picture = ""
	return valid
}

func unknownRun(tb testing.TB) Input {
	in := input(staleRead(tb).History, checker.Unknown)
	in.Picture = ""
	in.Result.Why = []string{"linearizable: key x was not decided within 300 s; keys y, z, u and v hold"}
	in.Result.Expected, in.Result.AsExpected = "valid", false
	in.History.Incidents = []string{"the agent of n2 healed the partition by itself while the controller lived"}
	return in
}

func vacuousRun(tb testing.TB) Input {
	t := newTape(11)
	t.cluster("n1", 2)
	t.fault("partition", partitionOf([]string{"n1", "n2"}, []string{"n3", "n4", "n5"}), 15, 15.03, 35, 35.02, false)
	t.background(10, 20, 0.1, 59.5, 104, []string{"x", "y"}, calm(t))
	t.op(op{p: 1, node: "n1", f: "write", key: "x", in: history.Int(12), from: 14.520, to: 16.575, kind: history.Info, err: "time-out after 2s"})
	in := input(t.history(tb), checker.Vacuous)
	in.Picture = ""
	in.Result.Worth[0] = checker.Worth{What: "links were silent during partition n1 n2 | n3 n4 n5", Seen: "0 of 12: 12 of 12 probes crossed the cut"}
	in.Result.Why = []string{"not so: links were silent during partition n1 n2 | n3 n4 n5 (seen: 0 of 12)"}
	in.Result.AsExpected = false
	return in
}

const evil = `</script><img src=x onerror="window.hacked=1"><svg onload=window.hacked=1>`

// hostileRun holds what somebody who wanted to run code in the page, or to break it, would write.
func hostileRun(tb testing.TB) Input {
	t := newTape(12)
	long := strings.Repeat("long-", 2000)
	t.header.Nodes = []string{evil, "n2" + long, "\u202e3n", "n4", "שלום"}
	t.cluster(evil, 2)
	for i := range t.header.Nodes {
		t.background(1, 50+i, 0.1, 9, 20, []string{evil + "\"'`{{.}}"}, calm(t))
	}
	key := evil + "\"'`{{.}}"
	t.fault("partition"+evil, history.Fault{ID: 1, Text: evil + long, What: evil + long, Groups: [][]string{t.header.Nodes[:2], t.header.Nodes[2:]}}, 3, 3.1, 8, 8.1, true)
	t.op(op{p: 1, node: evil, f: "write", key: key, in: history.Encode(long), from: 3.0, to: 3.1})
	t.op(op{p: 2, node: t.header.Nodes[1], f: "write", key: key, in: history.Encode(evil), from: 4.0, to: 4.1})
	t.op(op{p: 4, node: t.header.Nodes[4], f: "write", key: key, in: history.Encode("שלום \u202e abc"), from: 4.0, to: 4.6, kind: history.Info, err: evil})
	t.op(op{p: 3, node: t.header.Nodes[2], f: "read", key: key, out: history.Encode(long), from: 5.0, to: 5.1})
	h := t.history(tb)
	in := input(h, checker.Invalid, checker.Anomaly{
		Name: checker.StaleRead, Key: key, Focus: callOf(tb, h, 3, 5.0), Ops: opsOf(tb, h, 1, 3.0, 2, 4.0, 4, 4.0, 3, 5.0),
		Message: "client 3 read " + evil + long, Proof: evil,
	})
	in.Scenario = Scenario{Name: evil, Description: evil, Seed: evil, Target: evil + long, Runtime: evil, Workload: evil, Nodes: t.header.Nodes, YAML: "name: " + evil + "\n"}
	in.Dir, in.Picture = "store/it's $(here)/"+evil, "javascript:alert(1)"
	in.Result.Why, in.Result.Versions.Schism, in.Result.Expected = []string{evil}, evil, evil
	in.Result.Worth = append(in.Result.Worth, checker.Worth{What: evil + long, Seen: evil + long})
	in.Result.Checks = append(in.Result.Checks, checker.Check{Name: evil, Message: evil, Verdict: checker.Unknown, Keys: []checker.KeyCheck{{Key: evil, Message: evil}}})
	in.History.Torn, in.History.Incidents = evil, []string{evil + long}
	return in
}

// oneWay: what n1 sends is lost, what it is sent arrives; then a ring of cuts.
func oneWay(tb testing.TB) Input {
	t := newTape(13)
	t.cluster("n1", 2)
	f := history.Fault{ID: 1, Text: "partition one-way [leader] -> rest", What: "n1 → n2 n3 n4 n5"}
	for _, n := range t.header.Nodes[1:] {
		f.Cut = append(f.Cut, [2]string{"n1", n})
	}
	t.fault("partition", f, 4, 4.01, 9, 9.1, true)
	t.fault("pause", history.Fault{ID: 2, Text: "pause n5", What: "n5", Nodes: []string{"n5"}}, 5.2, 5.21, 5.9, 5.95, true)
	t.role(5, "n2", "candidate", 3)
	t.role(5.1, "n2", "leader", 3)
	t.background(5, 20, 0.1, 12, 60, []string{"x"}, calm(t))
	t.op(op{p: 1, node: "n2", f: "write", key: "x", in: history.Int(5), from: 5.6, to: 5.62})
	t.op(op{p: 2, node: "n1", f: "read", key: "x", out: history.Nil, from: 6.4, to: 6.41})
	h := t.history(tb)
	return input(h, checker.Invalid, checker.Anomaly{
		Name: checker.StaleRead, Key: "x", Focus: callOf(tb, h, 2, 6.4), Ops: opsOf(tb, h, 1, 5.6, 2, 6.4),
		Message: "client 2 read x = null from n1 at 6.400 s, although client 1's write x = 5 had been acknowledged by n2 780 ms earlier",
		Proof:   "nothing set x back to null",
	})
}

// crowded: nine nodes, elections all the time, many faults, six operations of the same two clients.
func crowded(tb testing.TB) Input {
	t := newTape(14)
	t.header.Nodes = nil
	for i := range 9 {
		t.header.Nodes = append(t.header.Nodes, fmt.Sprintf("node-%d.eu-west", i+1))
	}
	n := t.header.Nodes
	t.cluster(n[0], 1)
	id := 0
	for at := 2.0; at < 28; at += 2.1 {
		id++
		f := partitionOf(n[:4], n[4:])
		f.ID = id
		t.fault("partition", f, at, at+0.02, at+1.4, at+1.5, true)
		id++
		t.fault("kill", history.Fault{ID: id, Text: "kill", What: n[id%9], Nodes: []string{n[id%9]}}, at+0.3, at+0.31, at+0.9, at+1, true)
		who := n[(id*5)%9]
		t.role(at+0.4, who, "candidate", uint64(id))
		t.role(at+0.5, who, "leader", uint64(id))
		t.role(at+1.9, who, "follower", uint64(id))
	}
	t.background(12, 20, 0.1, 29, 200, []string{"k"}, calm(t))
	write := func(p int, v int64, at float64) {
		t.op(op{p: p, node: n[v%9], f: "cas", key: "k", in: history.Pair(history.Int(v-1), history.Int(v)), from: at, to: at + 0.01})
	}
	write(1, 1, 20.00)
	write(1, 2, 20.02)
	write(1, 3, 20.05)
	write(2, 4, 20.055)
	write(1, 5, 20.07)
	t.op(op{p: 2, node: n[7], f: "read", key: "k", out: history.Int(1), from: 20.1, to: 20.11})
	h := t.history(tb)
	return input(h, checker.Invalid, checker.Anomaly{
		Name: checker.NonLinearizable, Key: "k", Focus: callOf(tb, h, 2, 20.1),
		Ops:     opsOf(tb, h, 1, 20.0, 1, 20.02, 1, 20.05, 2, 20.055, 1, 20.07, 2, 20.1),
		Message: "client 2 read k = 1 from node-8.eu-west at 20.100 s, although client 1's cas 4 → 5 had been acknowledged 20 ms earlier",
		Proof:   "the chain of cas operations leaves no place for the read",
	})
}

func emptyRun(tb testing.TB) Input {
	t := newTape(15)
	in := input(t.history(tb), checker.Vacuous)
	in.Result.Worth, in.Result.Checks = nil, nil
	in.Scenario, in.Dir, in.Picture = Scenario{}, "", ""
	return in
}

// twoKinds has two kinds of anomaly, and more of one of them.
func twoKinds(tb testing.TB) Input {
	stale := staleRead(tb)
	a := stale.Result.Anomalies[0]
	b := a
	b.Name, b.Ops = checker.NonLinearizable, a.Ops[2:]
	c := a
	c.Key, c.Ops, c.Message = "y", nil, "client 4 read y = 3 from n2 at 22.001 s, although it was 9 by then"
	return input(stale.History, checker.Invalid, a, b, c)
}

// fractured: two nodes hold different values at the end.
func fractured(tb testing.TB) Input {
	t := newTape(16)
	t.cluster("n1", 1)
	t.background(6, 20, 0.1, 19, 60, []string{"x", "y"}, calm(t))
	t.op(op{p: 1, node: "n1", f: "write", key: "x", in: history.Int(7), from: 9.5, to: 9.51})
	t.finalRead(900, "n1", 20, 700, map[string]history.Value{"x": history.Int(7)})
	t.finalRead(901, "n4", 20.1, 700, map[string]history.Value{"x": history.Int(6)})
	h := t.history(tb)
	return input(h, checker.Invalid, checker.Anomaly{
		Name: checker.Fractured, Key: "x", Focus: callOf(tb, h, 901, 20.1), Ops: opsOf(tb, h, 1, 9.5, 900, 20.0, 901, 20.1),
		Message: "at the end n1 holds x = 7 and n4 holds x = 6, both after 700 log entries", Proof: "one log gives one state",
	})
}
