package schism

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"schism/cluster"
	"schism/history"
	"schism/nemesis"
	"schism/workload"
)

// Run runs a scenario: it starts the cluster, lets clients and faults at it, heals, reads every node,
// and ends by calling Check on what is on disk. When ctx ends the clients stop at once, and all the
// rest goes its ordered way. An error is one of the harness: there is no verdict then.
func Run(ctx context.Context, s *Scenario, o Options) (*Outcome, error) {
	r := &run{s: s.resolved(o), o: o, bounds: usualBounds()}
	err := r.open(ctx)
	if r.log != nil {
		defer r.log.Close()
	}
	if err != nil {
		return nil, err
	}
	if v, ok := o.Progress.(Viewer); ok {
		defer r.stage.show(v)()
	}
	if err := r.record(ctx); err != nil {
		r.log.Printf("the run failed: %v", err)
		return nil, fmt.Errorf("%w\n  its log, and what was recorded, is in %s", err, r.dir)
	}
	r.stage.enter(Checking)
	result, err := Check(context.WithoutCancel(ctx), r.dir)
	if err != nil {
		if o.Keep {
			r.remove(ctx) // nobody would know of it
		}
		return nil, err
	}
	return &Outcome{Dir: r.dir, Result: result, Kept: r.kept()}, nil
}

// run is one run while it goes on.
type run struct {
	s      *Scenario
	o      Options
	bounds bounds

	runtime cluster.Runtime
	dir     history.RunDir
	id      string    // of the cluster
	began   time.Time // when the cluster was started
	log     *runLog
	stage   stage
	cluster cluster.Cluster
	watch   *observer
	rec     *history.Recorder // from beginHistory on
	tally   *tally
	// generator is that of the clients, once they begin.
	generator workload.Generator
	// recorder is rec for those who may ask before there is one, or from another goroutine.
	recorder atomic.Pointer[history.Recorder]
	board    atomic.Pointer[nemesis.Board] // while the nodes are worked from within
	env      atomic.Pointer[nemesis.Env]   // from the first fault on
}

// open chooses the runtime and makes the run's directory.
func (r *run) open(ctx context.Context) (err error) {
	if r.o.Binary == "" {
		if r.o.Binary, err = ownBinary(); err != nil {
			return err
		}
	}
	var why string
	if r.runtime, why, err = chooseRuntime(ctx, r.s.Cluster.Runtime, r.o.Binary); err != nil {
		return err
	}
	r.s.Cluster.Runtime = r.runtime.Name() // a repeat runs where this one did
	if r.o.Out != "" {
		r.dir, err = history.MakeRunDir(r.o.Out)
	} else {
		r.dir, err = history.NewRunDir(orDefault(r.o.Store, "store"), r.s.Name, time.Now())
	}
	if err != nil {
		return err
	}
	if r.log, err = openLog(r.dir.Log(), r.o.Progress); err != nil {
		return err
	}
	r.stage.open(r.s.Name, r.s.Workload.Duration)
	r.log.Printf("schism  %s, %s, %v, seed %d", r.s.Name, r.s.Workload.Name, r.s.Workload.Duration, r.s.Seed)
	r.log.Printf("runtime %s (%s)", r.runtime.Name(), why)
	text, err := r.s.Encode()
	if err != nil {
		return err
	}
	return os.WriteFile(r.dir.Scenario(), text, 0o644)
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// record brings the cluster up, records the run, and takes the cluster down whatever happens.
func (r *run) record(ctx context.Context) (err error) {
	if err := r.start(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil || !r.o.Keep {
			r.remove(ctx)
		}
	}()
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	watched := make(chan error, 1)
	go func() { watched <- r.watch.watch(watching) }()
	defer func() {
		stop()
		err = errors.Join(err, <-watched)
		if rec := r.recorder.Load(); rec != nil {
			if err != nil {
				r.brokeOff(rec, err)
			}
			err = errors.Join(err, rec.Close())
		}
	}()
	if err := r.ready(ctx); err != nil {
		return err
	}
	if err := r.beginHistory(); err != nil {
		return err
	}
	process, err := r.strike(ctx)
	if err != nil {
		return err
	}
	r.stage.enter(Reading)
	return r.finish(context.WithoutCancel(ctx), process)
}

// brokeOff leaves word in the history that the run has no verdict, for whoever judges it later.
func (r *run) brokeOff(rec *history.Recorder, why error) {
	e := history.Event{Process: history.Nemesis, Kind: history.Info, F: history.Incident, Value: history.Nil, Error: "the run broke off: " + why.Error()}
	if _, err := rec.Record(e); err != nil {
		r.log.Printf("! that the run broke off could not be recorded: %v", err)
	}
}

func (r *run) start(ctx context.Context) error {
	dir, err := filepath.Abs(string(r.dir))
	if err != nil {
		return err
	}
	r.began = time.Now()
	r.id = runID(r.began)
	r.cluster, err = r.runtime.Start(ctx, cluster.Spec{
		Run: r.id, Nodes: r.s.Nodes(), Dir: dir, Keep: r.o.Keep,
		Program: r.s.Cluster.Options.Program(r.o.Binary),
		Report:  r.incident,
		Log:     r.log.Printf,
	})
	if err != nil {
		return fmt.Errorf("start the cluster: %w", err)
	}
	r.watch = newObserver(r.s.Cluster.Options, r.s.Nodes(), func(node string) string { return r.cluster.Address(node, ClientPort) }, r.s.liveLimits().Stall)
	r.watch.absent = r.absent
	r.stage.cast(r.watch.leaders)
	return nil
}

func (r *run) remove(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.bounds.remove)
	defer cancel()
	if err := r.cluster.Close(ctx); err != nil {
		r.log.Printf("the cluster could not be removed: %v; `schism clean` tries again", err)
	}
}

// beginHistory sets the clock of the run to zero: the cluster is ready, the clients begin.
func (r *run) beginHistory() error {
	rec, err := history.Create(r.dir.History(), history.Header{
		Scenario: r.s.Name, Nodes: r.s.Nodes(), Model: r.kind().Model,
	})
	if err != nil {
		return err
	}
	r.recorder.Store(rec)
	r.rec, r.tally = rec, newTally(rec)
	r.log.clock(rec.Now)
	r.stage.begin(rec.Now)
	r.watch.recordTo(func(e history.Event) error { _, err := rec.Record(e); return err })
	return nil
}

func runID(now time.Time) string {
	var b [3]byte
	_, _ = rand.Read(b[:]) // it never fails
	return strings.ToLower(now.UTC().Format("20060102T150405")) + "-" + hex.EncodeToString(b[:])
}

// incident writes down what happened to the cluster and nobody ordered.
func (r *run) incident(i cluster.Incident) {
	if r.ordered(i) || r.refuses(i) {
		return
	}
	r.log.Printf("! %s %s: %s", i.Kind, i.Node, i.What)
	e := history.Event{
		Process: history.Nemesis, Kind: history.Info, F: history.Incident, Node: i.Node,
		Value: history.Encode(i.Kind), Error: strings.TrimSpace(i.Node + " " + i.What),
	}
	rec := r.recorder.Load()
	if rec == nil {
		return // set-up: it fails by itself if this matters
	}
	if _, err := rec.Record(e); err != nil {
		r.log.Printf("! this incident could not be recorded: %v", err)
	}
}

func (r *run) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, r.bounds.ready)
	defer cancel()
	leader, err := r.watch.Leader(ctx)
	if err == nil {
		_, err = r.watch.caughtUp(ctx)
	}
	if regional, ok := r.s.Cluster.Options.(Regional); ok && regional.HasRegion() && err == nil {
		_, err = r.watch.RegionLeader(ctx)
	}
	if err != nil {
		return fmt.Errorf("the cluster did not become ready: %w; the nodes' logs are in %s/nodes", err, r.dir)
	}
	r.log.Printf("%s leads, %v after the start of the cluster", leader, time.Since(r.began).Round(time.Millisecond))
	return nil
}

// strike is the run proper: clients and faults side by side until the time is up, then every fault
// undone. It returns a process number that nobody has used.
func (r *run) strike(ctx context.Context) (p history.Process, err error) {
	runner, env := r.runner(), r.faultEnv()
	stopListening := r.workWithin(ctx, env)
	defer func() { err = errors.Join(err, stopListening()) }()
	faults := &nemesis.Nemesis{
		Schedule: r.s.Nemesis, Seed: r.s.Seed, Length: r.s.Workload.Duration,
		Leaders: r.watch, Recorder: staged{r.rec, &r.stage}, Announce: r.log.Event, Env: env,
	}
	if err := r.s.Nemesis.Supported(faults.Env); err != nil {
		return 0, fmt.Errorf("the %s runtime cannot do what the scenario asks for: %w", r.runtime.Name(), err)
	}
	if err := r.canAsk(); err != nil {
		return 0, err
	}
	if env.Asker, err = r.newAsker(ctx); err != nil {
		return 0, err
	}
	running, stop := context.WithTimeout(ctx, r.s.Workload.Duration)
	defer stop()
	struck := make(chan error, 1)
	go func() {
		err := faults.Run(running)
		if r.s.Workload.Stop == StopAfterFaults {
			stop()
		}
		struck <- err
	}()
	ticking := r.log.Tick(running, r.line)
	watched := r.judgeLive(running, stop)
	defer context.AfterFunc(ctx, func() { r.log.Printf("interrupted: healing, reading, checking; once more to end at once") })()
	err = runner.Run(running)
	interrupted := ctx.Err() != nil && errors.Is(running.Err(), context.Canceled)
	stop() // a runner that failed ends the faults too
	<-ticking
	<-watched
	err = errors.Join(err, <-struck)
	if late, open := runner.Lateness(); open {
		r.log.Event("open loop: %v", late)
	}
	if interrupted {
		err = errors.Join(err, r.cutShort())
	}
	return runner.NextProcess(), err
}

// cutShort leaves word in the history that somebody ended the run before its time.
func (r *run) cutShort() error {
	tenth := 100 * time.Millisecond
	_, err := r.rec.Record(history.Event{
		Process: history.Nemesis, Kind: history.Info, F: history.Interrupted, Value: history.Nil,
		Error: fmt.Sprintf("after %v of %v", time.Duration(r.rec.Now()).Round(tenth), r.s.Workload.Duration),
	})
	return err
}

func (r *run) kind() workload.Kind {
	kind, _ := findWorkload(r.s.Workload.Name) // Parse has looked
	return kind
}

func (r *run) runner() *workload.Runner {
	w := r.s.Workload
	r.generator = r.kind().New(w.options())
	return &workload.Runner{
		Nodes: r.s.Nodes(), Clients: w.Clients, Loop: w.Loop, Rate: w.Rate, Retry: w.Retry, Once: w.Once, Timeout: w.Timeout, Seed: r.s.Seed,
		Generator:    r.generator,
		Dial:         r.dial,
		Recorder:     r.tally,
		FirstProcess: r.s.firstProcess(),
	}
}

func (r *run) dial(node string) workload.Client {
	return r.s.Cluster.Options.Dial(r.cluster.Address(node, ClientPort))
}

// line is one second of the run in words.
func (r *run) line() string {
	rates := r.tally.second()
	r.stage.count(rates)
	return fmt.Sprintf("%s   leader %s", rates, r.watch.leaders())
}
