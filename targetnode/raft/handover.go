package raft

import "errors"

// handover is a leader's attempt to hand its leadership over (thesis, §3.10).
type handover struct {
	to    NodeID
	until Time // when it is given up; proposals are refused until then
	// abdicated stays for the rest of the term once TimeoutNow has left. That message may arrive at any
	// time, and the votes it leads to are not held back by the silence that a lease rests on.
	abdicated bool
}

// ErrNoSuchHeir refuses a transfer to a node that cannot lead.
var ErrNoSuchHeir = errors.New("leadership cannot be handed over to that node")

// Transfer hands leadership over to another voter: proposals are refused, the heir is brought up to
// date and told to campaign at once. It is given up after an election timeout, since a heir that does
// not answer must not stop the cluster. ErrNotLeader, ErrTransferring and ErrNoSuchHeir refuse it.
func (n *Node) Transfer(now Time, to NodeID) error {
	n.advance(now)
	switch {
	case n.role != Leader:
		return ErrNotLeader
	case to == n.cfg.ID || !n.members().votes(to):
		return ErrNoSuchHeir
	case n.transferring():
		return ErrTransferring
	}
	n.handover.to, n.handover.until = to, n.now+n.cfg.ElectionTimeout
	n.handOver()
	return nil
}

func (n *Node) transferring() bool {
	return n.handover.to != 0 && n.now < n.handover.until
}

// abdicated says that no lease stands any more in this term, whatever voters answer.
func (n *Node) abdicated() bool {
	return n.handover.abdicated && !n.cfg.Defects.LeaseSurvivesTransfer
}

// handOver tells the heir to campaign as soon as it has the whole log.
func (n *Node) handOver() {
	if !n.transferring() || n.progressOf(n.handover.to).match < n.log.last() {
		return
	}
	n.handover.abdicated = true
	n.send(Message{Type: MsgTimeoutNow, To: n.handover.to, Term: n.term})
}

// handleTimeoutNow campaigns without a pre-vote, which those that hear the leader would refuse.
func (n *Node) handleTimeoutNow() {
	if n.role == Follower && n.members().votes(n.cfg.ID) {
		n.enterElection(true)
	}
}

// HoldElections makes this node's election timer stand still, or run again: a scenario directs so who
// campaigns. The node still votes, follows, and obeys TimeoutNow.
func (n *Node) HoldElections(now Time, hold bool) {
	n.advance(now)
	if n.held && !hold {
		n.resetElectionTimer()
	}
	n.held = hold
}

// ElectionsHeld says whether the timer stands still.
func (n *Node) ElectionsHeld() bool { return n.held }

// Campaign begins an election as if the timer had run out. A leader, or a node that does not vote, does nothing.
func (n *Node) Campaign(now Time) {
	n.advance(now)
	if n.role != Leader && n.mayCampaign() {
		n.campaign()
	}
}
