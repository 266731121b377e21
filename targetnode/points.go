package targetnode

import (
	"schism/targetnode/failpoint"
	"schism/targetnode/kv"
	"schism/targetnode/raft"
)

// about tells a failpoint of a batch of entries: of the first on its key, or of the last if any key will do.
func (d *disk) about(entries []raft.Entry) failpoint.Concerns {
	return func(key string) (failpoint.Passage, bool) {
		if len(entries) == 0 {
			return failpoint.Passage{}, false
		}
		if key == "" {
			return d.passage(&entries[len(entries)-1], ""), true
		}
		for i := range entries {
			if _, ok := kv.Concerns(entries[i].Data, key); ok && entries[i].Kind == raft.EntryCommand {
				return d.passage(&entries[i], key), true
			}
		}
		return failpoint.Passage{}, false
	}
}

func (d *disk) passage(e *raft.Entry, key string) failpoint.Passage {
	return failpoint.Passage{Key: key, Index: uint64(e.Index), Term: uint64(e.Term), Durable: d.holds(e.Index)}
}

// outgoing has the last look at a message before it leaves, and says whether it does.
func (n *node) outgoing(m *raft.Message) bool {
	if !n.points.Any() {
		return true
	}
	switch {
	case m.Type == raft.MsgAppend && len(m.Entries) > 0:
		return n.limitAppend(m)
	case m.Type == raft.MsgSnapshot:
		upTo, err := n.points.Limit(failpoint.AEBeforeSend, n.nameOf(m.To), n.aboutSnapshot(m))
		return err == nil && uint64(m.LogIndex) <= upTo
	case m.Type == raft.MsgAppendReply && !m.Reject:
		return n.acknowledges(m, m.To)
	}
	return true
}

// incoming has the first look at a message from a peer, and says whether it is taken in.
func (n *node) incoming(m *raft.Message) bool {
	if !n.points.Any() || m.Type != raft.MsgAppendReply || m.Reject {
		return true
	}
	return n.acknowledges(m, m.From)
}

// limitAppend cuts from an append what may not reach the peer. What is left may still ask whether the peer
// has what stands before: without that question a leader would never learn where to begin.
func (n *node) limitAppend(m *raft.Message) bool {
	upTo, err := n.points.Limit(failpoint.AEBeforeSend, n.nameOf(m.To), n.disk.about(m.Entries))
	if err != nil {
		return false
	}
	may := 0
	for may < len(m.Entries) && uint64(m.Entries[may].Index) <= upTo {
		may++
	}
	m.Entries = m.Entries[:may]
	return may > 0 || upTo > 0 && uint64(m.LogIndex) <= upTo
}

func (n *node) aboutSnapshot(m *raft.Message) failpoint.Concerns {
	return func(key string) (failpoint.Passage, bool) {
		return failpoint.Passage{Index: uint64(m.LogIndex), Term: uint64(m.LogTerm), Durable: true}, key == ""
	}
}

// acknowledges says whether an acknowledgement may go on its way, to this peer or from it. It concerns
// every entry up to the one it names.
func (n *node) acknowledges(m *raft.Message, peer raft.NodeID) bool {
	upTo, err := n.points.Limit(failpoint.AckHold, n.nameOf(peer), func(key string) (failpoint.Passage, bool) {
		if key == "" {
			return failpoint.Passage{Index: uint64(m.Match), Term: uint64(m.Term), Durable: n.disk.holds(m.Match)}, true
		}
		p, known := n.points.Noted(key)
		p.Durable = n.disk.holds(raft.Index(p.Index))
		return p, known && p.Index <= uint64(m.Match)
	})
	return err == nil && uint64(m.Match) <= upTo
}

// beforeRead passes the failpoint at which requests come in, with a write that the region leader forwards.
func (n *node) beforeRead(f forwarded) (held <-chan struct{}, err error) {
	m, isProposal := f.message.(regionProposal)
	if !isProposal || !n.points.Any() {
		return nil, nil
	}
	return n.points.Begin(failpoint.RequestBeforeRead, func(key string) (failpoint.Passage, bool) {
		_, ok := kv.Concerns(m.data, key)
		return failpoint.Passage{Key: key}, ok && key != ""
	})
}

// Armed says whether a failpoint is armed.
func (n *node) Armed() bool { return n.points.Any() }

// Pass passes a failpoint with a client's operation on a key, whose entry is the one at index.
func (n *node) Pass(point failpoint.Name, key string, index raft.Index) error {
	return n.points.Pass(point, func(wanted string) (failpoint.Passage, bool) {
		p := failpoint.Passage{Key: key, Index: uint64(index), Term: uint64(n.status().Term), Durable: n.disk.holds(index)}
		return p, wanted == "" || wanted == key
	})
}

// aboutSaved tells a failpoint of a snapshot on its way to this node's disk.
func (n *node) aboutSaved(s raft.Snapshot) failpoint.Concerns {
	return func(string) (failpoint.Passage, bool) {
		return failpoint.Passage{Index: uint64(s.Index), Term: uint64(s.Term), Durable: n.disk.holds(s.Index)}, true
	}
}
