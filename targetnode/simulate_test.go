package targetnode

import "testing"

// A defect of the core is found by schedule, and the same schedule is clean without it.
func TestSimulate(t *testing.T) {
	s, err := Simulate("follower-commit-uncapped", 5000)
	if err != nil || !s.Found || !s.Clean || s.Schedule == 0 || s.Invariant == "" {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := Simulate("no-dedup", 1); err == nil {
		t.Error("a defect that the core does not have was simulated")
	}
}
