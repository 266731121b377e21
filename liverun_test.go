package schism

import (
	"slices"
	"strings"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
)

// timedLog notes when each line was shown.
type timedLog struct {
	testLog
	text  []string
	shown []time.Time
}

func (l *timedLog) Write(b []byte) (int, error) {
	l.text, l.shown = append(l.text, string(b)), append(l.shown, time.Now())
	return l.testLog.Write(b)
}

func (l *timedLog) find(text string) int {
	return slices.IndexFunc(l.text, func(line string) bool { return strings.Contains(line, text) })
}

// A run that is to stop at an anomaly tells of it soon after the answer that proves it, ends there, and heals,
// reads, checks and reports all the same; the check at the end finds what was told.
func TestStopOnAnomaly(t *testing.T) {
	s := short(t, "configs/raft/stale-read-local.yaml")
	s.Workload.Duration = time.Minute
	s.Nemesis[0].Steps[0].For = 50 * time.Second
	o := options(t, "process")
	shown := &timedLog{testLog: testLog{t}}
	o.Progress, o.StopOnAnomaly = shown, true
	began := time.Now()
	outcome, err := Run(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 40*time.Second {
		t.Errorf("the run went on for %v", took)
	}
	complete(t, outcome.Dir)
	told, stopped := shown.find("  ✗ "), shown.find("the run ends here, as asked")
	if told < 0 || stopped < told || outcome.Result.Verdict != checker.Invalid {
		t.Fatalf("told in line %d, stopped in line %d, then %v", told, stopped, outcome.Result.Verdict)
	}
	h, err := history.Load(outcome.Dir.History())
	if err != nil {
		t.Fatal(err)
	}
	if f := h.Faults[0]; f.Gone == nil || !*f.Gone {
		t.Errorf("the partition was not healed: %+v", f)
	}
	key, at := firstBroken(t, s, outcome.Dir.History())
	if !slices.ContainsFunc(outcome.Result.Anomalies, func(a checker.Anomaly) bool { return a.Key == key }) {
		t.Errorf("%s was broken first, and at the end there is nothing of it: %+v", key, outcome.Result.Anomalies)
	}
	// On a machine that does nothing else it is a tenth of a second; the bound is for those that do.
	late := shown.shown[told].Sub(h.Header.Started.Add(at))
	if t.Logf("told %v after the answer that proves it", late); late > 10*time.Second {
		t.Errorf("told %v after the answer that proves it", late)
	}
}

func TestWhatIsFoundOnManyKeysIsToldOfAFew(t *testing.T) {
	a := checker.Anomaly{Name: checker.StaleRead, Key: "x", Message: "the whole story"}
	for n, want := range map[int]string{1: a.Message, 3: a.Message, 4: "stale-read on key x too; if it is on others, the report will tell", 5: ""} {
		if got := announcement(a, n); got != want {
			t.Errorf("finding %d: %q, want %q", n, got, want)
		}
	}
}

// firstBroken is the key whose promise was broken first, and when.
func firstBroken(t *testing.T, s *Scenario, path string) (key string, at time.Duration) {
	t.Helper()
	f, err := history.Follow(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := s.liveChecks()[0].(checker.Watcher).Watch()
	for e, err := range f.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if w.Add(e) == checker.Broken {
			return e.Key, e.At()
		}
	}
	t.Fatal("nothing is broken in the history")
	return "", 0
}
