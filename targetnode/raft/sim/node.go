package sim

import (
	"math/rand/v2"
	"slices"

	"schism/targetnode/raft"
)

// clock turns virtual time into the readings of a node's clock, which begins anywhere and runs at
// perMille thousandths of the true rate.
type clock struct {
	origin   raft.Time
	perMille int64
}

func (c clock) reading(t instant) raft.Time {
	return c.origin + raft.Time(int64(t)*c.perMille/1000)
}

// when is the first instant at which the clock shows r.
func (c clock) when(r raft.Time) instant {
	return instant((int64(r-c.origin)*1000 + c.perMille - 1) / c.perMille)
}

// node is one node with its driver, disk and clock.
type node struct {
	at     int // index in sim.nodes
	id     raft.NodeID
	source source
	rng    *rand.Rand // of its disk and clock
	raft   *raft.Node // nil while it is down
	life   int
	clock  clock
	disk   disk

	log      []raft.Entry // as the node handed it out, durable or not; what a snapshot stands for included
	applied  raft.Index
	state    state      // the state machine
	saving   bool       // a snapshot of its own is on the way to the disk
	saved    raft.Index // of its newest one
	ledTerm  raft.Term  // the term that it leads; 0: it does not lead
	campaign raft.Term  // what it campaigns in, see campaign
	// ledBefore is the newest term that it has led in this life.
	ledBefore raft.Term
	asked     int // reads that it has neither permitted nor failed yet

	consents []raft.NodeID // given to pre-votes since the newest one came

	writes   []pending // that wait for their entries
	writesIn raft.Term // in which all of them were appended

	paused bool    // as by SIGSTOP
	inbox  []input // came while the node was busy
	late   bool    // an fsync ended during the pause
	tickAt instant // when the next tick is due in the queue; 0: none is
}

// input is what waits to be taken in.
type input struct {
	kind  eventKind
	slot  int         // evMessage
	op    int         // evRead, evPropose: the first of ops
	ops   int         // evPropose
	admin happening   // evAdmin
	about raft.NodeID // evAdmin
}

// busy says that the driver takes nothing in just now: it is stopped, or it is one that waits for
// each fsync.
func (s *sim) busy(n *node) bool {
	return n.paused || !s.plan.pipelinedDisk && n.disk.syncing > 0
}

// give hands an input to a node, now or when it has time.
func (s *sim) give(n *node, in input) {
	switch {
	case n.raft == nil:
		s.discard(in)
	case s.busy(n):
		n.inbox = append(n.inbox, in)
	default:
		s.take(n, in)
		s.drain(n)
	}
}

func (s *sim) discard(in input) {
	if in.kind == evMessage {
		s.free = append(s.free, in.slot)
	}
}

func (s *sim) take(n *node, in input) {
	now := n.clock.reading(s.now)
	switch in.kind {
	case evMessage:
		m := &s.flights[in.slot].Message
		if m.Type == raft.MsgTimeoutNow {
			s.stats.count(handover)
		}
		s.free = append(s.free, in.slot)
		s.trace("n%d ← n%d  %s", n.id, m.From, describe{m})
		if m.Type == raft.MsgPreVote {
			s.askConsent(n, now, *m)
			return
		}
		n.raft.Step(now, *m)
	case evTick:
		n.raft.Tick(now)
	case evPropose:
		s.propose(n, now, in)
	case evRead:
		s.read(n, now, in)
	case evAdmin:
		s.obey(n, now, in)
	}
}

// askConsent takes in a pre-vote alone, so that the answer can be judged by the log of that moment.
func (s *sim) askConsent(n *node, now raft.Time, m raft.Message) {
	s.drain(n)
	n.consents = nil
	n.raft.Step(now, m)
	s.drain(n)
	for _, to := range n.consents {
		if to == m.From {
			s.check.consented(n, &m)
		}
	}
}

// drain does what the node asks for after its inputs.
func (s *sim) drain(n *node) {
	e := n.raft.Effects()
	if e.Snapshot != nil {
		s.check.installed(n, *e.Snapshot)
		s.stats.count(install)
		s.trace("n%d    installs a snapshot of %d@%d", n.id, e.Snapshot.Index, e.Snapshot.Term)
	}
	if len(e.Entries) > 0 {
		if first := e.Entries[0].Index; first <= lastIndex(n.log) {
			s.stats.count(truncation)
			s.trace("n%d    truncates from %d", n.id, first)
			if slices.ContainsFunc(n.log[first-1:], isChange) {
				s.stats.count(changeRolledBack)
			}
		}
		s.check.wrote(n, e.Entries)
	}
	s.noteRole(n)
	if len(e.Apply) > 0 {
		s.trace("n%d    commits %s", n.id, describeSpan(e.Apply))
		s.check.applied(n, e.Apply, s.nodes)
		s.answerApplied(n, e.Apply)
		s.noteChanges(n, e.Apply)
	}
	if n.ledTerm == 0 || n.ledTerm != n.writesIn {
		s.giveUpWrites(n)
	}
	s.check.leases(s, n)
	for _, r := range e.Reads {
		s.serve(n, r)
	}
	for _, id := range e.ReadsFailed {
		s.answered(n, id)
	}
	s.check.waiting(n)
	for i := range e.Send {
		if m := &e.Send[i]; m.Type == raft.MsgPreVoteReply && !m.Reject {
			n.consents = append(n.consents, m.To)
		}
		s.transmit(&e.Send[i])
	}
	s.store(n, write{snapshot: e.Snapshot, reset: e.Reset, state: e.HardState, entries: e.Entries, then: e.SendDurable})
	s.save(n)
	s.scheduleTick(n)
}

// noteRole watches for leaders that come and go.
func (s *sim) noteRole(n *node) {
	st := n.raft.Status()
	leads := raft.Term(0)
	if st.Role == raft.Leader {
		leads = st.Term
	}
	if campaigns := campaign(&st); campaigns != n.campaign {
		n.campaign = campaigns
		if campaigns > 0 {
			s.trace("n%d    is %v in term %d", n.id, st.Role, st.Term)
		}
	}
	if leads == n.ledTerm {
		return
	}
	n.ledTerm = leads
	if leads == 0 {
		s.trace("n%d    leads no more", n.id)
		return
	}
	if s.hadLeader {
		s.stats.count(leaderChange)
	}
	s.hadLeader = true
	n.ledBefore = leads
	s.trace("n%d    leads term %d with %d entries", n.id, leads, len(n.log))
	s.check.leads(n, leads)
}

// campaign tells one campaign of a node from another; 0: it does not campaign.
func campaign(st *raft.Status) raft.Term {
	switch st.Role {
	case raft.PreCandidate:
		return 2 * st.Term
	case raft.Candidate:
		return 2*st.Term + 1
	}
	return 0
}

func isChange(e raft.Entry) bool { return e.Kind == raft.EntryMembership }

// noteChanges counts the membership changes that are certain now. A node that has just removed itself
// has applied that as leader.
func (s *sim) noteChanges(n *node, applied []raft.Entry) {
	for _, e := range applied {
		if !isChange(e) {
			continue
		}
		s.stats.count(changeCommitted)
		if m, err := raft.DecodeMembership(e.Data); err == nil && n.ledBefore == e.Term && !slices.Contains(m.Voters, n.id) {
			s.stats.count(leaderRemoved)
		}
	}
}

func (s *sim) store(n *node, w write) {
	if len(n.disk.pending) == 0 && w.empty() {
		for i := range w.then {
			s.transmit(&w.then[i])
		}
		return
	}
	if w.empty() && len(w.then) == 0 {
		return
	}
	n.disk.pending = append(n.disk.pending, w)
	s.fsync(n)
}

// save begins a snapshot when enough has been applied since the last.
func (s *sim) save(n *node) {
	if n.saving || n.applied < n.saved+s.plan.snapshotEvery {
		return
	}
	n.saving, n.saved = true, n.applied
	snapshot := n.raft.SnapshotAt(n.applied)
	snapshot.Data = n.state.encode()
	s.trace("n%d    saves a snapshot of %d@%d", n.id, snapshot.Index, snapshot.Term)
	s.store(n, write{snapshot: &snapshot, own: true})
}

func (s *sim) fsync(n *node) {
	if n.disk.syncing > 0 || len(n.disk.pending) == 0 {
		return
	}
	n.disk.syncing = len(n.disk.pending)
	s.push(n, evSynced, s.plan.fsync.draw(n.rng))
}

// synced goes on after an fsync.
func (s *sim) synced(n *node) {
	if n.paused {
		n.late = true
		return
	}
	if s.crashAround(n) {
		return
	}
	for _, w := range n.disk.synced() {
		for i := range w.then {
			s.transmit(&w.then[i])
		}
		if w.own {
			n.saving = false
			n.raft.Compact(n.clock.reading(s.now), *w.snapshot)
			s.stats.count(compaction)
		}
		if w.state != nil {
			n.raft.Persisted(n.clock.reading(s.now), w.state.Term, 0)
		}
		if k := len(w.entries); k > 0 {
			n.raft.Persisted(n.clock.reading(s.now), w.entries[k-1].Term, w.entries[k-1].Index)
		}
	}
	if s.crashAround(n) {
		return
	}
	s.drain(n)
	s.fsync(n)
	s.readInbox(n)
}

func (s *sim) resume(n *node) {
	n.paused = false
	s.trace("n%d    goes on", n.id)
	if n.late {
		n.late = false
		s.synced(n)
		return
	}
	s.readInbox(n)
}

// readInbox takes in what has gathered, in one go, as a driver does.
func (s *sim) readInbox(n *node) {
	if s.busy(n) {
		return
	}
	for _, in := range n.inbox {
		s.take(n, in)
	}
	n.inbox = n.inbox[:0]
	s.drain(n)
}

func (s *sim) scheduleTick(n *node) {
	at := max(n.clock.when(n.raft.Deadline()), s.now+1)
	if n.tickAt == 0 || at < n.tickAt {
		n.tickAt = at
		s.push(n, evTick, at-s.now)
	}
}

// tick takes a due tick from the queue. The deadline has often moved on meanwhile.
func (s *sim) tick(n *node, at instant) {
	if n.tickAt != at {
		return // an earlier one was put in after it
	}
	n.tickAt = 0
	switch {
	case s.busy(n):
		n.inbox = append(n.inbox, input{kind: evTick})
	case n.clock.reading(s.now) < n.raft.Deadline():
		s.scheduleTick(n)
	default:
		s.give(n, input{kind: evTick})
	}
}
