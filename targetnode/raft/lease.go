package raft

import "math"

// rounds remembers when this leader's rounds of heartbeats left, by its own clock. Times stay at home:
// messages carry only the number.
type rounds struct {
	dropped uint64 // rounds 1 to dropped are forgotten
	sent    []Time
}

func (r *rounds) newest() uint64 {
	return r.dropped + uint64(len(r.sent))
}

func (r *rounds) begin(now Time) {
	r.sent = append(r.sent, now)
}

// forget drops the rounds sent before t, save the newest.
func (r *rounds) forget(t Time) {
	old := 0
	for old < len(r.sent)-1 && r.sent[old] < t {
		old++
	}
	r.sent = r.sent[old:]
	r.dropped += uint64(old)
}

// sentAt is longAgo for a round that is forgotten.
func (r *rounds) sentAt(round uint64) Time {
	if round <= r.dropped {
		return longAgo
	}
	return r.sent[round-r.dropped-1]
}

// beginRound numbers what is about to be sent to all followers. An answer to a round older than the
// election timeout proves nothing that still holds.
func (n *Node) beginRound() {
	n.rounds.forget(n.now - n.cfg.ElectionTimeout)
	n.rounds.begin(n.now)
	if self := n.progressOf(n.cfg.ID); self != nil {
		self.ackRound = n.rounds.newest()
	}
	n.heartbeatAt = n.now + n.cfg.HeartbeatInterval
}

// noteContact notes that a follower took this node for leader some time after the round was sent.
func (n *Node) noteContact(p *progress, round uint64) {
	if round <= p.ackRound {
		return
	}
	p.ackRound = round
	p.contact = max(p.contact, n.contactOf(round))
	n.confirmReads()
}

// contactOf is the time after which a follower that answers a round is known to have kept silence.
func (n *Node) contactOf(round uint64) Time {
	if n.cfg.Defects.LeaseFromAckTime {
		return n.now
	}
	return n.rounds.sentAt(round)
}

// quorumContact is the latest time after which a quorum is known to have taken this node for leader.
func (n *Node) quorumContact() Time {
	return agreed(n, func(p *progress) Time {
		if p.id == n.cfg.ID {
			return n.now
		}
		return p.contact
	})
}

// quorumLostAt is when CheckQuorum makes this leader step down. The first timeout counts from the
// election, whose votes are no contact yet, and from a change of the membership, whose new voter has made none.
func (n *Node) quorumLostAt() Time {
	return max(n.quorumContact(), n.countedFrom) + n.cfg.ElectionTimeout
}

func (n *Node) lostQuorum() bool {
	return n.cfg.CheckQuorum && n.now >= n.quorumLostAt()
}

// owesSilence says whether a leader may count on this node not to vote for another: itself, or one
// heard less than the election timeout ago, in this life or perhaps in the one before. It must not
// depend on the term or on whom this node takes for leader now: a message that only raises the term
// does not end the lease that an earlier answer has given.
func (n *Node) owesSilence() bool {
	return n.cfg.CheckQuorum && (n.role == Leader || n.now < n.silentUntil)
}

// leaseSpan is how long after the sending of a round its acknowledgement is good for. The follower
// keeps silence for one election timeout of its clock from a time after the sending. If that clock is
// fast by ε it lasts only ET/(1+ε), and a leader's clock that is slow by ε shows only (1−ε) of that.
func (c *Config) leaseSpan() Duration {
	return Duration(math.Floor(float64(c.ElectionTimeout) * (1 - c.ClockError) / (1 + c.ClockError)))
}

// leaseUntil is the end of the lease by this leader's clock, or a time long ago. It counts from the
// sending of what was acknowledged, never from the answer's arrival: an answer that was under way for
// long would otherwise stretch a promise that ran from when it was given.
func (n *Node) leaseUntil() Time {
	switch {
	case n.role != Leader || !n.cfg.Lease || n.abdicated():
		return longAgo
	case n.cfg.Defects.CheckQuorumAsLease:
		return n.quorumLostAt()
	}
	return n.quorumContact() + n.cfg.leaseSpan()
}
