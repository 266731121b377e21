package schism

import (
	"os"
	"strings"
	"testing"

	"schism/checker"
)

func zooCase(t *testing.T, defect, file string) ZooCase {
	t.Helper()
	mixed, err := Parse("mixed.yaml", []byte(quick))
	if err != nil {
		t.Fatal(err)
	}
	c := ZooCase{Defect: defect, Mixed: mixed}
	if file == "" {
		return c
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if c.Own, err = Parse(file, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// A defect is looked for by its own scenario until it is found, by that scenario with the defect off, and
// by the mixed one; and a scenario that could not find it is refused.
func TestZoo(t *testing.T) {
	o := options(t, "process")
	o.Out, o.Store = "", t.TempDir()
	cases := []ZooCase{
		zooCase(t, "", ""),
		zooCase(t, "no-dedup", "configs/raft/duplicate-apply-no-dedup.yaml"),
		zooCase(t, "commit-old-term", "configs/raft/duplicate-apply-no-dedup.yaml"),
		zooCase(t, "no-dedup", "configs/raft/duplicate-apply-no-dedup.yaml"),
		{Defect: "deep", Simulate: func() (Simulated, error) {
			return Simulated{Found: true, Runs: 7, What: "log matching", Clean: true}, nil
		}},
	}
	cases[3].Own.Expect = checker.Expect{}
	noControl := zooCase(t, "no-dedup", "configs/raft/duplicate-apply-no-dedup.yaml")
	noControl.Control = noControl.Own
	cases = append(cases, noControl)
	var ended []string
	rows := RunZoo(t.Context(), cases, o, ZooPlan{Tries: 2, Mixed: 2, Jobs: 1}, func(r *ZooRow) { ended = append(ended, r.Case.Defect) })
	if len(ended) != len(cases) || len(rows) != len(cases) {
		t.Fatalf("ended: %v", ended)
	}
	if n, _ := rows[0].MixedFound(); n != 0 || len(rows[0].Mixed) != 2 || rows[0].Err != nil || rows[0].Control != nil {
		t.Errorf("the control of all: %+v", rows[0])
	}
	r := rows[1]
	if r.Err != nil || !r.Found || r.Runs > 2 || !r.ControlHolds() || strings.Join(r.Anomalies, " ") != checker.DuplicateApply {
		t.Errorf("no-dedup: %+v", r)
	}
	if r.After <= 0 || r.After > cases[1].Own.Workload.Duration*2 {
		t.Errorf("found after %v", r.After)
	}
	if name := r.Control.Dir.Scenario(); !strings.Contains(name, "duplicate-apply-no-dedup-off") {
		t.Errorf("the control is in %s", name)
	}
	if r := rows[4]; r.Err != nil || !r.Found || r.Runs != 7 || !r.ControlHolds() || len(r.Mixed) != 0 {
		t.Errorf("what the simulator shows: %+v", r)
	}
	for i, want := range map[int]string{2: "does not switch commit-old-term on", 3: "does not expect to find no-dedup", 5: "is no control of"} {
		if err := rows[i].Err; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("row %d: %v, want %q", i, err, want)
		}
	}
}
