package schism

import (
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
	"schism/nemesis"
)

func TestSuite(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("b.yaml", quick)
	write("a/other.yml", strings.Replace(quick, "quick", "other", 1))
	write("notes.txt", "no scenario")
	suite, err := LoadSuite([]string{filepath.Join(dir, "a"), filepath.Join(dir, "b.yaml")}, "workload.keys=7")
	if err != nil {
		t.Fatal(err)
	}
	if len(suite) != 2 || suite[0].Scenario.Name != "other" || suite[1].Scenario.Name != "quick" || suite[1].Scenario.Workload.Keys != 7 {
		t.Fatalf("loaded: %+v", suite)
	}
	o := options(t, "process")
	o.Out, o.Store = "", t.TempDir()
	suite[0].Scenario.Alone = true
	var begun, ended []string
	running := 0
	series := RunSuite(t.Context(), suite, o, 2,
		func(r *SuiteRun, _ *Options) {
			if begun = append(begun, r.Scenario.Name); r.Scenario.Alone && running > 0 {
				t.Errorf("%s runs beside another one", r.Scenario.Name)
			}
			running++
		},
		func(r *SuiteRun) { ended, running = append(ended, r.Scenario.Name), running-1 })
	if series.String() != "2 of 2 valid" || len(begun) != 2 || len(ended) != 2 {
		t.Errorf("%s; begun %v, ended %v", series, begun, ended)
	}
	for _, r := range suite {
		if r.Err != nil || r.Outcome == nil || r.Took <= 0 {
			t.Errorf("%s: %+v", r.Path, r)
		}
	}

	write("bad.yaml", "name: bad\nnodes: 3\n")
	write("worse.yaml", "name: worse\ncluster: 5\n")
	if _, err := LoadSuite([]string{dir}); err == nil || !strings.Contains(err.Error(), "bad.yaml:2:1") || !strings.Contains(err.Error(), "worse.yaml:2:10") {
		t.Errorf("two scenarios that are wrong: %v", err)
	}
	if _, err := LoadSuite([]string{t.TempDir()}); err == nil || !strings.Contains(err.Error(), "no scenario in") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := LoadSuite([]string{filepath.Join(dir, "none")}); err == nil {
		t.Error("a folder that does not exist was loaded")
	}
}

// sums is a suite as it looks when it is over: one run of each kind of end.
func sums() []*SuiteRun {
	scenario := func(name string) *Scenario { return &Scenario{Name: name, Description: "About <" + name + ">."} }
	ended := func(v checker.Verdict, expected bool, why ...string) *Outcome {
		return &Outcome{Dir: history.RunDir("store/x/1"), Result: &checker.Result{Verdict: v, AsExpected: expected, Why: why}}
	}
	return []*SuiteRun{
		{Path: "configs/raft/a.yaml", Scenario: scenario("a"), Outcome: ended(checker.Valid, true), Took: 2 * time.Second},
		{Path: "configs/raft/b.yaml", Scenario: scenario("b"), Outcome: ended(checker.Invalid, false, "lost-write & \x01 \"</x>\""), Took: 3 * time.Second},
		{Path: "configs/raft/c.yaml", Scenario: scenario("c"), Outcome: ended(checker.Vacuous, false, "nothing"), Took: time.Second},
		{Path: "configs/raft/d.yaml", Scenario: scenario("d"), Err: errors.New("no cluster\nits log"), Took: 4 * time.Second},
		{Path: "configs/raft/e.yaml", Scenario: scenario("e")},
	}
}

func TestJUnit(t *testing.T) {
	var b strings.Builder
	if err := WriteJUnit(&b, sums(), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	var read junitSuite
	if err := xml.Unmarshal([]byte(b.String()), &read); err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	if read.Tests != 5 || read.Failures != 2 || read.Errors != 1 || read.Skipped != 1 || read.Time != "10.000" || len(read.Cases) != 5 {
		t.Errorf("%+v", read)
	}
	for i, want := range []struct{ failure, fault string }{{"", ""}, {"invalid", ""}, {"vacuous", ""}, {"", "no verdict"}, {"", ""}} {
		c := read.Cases[i]
		if kind(c.Failure) != want.failure || kind(c.Error) != want.fault || (c.Skipped != nil) != (i == 4) || c.Class != "configs.raft" {
			t.Errorf("%s: %+v", c.Name, c)
		}
	}
	if f := read.Cases[1].Failure; f == nil || !strings.HasPrefix(f.Message, "lost-write & ") {
		t.Errorf("the failure says %+v", f)
	}
}

func kind(f *junitFailure) string {
	if f == nil {
		return ""
	}
	return f.Type
}

func TestSuiteSums(t *testing.T) {
	suite := sums()
	if got, want := SuiteLongest(suite), "d (4.0 s), b (3.0 s) and a (2.0 s)"; got != want {
		t.Errorf("longest: %s, want %s", got, want)
	}
	for _, r := range suite {
		r.Scenario.Workload.Duration = 10 * time.Second
	}
	suite[4].Scenario.Alone = true
	if got := SuiteLength(suite, 2); got != 30*time.Second {
		t.Errorf("four of 10 s two at a time and one alone take %v, want 30 s", got)
	}
	// One that ends with its faults takes as long as they do.
	suite[4].Scenario.Workload.Stop = StopAfterFaults
	suite[4].Scenario.Nemesis = nemesis.Schedule{{At: time.Second, Steps: []nemesis.Step{{For: time.Second}}}}
	if got := SuiteLength(suite, 2); got != 22*time.Second {
		t.Errorf("four of 10 s two at a time and one of 2 s alone take %v, want 22 s", got)
	}
	page, err := SuiteIndex(suite, "configs/raft", "store", time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`href="x/1/report.html"`, "1 of 5 as expected", "About &lt;a&gt;.", "no verdict", "not run", "4 scenarios did not show"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}
