package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Format is the version of the history file that this package writes.
const Format = 1

// Header is the first line of a history.
type Header struct {
	Schism   int       `json:"schism"` // Format
	Scenario string    `json:"scenario,omitempty"`
	Run      string    `json:"run,omitempty"`
	Started  time.Time `json:"started,omitzero"` // wall clock at time 0, for people only
	Nodes    []string  `json:"nodes,omitempty"`
	// Balances are what the accounts of a bank held before the first operation, if that is known.
	Balances map[string]int64 `json:"balances,omitempty"`
	Model    string           `json:"model,omitempty"` // what the keys are, under the names of `schism check --model`
}

// Recorder appends the events of a run to one file. It gives them their index and time under one
// lock, so that the order in the file, of the indexes and of the times is the same.
//
// Each event is one write: what was recorded survives the death of the controller, even by SIGKILL.
// (It does not survive the machine's loss of power before Close.)
type Recorder struct {
	start time.Time

	mu   sync.Mutex
	file *os.File
	buf  bytes.Buffer
	next int64
	err  error // sticky: a history with a hole is no history
}

// Create makes a new history file; it is an error if there is one.
func Create(path string, h Header) (*Recorder, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create history: %w", err)
	}
	h.Schism = Format
	r := &Recorder{start: time.Now(), file: file}
	if h.Started.IsZero() {
		h.Started = r.start.UTC()
	}
	if err := r.writeLine(h); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

// Record gives e its index and time, writes it, and returns it as written. After an error every
// further call fails with the same error: the run must end, and its verdict must not be valid.
func (r *Recorder) Record(e Event) (Event, error) {
	if len(e.Value) == 0 {
		e.Value = Nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return e, r.err
	}
	e.Index = r.next
	e.Time = int64(time.Since(r.start))
	if err := r.writeLine(e); err != nil {
		r.err = err
		return e, err
	}
	r.next++
	return e, nil
}

// Now is the time since the start of the run, on the clock of the events.
func (r *Recorder) Now() time.Duration { return time.Since(r.start) }

// Count is the number of events recorded so far.
func (r *Recorder) Count() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next
}

// Close makes the history durable. It returns the first error that Record met, if any.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return r.err
	}
	err := errors.Join(r.err, r.file.Sync(), r.file.Close())
	r.file = nil
	r.err = errors.Join(r.err, errClosed)
	return err
}

var errClosed = errors.New("the history is closed")

func (r *Recorder) writeLine(v any) error {
	r.buf.Reset()
	enc := json.NewEncoder(&r.buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("history: encode %+v: %w", v, err)
	}
	if _, err := r.file.Write(r.buf.Bytes()); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}
