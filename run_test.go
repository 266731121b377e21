package schism

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"schism/checker"
	"schism/cluster"
	"schism/history"
)

// schismBinary is the command, built once for all tests.
var schismBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "schism-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "schism")
	build := exec.Command("go", "build", "-o", path, "./cmd/schism")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // it runs in bare containers too
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/schism: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := schismBinary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

func options(t *testing.T, runtime string) Options {
	t.Helper()
	path, err := schismBinary()
	if err != nil {
		t.Fatal(err)
	}
	return Options{Runtime: runtime, Out: filepath.Join(t.TempDir(), "run"), Binary: path, Progress: testLog{t}}
}

// testLog shows the run's lines with the test that they belong to.
type testLog struct{ t *testing.T }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

// runtimes are those that the test can use here: docker is skipped, with a reason, where no engine
// answers, unless SCHISM_REQUIRE asks for it.
func runtimes(t *testing.T, test func(t *testing.T, runtime string)) {
	for _, name := range []string{"process", "docker"} {
		t.Run(name, func(t *testing.T) {
			if name == "docker" {
				needDocker(t)
			}
			test(t, name)
		})
	}
}

func needDocker(t *testing.T) {
	t.Helper()
	r, err := newDocker("schism")
	if err == nil {
		_, err = available(t.Context(), r)
	}
	if err == nil {
		return
	}
	if strings.Contains(os.Getenv("SCHISM_REQUIRE"), "docker") {
		t.Fatal(err)
	}
	t.Skip(err)
}

// short is a scenario of the repository with its faults moved forward, so that many fit a test run.
func short(t *testing.T, file string) *Scenario {
	t.Helper()
	s, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The main job, and its controls: the defect is found and named; without the defect, or without the
// fault, the same run is valid. What Check says afterwards is what Run said.
func TestScenarios(t *testing.T) {
	for _, name := range []string{"stale-read-local", "stale-read-read-index", "lost-write", "lost-write-defect-off", "duplicate-apply-no-dedup", "duplicate-apply-off"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runtimes(t, func(t *testing.T, runtime string) {
				s := short(t, filepath.Join("configs", "raft", name+".yaml"))
				outcome, err := Run(t.Context(), s, options(t, runtime))
				if err != nil {
					t.Fatal(err)
				}
				if !outcome.Result.AsExpected {
					t.Errorf("not as expected: %v", outcome.Result.Why)
				}
				complete(t, outcome.Dir)
				again(t, outcome)
			})
		})
	}
}

// complete wants everything that the run directory promises.
func complete(t *testing.T, dir history.RunDir) {
	t.Helper()
	files := []string{dir.Scenario(), dir.History(), dir.Result(), dir.Report(), dir.Log(), dir.NodeLog("n1"), dir.NodeLog("n5")}
	for _, path := range files {
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s is missing or empty (%v)", path, err)
		}
	}
	h, err := history.Load(dir.History())
	if err != nil {
		t.Fatal(err)
	}
	if len(h.FinalReads) < 5 || len(h.Roles) < 5 || h.Torn != "" {
		t.Errorf("%d final reads, %d roles, torn %q", len(h.FinalReads), len(h.Roles), h.Torn)
	}
	for i, op := range h.Operations {
		if op.Return < 0 {
			t.Errorf("operation %d of %d was never completed: %+v", i, len(h.Operations), op)
		}
	}
}

// again judges the run once more, from disk.
func again(t *testing.T, outcome *Outcome) {
	t.Helper()
	result, err := Check(t.Context(), outcome.Dir)
	if err != nil {
		t.Fatal(err)
	}
	result.Stats.CheckedIn, outcome.Result.Stats.CheckedIn = 0, 0
	for _, r := range []*checker.Result{result, outcome.Result} {
		for i := range r.Checks {
			delete(r.Checks[i].Figures, "seconds")
		}
	}
	first, err := outcome.Result.Encode()
	if err != nil {
		t.Fatal(err)
	}
	second, err := result.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("run said\n%s\ncheck says\n%s", first, second)
	}
}

// A run that is interrupted heals, reads, checks and reports all the same.
func TestInterrupt(t *testing.T) {
	s := short(t, "configs/raft/stale-read-local.yaml")
	s.Workload.Duration = time.Minute
	s.Nemesis[0].Steps[0].For = 50 * time.Second
	ctx, cancel := context.WithCancel(t.Context())
	o := options(t, "process")
	o.Progress = when{t: t, text: "links silent", do: cancel}
	began := time.Now()
	outcome, err := Run(ctx, s, o)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("the run went on for %v", took)
	}
	complete(t, outcome.Dir)
	h, err := history.Load(outcome.Dir.History())
	if err != nil {
		t.Fatal(err)
	}
	if f := h.Faults[0]; f.Gone == nil || !*f.Gone {
		t.Errorf("the partition was not healed: %+v", f)
	}
	if r := outcome.Result; h.Interrupted == "" || r.Verdict != checker.Vacuous && r.Verdict != checker.Invalid || !slices.ContainsFunc(r.Worth, func(w checker.Worth) bool { return !w.Holds && strings.HasPrefix(w.Seen, "interrupted after ") }) {
		t.Errorf("interrupted %q, and %v by %+v", h.Interrupted, r.Verdict, r.Worth)
	}
}

// when does something once a line with text in it is written.
type when struct {
	t    *testing.T
	text string
	do   func()
}

func (w when) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.text) {
		w.do()
	}
	return testLog{w.t}.Write(b)
}

// A partition that the runtime only pretends to make is noticed by its probes, and a run with an
// incident is not what its history tells: neither may pass.
func TestTheHarnessIsNotFooled(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*fooled)
		want  checker.Verdict
	}{
		"cuts that do nothing":    {func(f *fooled) { f.noCuts = true }, checker.Vacuous},
		"kills that do nothing":   {func(f *fooled) { f.noKills = true }, checker.Vacuous},
		"a dead man that fires":   {func(f *fooled) { f.deadMan = true }, checker.Unknown},
		"a heal that never works": {func(f *fooled) { f.noHeal = true }, checker.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := short(t, "configs/raft/stale-read-read-index.yaml")
			s.Require = Require{}
			s.Workload.Duration = 4 * time.Second
			text := "name: x\ncluster: {nodes: 3}\nworkload: {duration: 4s}\nnemesis:\n  - {at: 1s, for: 1s, partition: [leader, rest]}\n  - {at: 1s, for: 1s, kill: n1}\n"
			faults, err := Parse("x.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			s.Nemesis, s.Cluster.Nodes = faults.Nemesis, 3
			if name != "kills that do nothing" {
				s.Nemesis = s.Nemesis[:1]
			}
			o := options(t, "process")
			r := &run{s: s.resolved(o), o: o, bounds: usualBounds()}
			r.bounds.recover, r.bounds.final = 2*time.Second, time.Second // some never will
			if err := r.open(t.Context()); err != nil {
				t.Fatal(err)
			}
			defer r.log.Close()
			runtime := &fooled{Runtime: r.runtime}
			c.spoil(runtime)
			r.runtime = runtime
			if err := r.record(t.Context()); err != nil {
				t.Fatal(err)
			}
			result, err := Check(t.Context(), r.dir)
			if err != nil {
				t.Fatal(err)
			}
			if result.Verdict != c.want {
				t.Errorf("%v, want %v: %v", result.Verdict, c.want, result.Why)
			}
		})
	}
}

// fooled is a runtime with a defect.
type fooled struct {
	cluster.Runtime
	noCuts, noHeal, noKills, deadMan bool
	report                           func(cluster.Incident)
}

func (f *fooled) Start(ctx context.Context, spec cluster.Spec) (cluster.Cluster, error) {
	f.report = spec.Report
	c, err := f.Runtime.Start(ctx, spec)
	return &fooledCluster{c, f}, err
}

type fooledCluster struct {
	cluster.Cluster
	f *fooled
}

func (c *fooledCluster) SetCuts(ctx context.Context, cut []cluster.Link) error {
	switch {
	case c.f.deadMan && len(cut) > 0:
		c.f.report(cluster.Incident{Node: "n1", Kind: cluster.DeadMan, What: "as if the controller were gone"})
	case c.f.noCuts && len(cut) > 0:
		return nil
	case c.f.noHeal && len(cut) == 0:
		return errors.New("the firewall does not answer")
	}
	return c.Cluster.SetCuts(ctx, cut)
}

func (c *fooledCluster) KillNode(ctx context.Context, node string) error {
	if c.f.noKills {
		return nil
	}
	return c.Cluster.KillNode(ctx, node)
}

// A set-up that fails ends in an error that names the cause, and leaves no verdict behind.
func TestSetUpThatFails(t *testing.T) {
	s := short(t, "configs/raft/stale-read-local.yaml")
	for name, c := range map[string]struct {
		spoil func(*Options)
		want  string
	}{
		"no such binary":     {func(o *Options) { o.Binary = "/nonexistent/schism" }, "/nonexistent/schism"},
		"an unknown runtime": {func(o *Options) { o.Runtime = "kubernetes" }, `unknown runtime "kubernetes"`},
		"a full directory": {func(o *Options) {
			o.Out = t.TempDir()
			if err := os.WriteFile(filepath.Join(o.Out, "something"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "is not empty"},
	} {
		o := options(t, "process")
		c.spoil(&o)
		outcome, err := Run(t.Context(), s, o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", name, err, c.want)
		}
		if outcome != nil {
			t.Errorf("%s: there is a verdict: %v", name, outcome.Result.Verdict)
		}
		if _, err := os.Stat(history.RunDir(o.Out).Result()); err == nil {
			t.Errorf("%s: there is a result on disk", name)
		}
	}
}

// A defect that the node does not know ends the set-up, with the node's own words.
func TestANodeThatRefusesToStart(t *testing.T) {
	s := short(t, "configs/raft/lost-write.yaml")
	s.Cluster.Options.(*RaftKV).Defects = []string{"no-such-defect"}
	_, err := Run(t.Context(), s, options(t, "process"))
	if err == nil || !strings.Contains(err.Error(), "no-such-defect") {
		t.Errorf("got %v", err)
	}
}

func TestSeedFixesTheOperations(t *testing.T) {
	s := short(t, "configs/raft/stale-read-local-no-fault.yaml")
	s.Workload.Duration = 500 * time.Millisecond
	s.Require = Require{}
	// Several clients may be recorded in another order than they drew. But the nth value to be written is drawn
	// with its key.
	var keys [2]map[string]string
	for i := range keys {
		o := options(t, "process")
		o.Seed = 42
		outcome, err := Run(t.Context(), s, o)
		if err != nil {
			t.Fatal(err)
		}
		h, err := history.Load(outcome.Dir.History())
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = make(map[string]string)
		for _, op := range h.Operations {
			if op.F == history.Write { // what a cas replaces is what was read
				keys[i][string(op.Input)] = op.Key
			}
		}
	}
	both := 0
	for value, key := range keys[0] {
		switch other := keys[1][value]; other {
		case "":
		case key:
			both++
		default:
			t.Errorf("one seed made %s be written to %s and to %s", value, key, other)
		}
	}
	if both < 5 {
		t.Errorf("only %d writes are in both runs:\n%v\n%v", both, keys[0], keys[1])
	}
}
