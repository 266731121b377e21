package raft

import "fmt"

// follow takes the sender of an append or heartbeat of this term for leader. It refuses only a second
// leader in one term, which can exist only if a defect is switched on.
func (n *Node) follow(leader NodeID) bool {
	if n.role == Leader {
		return false
	}
	if n.role != Follower || n.leader != leader {
		n.becomeFollower(n.term, leader)
	}
	n.silentUntil = n.now + n.cfg.ElectionTimeout
	n.resetElectionTimer()
	return true
}

// handleAppend takes over the leader's entries if the one before them matches (§5.3 of the paper).
func (n *Node) handleAppend(m Message) {
	n.skipCovered(&m)
	if !n.log.matches(m.LogIndex, m.LogTerm) {
		n.refuseAppend(m)
		return
	}
	n.takeOver(m.Entries)
	last := m.LogIndex + Index(len(m.Entries))
	// Only up to here is the log known to be the leader's: what follows may be a tail of an older
	// term that was never committed.
	known := last
	if n.cfg.Defects.FollowerCommitUncapped {
		known = n.log.last()
	}
	n.commitTo(min(m.Commit, known))
	n.acknowledge(Message{Type: MsgAppendReply, To: m.From, Term: n.term, Match: last, Round: m.Round})
}

// skipCovered takes from an append what this node's snapshot covers. That was committed, so that it is
// the leader's, too, and the rest can be judged by the entry where this log begins.
func (n *Node) skipCovered(m *Message) {
	base := n.log.base
	if m.LogIndex >= base {
		return
	}
	m.Entries = m.Entries[min(base-m.LogIndex, Index(len(m.Entries))):]
	m.LogIndex, m.LogTerm = base, n.log.baseTerm
}

// takeOver truncates only where an entry really conflicts. An append that is delayed or repeated may
// hold less than the log has, and what follows it may have been acknowledged since.
func (n *Node) takeOver(entries []Entry) {
	if !n.cfg.Defects.TruncateAlways {
		entries = entries[n.log.firstNew(entries):]
	}
	if len(entries) == 0 {
		return
	}
	if first := entries[0].Index; first <= n.log.last() {
		n.truncate(first)
	}
	n.log.append(entries...)
	n.noteMembers(entries)
}

func (n *Node) truncate(from Index) {
	if from <= n.commit {
		if n.cfg.Defects == (Defects{}) {
			panic(fmt.Sprintf("raft: node %d in term %d is told to drop entry %d, but has committed up to %d",
				n.cfg.ID, n.term, from, n.commit))
		}
		// A defect has led here. A careless node would go on, so that its clients see the loss.
		n.commit = from - 1
	}
	n.log.truncate(from)
	// The membership goes back to what it was before: it was in effect without being committed.
	for len(n.configs) > 1 && n.configs[len(n.configs)-1].at >= from {
		n.configs = n.configs[:len(n.configs)-1]
	}
}

// refuseAppend tells the leader where to go on looking. Entries of a term above that of the leader's
// entry cannot match: the hint skips them all.
func (n *Node) refuseAppend(m Message) {
	hint := n.log.lastBelow(m.LogIndex, m.LogTerm)
	n.sendDurable(Message{
		Type: MsgAppendReply, To: m.From, Term: n.term, Reject: true, LogIndex: m.LogIndex,
		Match: hint, ConflictTerm: n.log.term(hint), Round: m.Round,
	})
}

// acknowledge says that entries are stored, which must be true by the time it is said.
func (n *Node) acknowledge(m Message) {
	if n.cfg.Defects.AckBeforeFsync {
		n.send(m)
		return
	}
	n.sendDurable(m)
}

// handleHeartbeat confirms that the sender is still taken for leader.
func (n *Node) handleHeartbeat(m Message) {
	n.commitTo(min(m.Commit, n.log.last()))
	n.confirm(Message{Type: MsgHeartbeatReply, To: m.From, Term: n.term, Round: m.Round})
}

// confirm sends an answer that says no more than that the receiver is taken for leader. It need not wait
// for the disk once the term is there. Before, it must: a node that came back with an empty disk would
// not know that it owes this leader its silence.
func (n *Node) confirm(reply Message) {
	if n.durableTerm == n.term {
		n.send(reply)
	} else {
		n.sendDurable(reply)
	}
}

func (n *Node) commitTo(i Index) {
	n.commit = max(n.commit, i)
}
