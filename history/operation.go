package history

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Operation is an invocation together with its completion.
type Operation struct {
	Process Process
	Node    string
	F       string
	Key     string
	Input   Value // what was asked for: the value to write, [from,to] of a cas; nil for a read
	Output  Value // what came back, if Outcome is OK
	Outcome Kind  // OK, Fail or Info; Info too if the history ends before the completion
	Error   string
	// Call and Return are the indexes of the two events. Return is -1 if there is no completion. An
	// Info's Return tells when the client gave up, not when the effect ended: it has no end.
	Call, Return         int64
	CallTime, ReturnTime time.Duration

	Rare *Rare // nil for most operations
}

// Rare is what few operations have.
type Rare struct {
	Found Value // what a cas found instead of its from; nil if not known
	// Attempts is how often the client tried, if more than once; Node is then who answered last.
	Attempts int
	Name     string // in the scenario, if that asked for it itself
}

// Found is what a cas found instead of its from; nil if not known.
func (op *Operation) Found() Value { return op.rare().Found }

// Attempts is how often the client tried, if more than once; else 0.
func (op *Operation) Attempts() int { return op.rare().Attempts }

// Name is the operation's name in the scenario, if that asked for it itself.
func (op *Operation) Name() string { return op.rare().Name }

func (op *Operation) rare() Rare {
	if op.Rare == nil {
		return Rare{}
	}
	return *op.Rare
}

// Touches says whether the operation is about a key: that is its own, or a register of its transaction.
func (op *Operation) Touches(key string) bool {
	if op.F != Txn {
		return op.Key == key
	}
	all, err := SplitTxn(op.Input)
	return err == nil && slices.ContainsFunc(all, func(a Access) bool { return a.Register == key })
}

// Pairer turns the events of a history, one by one, into operations, and keeps these.
type Pairer struct {
	ops  []Operation // in the order of their calls, those that are open too
	open map[Process]int
	last int64
	// part says that the events begin somewhere in a history: a completion without invocation is then of
	// an operation that was called before, and left out.
	part bool
	want func(key string) bool // the keys of the operations that are kept; nil: all
}

// NewPairer makes a Pairer for a history from its first event on.
func NewPairer() *Pairer {
	return &Pairer{open: make(map[Process]int), last: -1}
}

// expect makes room for so many events, before the first: growing to millions costs more than reading them.
func (p *Pairer) expect(events int64) {
	p.ops = make([]Operation, 0, events/2)
	hugePages(p.ops)
}

// Add takes the next event. It returns an operation when e completes one. Events that are no
// client's are ignored. An error says which rule of a history e breaks.
func (p *Pairer) Add(e Event) (op Operation, done bool, err error) {
	at, err := p.add(&e)
	if err != nil || at < 0 {
		return op, false, err
	}
	return p.ops[at], true, nil
}

// add returns the index of the operation that e completes, -1 if it completes none.
func (p *Pairer) add(e *Event) (int, error) {
	if e.Index != p.last+1 {
		// A lost pair of events could make a valid history invalid, and the other way round.
		return -1, fmt.Errorf("event %d stands where event %d belongs: events are missing, or out of order", e.Index, p.last+1)
	}
	p.last = e.Index
	if !e.Process.IsClient() || p.want != nil && !p.want(e.Key) {
		return -1, nil
	}
	at, busy := p.open[e.Process]
	if e.Kind == Invoke {
		if busy {
			before := &p.ops[at]
			return -1, fmt.Errorf("event %d: process %v invokes %s while its %s (event %d) is still open",
				e.Index, e.Process, e.F, before.F, before.Call)
		}
		p.open[e.Process] = len(p.ops)
		p.ops = append(p.ops, invoked(e))
		return -1, nil
	}
	if !busy && p.part {
		return -1, nil
	}
	if !busy {
		return -1, fmt.Errorf("event %d: process %v completes %s (%s) that it never invoked", e.Index, e.Process, e.F, e.Kind)
	}
	call := &p.ops[at]
	if call.F != e.F || call.Key != e.Key {
		return -1, fmt.Errorf("event %d completes %s %s, but process %v invoked %s %s (event %d)",
			e.Index, e.F, e.Key, e.Process, call.F, call.Key, call.Call)
	}
	if e.At() < call.CallTime {
		return -1, fmt.Errorf("event %d: completed at %v, before its invocation at %v (event %d)", e.Index, e.At(), call.CallTime, call.Call)
	}
	delete(p.open, e.Process)
	call.complete(e)
	return at, nil
}

// Operations are all that were invoked so far, in that order. One that is open has the outcome Info.
func (p *Pairer) Operations() []Operation { return p.ops }

// Open returns the operations that were invoked and never completed, in the order of invocation.
// Their outcome is Info.
func (p *Pairer) Open() []Operation {
	ops := make([]Operation, 0, len(p.open))
	for _, at := range slices.Sorted(maps.Values(p.open)) {
		ops = append(ops, p.ops[at])
	}
	return ops
}

// invoked is an operation that may never end.
func invoked(e *Event) Operation {
	op := Operation{
		Process: e.Process, Node: e.Node, F: e.F, Key: e.Key, Input: e.Value,
		Outcome: Info, Error: "the history ends before the answer",
		Call: e.Index, Return: -1, CallTime: e.At(),
	}
	if e.Name != "" {
		op.Rare = &Rare{Name: e.Name}
	}
	return op
}

func (op *Operation) complete(e *Event) {
	op.Outcome, op.Error = e.Kind, e.Error
	if e.Found != nil || e.Attempts != 0 {
		op.Rare = &Rare{Found: e.Found, Attempts: e.Attempts, Name: op.Name()}
	}
	op.Return, op.ReturnTime = e.Index, e.At()
	if e.Node != "" {
		op.Node = e.Node
	}
	if e.Kind == OK {
		op.Output = e.Value
	}
}
