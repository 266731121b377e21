package raft_test

import (
	"slices"
	"testing"

	"schism/targetnode/raft"
)

// et and hb are the time-outs of the tests that direct every step.
const (
	et = 1000
	hb = 100
)

// config is node 1 of so many, correct, with everything optional off.
func config(nodes int) raft.Config {
	c := raft.Config{ID: 1, ElectionTimeout: et, HeartbeatInterval: hb, MaxAppendBytes: 1 << 20, MaxInflight: 8, Seed: 1}
	for id := 1; id <= nodes; id++ {
		c.Nodes = append(c.Nodes, raft.NodeID(id))
	}
	return c
}

// entries makes a log of the given terms.
func entries(terms ...raft.Term) []raft.Entry {
	var log []raft.Entry
	for i, term := range terms {
		log = append(log, raft.Entry{Index: raft.Index(i + 1), Term: term, Data: []byte{byte(term)}})
	}
	return log
}

// durable is a node's earlier life in which it had these terms in its log and did not vote.
func durable(term raft.Term, log ...raft.Term) raft.Durable {
	return raft.Durable{HardState: raft.HardState{Term: term}, Entries: entries(log...)}
}

// persist does what a driver with a fast disk does, and returns all that may be sent then.
func persist(n *raft.Node, now raft.Time) (sent []raft.Message, all raft.Effects) {
	for e := n.Effects(); !e.Empty(); e = n.Effects() {
		sent = append(append(sent, e.Send...), e.SendDurable...)
		if e.HardState != nil {
			n.Persisted(now, e.HardState.Term, 0)
		}
		if k := len(e.Entries); k > 0 {
			n.Persisted(now, e.Entries[k-1].Term, e.Entries[k-1].Index)
		}
		all.Apply = append(all.Apply, e.Apply...)
		all.Reads = append(all.Reads, e.Reads...)
		all.ReadsFailed = append(all.ReadsFailed, e.ReadsFailed...)
	}
	return sent, all
}

// leader is node 1 of so many, elected at the returned time with the votes of nodes 2 and 3; its no-op
// is durable at home and has been sent.
func leader(t *testing.T, cfg raft.Config, d raft.Durable) (*raft.Node, raft.Time) {
	t.Helper()
	n := raft.New(cfg, d, 0)
	now := n.Deadline()
	n.Tick(now)
	persist(n, now)
	for _, voter := range cfg.Nodes[1 : len(cfg.Nodes)/2+1] {
		n.Step(now, raft.Message{Type: raft.MsgVoteReply, From: voter, To: 1, Term: n.Status().Term})
	}
	if st := n.Status(); st.Role != raft.Leader {
		t.Fatalf("a quorum of votes makes node 1 %v, not the leader", st.Role)
	}
	return n, now
}

// of selects messages by type.
func of(kind raft.MessageType, messages []raft.Message) []raft.Message {
	return slices.DeleteFunc(slices.Clone(messages), func(m raft.Message) bool { return m.Type != kind })
}

// only is the one message of its type.
func only(t *testing.T, kind raft.MessageType, messages []raft.Message) raft.Message {
	t.Helper()
	found := of(kind, messages)
	if len(found) != 1 {
		t.Fatalf("want one message of type %d, got %d among %v", kind, len(found), messages)
	}
	return found[0]
}

// lab is a whole cluster on a network without latency and disks that take no time.
type lab struct {
	t     *testing.T
	now   raft.Time
	nodes []*raft.Node
	cut   map[[2]raft.NodeID]bool
	wire  []raft.Message
	terms map[raft.Term]raft.NodeID // who led it
}

func newLab(t *testing.T, cfg raft.Config) *lab {
	l := &lab{t: t, cut: map[[2]raft.NodeID]bool{}, terms: map[raft.Term]raft.NodeID{}}
	for _, id := range cfg.Nodes {
		cfg.ID = id
		l.nodes = append(l.nodes, raft.New(cfg, raft.Durable{}, 0))
	}
	return l
}

func (l *lab) node(id raft.NodeID) *raft.Node {
	return l.nodes[id-1]
}

// settle carries messages until none is left.
func (l *lab) settle() {
	for {
		for _, n := range l.nodes {
			sent, _ := persist(n, l.now)
			l.wire = append(l.wire, sent...)
			if st := n.Status(); st.Role == raft.Leader {
				l.terms[st.Term] = st.ID
			}
		}
		if len(l.wire) == 0 {
			return
		}
		wire := l.wire
		l.wire = nil
		for _, m := range wire {
			if !l.cut[[2]raft.NodeID{m.From, m.To}] {
				l.node(m.To).Step(l.now, m)
			}
		}
	}
}

// run lets time pass.
func (l *lab) run(span raft.Duration) {
	end := l.now + span
	for {
		next := end
		for _, n := range l.nodes {
			next = min(next, max(n.Deadline(), l.now))
		}
		l.now = next
		for _, n := range l.nodes {
			n.Tick(l.now)
		}
		l.settle()
		if next == end {
			return
		}
	}
}

// leader waits for one that all nodes know.
func (l *lab) leader() raft.NodeID {
	l.t.Helper()
	for range 200 {
		l.run(hb)
		id := l.nodes[0].Status().Leader
		if id != 0 && !slices.ContainsFunc(l.nodes, func(n *raft.Node) bool { return n.Status().Leader != id }) {
			return id
		}
	}
	for _, n := range l.nodes {
		l.t.Logf("%+v", n.Status())
	}
	l.t.Fatal("no leader that all nodes know after 20 election timeouts")
	return 0
}

func (l *lab) cutLink(a, b raft.NodeID) {
	l.cut[[2]raft.NodeID{a, b}] = true
	l.cut[[2]raft.NodeID{b, a}] = true
}

func (l *lab) isolate(id raft.NodeID) {
	for other := range l.nodes {
		l.cutLink(id, raft.NodeID(other+1))
	}
}

func (l *lab) heal() {
	clear(l.cut)
}
