package workload

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"schism/history"
)

// Recorder is what the runner needs of a history.
type Recorder interface {
	Record(history.Event) (history.Event, error)
}

// A client whose node refuses at once, one refusal after the other, asks it ever more rarely: it
// would take the rate from those who are served, and fill the history with refusals.
const (
	firstPause = 10 * time.Millisecond // doubled with each refusal on end
	lastPause  = 160 * time.Millisecond
)

// Runner lets clients use the system. Each client is one goroutine that asks one operation at a time
// of one node; clients are dealt out to the nodes in turn. A client that retries begins there, and
// goes to the others.
type Runner struct {
	Nodes     []string
	Clients   int           // as many operations are open at most
	Loop      Loop          // empty: Closed
	Rate      Rate          // of all clients together; 0: as fast as answers come
	Retry     Retry         // empty: RetryNone
	Once      int           // of the clients, so many try once whatever Retry says: the last ones
	Timeout   time.Duration // of one operation
	Seed      uint64
	Generator Generator
	Dial      Dial
	Recorder  Recorder
	// FirstProcess is the number of the first process. Processes that follow an unknown outcome are
	// numbered on from it in steps of Clients.
	FirstProcess history.Process

	mu      sync.Mutex // guards Generator and random
	random  *rand.Rand
	next    func(context.Context) bool // see timing
	highest history.Process
	late    *Lateness // of an open loop that is over
}

// Run returns when ctx has ended and every operation that was open has completed, each within
// Timeout; or at once when the history cannot be written any more.
func (r *Runner) Run(ctx context.Context) error {
	if err := r.check(); err != nil {
		return err
	}
	r.random = Random(r.Seed)
	open := &arrivals{began: time.Now(), rate: r.Rate}
	r.next = r.timing(open)
	group, ctx := errgroup.WithContext(ctx)
	ended := make(chan time.Time, 1)
	context.AfterFunc(ctx, func() { ended <- time.Now() })
	for i := range r.Clients {
		group.Go(func() error { return r.client(ctx, i) })
	}
	err := group.Wait()
	if r.Loop == Open {
		late := open.lateness(<-ended)
		r.late = &late
	}
	return err
}

// Random is what a Runner with this seed draws its operations from, and nothing else.
func Random(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, 0x776f726b6c6f6164))
}

// timing gives the function that waits until a client may ask; false when ctx has ended.
func (r *Runner) timing(open *arrivals) func(context.Context) bool {
	switch {
	case r.Loop == Open:
		return open.wait
	case r.Rate > 0:
		pace := rate.NewLimiter(rate.Limit(r.Rate), 1)
		return func(ctx context.Context) bool { return pace.Wait(ctx) == nil }
	}
	return func(ctx context.Context) bool { return ctx.Err() == nil }
}

func (r *Runner) check() error {
	if r.Loop == Open && r.Rate <= 0 {
		return errors.New("an open loop needs a rate: nothing else makes a client ask")
	}
	if r.Retry != RetrySame {
		return nil
	}
	probe := r.Dial(r.Nodes[0])
	defer probe.Close()
	if _, ok := probe.(Sessions); !ok {
		return errors.New("the system under test knows no sessions, so that no operation can be tried again under the same identity")
	}
	return nil
}

// Lateness is how far an open loop fell behind; ok is false before the end of Run, and of a closed one.
func (r *Runner) Lateness() (l Lateness, ok bool) {
	if r.late == nil {
		return Lateness{}, false
	}
	return *r.late, true
}

func (r *Runner) dial(i int) Client {
	mode := r.Retry
	if i >= r.Clients-r.Once {
		mode = RetryNone
	}
	return Connect(mode, r.Dial, r.Nodes, i%len(r.Nodes), r.Timeout)
}

// NextProcess is a process number that Run has not used.
func (r *Runner) NextProcess() history.Process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(r.highest+1, r.FirstProcess+history.Process(r.Clients))
}

func (r *Runner) client(ctx context.Context, i int) error {
	node := r.Nodes[i%len(r.Nodes)]
	process := r.FirstProcess + history.Process(i)
	client := r.dial(i)
	defer func() { client.Close() }()
	pause := firstPause
	for r.next(ctx) {
		began := time.Now()
		a, err := r.operation(client, process, node)
		if err != nil {
			return err
		}
		switch {
		case a.Kind == history.Info:
			// The old process may still have an effect: nobody may ever answer for it again.
			client.Close()
			client = r.dial(i)
			process = r.replace(process)
		case a.Kind == history.Fail && a.Error != history.Mismatch: // which is an answer like any other
			sleep(ctx, pause-time.Since(began)) // a time-out has been waited for already
			pause = min(2*pause, lastPause)
		default:
			pause = firstPause
		}
	}
	return nil
}

func (r *Runner) replace(p history.Process) history.Process {
	r.mu.Lock()
	defer r.mu.Unlock()
	p += history.Process(r.Clients)
	r.highest = max(r.highest, p)
	return p
}

// operation runs one operation to its end. It is not cut short when the run ends: an answer that is
// on its way is worth more than an unknown outcome.
func (r *Runner) operation(c Client, p history.Process, node string) (Answer, error) {
	r.mu.Lock()
	op := r.Generator.Next(r.random)
	r.mu.Unlock()

	a, err := Do(r.Recorder, c, p, node, op, r.Timeout)
	if err != nil {
		return a, err
	}
	r.mu.Lock()
	r.Generator.Done(op, a)
	r.mu.Unlock()
	return a, nil
}

// Do asks for one operation and records both ends of it.
func Do(rec Recorder, c Client, p history.Process, node string, op Op, timeout time.Duration) (Answer, error) {
	call := history.Event{Process: p, Kind: history.Invoke, F: op.F, Node: node, Key: op.Key, Value: op.Value, Name: op.Name}
	if _, err := rec.Record(call); err != nil {
		return Answer{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	a := c.Do(ctx, op)
	cancel()
	if err := a.check(); err != nil {
		return Answer{}, fmt.Errorf("client of %s, %s %s: %w", node, op.F, op.Key, err)
	}
	done := call
	done.Kind, done.Error, done.Found = a.Kind, a.Error, a.Found
	if a.Node != "" {
		done.Node = a.Node
	}
	if a.Attempts > 1 {
		done.Attempts = a.Attempts
	}
	if a.Kind == history.OK && (op.Value == nil || op.F == history.Txn) {
		done.Value = a.Value
	}
	_, err := rec.Record(done)
	return a, err
}

// check holds a client to its contract: what it leaves out would be read as something else.
func (a Answer) check() error {
	switch a.Kind {
	case history.OK:
		return nil
	case history.Fail, history.Info:
		if a.Error != "" {
			return nil
		}
		return fmt.Errorf("the answer is %s without a reason", a.Kind)
	}
	return fmt.Errorf("the answer is of kind %q", a.Kind)
}

func sleep(ctx context.Context, span time.Duration) {
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
