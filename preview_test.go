package schism

import (
	"slices"
	"strings"
	"testing"

	"schism/history"
	"schism/nemesis"
	"schism/workload"
)

// What a preview tells is what the run of that seed does.
func TestPreviewComesTrue(t *testing.T) {
	text := strings.Replace(quick, "mix: {read: 1, write: 1}", "mix: {read: 1, write: 1, cas: 1}", 1) +
		"nemesis:\n  - {every: 200ms, jitter: 50ms, for: 50ms, pause: n2, times: 2}\n"
	s, err := Parse("x.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, "process")
	o.Seed = 42
	preview := s.Preview(o.Seed, 20)
	if again := s.Preview(o.Seed, 20); !slices.EqualFunc(preview.Faults, again.Faults, func(a, b nemesis.Planned) bool { return a.String() == b.String() }) {
		t.Errorf("one seed plans\n%v\nand\n%v", preview.Faults, again.Faults)
	}
	outcome, err := Run(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	h, err := history.Load(outcome.Dir.History())
	if err != nil {
		t.Fatal(err)
	}
	count := make(map[string]int)
	for _, op := range preview.Operations {
		count[Sketch(op)]++
	}
	for i := range preview.Operations {
		if i == len(h.Operations) {
			break
		}
		// Two clients that take one each may write them down the other way round: only the last few of
		// the first so many can differ.
		op := h.Operations[i]
		count[Sketch(workload.Op{F: op.F, Key: op.Key, Value: op.Input})]--
	}
	differ := 0
	for _, n := range count {
		differ += max(n, -n)
	}
	if differ > 2*s.Workload.Clients {
		t.Errorf("the run differs by %d from the first %d operations of its preview: %v", differ, len(preview.Operations), count)
	}
	if len(h.Faults) != len(preview.Faults) {
		t.Fatalf("%d faults struck, planned were %d", len(h.Faults), len(preview.Faults))
	}
	for i, f := range h.Faults {
		if late := f.Start - preview.Faults[i].At; late < 0 {
			t.Errorf("fault %d began %v before it was planned", i, -late)
		}
	}
}
