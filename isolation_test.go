package schism

import (
	"slices"
	"strings"
	"testing"

	"schism/workload"
)

// A scenario of transactions is judged by isolation where it names no checks, at its level; others know no level.
func TestIsolationOfScenarios(t *testing.T) {
	scenario := func(rest string) (*Scenario, error) {
		return Parse("s.yaml", []byte("name: e\nworkload: {"+rest))
	}
	for _, c := range []struct{ rest, check, name string }{
		{"name: list-append}", isolation, "strict-serializable"},
		{"name: list-append}\nisolation: snapshot-isolation", isolation, "snapshot-isolation"},
		{"name: register}", linearizable, linearizable},
		{"name: multi-register}", linearizable, linearizable},
	} {
		s, err := scenario(c.rest)
		if err != nil {
			t.Fatalf("%s: %v", c.rest, err)
		}
		if want := []string{c.check, "final-reads", "one-leader", "liveness"}; !slices.Equal(s.Checks, want) {
			t.Errorf("%s: checks %v, want %v", c.rest, s.Checks, want)
		}
		if got := s.plan().Checkers[0].Name(); got != c.name {
			t.Errorf("%s: judged by %s, want %s", c.rest, got, c.name)
		}
		if live := len(s.liveChecks()) == 1; live != (c.name == "strict-serializable" || c.check == linearizable) {
			t.Errorf("%s: judged while it goes on: %v", c.rest, live)
		}
		// What is written down is read back the same.
		text, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("again.yaml", text)
		if err != nil || again.Isolation != s.Isolation || !slices.Equal(again.Checks, s.Checks) {
			t.Errorf("%s: read back as %+v, %v", c.rest, again, err)
		}
	}
	for rest, want := range map[string]string{
		"name: register}\nisolation: serializable":               "s.yaml:3:12: what the workload register does is judged by no isolation level",
		"name: list-append}\nisolation: serialisable":            `s.yaml:3:12: unknown isolation level "serialisable" (did you mean serializable?)`,
		"name: list-append}\nchecks: [linearizable]":             "s.yaml:3:10: the check linearizable knows nothing of list-append",
		"name: register}\nchecks: [isolation]":                   "s.yaml:3:10: the check isolation knows nothing of cas-register",
		"name: list-append, retry: fresh-identity, clients: 10}": "what takes effect twice looks like a fault of the system on the workload list-append",
	} {
		if _, err := scenario(rest); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", rest, err, want)
		}
	}
}

// At the end every list is read, those too that the clients have left.
func TestFinalLooksAreAtAllKeysThatWereUsed(t *testing.T) {
	s, err := Parse("s.yaml", []byte("name: e\nworkload: {name: list-append, keys: 2}"))
	if err != nil {
		t.Fatal(err)
	}
	r := &run{s: s}
	if got := r.keys(); !slices.Equal(got, []string{"x", "y"}) {
		t.Errorf("before the clients: %v", got)
	}
	r.runner()
	random := workload.Random(1)
	for range 200 {
		r.generator.Next(random)
	}
	if got := r.keys(); len(got) < 5 || !slices.Equal(got, r.generator.Keys()) {
		t.Errorf("after 200 transactions: %v, the generator used %v", got, r.generator.Keys())
	}
}
