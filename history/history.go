package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// History is a whole recorded run in memory, sorted into what each reader needs.
type History struct {
	Header     Header
	Operations []Operation // the clients', final reads apart, in the order of their calls
	FinalReads []Operation // of each node's own state, in the order of their calls
	Faults     []FaultLife
	Roles      []Event        // Observer events with F RoleChange, in order
	Stalls     []Event        // Observer events with F StallSeen, in order
	Announced  []Announcement // by failpoints, in order
	Holders    []Holders      // as they were counted, in order
	Refusals   []Refusal      // by nodes whose logs were damaged, in order
	Incidents  []string       // what happened to the cluster that nobody ordered
	// Interrupted says when the run was ended before its time, as "after 1.9 s of 4 s"; empty if it was not.
	Interrupted string
	// Torn says what was cut off at the end; empty if the history is complete. What was open there
	// is Info.
	Torn   string
	Events int64
	End    time.Duration // time of the last event
}

// FaultLife is everything that was recorded of one fault.
type FaultLife struct {
	F      string // partition, kill
	ID     int
	Text   string
	Start  time.Duration
	Active time.Duration // -1: never fully in place
	End    time.Duration // -1: never undone
	Healed time.Duration // -1: never proved to be gone
	// Bit is nil if nobody measured it; Gone the same for the healing.
	Bit, Gone *bool
	Proof     []string // in words, in order
	Events    []Fault  // as recorded
}

// Resolved is the last known value of the fault's fields: targets, groups, nodes and links.
func (f FaultLife) Resolved() Fault {
	var all Fault
	for _, e := range f.Events {
		all.ID, all.Text = e.ID, e.Text
		if e.What != "" {
			all.What = e.What
		}
		if e.Step != "" {
			all.Step = e.Step
		}
		if e.Targets != nil {
			all.Targets = e.Targets
		}
		if e.Groups != nil {
			all.Groups = e.Groups
		}
		if e.Cut != nil {
			all.Cut = e.Cut
		}
		if e.Nodes != nil {
			all.Nodes = e.Nodes
		}
	}
	return all
}

// ActiveAt says whether the fault was on at t. From its start on it may bite, until it is healed.
func (f FaultLife) ActiveAt(t time.Duration) bool { return f.ActiveBetween(t, t) }

// ActiveBetween says whether the fault was on at some time from from to to.
func (f FaultLife) ActiveBetween(from, to time.Duration) bool {
	return !f.Missed() && f.Start <= to && (f.Healed < 0 || f.Healed >= from)
}

// Missed says that the fault struck nobody: it was measured to have had no effect before it was ever in
// place, and there was nothing to undo. Without that measurement, as at a torn end, it may be on.
func (f FaultLife) Missed() bool {
	return f.Active < 0 && f.End < 0 && f.Bit != nil && !*f.Bit
}

// Struck are the faults that struck somebody.
func (h *History) Struck() []FaultLife {
	return slices.DeleteFunc(slices.Clone(h.Faults), FaultLife.Missed)
}

// Load reads a history file. A torn tail is no error: it is told in History.Torn.
func Load(path string) (*History, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	about, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return collect(file, about.Size())
}

// Collect reads a history to its end.
func Collect(in io.Reader) (*History, error) { return collect(in, 0) }

// collect reads a history of so many bytes, 0 if nobody knows.
func collect(in io.Reader, size int64) (*History, error) {
	r, err := NewReader(in)
	if err != nil {
		return nil, err
	}
	c := newCollector(r.Header)
	c.pair.expect(r.events(size))
	for e, err := range r.ahead() {
		if errors.Is(err, ErrTorn) {
			c.h.Torn = err.Error()
			break
		}
		if err != nil {
			return nil, err
		}
		if err := c.add(e); err != nil {
			return nil, fmt.Errorf("history: line %d: %w", c.h.Events+2, err) // the header's line is the first
		}
	}
	c.finish()
	return c.h, nil
}

type collector struct {
	h      *History
	pair   *Pairer
	faults map[int]int // fault ID → index in h.Faults
}

func newCollector(h Header) *collector {
	return &collector{h: &History{Header: h}, pair: NewPairer(), faults: make(map[int]int)}
}

func (c *collector) add(e *Event) error {
	if _, err := c.pair.add(e); err != nil {
		return err
	}
	c.h.Events++
	c.h.End = e.At()
	switch {
	case e.Process == Nemesis:
		c.fault(*e)
	case e.Process == Observer && e.F == RoleChange:
		c.h.Roles = append(c.h.Roles, *e)
	case e.Process == Observer && e.F == StallSeen:
		c.h.Stalls = append(c.h.Stalls, *e)
	}
	return nil
}

func (c *collector) fault(e Event) {
	switch e.F {
	case Incident:
		c.h.Incidents = append(c.h.Incidents, e.Error)
		return
	case Interrupted:
		c.h.Interrupted = e.Error
		return
	case Announced:
		var a Announcement
		if json.Unmarshal(e.Value, &a) == nil { // what cannot be read proves nothing
			c.h.Announced = append(c.h.Announced, a)
		}
		return
	case HoldersCounted:
		var h Holders
		if json.Unmarshal(e.Value, &h) == nil {
			c.h.Holders = append(c.h.Holders, h)
		}
		return
	case Refused:
		var r Refusal
		if json.Unmarshal(e.Value, &r) == nil {
			r.At = e.At()
			c.h.Refusals = append(c.h.Refusals, r)
		}
		return
	}
	f, ok := FaultOf(e)
	if !ok {
		return
	}
	at, known := c.faults[f.ID]
	if !known {
		at = len(c.h.Faults)
		c.faults[f.ID] = at
		c.h.Faults = append(c.h.Faults, FaultLife{F: e.F, ID: f.ID, Text: f.Text, Start: e.At(), Active: -1, End: -1, Healed: -1})
	}
	c.h.Faults[at].step(e, f)
}

func (l *FaultLife) step(e Event, f Fault) {
	l.Events = append(l.Events, f)
	switch f.Phase {
	case FaultActive:
		l.Active = e.At()
	case FaultProof:
		if l.Bit == nil || f.Bit != nil && !*f.Bit {
			l.Bit = f.Bit // one proof that failed outweighs those that did not
		}
	case FaultEnd:
		l.End = e.At()
	case FaultHealed:
		if l.Gone = f.Bit; f.Bit == nil || *f.Bit { // else it may be on to the end
			l.Healed = e.At()
		}
	}
	if f.Proof != "" {
		l.Proof = append(l.Proof, f.Proof)
	}
}

// finish tells the final reads, which come last in a run and are few, from the clients' operations.
func (c *collector) finish() {
	isFinal := func(op Operation) bool { return op.F == FinalRead }
	all := c.pair.Operations()
	first := slices.IndexFunc(all, isFinal)
	if first < 0 {
		c.h.Operations = all
		return
	}
	for _, op := range all[first:] {
		if isFinal(op) {
			c.h.FinalReads = append(c.h.FinalReads, op)
		}
	}
	c.h.Operations = slices.DeleteFunc(all, isFinal)
}
