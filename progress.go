package schism

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"schism/history"
)

// runLog writes what happens to schism.log, with times, and to the people who look on.
type runLog struct {
	mu      sync.Mutex
	file    *os.File
	people  io.Writer
	seconds io.Writer            // what takes a line a second
	now     func() time.Duration // the history's clock; nil before there is one
}

func openLog(path string, people io.Writer) (*runLog, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o644) // checks append where they panicked
	if err != nil {
		return nil, fmt.Errorf("open the run's log: %w", err)
	}
	if people == nil {
		people = io.Discard
	}
	l := &runLog{file: file, people: people, seconds: people}
	if _, ok := people.(Viewer); ok {
		l.seconds = io.Discard
	}
	return l, nil
}

// Printf writes one line.
func (l *runLog) Printf(format string, args ...any) {
	l.line(l.people, fmt.Sprintf(format, args...))
}

func (l *runLog) line(people io.Writer, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.file, "%s %s\n", time.Now().UTC().Format("15:04:05.000"), text)
	fmt.Fprintln(people, text)
}

// clock gives the times of Event.
func (l *runLog) clock(now func() time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = now
}

// Event writes one line with its time in the history.
func (l *runLog) Event(format string, args ...any) {
	l.line(l.people, l.timed(fmt.Sprintf(format, args...)))
}

func (l *runLog) timed(text string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%5.1f s  %s", l.now().Seconds(), text)
}

// Tick writes line as an event once a second until ctx ends. The channel is closed then.
func (l *runLog) Tick(ctx context.Context, line func() string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				l.line(l.seconds, l.timed(line()))
			}
		}
	}()
	return done
}

// Close closes the file; people get no more lines.
func (l *runLog) Close() error { return l.file.Close() }

// tally counts outcomes on their way into the history.
type tally struct {
	rec *history.Recorder

	mu      sync.Mutex
	calls   map[history.Process]int64 // process → time of its invocation
	counts  map[history.Kind]int
	latency []time.Duration // of what was ok
}

func newTally(rec *history.Recorder) *tally {
	return &tally{rec: rec, calls: make(map[history.Process]int64), counts: make(map[history.Kind]int)}
}

// Record counts e once it is recorded.
func (t *tally) Record(e history.Event) (history.Event, error) {
	e, err := t.rec.Record(e)
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Kind == history.Invoke {
		t.calls[e.Process] = e.Time
		return e, err
	}
	t.counts[e.Kind]++
	if e.Kind == history.OK {
		t.latency = append(t.latency, time.Duration(e.Time-t.calls[e.Process]))
	}
	delete(t.calls, e.Process)
	return e, err
}

// second tells what was counted since the last call.
func (t *tally) second() Rates {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := Rates{OK: t.counts[history.OK], Fail: t.counts[history.Fail], Info: t.counts[history.Info]}
	if n := len(t.latency); n > 0 {
		slices.Sort(t.latency)
		r.P50, r.P99 = t.latency[(n-1)/2], t.latency[(n*99+99)/100-1]
	}
	clear(t.counts)
	t.latency = t.latency[:0]
	return r
}
