package raft

// readQueue holds the reads by ReadIndex that wait for a quorum.
type readQueue struct {
	waiting []ReadReady // for a round to be sent after they came
	asked   []ReadReady // for the acknowledgement of round
	round   uint64
}

// Read asks for permission to read the applied state at this node. It is given later, through
// Effects.Reads with the same id, or withdrawn through Effects.ReadsFailed; an error is a refusal at
// once: ErrNotLeader or ErrNotReady. A leader that has told another to campaign serves by ReadIndex, for
// the rest of its term, what asks for its lease.
func (n *Node) Read(now Time, id uint64, mode ReadMode) error {
	n.advance(now)
	if n.cfg.Defects.ServeBeforeReplay && n.commit < n.recovered {
		n.out.Reads = append(n.out.Reads, ReadReady{ID: id})
		return nil
	}
	if n.role != Leader {
		return ErrNotLeader
	}
	if mode == ReadLocal {
		n.out.Reads = append(n.out.Reads, ReadReady{ID: id})
		return nil
	}
	// Before an entry of this term is committed, the commit index may lack what earlier leaders
	// committed and answered.
	if n.log.term(n.commit) != n.term && !n.cfg.Defects.ReadIndexNoNoop {
		return ErrNotReady
	}
	r := ReadReady{ID: id, Index: n.commit}
	if mode == ReadLease && n.abdicated() {
		mode = ReadIndex // a quorum's answers prove what no lease can any more
	}
	switch {
	case mode == ReadIndex && len(n.reads.asked) > 0 && n.cfg.Defects.ReadIndexCtxReused:
		n.reads.asked = append(n.reads.asked, r)
	case mode == ReadIndex:
		n.reads.waiting = append(n.reads.waiting, r)
	case n.now < n.leaseUntil():
		n.out.Reads = append(n.out.Reads, r)
	default:
		return ErrNotReady
	}
	return nil
}

// startReadRound sends heartbeats for the reads that wait: only answers to messages sent after a read
// came prove that this node still led then. One such round is under way at a time, and all reads that
// come meanwhile share the next. If it is lost, any later heartbeat's answers confirm it as well.
func (n *Node) startReadRound() {
	if len(n.reads.waiting) == 0 || len(n.reads.asked) > 0 {
		return
	}
	n.broadcastHeartbeat()
	n.reads.asked, n.reads.waiting = n.reads.waiting, nil
	n.reads.round = n.rounds.newest()
	n.confirmReads()
}

func (n *Node) confirmReads() {
	if len(n.reads.asked) == 0 {
		return
	}
	if agreed(n, func(p *progress) uint64 { return p.ackRound }) >= n.reads.round {
		n.out.Reads = append(n.out.Reads, n.reads.asked...)
		n.reads.asked = nil
	}
}

func (n *Node) failReads() {
	for _, r := range n.reads.asked {
		n.out.ReadsFailed = append(n.out.ReadsFailed, r.ID)
	}
	for _, r := range n.reads.waiting {
		n.out.ReadsFailed = append(n.out.ReadsFailed, r.ID)
	}
	n.reads = readQueue{}
}
