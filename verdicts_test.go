package schism

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
	"schism/workload"
)

// A verdict file holds tiny histories whose verdict follows from the theorem of their model by a thought, which
// stands beside them. Each block of lines is one:
//
//	== what it shows
//	# why
//	cas-register: invalid stale-read       by that model: the verdict, and every anomaly
//	cas-register/sessions: valid           the same by another check
//	list-append@serializable: valid        or for another level of isolation than the strictest
//	1 write x 1                            client 1 invokes
//	1 ok                                   or fail, info, mismatch; with a value: what came back
//
// They go the whole way of `schism check FILE`.
func TestVerdicts(t *testing.T) {
	files, err := filepath.Glob("checker/testdata/verdicts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(text), "== ")[1:] {
			name, rest, _ := strings.Cut(block, "\n")
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+name, func(t *testing.T) { judgeBlock(t, rest) })
		}
	}
}

func judgeBlock(t *testing.T, block string) {
	wants := make(map[string]string)
	s := tiny{text: []string{`{"schism":1}`}, open: make(map[string]history.Event)}
	for line := range strings.Lines(block) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		by, want, is := strings.Cut(line, ": ")
		switch {
		case line == "":
		case is && !strings.Contains(by, " "):
			wants[by] = strings.TrimSpace(want)
		default:
			s.event(t, line)
		}
	}
	path := filepath.Join(t.TempDir(), "history.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(s.text, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if len(wants) == 0 {
		t.Error("nobody says what is right")
	}
	for by, want := range wants {
		model, check, _ := strings.Cut(by, "/")
		model, level, _ := strings.Cut(model, "@")
		r, err := CheckHistory(t.Context(), path, As{Model: model, Isolation: level, Checks: slices.DeleteFunc([]string{check}, func(s string) bool { return s == "" })})
		if err != nil {
			t.Errorf("%s: %v", by, err)
			continue
		}
		if got := strings.Join(append([]string{r.Verdict.String()}, anomalyNames(r)...), " "); got != want {
			t.Errorf("%s: %s, want %s: %+v %v", by, got, want, r.Anomalies, r.Why)
		}
		if check == "" && model != workload.ModelSetFull {
			if told := toldLive(t, path, model, level); told != (r.Verdict == checker.Invalid) {
				t.Errorf("%s: %v, and told while it ran: %v", by, r.Verdict, told)
			}
		}
		for _, a := range r.Anomalies {
			if len(a.Ops) == 0 || a.Message == "" || a.Proof == "" || !slices.Contains(a.Ops, a.Focus) {
				t.Errorf("%s: %s is not proved: %+v", by, a.Name, a)
			}
			t.Logf("%s: %s\n%s", by, a.Message, a.Proof)
		}
	}
}

// toldLive says whether a run with that history would have told of an anomaly before its end.
func toldLive(t *testing.T, path, model, level string) (told bool) {
	t.Helper()
	m, err := findModel(model)
	if err == nil {
		m, err = m.at(level)
	}
	if err != nil {
		t.Fatal(err)
	}
	f, err := history.Follow(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l := newLive([]checker.Checker{m.New(liveLimits())}, func(checker.Anomaly) { told = true }, nil)
	if err := l.look(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if err := l.judgeOne(t.Context(), f.SoFar(), l.checks[0]); err != nil {
		t.Fatal(err)
	}
	return told
}

// tiny is a history that is being written down, one event a millisecond.
type tiny struct {
	text []string
	open map[string]history.Event
}

func (s *tiny) event(t *testing.T, line string) {
	t.Helper()
	w := strings.Fields(line)
	e, busy := s.open[w[0]]
	switch value := history.Value(strings.Join(w[min(2, len(w)):], " ")); {
	case !busy:
		e = history.Event{Kind: history.Invoke, F: w[1], Key: w[2], Value: history.Value(strings.Join(w[3:], " "))}
		if _, err := fmt.Sscan(w[0], &e.Process); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		s.open[w[0]] = e
	case w[1] == history.Mismatch:
		e.Kind, e.Error, e.Found = history.Fail, history.Mismatch, value
		delete(s.open, w[0])
	default:
		e.Kind = history.Kind(w[1])
		if len(value) > 0 {
			e.Value = value
		}
		delete(s.open, w[0])
	}
	if len(e.Value) == 0 {
		e.Value = history.Nil
	}
	e.Index = int64(len(s.text) - 1)
	e.Time = e.Index * int64(time.Millisecond)
	b, err := json.Marshal(e)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	s.text = append(s.text, string(b))
}
