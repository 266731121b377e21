// Package api is the HTTP interface of a node for clients. Its answers say exactly how much is known
// of an operation: a 4xx is a certain refusal, a 504 may have taken effect or may still do so.
package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"schism/targetnode/failpoint"
	"schism/targetnode/kv"
	"schism/targetnode/raft"
)

// Node is what the interface needs of the node behind it.
type Node interface {
	// Alone answers a prepared command if the node may do so at once, without asking anybody.
	Alone(*kv.Command) (kv.Result, bool)
	// Do carries out a prepared command. Its error is an *Error.
	Do(context.Context, *kv.Command) (kv.Result, error)
	// Snapshot is this node's own applied state, whatever its role.
	Snapshot() kv.Snapshot
	Status() Status
	// Metrics serves what the node counts of itself.
	Metrics() http.Handler
	// Observe notes an operation that was well-formed, and how it ended.
	Observe(op, outcome string, took time.Duration)
	// Armed says whether a failpoint is armed, which is seldom.
	Armed() bool
	// Pass passes a failpoint with an operation on a key, whose entry is the one at index. Its error
	// means that the connection has failed.
	Pass(point failpoint.Name, key string, index raft.Index) error
}

// Status is a node's view of itself.
type Status struct {
	Node    string `json:"node"`
	Role    string `json:"role"` // follower, pre-candidate, candidate or leader
	Term    uint64 `json:"term"`
	Leader  string `json:"leader"` // "": not known
	Commit  uint64 `json:"commit"`
	Applied uint64 `json:"applied"`
	// AppliedTerm is the term of the entry at Applied. A leader's commit index is what it was before it led, and
	// may lack what had been acknowledged, until this is its own term.
	AppliedTerm uint64    `json:"applied_term"`
	FirstIndex  uint64    `json:"first_index"` // of the log that is kept; what was before it is in a snapshot
	LastIndex   uint64    `json:"last_index"`
	ReadMode    string    `json:"read_mode"`
	LeaseMS     *float64  `json:"lease_ms,omitempty"` // leader with read mode lease: what is left of it, 0 when it has run out
	Started     time.Time `json:"started"`            // wall clock
	Defects     []string  `json:"defects,omitempty"`  // the known bugs that are switched on
	Voters      []string  `json:"voters"`
	Learners    []string  `json:"learners,omitempty"`
	Region      *Region   `json:"region,omitempty"` // nil: there is no region lease
}

// Region is the region lease as a node knows it from the entries that it has applied.
type Region struct {
	Holder string   `json:"holder"` // "": nobody has had it yet
	Epoch  uint64   `json:"epoch"`
	Holds  bool     `json:"holds"`             // this node is the holder, and its lease runs
	LeftMS *float64 `json:"left_ms,omitempty"` // holder: what is left of it by its own clock, 0 when it has run out
}

// Outcome says how much is known of an operation that was not carried out as asked.
type Outcome uint8

const (
	// NotLeader: refused, nothing was appended; another node may serve it.
	NotLeader Outcome = iota + 1
	// Busy: refused, nothing was appended; it may be tried again here.
	Busy
	// NotServed: a read that got no answer. Reads leave no trace.
	NotServed
	// Unknown: a write was appended to the log, or may have been, and may take effect at any time or never.
	Unknown
)

func (o Outcome) String() string {
	switch o {
	case NotLeader:
		return "not-leader"
	case Busy:
		return "busy"
	case NotServed:
		return "not-served"
	}
	return "unknown"
}

func (o Outcome) status() int {
	switch o {
	case NotLeader:
		return http.StatusMisdirectedRequest
	case Busy:
		return http.StatusTooManyRequests
	case NotServed:
		return http.StatusServiceUnavailable
	}
	return http.StatusGatewayTimeout
}

// Error is the answer to an operation that was not carried out as asked.
type Error struct {
	Outcome Outcome
	Leader  string // NotLeader: who is, as far as this node knows; may be ""
	Why     string
}

func (e *Error) Error() string {
	switch e.Outcome {
	case NotLeader:
		return "not the leader"
	case Unknown:
		return "unknown: " + e.Why
	}
	return e.Why
}

// MarshalJSON gives the body of the answer; only a refusal as NotLeader carries a hint.
func (e *Error) MarshalJSON() ([]byte, error) {
	body := map[string]string{"error": e.Error()}
	if e.Outcome == NotLeader {
		body["leader"] = e.Leader
	}
	return json.Marshal(body)
}
