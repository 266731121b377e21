package raft

import "slices"

// SnapshotAt describes a snapshot of the state after the entry i, which is applied and still in the
// log. The driver adds the data, makes it durable and gives it to Compact.
func (n *Node) SnapshotAt(i Index) Snapshot {
	members := n.membersAt(i)
	if n.cfg.Defects.SnapshotOldConfig {
		members = n.configs[0].Membership
	}
	return Snapshot{Index: i, Term: n.log.term(i), Members: members}
}

// Compact takes over a snapshot that is durable at this node, and lets go of the log that it covers. It
// says no to one that a newer snapshot, from the leader, has overtaken.
func (n *Node) Compact(now Time, s Snapshot) bool {
	n.advance(now)
	if s.Index <= n.snapshot.Index {
		return false
	}
	n.snapshot = s
	n.log.compact(n.keptFrom(s.Index))
	n.forgetMembers()
	return true
}

// keptFrom is up to where the log is let go for a snapshot. A follower that answers and is a little
// behind gets on faster with entries, and one that is given an older snapshot needs what follows that;
// for one that is gone nothing is kept.
func (n *Node) keptFrom(snapshot Index) Index {
	keep := snapshot
	for i := range n.peers {
		p := &n.peers[i]
		switch {
		case p.id == n.cfg.ID || n.now-p.contact > n.cfg.ElectionTimeout:
		case p.transfer != nil:
			keep = min(keep, p.transfer.snapshot.Index)
		case p.match+Index(n.cfg.CatchUp) >= snapshot:
			keep = min(keep, p.match)
		}
	}
	return max(keep, n.log.base)
}

// transfer is a snapshot on its way to one follower, one chunk at a time. It holds on to its snapshot
// when the leader makes a newer one: chunks of two do not fit together.
type transfer struct {
	snapshot Snapshot
	offset   uint64 // how much of it the follower has
}

// sendChunk sends a follower whose next entry is gone from the log the next piece of a snapshot.
func (n *Node) sendChunk(p *progress) {
	if p.transfer == nil || p.transfer.snapshot.Index < n.log.base {
		p.transfer = &transfer{snapshot: n.snapshot}
	}
	t := p.transfer
	size := uint64(len(t.snapshot.Data))
	end := min(t.offset+uint64(n.cfg.MaxAppendBytes), size)
	n.send(Message{
		Type: MsgSnapshot, To: p.id, Term: n.term, LogIndex: t.snapshot.Index, LogTerm: t.snapshot.Term,
		Offset: t.offset, Size: size, Data: t.snapshot.Data[t.offset:end:end], Members: t.snapshot.Members.Encode(),
		Round: n.rounds.newest(),
	})
	p.pipelined, p.probing, p.sentAt = false, true, n.now
	p.inflight = p.inflight[:0]
}

// received notes how much of the snapshot a follower has. Less than before means that it lost it, in a
// restart; exactly as much is an answer that came twice, and must not set off a second stream of chunks.
func (p *progress) received(snapshot Index, offset uint64) {
	t := p.transfer
	if t == nil || t.snapshot.Index != snapshot || offset == t.offset || offset > uint64(len(t.snapshot.Data)) {
		return
	}
	t.offset, p.probing = offset, false
}

// incoming is the front part of a snapshot that a leader is sending.
type incoming struct {
	term     Term // the leader's: another one's chunks may be cut differently
	snapshot Snapshot
	size     uint64
}

// take adds a chunk if it is the next one, and says how much is there. One that comes twice, or after
// one was lost, changes nothing.
func (in *incoming) take(m *Message) (have uint64) {
	if in.term != m.Term || in.snapshot.Index != m.LogIndex || in.snapshot.Term != m.LogTerm || in.size != m.Size {
		*in = incoming{term: m.Term, snapshot: Snapshot{Index: m.LogIndex, Term: m.LogTerm}, size: m.Size}
	}
	have = uint64(len(in.snapshot.Data))
	if m.Offset == have && uint64(len(m.Data)) <= m.Size-have {
		in.snapshot.Data = append(in.snapshot.Data, m.Data...)
	}
	return uint64(len(in.snapshot.Data))
}

// handleSnapshot gathers the leader's snapshot and installs it when it is whole.
func (n *Node) handleSnapshot(m Message) {
	done := Message{Type: MsgAppendReply, To: m.From, Term: n.term, Match: m.LogIndex, Round: m.Round}
	if m.LogIndex <= n.commit {
		// What is committed here is the leader's, too: the snapshot would bring nothing new, and an old
		// one would take the state back.
		n.acknowledge(done)
		return
	}
	members, err := DecodeMembership(m.Members)
	if err != nil {
		return
	}
	if have := n.incoming.take(&m); have < m.Size {
		n.confirm(Message{Type: MsgSnapshotReply, To: m.From, Term: n.term, LogIndex: m.LogIndex, Offset: have, Round: m.Round})
		return
	}
	whole := n.incoming.snapshot
	whole.Members = members
	n.install(whole)
	n.incoming = incoming{}
	n.acknowledge(done)
}

// install puts the snapshot in the place of the log up to its entry. A log that has that very entry
// keeps what follows: it may have been acknowledged, by this node alone beside the leader. The log on disk
// has it only if it was handed out before: if not, that ends too early, or with entries that are replaced,
// and all that follows here is still to be written.
func (n *Node) install(s Snapshot) {
	written := s.Index < n.log.unstable
	reset := !n.log.matches(s.Index, s.Term) || n.cfg.Defects.SnapshotDropsNewerSuffix
	if reset {
		n.log.reset(s.Index, s.Term)
		n.configs = nil
	} else {
		n.log.compact(s.Index)
	}
	n.configs = slices.DeleteFunc(n.configs, func(c configuration) bool { return c.at <= s.Index })
	n.configs = slices.Insert(n.configs, 0, configuration{s.Members, s.Index})
	n.commit, n.applied, n.snapshot = s.Index, s.Index, s
	n.out.Snapshot, n.out.Reset = &s, n.out.Reset || reset || !written
}
