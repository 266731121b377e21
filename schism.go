package schism

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"schism/checker"
	"schism/checker/liveness"
	"schism/checker/report"
	"schism/checker/session"
	"schism/checker/staleness"
	"schism/history"
	"schism/workload"
)

// CheckKind is one promise that a scenario can ask to be checked.
type CheckKind struct {
	Name  string
	About string // one line for people
	// New makes the checker that suits the scenario.
	New func(s *Scenario, l checker.Limits) checker.Checker
	// Asked is a check that is only made where a scenario names it: it adds nothing to others that are made.
	Asked bool
	// Live is a check whose findings on the beginning of a history are certain: see live.go.
	Live bool
}

// Checks is every check there is. A new one is one file and one line here. Where two see the same
// loss, the one that stands first tells it.
func Checks() []CheckKind {
	judge := func(s *Scenario, l checker.Limits) checker.Checker { return s.judge().New(l) }
	return []CheckKind{
		{linearizable, "every operation took effect at one moment between its call and its answer", judge, false, true},
		{isolation, "transactions were isolated from each other as the scenario says", judge, false, true},
		{"final-reads", "at the end every node holds the same, and nothing acknowledged is gone",
			func(*Scenario, checker.Limits) checker.Checker { return checker.FinalReads{} }, false, false},
		{"one-leader", "no two nodes acknowledge writes as leaders of one term",
			func(*Scenario, checker.Limits) checker.Checker { return checker.OneLeader{} }, false, false},
		{"liveness", "clients were served, and leaders stayed, as well as the scenario's limits say; without limits it only measures",
			func(s *Scenario, _ checker.Limits) checker.Checker { return liveness.Checker{Limits: s.liveLimits()} }, false, false},
		{"sessions", "each client saw its own session in order: read your writes, monotonic reads and writes, writes follow reads",
			func(s *Scenario, l checker.Limits) checker.Checker {
				return session.Sessions{Limits: l, Lists: s.model() == workload.ModelAppend}
			}, true, true},
		{"staleness", "how late reads were, in time and in versions, and whether that is within the scenario's limit",
			func(s *Scenario, l checker.Limits) checker.Checker {
				return staleness.Checker{Limits: s.Staleness, Bounds: l, Lists: s.model() == workload.ModelAppend}
			}, true, false},
	}
}

func checkNames() []string {
	var names []string
	for _, c := range Checks() {
		names = append(names, c.Name)
	}
	return names
}

// usualChecks are those of a scenario that names none, whose model is judged by the first, linearizable or isolation.
func usualChecks(first string) []string {
	var names []string
	for _, c := range Checks() {
		if other := (c.Name == linearizable || c.Name == isolation) && c.Name != first; !c.Asked && !other {
			names = append(names, c.Name)
		}
	}
	return names
}

// model is what the keys are.
func (s *Scenario) model() string {
	kind, _ := findWorkload(s.Workload.Name) // Parse has looked
	return kind.Model
}

func findWorkload(name string) (workload.Kind, bool) {
	for _, k := range workload.Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return workload.Kind{}, false
}

func workloadNames() []string {
	var names []string
	for _, k := range workload.Kinds() {
		names = append(names, k.Name)
	}
	return names
}

func (w WorkloadSpec) options() workload.Options {
	return workload.Options{Keys: w.Keys, Mix: w.Mix.byF()}
}

// checkLimits bound every check.
func checkLimits() checker.Limits { return checker.Limits{Time: time.Minute, Memory: 2 << 30} }

// Check judges the run in dir from what is on disk, and writes its result and report.
func Check(ctx context.Context, dir history.RunDir) (*checker.Result, error) {
	s, err := Load(dir.Scenario())
	if err != nil {
		return nil, err
	}
	h, err := loadHistory(dir)
	if err != nil {
		return nil, err
	}
	result := checker.Judge(ctx, h, s.plan())
	if err := logStacks(dir, result); err != nil {
		return nil, err
	}
	data, err := result.Encode()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(dir.Result(), data, 0o644); err != nil {
		return nil, fmt.Errorf("write the result: %w", err)
	}
	return result, writeReport(dir, s, h, result)
}

// logStacks appends to the run's log where checkers panicked.
func logStacks(dir history.RunDir, r *checker.Result) (err error) {
	text := r.Stacks()
	if text == "" {
		return nil
	}
	f, err := os.OpenFile(dir.Log(), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("log a panic: %w", err)
	}
	return nil
}

func (s *Scenario) plan() checker.Plan {
	kind, _ := findWorkload(s.Workload.Name) // Parse has looked
	p := checker.Plan{
		Kinds: kind.New(s.Workload.options()).Kinds(), Whole: true,
		Require: s.Require.forChecker(),
		Expect:  s.Expect, Version: Version(),
	}
	for _, f := range s.Nemesis.Faults(s.Workload.Duration) {
		p.Faults = append(p.Faults, checker.Ordered{Kind: f.What.Fault.Kind(), Step: f.Place()})
	}
	for _, c := range Checks() {
		for _, name := range s.Checks {
			if c.Name == name {
				p.Checkers = append(p.Checkers, c.New(s, checkLimits()))
			}
		}
	}
	return p
}

func (r *Require) forChecker() checker.Require {
	return checker.Require{
		OKRate: float64(r.OKRate), Retried: r.Retried, During: r.During,
		Holders: r.Holders, Fired: r.Fired, Answers: r.Answers, Refused: r.Refused,
	}
}

// Report writes the report of the run in dir anew, from its result.
func Report(dir history.RunDir) error {
	s, err := Load(dir.Scenario())
	if err != nil {
		return err
	}
	h, err := loadHistory(dir)
	if err != nil {
		return err
	}
	result, err := LoadResult(dir)
	if err != nil {
		return err
	}
	return writeReport(dir, s, h, result)
}

func loadHistory(dir history.RunDir) (*history.History, error) {
	h, err := history.Load(dir.History())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir.History(), err)
	}
	return h, nil
}

// LoadResult reads result.json.
func LoadResult(dir history.RunDir) (*checker.Result, error) {
	data, err := os.ReadFile(dir.Result())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s has no result yet: run `schism check %s`", dir, dir)
	}
	if err != nil {
		return nil, err
	}
	var r checker.Result
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", dir.Result(), err)
	}
	return &r, nil
}

// writeReport writes the page, and Porcupine's own picture of the first proof beside it.
func writeReport(dir history.RunDir, s *Scenario, h *history.History, r *checker.Result) error {
	about, err := s.forReport()
	if err != nil {
		return err
	}
	in := report.Input{History: h, Result: r, Scenario: about, Dir: string(dir)}
	if picture := s.drawProof(h, r); picture != nil {
		if err := os.WriteFile(dir.Proof(), picture, 0o644); err != nil {
			return fmt.Errorf("write the proof's picture: %w", err)
		}
		in.Picture = filepath.Base(dir.Proof())
	} else if err := os.Remove(dir.Proof()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the picture of an older proof: %w", err)
	}
	var page bytes.Buffer
	if err := report.Write(&page, in); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.WriteFile(dir.Report(), page.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// pictured is a Checker that can draw what it finds.
type pictured interface {
	Picture(w io.Writer, h *history.History, a checker.Anomaly) error
}

// drawProof is nil if no anomaly can be drawn: a final read's, for example, is no operation of
// Porcupine's.
func (s *Scenario) drawProof(h *history.History, r *checker.Result) []byte {
	artist, can := s.judge().New(checkLimits()).(pictured)
	if !can {
		return nil
	}
	for _, a := range r.Anomalies {
		var b bytes.Buffer
		if err := artist.Picture(&b, h, a); err == nil {
			return b.Bytes()
		}
	}
	return nil
}

// Version is the version of this build of schism.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "devel"
	}
	return info.Main.Version
}
