package sim

import (
	"fmt"
	"strings"

	"schism/targetnode/raft"
)

// trace writes a line of the transcript, with the time in election timeouts.
func (s *sim) trace(format string, args ...any) {
	if s.Transcript != nil {
		fmt.Fprintf(s.Transcript, "%8.2f  %s\n", float64(s.now)/electionTimeout, fmt.Sprintf(format, args...))
	}
}

// summary is one line on each node.
func (s *sim) summary() string {
	var parts []string
	for _, n := range s.nodes {
		if n.raft == nil {
			parts = append(parts, fmt.Sprintf("n%d is down", n.id))
			continue
		}
		st := n.raft.Status()
		parts = append(parts, fmt.Sprintf("n%d %v in term %d, leader n%d, commit %d of %d", n.id, st.Role, st.Term, st.Leader, st.Commit, st.LastIndex))
	}
	return strings.Join(parts, "; ")
}

// describe prints a message as people read it: entries as index@term.
type describe struct{ *raft.Message }

func (d describe) String() string {
	m := d.Message
	switch m.Type {
	case raft.MsgPreVote:
		return fmt.Sprintf("pre-vote for term %d? last %d@%d", m.Term, m.LogIndex, m.LogTerm)
	case raft.MsgVote:
		return fmt.Sprintf("vote for term %d? last %d@%d", m.Term, m.LogIndex, m.LogTerm)
	case raft.MsgPreVoteReply:
		return fmt.Sprintf("pre-vote, term %d: %s", m.Term, verdict(m))
	case raft.MsgVoteReply:
		return fmt.Sprintf("vote, term %d: %s", m.Term, verdict(m))
	case raft.MsgAppend:
		return fmt.Sprintf("append, term %d, after %d@%d: %s, commit %d, round %d",
			m.Term, m.LogIndex, m.LogTerm, describeSpan(m.Entries), m.Commit, m.Round)
	case raft.MsgAppendReply:
		if m.Reject {
			return fmt.Sprintf("append, term %d: refused after %d, look up to %d@%d, round %d", m.Term, m.LogIndex, m.Match, m.ConflictTerm, m.Round)
		}
		return fmt.Sprintf("append, term %d: matches up to %d, round %d", m.Term, m.Match, m.Round)
	case raft.MsgHeartbeat:
		return fmt.Sprintf("heartbeat, term %d, commit %d, round %d", m.Term, m.Commit, m.Round)
	case raft.MsgHeartbeatReply:
		return fmt.Sprintf("heartbeat, term %d: heard, round %d", m.Term, m.Round)
	case raft.MsgSnapshot:
		return fmt.Sprintf("snapshot, term %d, of %d@%d: bytes %d to %d of %d, round %d",
			m.Term, m.LogIndex, m.LogTerm, m.Offset, m.Offset+uint64(len(m.Data)), m.Size, m.Round)
	case raft.MsgSnapshotReply:
		return fmt.Sprintf("snapshot, term %d, of entry %d: has %d bytes, round %d", m.Term, m.LogIndex, m.Offset, m.Round)
	case raft.MsgTimeoutNow:
		return fmt.Sprintf("term %d: campaign now", m.Term)
	}
	return fmt.Sprintf("message of the unknown type %d", m.Type)
}

func verdict(m *raft.Message) string {
	if m.Reject {
		return "no"
	}
	return "yes"
}

func describeSpan(entries []raft.Entry) string {
	if len(entries) == 0 {
		return "nothing"
	}
	first, last := entries[0], entries[len(entries)-1]
	if len(entries) == 1 {
		return fmt.Sprintf("%d@%d", first.Index, first.Term)
	}
	return fmt.Sprintf("%d@%d to %d@%d", first.Index, first.Term, last.Index, last.Term)
}

func describeEntry(e raft.Entry) string {
	return fmt.Sprintf("entry %d of term %d with %x", e.Index, e.Term, e.Data)
}

func describeTerm(t raft.Term) string {
	if t == 0 {
		return "no entry"
	}
	return fmt.Sprintf("one of term %d", t)
}

func describeMode(m raft.ReadMode) string {
	switch m {
	case raft.ReadLocal:
		return "local"
	case raft.ReadIndex:
		return "read-index"
	case raft.ReadLease:
		return "lease"
	}
	return "unknown"
}
