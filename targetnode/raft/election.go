package raft

func (n *Node) resetElectionTimer() {
	n.electionAt = n.now + n.cfg.ElectionTimeout + n.random(n.cfg.ElectionTimeout)
}

func (n *Node) campaign() {
	if n.cfg.PreVote {
		n.askPreVotes()
	} else {
		n.askVotes()
	}
}

// askPreVotes asks whether an election could be won, without entering its term: a node that is cut off
// asks for ever and comes back with the term it left with (thesis, §9.6). The pre-candidate forgets
// its leader: it has not heard it for a whole timeout and hands out no hint at it.
func (n *Node) askPreVotes() {
	n.role, n.leader = PreCandidate, 0
	n.openBallots()
	n.requestVotes(Message{Type: MsgPreVote, Term: n.term + 1}, n.send)
	n.count(n.cfg.ID, true)
}

// askVotes enters the next term. The requests wait until the own vote is durable: a candidate that
// forgot it in a crash could give a second one in the same term, or ask again with a shorter log. It is
// counted then, too: the only voter of a cluster would else lead at once, and after a crash once more in
// the same term, with other entries for its learners.
func (n *Node) askVotes() { n.enterElection(false) }

func (n *Node) enterElection(transfer bool) {
	n.role, n.leader = Candidate, 0
	n.term, n.vote = n.term+1, n.cfg.ID
	n.stateDirty = true
	n.openBallots()
	n.requestVotes(Message{Type: MsgVote, Term: n.term, Transfer: transfer}, n.sendDurable)
}

func (n *Node) openBallots() {
	n.ballots = ballots{}
	n.resetElectionTimer()
}

func (n *Node) requestVotes(m Message, send func(Message)) {
	m.LogIndex, m.LogTerm = n.log.last(), n.log.lastTerm()
	for _, id := range n.members().Voters {
		if m.To = id; id != n.cfg.ID {
			send(m)
		}
	}
}

// handlePreVote answers whether the sender would get this node's vote. Without the recency check a node
// that cannot win would be encouraged to enter ever new terms and unseat leaders by that.
func (n *Node) handlePreVote(m Message) {
	if m.Term > n.term && (n.upToDate(&m) || n.cfg.Defects.PreVoteNoRecency) {
		n.send(Message{Type: MsgPreVoteReply, To: m.From, Term: m.Term})
		return
	}
	n.sendDurable(Message{Type: MsgPreVoteReply, To: m.From, Term: n.term, Reject: true})
}

// upToDate is the recency check of elections for the log that a candidate describes.
func (n *Node) upToDate(m *Message) bool {
	if n.cfg.Defects.VoteIgnoresLastTerm {
		return m.LogIndex >= n.log.last()
	}
	return n.log.upToDate(m.LogTerm, m.LogIndex)
}

func (n *Node) handlePreVoteReply(m Message) {
	if n.role == PreCandidate && (m.Reject || m.Term == n.term+1) {
		n.count(m.From, !m.Reject)
	}
}

func (n *Node) handleVote(m Message) {
	free := n.vote == m.From || n.vote == 0 && n.leader == 0 || n.cfg.Defects.VotesTwice
	grant := free && n.upToDate(&m)
	if grant && n.vote == 0 {
		n.vote = m.From
		n.stateDirty = true
	}
	if grant {
		n.resetElectionTimer()
	}
	n.sendDurable(Message{Type: MsgVoteReply, To: m.From, Term: n.term, Reject: !grant})
}

func (n *Node) handleVoteReply(m Message) {
	if n.role == Candidate {
		n.count(m.From, !m.Reject)
	}
}

// count takes in one answer to the current campaign.
func (n *Node) count(voter NodeID, granted bool) {
	n.ballots.cast(voter, granted)
	switch n.ballots.outcome(n.members().Voters) {
	case won:
		if n.role == PreCandidate {
			n.askVotes()
		} else {
			n.becomeLeader()
		}
	case lost:
		n.becomeFollower(n.term, 0)
	}
}

// becomeLeader opens the term with a no-op: until an entry of its own term is committed a leader can
// neither commit what earlier terms left nor know how far they had committed.
func (n *Node) becomeLeader() {
	n.role, n.leader = Leader, n.cfg.ID
	n.ballots = nil
	n.peers = nil
	n.arrangePeers(n.log.last() + 1)
	n.rounds = rounds{}
	n.reads = readQueue{}
	n.handover = handover{}
	n.appendOwn(Entry{Kind: EntryNoop})
	// The no-op's appends tell everybody of the new leader: they are the first round's heartbeats.
	n.beginRound()
}

// voteToWrite is the vote as the disk gets it.
func (n *Node) voteToWrite() NodeID {
	if n.cfg.Defects.VoteNotPersisted {
		return 0
	}
	return n.vote
}
