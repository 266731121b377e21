package schism

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"schism/checker"
	"schism/history"
	"schism/targetnode/failpoint"
)

// The two histories that docs/format.md shows are judged as their names say.
func TestGoldenHistories(t *testing.T) {
	for file, want := range map[string]struct {
		verdict checker.Verdict
		anomaly string
	}{
		"docs/format/valid.jsonl":      {checker.Valid, ""},
		"docs/format/stale-read.jsonl": {checker.Invalid, checker.StaleRead},
	} {
		h, err := history.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		s := Defaults()
		s.Checks = []string{"linearizable"}
		result := checker.Judge(t.Context(), h, checker.Plan{Checkers: s.plan().Checkers})
		if result.Verdict != want.verdict {
			t.Errorf("%s: %v, want %v: %v", file, result.Verdict, want.verdict, result.Why)
		}
		if want.anomaly != "" && (len(result.Anomalies) != 1 || result.Anomalies[0].Name != want.anomaly) {
			t.Errorf("%s: anomalies %+v, want one %s", file, result.Anomalies, want.anomaly)
		}
	}
}

// The reader of docs/format.md, in a language that shares no code with ours, reads what we read.
func TestReaderInAnotherLanguage(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 here to run docs/format/reader.py with")
	}
	for _, file := range []string{"docs/format/valid.jsonl", "docs/format/stale-read.jsonl"} {
		out, err := exec.Command(python, "docs/format/reader.py", file).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		h, err := history.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		for line := range strings.Lines(string(out)) {
			seen[strings.ReplaceAll(strings.TrimSpace(line), " ", "")] = true
		}
		all := append(h.Operations, h.FinalReads...)
		if len(seen) != len(all) {
			t.Errorf("%s: the reader printed %d operations, we read %d:\n%s", file, len(seen), len(all), out)
		}
		for _, op := range all {
			value := op.Input
			if op.Outcome == history.OK {
				value = op.Output
			}
			key := op.Key
			if key == "" {
				key = "-"
			}
			line := fmt.Sprint(int64(op.CallTime), op.Process, op.F, key, history.Text(value), op.Outcome)
			if !seen[strings.ReplaceAll(line, " ", "")] {
				t.Errorf("%s: the reader does not print %q, but\n%s", file, line, out)
			}
		}
	}
}

// The tester knows the node's failpoints from a list of its own, for neither is linked to the other; the list
// is the node's table, and the pages tell of each.
func TestFailpointsAreThoseOfTheNode(t *testing.T) {
	known := NewRaftKV().Failpoints()
	if names := failpoint.Names(); !slices.Equal(known, names) {
		t.Errorf("RaftKV.Failpoints says %v, and the node has %v", known, names)
	}
	for _, page := range []string{"docs/faults.md", "docs/control.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range known {
			if !strings.Contains(string(text), "`"+name+"`") {
				t.Errorf("%s does not tell of %s", page, name)
			}
		}
	}
}

// The scenario that the README shows is one.
func TestTheReadmesScenario(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, from, found := strings.Cut(string(text), "    name: stale-read-local\n")
	if !found {
		t.Fatal("the README shows no scenario any more")
	}
	var scenario strings.Builder
	scenario.WriteString("name: stale-read-local\n")
	for line := range strings.Lines(from) {
		indented, ok := strings.CutPrefix(line, "    ")
		if !ok {
			break
		}
		scenario.WriteString(indented)
	}
	if _, err := Parse("README.md", []byte(scenario.String())); err != nil {
		t.Error(err)
	}
}
