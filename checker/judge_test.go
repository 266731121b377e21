package checker

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/history"
)

// fixed is a checker that always says the same.
type fixed struct {
	verdict   Verdict
	anomalies []Anomaly
}

func (fixed) Name() string { return "fixed" }

func (f fixed) Check(context.Context, *history.History) Check {
	return Check{Name: "fixed", Verdict: f.verdict, Message: "as told", Anomalies: f.anomalies}
}

type panics struct{}

func (panics) Name() string                                  { return "panics" }
func (panics) Check(context.Context, *history.History) Check { panic("out of cheese") }

// partitioned is a run of ten seconds with a partition from 2 s to 6 s, reads and writes every 100 ms
// at n1 and n2.
func partitioned() *history.History {
	h := &history.History{End: 10 * time.Second}
	h.Faults = []history.FaultLife{{
		F: "partition", ID: 1, Text: "partition: [leader, rest]",
		Start: 2 * time.Second, Active: 2 * time.Second, End: 6 * time.Second, Healed: 6 * time.Second,
		Bit: yes(), Gone: yes(), Proof: []string{"2 of 2 links silent"},
		Events: []history.Fault{{ID: 1, Targets: map[string][]string{"leader": {"n1"}, "rest": {"n2", "n3"}}}},
	}}
	for i := range int64(100) {
		at := time.Duration(i) * 100 * time.Millisecond
		for k, node := range []string{"n1", "n2"} {
			op := history.Operation{
				Process: history.Process(k), Node: node, F: history.Read, Key: "x", Outcome: history.OK, Output: history.Nil,
				Call: 4*i + int64(k), Return: 4*i + 2 + int64(k), CallTime: at, ReturnTime: at + time.Millisecond,
			}
			if node == "n1" && at >= 3*time.Second && at < 6*time.Second {
				op.Outcome = history.Fail // the cut-off node answers for one second more
			}
			h.Operations = append(h.Operations, op)
		}
	}
	return h
}

func judge(h *history.History, p Plan) *Result { return Judge(context.Background(), h, p) }

func TestComposition(t *testing.T) {
	for _, c := range []struct {
		of   []Verdict
		want Verdict
	}{
		{nil, Unknown},
		{[]Verdict{Valid}, Valid},
		{[]Verdict{Valid, Vacuous}, Vacuous},
		{[]Verdict{Vacuous, Unknown, Valid}, Unknown},
		{[]Verdict{Unknown, Invalid, Vacuous}, Invalid},
	} {
		if got := Compose(c.of...); got != c.want {
			t.Errorf("%v compose to %v, want %v", c.of, got, c.want)
		}
	}
	if v := *new(Verdict); v != Unknown {
		t.Errorf("the zero verdict is %v", v)
	}
}

// Nothing that spoils a run may leave it valid; nothing that spoils it may hide what was proved.
func TestWhatSpoilsARun(t *testing.T) {
	stale := []Anomaly{{Name: StaleRead, Key: "x"}}
	for name, spoil := range map[string]struct {
		do   func(h *history.History, p *Plan)
		want Verdict
	}{
		"nothing":                      {func(*history.History, *Plan) {}, Valid},
		"no checker":                   {func(_ *history.History, p *Plan) { p.Checkers = nil }, Unknown},
		"a checker that panics":        {func(_ *history.History, p *Plan) { p.Checkers = append(p.Checkers, panics{}) }, Unknown},
		"an incident":                  {func(h *history.History, _ *Plan) { h.Incidents = []string{"the dead man fired"} }, Unknown},
		"a torn history":               {func(h *history.History, _ *Plan) { h.Torn = "line 7: torn tail" }, Unknown},
		"a fault that did not bite":    {func(h *history.History, _ *Plan) { h.Faults[0].Bit = no() }, Vacuous},
		"a fault that nobody measured": {func(h *history.History, _ *Plan) { h.Faults[0].Bit = nil }, Vacuous},
		"a fault that nobody undid":    {func(h *history.History, _ *Plan) { h.Faults[0].End, h.Faults[0].Healed, h.Faults[0].Gone = -1, -1, nil }, Vacuous},
		"a run that broke off":         {func(_ *history.History, p *Plan) { p.Whole = true }, Vacuous},
		"a fault that is missing":      {func(_ *history.History, p *Plan) { p.Faults = append(p.Faults, Ordered{Kind: "partition"}) }, Vacuous},
		"a kind that never succeeded":  {func(_ *history.History, p *Plan) { p.Kinds = []string{history.Read, history.Write} }, Vacuous},
		"too few successes a second":   {func(_ *history.History, p *Plan) { p.Require.OKRate = 1000 }, Vacuous},
		"too few reads during the fault": {func(_ *history.History, p *Plan) {
			p.Require.During = []During{{Fault: "partition", At: "leader", Asked: 42}}
		}, Vacuous},
	} {
		for _, proved := range []bool{false, true} {
			h, p := partitioned(), Plan{Checkers: []Checker{fixed{verdict: Valid}}, Kinds: []string{history.Read}, Faults: []Ordered{{Kind: "partition"}}}
			spoil.do(h, &p)
			want := spoil.want
			if proved {
				p.Checkers = append(p.Checkers, fixed{Invalid, stale})
				want = Invalid
			}
			r := judge(h, p)
			if r.Verdict != want {
				t.Errorf("%s: %v, want %v (%v)", name, r.Verdict, want, r.Why)
			}
			if r.AsExpected != (want == Valid) {
				t.Errorf("%s: as expected is %v", name, r.AsExpected)
			}
			if want != Valid && len(r.Why) == 0 {
				t.Errorf("%s: no reason is given", name)
			}
		}
	}
}

func TestAFaultThatStaysIsNeverValid(t *testing.T) {
	h := partitioned()
	h.Faults[0].Gone = no()
	if r := judge(h, Plan{Checkers: []Checker{fixed{verdict: Valid}}, Faults: []Ordered{{Kind: "partition"}}}); r.Verdict == Valid {
		t.Errorf("a fault was not undone, and the run is %v", r.Verdict)
	}
}

func TestExpectationAndExitStatus(t *testing.T) {
	found := func(names ...string) Checker {
		f := fixed{verdict: Valid}
		for _, name := range names {
			f.verdict = Invalid
			f.anomalies = append(f.anomalies, Anomaly{Name: name, Key: "x"})
		}
		return f
	}
	for name, c := range map[string]struct {
		expect  Expect
		checker Checker
		met     bool
		exit    int
	}{
		"valid, by default":        {Expect{}, found(), true, 0},
		"an anomaly, unexpected":   {Expect{}, found(StaleRead), false, 1},
		"the anomaly":              {Expect{Verdict: Invalid, Anomalies: []string{StaleRead}}, found(StaleRead), true, 0},
		"not the anomaly":          {Expect{Verdict: Invalid, Anomalies: []string{StaleRead}}, found(LostWrite), false, 1},
		"one more":                 {Expect{Verdict: Invalid, Anomalies: []string{StaleRead}}, found(StaleRead, LostWrite), false, 1},
		"one more that is allowed": {Expect{Verdict: Invalid, Anomalies: []string{StaleRead}, Allow: []string{LostWrite}}, found(StaleRead, LostWrite), true, 0},
		"one of two":               {Expect{Verdict: Invalid, Anomalies: []string{StaleRead, LostWrite}}, found(StaleRead), false, 1},
		"nothing, expected some":   {Expect{Verdict: Invalid, Anomalies: []string{StaleRead}}, found(), false, 1},
		"undecided":                {Expect{}, fixed{verdict: Unknown}, false, 2},
		"vacuous":                  {Expect{}, fixed{verdict: Vacuous}, false, 2},
		"vacuous, as expected":     {Expect{Verdict: Vacuous}, fixed{verdict: Vacuous}, true, 0},
	} {
		r := judge(partitioned(), Plan{Checkers: []Checker{c.checker}, Expect: c.expect})
		if r.AsExpected != c.met || r.ExitStatus() != c.exit {
			t.Errorf("%s: as expected %v, exit %d; want %v, %d (%v)", name, r.AsExpected, r.ExitStatus(), c.met, c.exit, r.Why)
		}
	}
}

func TestAnomaliesAreToldOnceWorstFirst(t *testing.T) {
	a := fixed{Invalid, []Anomaly{{Name: StaleRead, Key: "x", Message: "first"}, {Name: StaleRead, Key: "y"}}}
	b := fixed{Invalid, []Anomaly{{Name: StaleRead, Key: "x", Message: "second"}, {Name: LostWrite, Key: "x"}}}
	r := judge(partitioned(), Plan{Checkers: []Checker{a, b}})
	var got []string
	for _, a := range r.Anomalies {
		got = append(got, a.Name+" "+a.Key+" "+a.Message)
	}
	want := []string{"lost-write x ", "stale-read x first", "stale-read y "}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRequireDuring(t *testing.T) {
	zero := 0
	for name, c := range map[string]struct {
		during During
		holds  bool
		seen   string
	}{
		"asked at the leader":             {During{Fault: "partition", At: "leader", F: history.Read, Asked: 41}, true, "41"},
		"asked once more than it was":     {During{Fault: "partition", At: "leader", F: history.Read, Asked: 42}, false, "41"},
		"asked of everybody":              {During{Fault: "partition", Asked: 82}, true, "82"},
		"ok inside the first second":      {During{Fault: "partition", At: "leader", To: time.Second - 1, OK: 10}, true, "10"},
		"none ok after it":                {During{Fault: "partition", At: "leader", From: time.Second, To: 3900 * time.Millisecond, OKAtMost: &zero}, true, "0"},
		"none ok, but some were":          {During{Fault: "partition", At: "leader", OKAtMost: &zero}, false, "10"},
		"another kind of operation":       {During{Fault: "partition", At: "leader", F: history.Write, Asked: 1}, false, "0"},
		"a fault that was not":            {During{Fault: "kill", Asked: 1}, false, "there was no such fault in place"},
		"a selector that means two nodes": {During{Fault: "partition", At: "rest", Asked: 1}, false, "the fault chose no single node as rest"},
	} {
		worth := Require{During: []During{c.during}}.Worth(partitioned())
		if len(worth) != 1 || worth[0].Holds != c.holds || worth[0].Seen != c.seen {
			t.Errorf("%s: %+v, want %v, %s", name, worth, c.holds, c.seen)
		}
	}
}

func TestResultRoundTrip(t *testing.T) {
	r := judge(partitioned(), Plan{Checkers: []Checker{fixed{Invalid, []Anomaly{{Name: StaleRead, Key: "x", Ops: []int64{1, 2}}}}}})
	data, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"verdict": "invalid"`, `"as_expected": false`, `"name": "stale-read"`, `"stats": {`, `"versions": {`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("%s is not in\n%s", want, data)
		}
	}
}
