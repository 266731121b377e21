package kv

import (
	"encoding/json"
	"fmt"
	"sync"

	"schism/targetnode/lease"
	"schism/targetnode/raft"
)

// Result is the answer to a command.
type Result struct {
	Refused string          // why the state was left alone, such as Mismatch; "": it was carried out
	Value   json.RawMessage // what a get read, a refused cas found or open-session gives; nil where nothing is to be said
	Applied raft.Index      // the entry after which this was the state
}

// Store is one node's copy of the state. It may be used by several goroutines; entries are applied by one.
type Store struct {
	mu       sync.RWMutex
	values   map[string]json.RawMessage // a value is replaced, never changed
	sessions *sessions
	lease    lease.State
	options  Options
	applied  raft.Index
	term     raft.Term
}

// NewStore returns the state before the first entry.
func NewStore(o Options) *Store {
	return &Store{values: map[string]json.RawMessage{}, sessions: newSessions(o), options: o}
}

// Apply carries out the next entry of the log. Its error means that this node cannot follow the
// log (an entry is missing or written by a newer version) and must stop rather than diverge.
func (s *Store) Apply(e raft.Entry) (Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Index != s.applied+1 {
		return Result{}, fmt.Errorf("apply entry %d: the state is that after entry %d", e.Index, s.applied)
	}
	var c change
	if e.Kind == raft.EntryCommand {
		var err error
		if c, err = decodeChange(e.Data); err != nil {
			return Result{}, fmt.Errorf("apply entry %d: %w", e.Index, err)
		}
	}
	s.applied, s.term = e.Index, e.Term
	s.sessions.expire(e.Index)
	r := Result{Applied: e.Index}
	skipped := s.options.Defects.AppliedAheadOfState && e.Index == s.options.Recovered
	if e.Kind == raft.EntryCommand && !skipped {
		r = s.carryOut(&c)
	}
	if s.options.Defects.DedupInMemory && e.Index == s.options.Recovered {
		s.sessions.forget()
	}
	return r, nil
}

func (s *Store) execute(op operation, c *Command) Result {
	do := func() Result { return s.perform(op, c) }
	if c.Client == 0 {
		return do()
	}
	return s.sessions.once(c, s.applied, do)
}

// Read answers a prepared read-only command from the state as it is.
func (s *Store) Read(c *Command) Result {
	op, _ := operationNamed(c.Op)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.perform(op, c)
}

func (s *Store) perform(op operation, c *Command) Result {
	var r Result
	if op.composed {
		r = s.transact(c)
	} else {
		r = op.apply(s, c)
	}
	r.Applied = s.applied
	return r
}

// Applied is the index of the last entry applied.
func (s *Store) Applied() raft.Index {
	at, _ := s.Position()
	return at
}

// Position is the last entry applied: its index and its term.
func (s *Store) Position() (raft.Index, raft.Term) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.applied, s.term
}
