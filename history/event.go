// Package history is the narrow waist of schism: one record type crosses every border, and one
// append-only file holds all that a run's verdict rests on.
package history

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// Kind is the place of an event in the life of an operation, under Jepsen's names.
type Kind string

const (
	Invoke Kind = "invoke"
	OK     Kind = "ok"   // took effect
	Fail   Kind = "fail" // certainly did not take effect
	Info   Kind = "info" // may have taken effect at any time from the invocation on, or never
)

// Process is a logical thread of one client. It has at most one operation open; after an info it
// never comes back. Negative values are not clients.
type Process int64

const (
	// Nemesis marks the events of faults.
	Nemesis Process = -1
	// Observer marks what the controller saw of the nodes. For words and pictures only: no safety
	// checker reads it.
	Observer Process = -2
	// nobody marks events of clients that are left out.
	nobody Process = -3
)

// IsClient says whether the process's operations count as the system's promises to a client.
func (p Process) IsClient() bool { return p >= 0 }

func (p Process) String() string {
	switch p {
	case Nemesis:
		return "nemesis"
	case Observer:
		return "observer"
	}
	return strconv.FormatInt(int64(p), 10)
}

func (p Process) MarshalJSON() ([]byte, error) {
	if p.IsClient() {
		return strconv.AppendInt(nil, int64(p), 10), nil
	}
	return json.Marshal(p.String())
}

func (p *Process) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `"nemesis"`:
		*p = Nemesis
		return nil
	case `"observer"`:
		*p = Observer
		return nil
	}
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil || n < 0 {
		return fmt.Errorf(`process %s: want a number from 0 on, "nemesis" or "observer"`, b)
	}
	*p = Process(n)
	return nil
}

// Functions of operations that more than one room knows by name.
const (
	Read  = "read"
	Write = "write"
	CAS   = "cas"
	// Append adds a value to the end of the list that the key holds. A key that was never written
	// holds the empty list, and reads as nil.
	Append = "append"
	// Add adds a whole number to a counter, or an element to a set.
	Add = "add"
	// Enqueue puts a value at the end of a queue; Dequeue takes the one at its head, or answers nil if
	// there is none.
	Enqueue = "enqueue"
	Dequeue = "dequeue"
	// Acquire and Release are of a lock. Their value names the owner, if there is one to name.
	Acquire = "acquire"
	Release = "release"
	// Get and Put are of a store whose values are texts, the empty one at first.
	Get = "get"
	Put = "put"
	// Txn is a list of reads, writes and appends that take effect at one moment: [["r","x",null],["w","y",2]].
	Txn = "txn"
	// Transfer moves money between accounts of a bank: {"from":"0","to":"1","amount":3}.
	Transfer = "transfer"
	// FinalRead is a read of one node's own state after the run: key empty, value a FinalState.
	// It is judged for lost writes and divergence, never for linearizability.
	FinalRead = "final-read"
)

// Mismatch is the Error of a cas that failed because the value was not the expected one.
const Mismatch = "mismatch"

// Value is what an operation carried or returned, as it stands on disk. Nil and "null" are the value
// of a key that was never written.
type Value = json.RawMessage

// Event is one line of a history.
type Event struct {
	// Index is the event's place in the one order that all processes share: an invocation takes its
	// index before its first byte leaves, a completion after its last byte came.
	Index   int64   `json:"index"`
	Time    int64   `json:"time"` // nanoseconds since the start of the run, monotonic
	Process Process `json:"process"`
	Kind    Kind    `json:"type"`
	F       string  `json:"f"`
	// Node is who was asked. The completion of an operation that was tried at several names the one
	// whose answer it is.
	Node  string `json:"node,omitempty"`
	Key   string `json:"key,omitempty"`
	Value Value  `json:"value"`
	// Error says in words why the operation is fail or info.
	Error string `json:"error,omitempty"`
	// Found is the value that made a cas fail with Mismatch; empty if it is not known.
	Found Value `json:"found,omitempty"`
	// Attempts is how often the client put the operation to a node, if more than once. All of them
	// together are one operation, from the first call to the last return.
	Attempts int `json:"attempts,omitempty"`
	// Name is how the scenario speaks of an operation that it asked for itself.
	Name string `json:"name,omitempty"`
}

// At is the event's time since the start of the run.
func (e Event) At() time.Duration { return time.Duration(e.Time) }

// FinalState is the value of a FinalRead: everything that one node holds, at one applied index.
type FinalState struct {
	Applied uint64           `json:"applied"`
	State   map[string]Value `json:"state"`
}

// Role is the value of an Observer event with F "role": what a node says of itself. It is written
// when it changes.
type Role struct {
	Role   string `json:"role"` // leader, candidate, pre-candidate, follower; "down" if it does not answer
	Term   uint64 `json:"term"`
	Leader string `json:"leader,omitempty"` // whom it follows
	Region Region `json:"region,omitzero"`
}

// Region is what a node knows of the region lease; the zero value of a target that has none.
type Region struct {
	Holder string `json:"holder,omitempty"` // "": nobody has had it yet
	Epoch  uint64 `json:"epoch,omitempty"`
	Holds  bool   `json:"holds,omitempty"` // this node is the holder, and its lease runs
}

// RoleChange is the F of observer events.
const RoleChange = "role"

// StallSeen is the F of observer events that tell of a Stall: of their Node, or without one of the
// controller, and with it perhaps of the whole machine.
const StallSeen = "stall"

// Stall is a time, up to its event, in which nothing happened that should have: the controller was not
// scheduled, or a node did not answer.
type Stall struct {
	For time.Duration `json:"for"` // nanoseconds
}
