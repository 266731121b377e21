package raft

// progress is what a leader knows of one member's log, and of its contact with it. The leader's own
// entry takes part in counting like any other.
type progress struct {
	id    NodeID
	voter bool  // learners are never counted
	match Index // everything up to it is durable there and equal to the leader's log
	next  Index // the first entry to send

	pipelined bool    // sends run ahead of the answers; else one probe at a time looks for the match
	probing   bool    // a probe is under way
	inflight  []Index // last index of each unanswered pipelined append
	sentAt    Time    // when the last append, or chunk of a snapshot, left

	transfer *transfer // the snapshot that it is being given, chunk by chunk; nil: none. It is probed then

	ackRound uint64 // newest round that it answered
	contact  Time   // when that round was sent: it took this node for leader at some time after it
}

// longAgo is before every reading of a clock, and far enough from overflow to add spans to it.
const longAgo Time = -1 << 62

// never is as far off in the other direction.
const never Time = 1 << 62

func newProgress(id NodeID, next Index) progress {
	return progress{id: id, next: next, contact: longAgo}
}

// wants says whether an append should leave now, given the leader's last index.
func (p *progress) wants(last Index, maxInflight int) bool {
	if p.next > last {
		return false
	}
	if p.pipelined {
		return len(p.inflight) < maxInflight
	}
	return !p.probing
}

// sent notes an append with entries up to last.
func (p *progress) sent(now Time, last Index) {
	p.sentAt = now
	if !p.pipelined {
		p.probing = true
		return
	}
	p.next = last + 1
	p.inflight = append(p.inflight, last)
}

// matched notes that the log agrees up to i, and says whether that is news.
func (p *progress) matched(i Index) bool {
	if i < p.match || i == p.match && p.pipelined {
		return false
	}
	p.match = i
	if p.pipelined {
		p.next = max(p.next, i+1)
	} else {
		p.next = i + 1
	}
	p.pipelined, p.probing = true, false
	if p.transfer != nil && i >= p.transfer.snapshot.Index {
		p.transfer = nil
	}
	done := 0
	for done < len(p.inflight) && p.inflight[done] <= i {
		done++
	}
	p.inflight = p.inflight[:copy(p.inflight, p.inflight[done:])]
	return true
}

// refused notes that the voter has no entry like the leader's at prev, and that the search goes on
// after resume. An answer that was overtaken by a newer one changes nothing.
func (p *progress) refused(prev, resume Index) {
	stale := prev <= p.match
	if !p.pipelined {
		stale = prev != p.next-1
	}
	if stale {
		return
	}
	p.next = max(p.match, resume) + 1
	p.pipelined, p.probing = false, false
	p.inflight = p.inflight[:0]
}

// overdue says that an append is unanswered for so long that it, or its answer, may be lost.
func (p *progress) overdue(now Time, after Duration) bool {
	return (p.probing || len(p.inflight) > 0) && now-p.sentAt >= after
}
