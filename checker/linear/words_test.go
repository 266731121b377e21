package linear

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"schism/checker"
	"schism/checker/search"
	"schism/history"
)

const staleStory = `
	1.000 c3 n4 write x 12
	1.010 c3 ok
	18.490 c3 n4 write x 19
	18.501 c3 ok
	20.381 c7 n1 read x
	20.382 c7 ok 12`

func role(at time.Duration, node, role string, term uint64) history.Event {
	return history.Event{
		Time: int64(at), Node: node, Process: history.Observer, Kind: history.Info, F: history.RoleChange,
		Value: history.Encode(history.Role{Role: role, Term: term}),
	}
}

// leased is what the node knew of the region lease beside its role.
func leased(e history.Event, r history.Region) history.Event {
	var said history.Role
	if err := json.Unmarshal(e.Value, &said); err != nil {
		panic(err)
	}
	said.Region = r
	e.Value = history.Encode(said)
	return e
}

func partition(active, end time.Duration) history.FaultLife {
	return history.FaultLife{
		F: "partition", ID: 1, Text: "partition [[leader, one], [rest]]", Start: active, Active: active, End: end, Healed: end,
		Events: []history.Fault{{ID: 1, What: "n1 n2 | n3 n4 n5", Groups: [][]string{{"n1", "n2"}, {"n3", "n4", "n5"}}}},
	}
}

func TestWhatTheNodeBelieved(t *testing.T) {
	for _, tc := range []struct {
		name   string
		roles  []history.Event
		faults []history.FaultLife
		want   string // behind the finding
		on     int
	}{
		{name: "nothing is known"},
		{
			name:   "cut off, still a leader",
			roles:  []history.Event{role(time.Second, "n1", "leader", 2), role(17*time.Second, "n4", "leader", 3), role(30*time.Second, "n1", "follower", 3)},
			faults: []history.FaultLife{partition(15*time.Second, 25*time.Second)},
			want:   " n1 was cut off from the majority at the time and still believed it was leader of term 2.", on: 1,
		},
		{
			name:   "healed before",
			roles:  []history.Event{role(time.Second, "n1", "follower", 2)},
			faults: []history.FaultLife{partition(15*time.Second, 19*time.Second)},
			want:   " n1 was a follower in term 2 at the time.",
		},
		{
			name: "cut off, still a region leader",
			roles: []history.Event{
				leased(role(time.Second, "n1", "follower", 2), history.Region{Holder: "n1", Epoch: 1, Holds: true}),
				leased(role(time.Second, "n2", "leader", 2), history.Region{Holder: "n1", Epoch: 1}),
				leased(role(17*time.Second, "n4", "follower", 2), history.Region{Holder: "n4", Epoch: 2, Holds: true}),
			},
			faults: []history.FaultLife{partition(15*time.Second, 25*time.Second)},
			want: " n1 was cut off from the majority at the time and was a follower in term 2." +
				" It believed it held the region lease of epoch 1, and n4 believed it held that of epoch 2.", on: 1,
		},
		{
			name:  "a region leader whose lease has run out",
			roles: []history.Event{leased(role(time.Second, "n1", "follower", 2), history.Region{Holder: "n1", Epoch: 1})},
			want:  " n1 was a follower in term 2 at the time. Its region lease of epoch 1 had run out.",
		},
		{
			name:  "a node that leads no region",
			roles: []history.Event{leased(role(time.Second, "n1", "leader", 2), history.Region{Holder: "n3", Epoch: 4})},
			want:  " n1 was leader of term 2 at the time. It took n3 for the region leader, of epoch 4.",
		},
		{
			name:   "cut off, nothing heard of it",
			faults: []history.FaultLife{partition(15*time.Second, -1)},
			want:   " n1 was cut off from the majority at the time.", on: 1,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := script(t, staleStory)
			h.Header.Nodes = []string{"n1", "n2", "n3", "n4", "n5"}
			h.Roles, h.Faults = tc.roles, tc.faults
			c := Register{}.Check(t.Context(), h)
			if len(c.Anomalies) != 1 {
				t.Fatalf("want one anomaly: %+v", c)
			}
			a := c.Anomalies[0]
			if !strings.HasSuffix(a.Message, "1.88 s earlier."+tc.want) {
				t.Errorf("got %q, want the end %q", a.Message, tc.want)
			}
			if len(a.Faults) != tc.on || tc.on == 1 && a.Faults[0] != "partition n1 n2 | n3 n4 n5" {
				t.Errorf("faults then on: %q, want %d", a.Faults, tc.on)
			}
		})
	}
}

func TestOneAnomalyOfAKindOnEachKey(t *testing.T) {
	h := script(t, `
		1 c1 n1 write x 1
		2 c1 ok
		3 c1 n1 write x 2
		4 c1 ok
		5 c2 n1 read x
		5.1 c2 ok 1
		6 c2 n1 read x
		6.1 c2 ok 1
		20 c2 n1 read x
		20.1 c2 ok 1
		20.2 c2 n1 read x
		20.3 c2 ok 77
		21 c1 n1 write y 1
		22 c1 ok
		23 c2 n1 read y
		24 c2 ok null
		25 c2 n1 read z
		26 c2 ok null`)
	c := Register{}.Check(t.Context(), h)
	var got []string
	for _, a := range c.Anomalies {
		got = append(got, a.Key+" "+a.Name)
	}
	if want := "x dirty-read, x stale-read, y stale-read"; strings.Join(got, ", ") != want {
		t.Fatalf("got %v, want %s", got, want)
	}
	if focus := c.Anomalies[1].Focus; focus != 8 {
		t.Errorf("the clearest stale read of x is event %d, want 8: the first that is half as stale as the stalest", focus)
	}
	if c.Figures["stale_reads"] != 4 || c.Figures["dirty_reads"] != 1 || c.Figures["keys_invalid"] != 2 || c.Figures["keys_valid"] != 1 {
		t.Errorf("figures: %v", c.Figures)
	}
	if want := "2 keys of 3 are not linearizable: x, y."; c.Message != want {
		t.Errorf("got %q, want %q", c.Message, want)
	}
	if c.Anomalies[1].Extent != "on 2 keys of 3" {
		t.Errorf("found %q", c.Anomalies[1].Extent)
	}
}

func TestKeysThatCannotBeJudged(t *testing.T) {
	h := script(t, staleStory)
	h.Operations = append(h.Operations,
		history.Operation{F: "append", Key: "y", Call: 10, Return: 11, Outcome: history.OK, Input: history.Value("1")},
		history.Operation{F: history.CAS, Key: "z", Call: 12, Return: 13, Outcome: history.OK, Input: history.Value("1")},
	)
	c := Register{}.Check(t.Context(), h)
	if c.Verdict != checker.Invalid {
		t.Errorf("verdict %v, want invalid: x is", c.Verdict)
	}
	for i, want := range []string{"", `"append"`, "cas invoked by event 12"} {
		k := c.Keys[i]
		if (k.Verdict == checker.Unknown) != (want != "") || !strings.Contains(k.Message, want) {
			t.Errorf("key %s is %v: %q, want %q", k.Key, k.Verdict, k.Message, want)
		}
	}
}

func TestNothingToJudge(t *testing.T) {
	c := Register{}.Check(t.Context(), &history.History{})
	if c.Verdict != checker.Valid || c.Message == "" {
		t.Errorf("got %+v", c)
	}
}

// TestContradictionNeverPasses makes the two ways disagree.
func TestContradictionNeverPasses(t *testing.T) {
	for _, zones := range []checker.Verdict{checker.Valid, checker.Invalid} {
		j := &judgement{Problem: search.Problem{Verdict: zones}}
		j.compare(zones == checker.Invalid)
		if j.Verdict != checker.Unknown || j.second || !strings.Contains(j.Why, "zones") || !strings.Contains(j.Why, "Porcupine") {
			t.Errorf("zones say %v, Porcupine the opposite: %v %q", zones, j.Verdict, j.Why)
		}
	}
}

// TestUnprovenIsUnknown judges a linearizable key invalid: no operations can prove that.
func TestUnprovenIsUnknown(t *testing.T) {
	h := script(t, "1 c1 n1 write x 1\n2 c1 ok\n3 c1 n1 read x\n4 c1 ok 1")
	k := split(h)[0]
	j := newJudgement(k)
	j.Verdict, j.values = checker.Invalid, newSuccession(k)
	if found := newExplainer(h, []*judgement{j}, search.Unguarded(), time.Now().Add(time.Minute)).anomalies(); len(found) > 0 || j.Verdict != checker.Unknown || j.Why == "" {
		t.Errorf("%v %q: %+v", j.Verdict, j.Why, found)
	}
}

func TestValuesInManySpellings(t *testing.T) {
	h := script(t, "1 c1 n1 write x 1\n2 c1 ok\n3 c1 n1 read x\n4 c1 ok 1")
	h.Operations[0].Input = history.Value(`{"a": [1, 2]}`)
	h.Operations[1].Output = history.Value(`{"a":[1,2]}`)
	if c := (Register{}).Check(t.Context(), h); c.Verdict != checker.Valid {
		t.Errorf("white space tells values apart: %+v", c)
	}
}
