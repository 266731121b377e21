package transport

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"schism/targetnode/raft"
)

// A node that was never told of the one that speaks to it answers over a link of its own.
func TestAStrangerIsAnswered(t *testing.T) {
	lns := []net.Listener{listen(t), listen(t)}
	nodes := []Node{{1, "a", lns[0].Addr().String()}, {2, "b", lns[1].Addr().String()}}
	a, b := start(t, lns[0], 1, nodes, quiet()), start(t, lns[1], 2, nodes[1:], quiet())
	a.Send([]raft.Message{{Type: raft.MsgAppend, From: 1, To: 2, Term: 1}})
	await(t, patientET, "the stranger's message", func() bool { return b.received(1) == 1 })
	b.Send([]raft.Message{{Type: raft.MsgAppendReply, From: 2, To: 1, Term: 2}})
	await(t, patientET, "the answer", func() bool { return a.received(2) == 1 })
}

func TestPeersComeAndGo(t *testing.T) {
	lns := []net.Listener{listen(t), listen(t)}
	nodes := []Node{{1, "a", lns[0].Addr().String()}, {2, "b", lns[1].Addr().String()}}
	a, b := start(t, lns[0], 1, nodes[:1], quiet()), start(t, lns[1], 2, nodes, quiet())
	a.SetPeers(nodes[0], nodes, nil)
	a.Send([]raft.Message{{Type: raft.MsgVote, From: 1, To: 2, Term: 1}})
	await(t, patientET, "a message to the new peer", func() bool { return b.received(1) == 1 })
	a.SetPeers(nodes[0], nodes[:1], []raft.NodeID{2})
	if a.links.to(2) != nil {
		t.Error("there is a link to a node that is gone")
	}
	// What it still sends ends its connection at the first byte, and it cannot come back.
	await(t, patientET, "the end of the link from a node that is gone", func() bool {
		before := a.received(2)
		b.Send([]raft.Message{{Type: raft.MsgVote, From: 2, To: 1, Term: 2}})
		time.Sleep(testET / 10)
		return a.received(2) == before && !b.links.to(1).forwards.push(nil)
	})
}

// Without its listener a transport ends, its links too, though nobody told it to.
func TestRunEndsWithItsListener(t *testing.T) {
	ln := listen(t)
	nodes := []Node{{1, "a", ln.Addr().String()}, {2, "b", "127.0.0.1:1"}}
	a := New(Config{Cluster: "test", Self: nodes[0], Peers: nodes, ElectionTimeout: testET, Log: quiet()})
	ended := make(chan error, 1)
	go func() { ended <- a.Run(context.Background(), ln) }()
	ln.Close()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it ended without an error")
		}
	case <-time.After(patientET):
		t.Fatal("it still runs")
	}
}

func TestStrangersAreBounded(t *testing.T) {
	l := newLinks(Config{Self: Node{1, "a", ""}, Log: quiet()})
	for i := range maxStrangers {
		if err := l.meet(Node{raft.NodeID(i + 2), fmt.Sprint("s", i), "127.0.0.1:1"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.meet(Node{99, "late", "127.0.0.1:1"}); err == nil {
		t.Errorf("stranger number %d is let in", maxStrangers+1)
	}
	if err := l.meet(Node{2, "s0", "127.0.0.1:2"}); err != nil || l.to(2).node.Addr != "127.0.0.1:2" {
		t.Errorf("a stranger that moved: %v", err)
	}
}
