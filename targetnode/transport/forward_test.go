package transport

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"schism/targetnode/raft"
)

type forwarded struct {
	mu   sync.Mutex
	from []raft.NodeID
	got  [][]byte
}

func (f *forwarded) take(from raft.NodeID, body []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.from, f.got = append(f.from, from), append(f.got, body)
}

func (f *forwarded) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.got)
}

func TestForwardsArriveInOrder(t *testing.T) {
	lns := []net.Listener{listen(t), listen(t)}
	nodes := []Node{{1, "a", lns[0].Addr().String()}, {2, "b", lns[1].Addr().String()}}
	a := startWith(t, lns[0], 1, nodes, quiet(), patientET)
	var got forwarded
	b := New(Config{Cluster: "test", Peers: nodes, Self: nodes[1], ElectionTimeout: patientET, Deliver: func(raft.Message) {}, Forwarded: got.take, Log: quiet()})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx, lns[1]) }()

	const n = 500
	body := func(i int) []byte { return append(fmt.Appendf(nil, "%d ", i), make([]byte, 6000)...) }
	for i := range n {
		await(t, patientET, "room for a forward", func() bool { return a.Forward(2, body(i)) })
	}
	await(t, patientET, "every forward", func() bool { return got.count() == n })
	for i := range n {
		if got.from[i] != 1 || !bytes.Equal(got.got[i], body(i)) {
			t.Fatalf("forward %d is from %d: %.10q", i, got.from[i], got.got[i])
		}
	}

	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	await(t, 5*time.Second, "a refusal by the dead connection", func() bool { return !a.Forward(2, nil) })
	if a.Forward(1, nil) || a.Forward(9, nil) {
		t.Error("forwarded to itself or to a stranger")
	}
}

func TestForwardsAreBounded(t *testing.T) {
	f := newForwards()
	if f.push(nil) {
		t.Fatal("taken without a connection")
	}
	f.setUp(true)
	for range maxForwards {
		if !f.push([]byte("x")) {
			t.Fatal("refused although there is room")
		}
	}
	if f.push(nil) {
		t.Errorf("%d are taken", maxForwards+1)
	}
	if n := len(f.take()); n != maxForwards {
		t.Errorf("%d taken out, want %d", n, maxForwards)
	}
	half := make([]byte, maxForwardBytes/2)
	for range 2 {
		if !f.push(half) {
			t.Error("refused although there is room")
		}
	}
	if f.push([]byte("x")) {
		t.Error("the bound in bytes does not hold")
	}
	f.setUp(false)
	f.setUp(true)
	if len(f.take()) != 0 {
		t.Error("a new connection got what was queued for the old one")
	}
}
