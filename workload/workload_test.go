package workload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"schism/history"
)

// register is a system in memory.
type register struct {
	mu     sync.Mutex
	values map[string]history.Value
}

func (r *register) apply(op Op) Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.values[op.Key]
	switch op.F {
	case history.Read:
		return Answer{Kind: history.OK, Value: now}
	case history.Write:
		r.values[op.Key] = op.Value
	case history.CAS:
		from, to, _ := history.SplitPair(op.Value)
		if history.Text(from) != history.Text(now) {
			return Answer{Kind: history.Fail, Error: history.Mismatch, Found: []byte(history.Text(now))}
		}
		r.values[op.Key] = to
	}
	return Answer{Kind: history.OK}
}

// clientFunc is a client made of its one method.
type clientFunc func(context.Context, Op) Answer

func (f clientFunc) Do(ctx context.Context, op Op) Answer { return f(ctx, op) }
func (clientFunc) Close()                                 {}

func recorder(t testing.TB) (*history.Recorder, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.jsonl")
	r, err := history.Create(path, history.Header{})
	if err != nil {
		t.Fatal(err)
	}
	return r, path
}

var someKeys = Options{Keys: 3, Mix: map[string]int{history.Read: 5, history.Write: 4, history.CAS: 1}}

func TestRegisterNeverWritesAValueTwice(t *testing.T) {
	g := NewRegister(someKeys)
	system := &register{values: make(map[string]history.Value)}
	r := rand.New(rand.NewPCG(1, 1))
	written := make(map[string]bool)
	matched, missed := 0, 0
	for range 20_000 {
		op := g.Next(r)
		a := system.apply(op)
		g.Done(op, a)
		value := op.Value
		switch {
		case op.F == history.Read:
			continue
		case op.F == history.CAS && a.Kind == history.OK:
			matched++
		case op.F == history.CAS:
			missed++
		}
		if op.F == history.CAS {
			_, value, _ = history.SplitPair(op.Value)
		}
		if written[string(value)] {
			t.Fatalf("%s writes %s a second time", op.F, value)
		}
		written[string(value)] = true
	}
	if matched == 0 {
		t.Errorf("not one of %d cas matched", missed)
	}
	if want := []string{"x", "y", "z"}; !slices.Equal(g.Keys(), want) {
		t.Errorf("keys %v, want %v", g.Keys(), want)
	}
}

func TestTheSeedFixesTheOperations(t *testing.T) {
	draw := func(seed uint64) (ops []string) {
		g, r := NewRegister(someKeys), rand.New(rand.NewPCG(seed, 1))
		for range 100 {
			op := g.Next(r)
			ops = append(ops, fmt.Sprint(op.F, op.Key, string(op.Value)))
		}
		return ops
	}
	if !slices.Equal(draw(1), draw(1)) || slices.Equal(draw(1), draw(2)) {
		t.Error("one seed must give one run of operations, another one another")
	}
}

func TestRunnerRecordsEveryOperation(t *testing.T) {
	rec, path := recorder(t)
	system := &register{values: make(map[string]history.Value)}
	r := &Runner{
		Nodes: []string{"n1", "n2", "n3"}, Clients: 8, Timeout: time.Second, Seed: 1,
		Generator: NewRegister(someKeys), Recorder: rec,
		Dial: func(string) Client {
			return clientFunc(func(_ context.Context, op Op) Answer { return system.apply(op) })
		},
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := r.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	h, err := history.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	nodes := make(map[string]bool)
	for _, op := range h.Operations {
		nodes[op.Node] = true
		if op.Return < 0 {
			t.Fatalf("operation %d has no completion", op.Call)
		}
		if op.F == history.CAS && op.Outcome == history.Fail && len(op.Found()) == 0 {
			t.Fatalf("a cas that did not match does not tell what it found: %+v", op)
		}
	}
	if len(h.Operations) < 100 || len(nodes) != 3 {
		t.Errorf("%d operations on nodes %v", len(h.Operations), nodes)
	}
}

// After an outcome that is not known the process is gone, and so is its client.
func TestInfoTakesANewProcessAndClient(t *testing.T) {
	rec, path := recorder(t)
	var dialled atomic.Int64
	r := &Runner{
		Nodes: []string{"n1"}, Clients: 2, Timeout: time.Second, Rate: 1000, FirstProcess: 5,
		Generator: NewRegister(Options{Keys: 1, Mix: map[string]int{history.Write: 1}}), Recorder: rec,
		Dial: func(string) Client {
			dialled.Add(1)
			return clientFunc(func(context.Context, Op) Answer { return Answer{Kind: history.Info, Error: "reset"} })
		},
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	h, err := history.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[history.Process]bool)
	for _, op := range h.Operations {
		if seen[op.Process] || op.Process < 5 {
			t.Fatalf("process %v is used after its info", op.Process)
		}
		seen[op.Process] = true
	}
	if n := int64(len(h.Operations)); n < 4 || dialled.Load() < n {
		t.Errorf("%d operations by %d clients", n, dialled.Load())
	}
	if next := r.NextProcess(); seen[next] {
		t.Errorf("NextProcess gives %v, which is used", next)
	}
}

func TestRateIsThatOfAllClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &counter{}
		r := &Runner{
			Nodes: []string{"n1"}, Clients: 10, Timeout: time.Second, Rate: 200,
			Generator: NewRegister(someKeys), Recorder: rec,
			Dial: func(string) Client {
				return clientFunc(func(context.Context, Op) Answer { return Answer{Kind: history.OK} })
			},
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := r.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if n := rec.n.Load() / 2; n < 1990 || n > 2010 {
			t.Errorf("%d operations in 10 s, want 2000", n)
		}
	})
}

type counter struct{ n atomic.Int64 }

func (c *counter) Record(e history.Event) (history.Event, error) { c.n.Add(1); return e, nil }

func TestAHistoryThatFailsEndsTheRun(t *testing.T) {
	full := errors.New("disk full")
	r := &Runner{
		Nodes: []string{"n1"}, Clients: 3, Timeout: time.Second, Generator: NewRegister(someKeys), Recorder: broken{full},
		Dial: func(string) Client {
			return clientFunc(func(context.Context, Op) Answer { return Answer{Kind: history.OK} })
		},
	}
	if err := r.Run(t.Context()); !errors.Is(err, full) {
		t.Errorf("got %v, want %v", err, full)
	}
}

type broken struct{ err error }

func (b broken) Record(e history.Event) (history.Event, error) { return e, b.err }

func TestAClientWithoutAReasonIsAMistake(t *testing.T) {
	c := clientFunc(func(context.Context, Op) Answer { return Answer{Kind: history.Fail} })
	if _, err := Do(&counter{}, c, 0, "n1", Op{F: history.Read}, time.Second); err == nil {
		t.Error("a fail without a reason was taken")
	}
	c = func(context.Context, Op) Answer { return Answer{} }
	if _, err := Do(&counter{}, c, 0, "n1", Op{F: history.Read}, time.Second); err == nil {
		t.Error("an answer without a kind was taken")
	}
}

func TestRateText(t *testing.T) {
	for text, want := range map[string]Rate{"500/s": 500, "2k/s": 2000, "30/min": 0.5, "1.5/s": 1.5, "10 / s": 10, "1/h": 1.0 / 3600, "1000k/s": 1e6} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err != nil || r != want {
			t.Errorf("%s reads as %v (%v), want %v", text, r, err, want)
		}
		var again Rate
		if err := again.UnmarshalText([]byte(r.String())); err != nil || again != r {
			t.Errorf("%v is written as %s, which reads as %v (%v)", r, r, again, err)
		}
	}
	for _, text := range []string{"500", "x/s", "5/parsec", "-5/s", "0/s", "NaN/s", "Inf/s", "1e308k/s", "1e-300/s", "1001k/s", "/s", ""} {
		var r Rate
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q reads as %v", text, r)
		}
	}
}

// The whole way of an operation through the runner into the file; a goal of ours is 20,000 a second.
func BenchmarkRunner(b *testing.B) {
	rec, _ := recorder(b)
	system := &register{values: make(map[string]history.Value)}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	left := atomic.Int64{}
	left.Store(int64(b.N))
	r := &Runner{
		Nodes: []string{"n1", "n2"}, Clients: 16, Timeout: time.Second, Generator: NewRegister(Options{Keys: 3, Mix: map[string]int{history.Read: 1, history.Write: 1}}), Recorder: rec,
		Dial: func(string) Client {
			return clientFunc(func(_ context.Context, op Op) Answer {
				if left.Add(-1) <= 0 {
					cancel()
				}
				return system.apply(op)
			})
		},
	}
	b.ResetTimer()
	if err := r.Run(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
}
