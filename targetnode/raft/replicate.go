package raft

// Propose appends one batch of commands at consecutive indexes, the first of which it returns, and
// keeps the data. ErrNotLeader and ErrTransferring mean that nothing was appended. The commands are committed, if ever,
// as the entries at these indexes with this term; another term's entry there means that they are lost.
func (n *Node) Propose(now Time, data [][]byte) (first Index, term Term, err error) {
	n.advance(now)
	if n.role != Leader {
		return 0, 0, ErrNotLeader
	}
	if n.transferring() {
		return 0, 0, ErrTransferring
	}
	first = n.log.last() + 1
	for _, d := range data {
		n.appendOwn(Entry{Kind: EntryCommand, Data: d})
	}
	return first, n.term, nil
}

func (n *Node) appendOwn(e Entry) {
	e.Index, e.Term = n.log.last()+1, n.term
	n.log.append(e)
	if e.Kind == EntryMembership {
		n.noteMembers([]Entry{e})
		n.arrangePeers(e.Index)
	}
	if n.cfg.Defects.AckBeforeFsync {
		n.countSelf(e.Index)
	}
}

// countSelf notes what this leader has on its own disk.
func (n *Node) countSelf(last Index) {
	if p := n.progressOf(n.cfg.ID); p != nil && p.matched(last) {
		n.advanceCommit()
	}
}

// replicate sends each follower what it lacks, as far as the limits allow.
func (n *Node) replicate() {
	for i := range n.peers {
		p := &n.peers[i]
		for p.id != n.cfg.ID && p.wants(n.log.last(), n.cfg.MaxInflight) {
			if p.next <= n.log.base {
				n.sendChunk(p)
				continue
			}
			entries := n.log.batch(p.next, n.cfg.MaxAppendBytes)
			n.sendAppend(p, entries)
			p.sent(n.now, entries[len(entries)-1].Index)
		}
	}
}

// sendAppend needs not wait for this leader's own disk: it counts itself only when that is done, and
// followers may well be faster (thesis, §10.2.1).
func (n *Node) sendAppend(p *progress, entries []Entry) {
	prev := p.next - 1
	n.send(Message{
		Type: MsgAppend, To: p.id, Term: n.term, LogIndex: prev, LogTerm: n.log.term(prev),
		Entries: entries, Commit: n.commit, Round: n.rounds.newest(),
	})
}

func (n *Node) broadcastHeartbeat() {
	n.beginRound()
	for i := range n.peers {
		p := &n.peers[i]
		if p.id != n.cfg.ID {
			n.send(Message{
				Type: MsgHeartbeat, To: p.id, Term: n.term,
				Commit: n.commitFor(p), Round: n.rounds.newest(),
			})
		}
	}
}

// commitFor is how far a follower may commit on a heartbeat, which does not tell it what matches.
func (n *Node) commitFor(p *progress) Index {
	if n.cfg.Defects.FollowerCommitUncapped {
		return n.commit
	}
	return min(n.commit, p.match)
}

// handleFollowerReply takes in the answer to an append or a heartbeat.
func (n *Node) handleFollowerReply(m Message) {
	if m.Round == 0 || m.Round > n.rounds.newest() {
		return // it answers a message of an older term
	}
	p := n.progressOf(m.From)
	if p == nil {
		return // it was removed
	}
	n.noteContact(p, m.Round)
	switch {
	case m.Type == MsgHeartbeatReply:
		n.resend(p)
	case m.Type == MsgSnapshotReply:
		p.received(m.LogIndex, m.Offset)
	case m.Reject:
		p.refused(m.LogIndex, n.log.lastBelow(m.Match, m.ConflictTerm))
	case p.matched(m.Match):
		n.handOver()
		n.advanceCommit() // which may end the leadership
	}
}

// resend looks after appends that stayed unanswered for a heartbeat interval, now that the follower is
// known to be there. A probe is simply sent again; behind a pipeline an empty append asks whether
// everything has arrived: if not, its refusal starts the search for the match.
func (n *Node) resend(p *progress) {
	if !p.overdue(n.now, n.cfg.HeartbeatInterval) {
		return
	}
	if p.next <= n.log.base { // what stands before is gone, so that nothing can be asked about it: a snapshot is due
		p.pipelined, p.inflight = false, p.inflight[:0]
	}
	if !p.pipelined {
		p.probing = false
		return
	}
	n.sendAppend(p, nil)
	p.sentAt = n.now
}

// advanceCommit commits what a quorum holds, but counts only entries of the own term. An entry of an
// earlier term on a quorum may still be replaced by a later leader that never had it (figure 8 of the
// paper); once one of this term follows it there, no such leader can be elected any more.
func (n *Node) advanceCommit() {
	stored := agreed(n, func(p *progress) Index { return p.match })
	if stored > n.commit && (n.log.term(stored) == n.term || n.cfg.Defects.CommitOldTerm) {
		n.commit = stored
		n.leaveIfRemoved()
	}
}

func (n *Node) progressOf(id NodeID) *progress {
	for i := range n.peers {
		if n.peers[i].id == id {
			return &n.peers[i]
		}
	}
	return nil // it does not belong to the cluster, or not any more
}
