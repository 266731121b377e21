package schism

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"schism/history"
)

// Viewer is an optional ability of Options.Progress, that of a screen. It still takes a line for
// everything that happens, but no line a second: it is shown how the run goes instead, several times
// a second, from a goroutine of its own.
type Viewer interface {
	io.Writer
	Show(Moment)
}

// Moment is how a run goes just now.
type Moment struct {
	Scenario string
	Phase    Phase
	At       time.Duration // since the clients began
	Length   time.Duration // for which they ask
	Rates    Rates
	Faults   []string // those in place: "partition n1 n2 | n3 n4 n5"
	Leaders  string   // "n1 t2"; empty before there is anybody to ask
}

// Phase is a part of a run.
type Phase string

// The parts of a run, in their order.
const (
	Starting Phase = "starting"
	Running  Phase = "running"
	Reading  Phase = "healing and reading"
	Checking Phase = "checking"
)

// Rates are what was counted in one second.
type Rates struct {
	OK, Fail, Info int
	P50, P99       time.Duration // of what was ok
}

func (r Rates) String() string {
	return fmt.Sprintf("ok %5d/s  fail %4d  info %4d   p99 %6.1f ms", r.OK, r.Fail, r.Info, float64(r.P99)/1e6)
}

// showEvery is how often a viewer is shown a moment. A person sees no difference above it.
const showEvery = 200 * time.Millisecond

// stage is what a viewer is told of, as far as the run has come. The zero value is ready.
type stage struct {
	mu      sync.Mutex
	moment  Moment
	clock   func() time.Duration // nil: the clients have not begun
	leaders func() string        // nil: there is nobody to ask yet
	faults  map[int]fault        // by their IDs
}

type fault struct {
	text    string
	inPlace bool
}

// open is told what will be played.
func (s *stage) open(scenario string, length time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moment.Scenario, s.moment.Length, s.moment.Phase = scenario, length, Starting
}

func (s *stage) enter(p Phase) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moment.Phase = p
}

// cast says who can be asked about leaders.
func (s *stage) cast(leaders func() string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaders = leaders
}

// begin starts the clock of the run.
func (s *stage) begin(clock func() time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock, s.moment.Phase = clock, Running
}

func (s *stage) count(r Rates) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moment.Rates = r
}

// note follows the life of a fault.
func (s *stage) note(e history.Event) {
	f, ok := history.FaultOf(e)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults == nil {
		s.faults = make(map[int]fault)
	}
	switch f.Phase {
	case history.FaultStart:
		s.faults[f.ID] = fault{text: e.F + " " + cmp.Or(f.What, f.Text)}
	case history.FaultActive:
		s.faults[f.ID] = fault{text: s.faults[f.ID].text, inPlace: true}
	case history.FaultHealed:
		delete(s.faults, f.ID)
	}
}

func (s *stage) now() Moment {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.moment
	if s.clock != nil {
		m.At = s.clock()
	}
	if s.leaders != nil {
		m.Leaders = s.leaders()
	}
	m.Faults = nil
	for _, id := range slices.Sorted(maps.Keys(s.faults)) {
		if f := s.faults[id]; f.inPlace {
			m.Faults = append(m.Faults, f.text)
		}
	}
	return m
}

// show shows a viewer the moments until stop is called; after that it is shown no more.
func (s *stage) show(v Viewer) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(showEvery)
		defer tick.Stop()
		for ctx.Err() == nil {
			v.Show(s.now())
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	}()
	return func() { cancel(); <-done }
}

// staged tells the stage of faults on their way into the history.
type staged struct {
	history *history.Recorder
	stage   *stage
}

// Record is that of the history.
func (s staged) Record(e history.Event) (history.Event, error) {
	e, err := s.history.Record(e)
	s.stage.note(e)
	return e, err
}
