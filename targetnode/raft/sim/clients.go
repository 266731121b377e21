package sim

import (
	"encoding/binary"
	"slices"

	"schism/targetnode/raft"
)

// Outcome is what a client knows of an operation.
type Outcome uint8

const (
	Unknown Outcome = iota // no answer, or one that says so
	OK
	Failed // it has certainly no effect
)

// Operation is what one client, which makes no other, saw of a write or a read.
type Operation struct {
	Node     raft.NodeID // who was asked
	Key      int
	Write    bool
	Value    uint64 // each write has another; a read that found none has 0
	Outcome  Outcome
	Invoked  int64 // in virtual time
	Returned int64
}

// operation is one with what the simulator itself knows.
type operation struct {
	Operation
	mode  raft.ReadMode // of a read
	floor raft.Index    // of a read: how far the cluster had committed when it was asked
	done  bool          // the core has answered
}

const numKeys = 2

// pending is a write that was appended at index and not yet applied.
type pending struct {
	index raft.Index
	op    int
}

// A command is the number of its operation, counted from 1, which is the value that it writes, too.
func encodeCommand(op int) []byte      { return binary.BigEndian.AppendUint64(nil, uint64(op+1)) }
func decodeCommand(data []byte) uint64 { return binary.BigEndian.Uint64(data) }
func keyOf(value uint64) int           { return int(value % numKeys) }

// askWrites offers a node a batch of writes.
func (s *sim) askWrites() {
	n, first, count := s.someone(s.clientRNG), len(s.ops), 1+s.clientRNG.IntN(3)
	if !s.disturb(clients) && !s.healed {
		return
	}
	for range count {
		value := uint64(len(s.ops) + 1)
		s.ops = append(s.ops, operation{Operation: Operation{
			Node: n.id, Key: keyOf(value), Write: true, Value: value, Invoked: int64(s.now),
		}})
	}
	s.give(n, input{kind: evPropose, op: first, ops: count})
}

func (s *sim) askRead() {
	n, key := s.someone(s.clientRNG), s.clientRNG.IntN(numKeys)
	mode := s.plan.reads[s.clientRNG.IntN(len(s.plan.reads))]
	if !s.disturb(clients) {
		return
	}
	s.ops = append(s.ops, operation{
		Operation: Operation{Node: n.id, Key: key, Invoked: int64(s.now)}, mode: mode, floor: lastCommitted(&s.check),
	})
	s.give(n, input{kind: evRead, op: len(s.ops) - 1})
}

// propose puts a batch of writes to the core. Clients that wait for their answers never leave more than
// so many open: without a limit a slow configuration falls behind for good.
func (s *sim) propose(n *node, now raft.Time, in input) {
	const maxOpen = 20
	if st := n.raft.Status(); st.LastIndex-min(st.Commit, st.LastIndex) > maxOpen {
		s.answerWrites(in, Failed)
		return
	}
	batch := make([][]byte, in.ops)
	for i := range batch {
		batch[i] = encodeCommand(in.op + i)
	}
	first, term, err := n.raft.Propose(now, batch)
	if err != nil {
		s.answerWrites(in, Failed)
		return
	}
	s.trace("n%d    is given %d commands from entry %d of term %d on", n.id, len(batch), first, term)
	if s.Driver.AckBeforeCommit {
		s.answerWrites(in, OK)
		return
	}
	if term != n.writesIn {
		s.giveUpWrites(n)
		n.writesIn = term
	}
	for i := range batch {
		n.writes = append(n.writes, pending{first + raft.Index(i), in.op + i})
	}
}

func (s *sim) answerWrites(in input, o Outcome) {
	for op := in.op; op < in.op+in.ops; op++ {
		s.answer(op, o)
	}
}

func (s *sim) answer(op int, o Outcome) {
	s.ops[op].Outcome, s.ops[op].Returned = o, int64(s.now)
}

// answerApplied answers the writes that were waiting for these entries.
func (s *sim) answerApplied(n *node, entries []raft.Entry) {
	for _, e := range entries {
		if len(n.writes) == 0 || n.writes[0].index != e.Index {
			continue
		}
		if e.Term == n.writesIn {
			s.answer(n.writes[0].op, OK)
		}
		n.writes = n.writes[1:]
	}
}

// giveUpWrites is for the writes of a leadership that is over. They stay in the log.
func (s *sim) giveUpWrites(n *node) {
	if s.Driver.FailButCommits {
		for _, w := range n.writes {
			s.answer(w.op, Failed)
		}
	}
	n.writes = nil
}

func (s *sim) read(n *node, now raft.Time, in input) {
	mode := s.ops[in.op].mode
	if s.Driver.ReadsLocal {
		mode = raft.ReadLocal
	}
	if err := n.raft.Read(now, uint64(in.op), mode); err != nil {
		s.answer(in.op, Failed)
		return
	}
	n.asked++
	s.trace("n%d    takes a %s read", n.id, describeMode(mode))
}

// answered notes the one answer that a read gets.
func (s *sim) answered(n *node, id uint64) {
	n.asked--
	if s.ops[id].done {
		s.check.fail(LinearizableReads, "n%d answers read %d twice", n.id, id)
	}
	s.ops[id].done = true
}

// serve judges a permitted read. A local one may be stale: that is counted, and shows that the others
// could have been.
func (s *sim) serve(n *node, r raft.ReadReady) {
	s.answered(n, r.ID)
	op := &s.ops[r.ID]
	op.Value = n.state.values[op.Key]
	s.answer(int(r.ID), OK)
	index := r.Index
	switch {
	case op.mode == raft.ReadLocal:
		s.stats.count(localRead)
		if n.applied < op.floor {
			s.stats.count(staleLocalRead)
		}
		return
	case s.Driver.ReadsLocal:
		index = n.applied
	case op.mode == raft.ReadIndex:
		s.stats.count(indexRead)
	case op.mode == raft.ReadLease:
		s.stats.count(leaseRead)
	}
	s.check.served(n, op.mode, index, op.floor)
}

// keptPromises compares what the clients of writes were told with what became of them.
func (s *sim) keptPromises() {
	committed := make([]bool, len(s.ops)+1)
	for _, c := range s.check.committed {
		if c.kind == raft.EntryCommand {
			committed[decodeCommand(c.data)] = true
		}
	}
	for i := range s.ops {
		op := &s.ops[i]
		switch {
		case !op.Write:
		case op.Outcome == OK && !committed[op.Value]:
			s.check.fail(KeptPromises, "write %d at n%d was acknowledged and is not in the log of the healed cluster", op.Value, op.Node)
		case op.Outcome == Failed && committed[op.Value]:
			s.check.fail(KeptPromises, "write %d at n%d was answered as failed and was committed all the same", op.Value, op.Node)
		}
	}
}

// history is what clients were promised: reads that may be stale by their own choice are left out.
func (s *sim) history() []Operation {
	var h []Operation
	for i := range s.ops {
		if op := &s.ops[i]; op.mode != raft.ReadLocal {
			h = append(h, op.Operation)
		}
	}
	slices.SortStableFunc(h, func(a, b Operation) int { return int(a.Invoked - b.Invoked) })
	return h
}
