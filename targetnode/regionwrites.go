package targetnode

import (
	"schism/targetnode/api"
	"schism/targetnode/kv"
	"schism/targetnode/raft"
)

// maxRegionWrites are pending at a region leader; more are refused.
const maxRegionWrites = 4096

// regionWrites are the writes that this node took in as region leader and has not applied yet.
type regionWrites struct {
	region  *region
	pending map[uint64]*regionWrite // by the number in their stamp
	number  uint64
	leader  raft.NodeID // the Raft leader, as far as this node knows; 0: none
	last    raft.NodeID // the last one that was known, and its term
	term    raft.Term
}

// regionWrite is answered when this node applies it, and not before: the answer promises that the next
// read here sees it.
type regionWrite struct {
	request *request
	stamp   kv.Stamp
	since   raft.Time
	to      raft.NodeID // the Raft leader that has it; 0: nobody, it is to be forwarded
	at      raft.Time   // when it was forwarded
	// attempts may have reached the log: those that were forwarded, without those that were declined.
	attempts int
}

// identified says that the write may be forwarded twice: its session makes that one effect.
func (w *regionWrite) identified() bool { return w.request.command.Client != 0 }

func newRegionWrites(g *region) regionWrites {
	return regionWrites{region: g, pending: map[uint64]*regionWrite{}}
}

// take stamps a write with the epoch in which it was taken in, and forwards it.
func (s *regionWrites) take(now raft.Time, r *request) {
	if len(s.pending) >= maxRegionWrites {
		r.refuse(api.Busy, "too many writes are under way in the region")
		return
	}
	s.number++
	w := &regionWrite{request: r, stamp: kv.Stamp{Epoch: s.region.keeper.State().Epoch, Number: s.number}, since: now}
	s.pending[s.number] = w
	s.forward(now, w)
}

func (s *regionWrites) forward(now raft.Time, w *regionWrite) {
	if s.region.forward(s.leader, kv.Stamped(w.stamp, w.request.data)) {
		w.to, w.at = s.leader, now
		w.attempts++
	}
}

// noteLeader notes who leads. What an earlier leader was sent it may or may not have brought into the
// log: only a write with an identity may be sent again.
func (s *regionWrites) noteLeader(now raft.Status) {
	s.leader = now.Leader
	if now.Leader == 0 || now.Leader == s.last && now.Term == s.term {
		return
	}
	s.last, s.term = now.Leader, now.Term
	for number, w := range s.pending {
		switch {
		case w.to == 0:
		case w.identified():
			w.to = 0
		default:
			delete(s.pending, number)
			w.request.refuse(api.Unknown, "the Raft leader changed before the write was applied at the region leader")
		}
	}
	s.region.sweepAt = 0 // what waited for a leader has one
}

// declined takes in that a node that was sent a write did not append it, since it does not lead.
func (s *regionWrites) declined(stamp kv.Stamp) {
	if w := s.pending[stamp.Number]; w != nil && w.stamp == stamp {
		w.to = 0
		w.attempts--
	}
}

// applied answers the write with this stamp, if it waits here. In a later epoch the result is that it was
// fenced.
func (s *regionWrites) applied(stamp kv.Stamp, result kv.Result) {
	if w := s.pending[stamp.Number]; w != nil && w.stamp == stamp {
		delete(s.pending, stamp.Number)
		w.request.reply(answer{result: result})
	}
}

// sweep forwards what has not been, or got lost, and gives up what is out of time.
func (s *regionWrites) sweep(now raft.Time) {
	cfg := &s.region.node.cfg
	for number, w := range s.pending {
		if w.to != 0 && w.identified() && now-w.at > raft.Duration(cfg.ElectionTimeout) {
			w.to = 0
		}
		switch {
		case now-w.since > raft.Duration(cfg.OpTimeout):
			delete(s.pending, number)
			s.giveUp(w)
		case w.to == 0:
			s.forward(now, w)
		}
	}
}

func (s *regionWrites) giveUp(w *regionWrite) {
	if w.attempts > 0 {
		w.request.refuse(api.Unknown, "the write was not applied at the region leader in time")
		return
	}
	w.request.refuse(api.Busy, "no Raft leader took the write in time")
}
