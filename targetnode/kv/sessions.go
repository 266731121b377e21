package kv

import (
	"container/list"
	"encoding/json"
	"strconv"

	"schism/targetnode/raft"
)

// Bounds on sessions. Both count entries of the log, never time: every node reaches them at the same
// entry, whatever its clock says, and after a restart again.
const (
	// SessionSpan is for how many entries a session lives without a write of its own.
	SessionSpan = 1 << 17
	// MaxSessions are open at a time; one more ends the one that was silent for longest.
	MaxSessions = 1 << 16
)

// Refusals of a write that has an identity.
const (
	// NoSession: the session was never opened or has ended. Whether an earlier attempt of the same
	// write took effect is not known any more, so that to carry it out could be the second time.
	NoSession = "no session"
	// Superseded: the session has had a write with a greater number. Its client had given this one up.
	Superseded = "superseded"
)

// Session is what is known of one client: the newest of its writes and what that was answered
// (Ongaro's thesis, §6.3; one write at a time, so that one answer is enough).
type Session struct {
	ID     uint64     // the entry that opened it
	Used   raft.Index // its last entry
	Seq    uint64     // of its newest write; 0: none yet
	Answer Result     // to that write
	heard  raft.Time  // when it was used, by this node's clock; only a defect wants to know
}

// sessions are part of the state: each node has the same ones after the same entry.
type sessions struct {
	byID    map[uint64]*list.Element // of *Session
	silence list.List                // *Session, the longest silent first
	defects Defects
	clock   func() raft.Time // nil unless a defect wants it
}

func newSessions(o Options) *sessions {
	s := &sessions{byID: make(map[uint64]*list.Element), defects: o.Defects}
	if o.Defects.SessionExpiryLocalClock {
		s.clock = o.Clock
	}
	return s
}

// applyOpenSession answers with the session's number: the entry's own index, which no other has.
func applyOpenSession(s *Store, _ *Command) Result {
	s.sessions.open(s.applied)
	return Result{Value: strconv.AppendUint(json.RawMessage{}, uint64(s.applied), 10)}
}

func (s *sessions) open(at raft.Index) {
	s.add(Session{ID: uint64(at), Used: at})
	if s.silence.Len() > MaxSessions {
		s.end(s.silence.Front())
	}
}

func (s *sessions) add(one Session) {
	s.hear(&one)
	s.byID[one.ID] = s.silence.PushBack(&one)
}

func (s *sessions) end(e *list.Element) {
	delete(s.byID, s.silence.Remove(e).(*Session).ID)
}

// expire ends the sessions that are silent for too long when the entry at is applied.
func (s *sessions) expire(at raft.Index) {
	for e := s.silence.Front(); e != nil && s.silentAt(at, e.Value.(*Session)); e = s.silence.Front() {
		s.end(e)
	}
}

// localSessionSpan is for how long a session lives with the defect session-expiry-local-clock.
const localSessionSpan raft.Duration = 10e9 // ten seconds

// silentAt says whether a session is silent for too long at the entry at.
func (s *sessions) silentAt(at raft.Index, known *Session) bool {
	if s.clock != nil {
		return s.clock()-known.heard > localSessionSpan
	}
	return known.Used+SessionSpan < at
}

// hear notes when a session was used, where a defect goes by that.
func (s *sessions) hear(known *Session) {
	if s.clock != nil {
		known.heard = s.clock()
	}
}

// once carries out a write for the first time that it comes, and from then on gives the first answer.
func (s *sessions) once(c *Command, at raft.Index, do func() Result) Result {
	e := s.byID[c.Client]
	if e == nil {
		return Result{Refused: NoSession, Applied: at}
	}
	known := e.Value.(*Session)
	known.Used = at
	s.hear(known)
	s.silence.MoveToBack(e)
	switch {
	case s.defects.NoDedup:
	case c.Seq == known.Seq:
		return known.Answer
	case c.Seq < known.Seq:
		return Result{Refused: Superseded, Applied: at}
	}
	known.Seq, known.Answer = c.Seq, do()
	return known.Answer
}

// forget loses what was answered, and keeps the sessions: see Defects.DedupInMemory.
func (s *sessions) forget() {
	for e := s.silence.Front(); e != nil; e = e.Next() {
		known := e.Value.(*Session)
		known.Seq, known.Answer = 0, Result{}
	}
}

// copies are the sessions, the longest silent first.
func (s *sessions) copies() []Session {
	all := make([]Session, 0, s.silence.Len())
	for e := s.silence.Front(); e != nil; e = e.Next() {
		all = append(all, *e.Value.(*Session))
	}
	return all
}
