package targetnode

import (
	"sync/atomic"

	"schism/targetnode/kv"
	"schism/targetnode/raft"
)

// alone is until when this node may answer reads from its own state without asking anybody, not even its
// loop: a leader's lease. Goroutines of clients look at it; the loop publishes it.
//
// A read looks at the end of the lease first, then at the clock, then reads the state. At the moment of the
// first look the lease ran, since the clock showed less than its end even later; so every write that
// anybody had acknowledged by then was applied here, and the state is at least as new as that. What makes
// the lease end early (a new term, a TimeoutNow) is published before any message about it leaves.
type alone struct{ until atomic.Int64 } // 0: not at all

func (a *alone) may(c *clock) bool {
	until := a.until.Load()
	return until != 0 && int64(c.now()) < until
}

// Alone answers a read inside the lease.
func (n *node) Alone(c *kv.Command) (kv.Result, bool) {
	if !c.ReadOnly() || !n.alone.may(n.clock) {
		return kv.Result{}, false
	}
	return n.store.Read(c), true
}

// noteLease publishes the lease. It is one for reads only when an entry of the own term is applied: before,
// the state may lack what earlier leaders acknowledged.
func (n *node) noteLease(s raft.Status) {
	until := int64(0)
	if n.readMode == raft.ReadLease && n.region == nil && s.Role == raft.Leader && n.appliedTerm == s.Term {
		until = int64(s.LeaseUntil)
	}
	n.alone.until.Store(until)
}
