package schism

import (
	"strings"
	"sync"
	"testing"
	"time"

	"schism/history"
)

// screen keeps what it is shown.
type screen struct {
	testLog
	mu      sync.Mutex
	moments []Moment
	lines   strings.Builder
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines.Write(b)
	return s.testLog.Write(b)
}

func (s *screen) Show(m Moment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moments = append(s.moments, m)
}

// A viewer is shown every part of a run, and what is going on in it, and gets no line a second.
func TestAViewerIsShownTheWholeRun(t *testing.T) {
	s, err := Parse("x.yaml", []byte("name: x\ncluster: {nodes: 3}\nworkload: {duration: 3s, rate: 100/s}\n"+
		"nemesis:\n  - {at: 1s, for: 1s, partition: [leader, rest]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	view := &screen{testLog: testLog{t}}
	o := options(t, "process")
	o.Progress = view
	if _, err := Run(t.Context(), s, o); err != nil {
		t.Fatal(err)
	}
	seen := make(map[Phase]bool)
	var fault, rates, leader bool
	for _, m := range view.moments {
		if m.Scenario != "x" || m.Length != 3*time.Second {
			t.Fatalf("shown: %+v", m)
		}
		seen[m.Phase] = true
		fault = fault || len(m.Faults) == 1 && strings.HasPrefix(m.Faults[0], "partition n")
		rates = rates || m.Rates.OK > 0 && m.Rates.P50 > 0 && m.Rates.P99 >= m.Rates.P50
		leader = leader || strings.HasPrefix(m.Leaders, "n")
	}
	for _, p := range []Phase{Starting, Running} { // the others may be over too soon
		if !seen[p] {
			t.Errorf("the phase %q was never shown", p)
		}
	}
	if !fault || !rates || !leader {
		t.Errorf("a fault was shown: %v, rates: %v, a leader: %v", fault, rates, leader)
	}
	if last := view.moments[len(view.moments)-1]; len(last.Faults) > 0 {
		t.Errorf("at the end there is still %v", last.Faults)
	}
	if text := view.lines.String(); strings.Contains(text, "p99") || !strings.Contains(text, "links silent") {
		t.Errorf("a viewer got these lines:\n%s", text)
	}
}

// A fault that struck nobody is never shown as one that is on.
func TestAFaultThatDidNotStrikeIsNotShown(t *testing.T) {
	var s stage
	for _, f := range []history.Fault{
		{ID: 1, Phase: history.FaultStart, Text: "kill: leader"},
		{ID: 1, Phase: history.FaultProof},
		{ID: 2, Phase: history.FaultStart, What: "n2"},
		{ID: 2, Phase: history.FaultActive},
	} {
		s.note(history.Event{Process: history.Nemesis, F: "kill", Value: history.Encode(f)})
	}
	if on := s.now().Faults; len(on) != 1 || on[0] != "kill n2" {
		t.Errorf("shown: %q", on)
	}
}

// A cluster that was kept serves on after its run, without a fault, and is gone once it is closed.
func TestKeep(t *testing.T) {
	runtimes(t, func(t *testing.T, runtime string) {
		s, err := Parse("x.yaml", []byte("name: x\ncluster: {nodes: 3}\nworkload: {duration: 1s, rate: 50/s}\n"))
		if err != nil {
			t.Fatal(err)
		}
		o := options(t, runtime)
		o.Keep = true
		outcome, err := Run(t.Context(), s, o)
		if err != nil {
			t.Fatal(err)
		}
		k := outcome.Kept
		if k == nil || len(k.Nodes) != 3 || k.Run == "" || k.Alone != (runtime == "docker") || k.Nodes[0].Hint == "" {
			t.Fatalf("kept: %+v", k)
		}
		target := NewRaftKV()
		for _, n := range k.Nodes {
			if _, err := target.Status(t.Context(), n.Address); err != nil {
				t.Errorf("%s of the kept cluster does not answer: %v", n.Name, err)
			}
		}
		if err := k.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := target.Status(t.Context(), k.Nodes[0].Address); err == nil {
			t.Error("it answers although it was closed")
		}
	})
}
