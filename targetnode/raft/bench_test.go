package raft_test

import (
	"fmt"
	"testing"

	"schism/targetnode/raft"
)

// BenchmarkProposeToCommit carries batches of commands from the proposal to the commit at the leader of
// three nodes, in memory: what the core itself costs.
func BenchmarkProposeToCommit(b *testing.B) {
	for _, size := range []int{1, 64} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			nodes, now := benchCluster(b)
			batch := make([][]byte, size)
			for i := range batch {
				batch[i] = make([]byte, 256)
			}
			b.ReportAllocs()
			for b.Loop() {
				now++
				first, _, err := nodes[0].Propose(now, batch)
				if err != nil {
					b.Fatal(err)
				}
				carry(nodes, now)
				if c := nodes[0].Status().Commit; c != first+raft.Index(size)-1 {
					b.Fatalf("commit is %d after a batch from %d on", c, first)
				}
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "commands/s")
		})
	}
}

// BenchmarkReadIndex asks for reads in batches, and carries the round that permits them.
func BenchmarkReadIndex(b *testing.B) {
	for _, size := range []int{1, 64} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) {
			nodes, now := benchCluster(b)
			b.ReportAllocs()
			for b.Loop() {
				now++
				for id := range size {
					if err := nodes[0].Read(now, uint64(id), raft.ReadIndex); err != nil {
						b.Fatal(err)
					}
				}
				carry(nodes, now)
			}
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "reads/s")
		})
	}
}

// benchCluster is three nodes led by node 1, whose no-op is committed.
func benchCluster(b *testing.B) ([]*raft.Node, raft.Time) {
	b.Helper()
	cfg := config(3)
	cfg.ElectionTimeout = 1 << 40
	var nodes []*raft.Node
	for _, id := range cfg.Nodes {
		cfg.ID = id
		nodes = append(nodes, raft.New(cfg, raft.Durable{}, 0))
	}
	now := nodes[0].Deadline()
	nodes[0].Tick(now)
	carry(nodes, now)
	if st := nodes[0].Status(); st.Role != raft.Leader || st.Commit != 1 {
		b.Fatalf("node 1 is %+v", st)
	}
	return nodes, now
}

// carry moves messages between the nodes until none is left; disks take no time.
func carry(nodes []*raft.Node, now raft.Time) {
	for busy := true; busy; {
		busy = false
		for _, n := range nodes {
			e := n.Effects()
			if e.Empty() {
				continue
			}
			busy = true
			for _, m := range e.Send {
				nodes[m.To-1].Step(now, m)
			}
			for _, m := range e.SendDurable {
				nodes[m.To-1].Step(now, m)
			}
			if e.HardState != nil {
				n.Persisted(now, e.HardState.Term, 0)
			}
			if k := len(e.Entries); k > 0 {
				n.Persisted(now, e.Entries[k-1].Term, e.Entries[k-1].Index)
			}
		}
	}
}
