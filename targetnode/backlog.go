package targetnode

import (
	"schism/targetnode/failpoint"
	"schism/targetnode/kv"
	"schism/targetnode/raft"
)

// backlog is what is committed and not applied yet, and the reads that wait for it. It is empty between
// two rounds of the loop, unless a failpoint holds the path: the protocol goes on meanwhile.
type backlog struct {
	entries []raft.Entry
	reads   []raft.ReadReady
	held    <-chan struct{} // nil: nothing holds it
	stage   stage           // how far the first of the entries has come
	result  kv.Result       // from stage applied on
}

type stage uint8

const (
	committed  stage = iota // nothing was done about it
	advanced                // past commit.advanced
	applicable              // past apply.before
	applied                 // the state has it
	answerable              // past apply.after
)

func (b *backlog) add(entries []raft.Entry, reads []raft.ReadReady) {
	b.entries = append(b.entries, entries...)
	b.reads = append(b.reads, reads...)
}

// drop forgets the entries: a snapshot that covers them was installed. The reads wait on.
func (b *backlog) drop() {
	b.entries, b.held, b.stage = nil, nil, committed
}

// applyBacklog applies what is committed and answers who waits for it, as far as failpoints let it.
func (n *node) applyBacklog(now raft.Time) error {
	b := &n.backlog
	done := 0
	for done < len(b.entries) {
		entry := b.entries[done]
		free, err := n.applyOne(entry)
		if err != nil {
			return err
		}
		if !free {
			break
		}
		n.waiting.applied(entry, b.result)
		if n.region != nil && entry.Kind == raft.EntryCommand {
			n.region.applied(now, entry, b.result)
		}
		n.saver.bytes += len(entry.Data)
		b.stage = committed
		done++
	}
	b.entries = b.entries[:copy(b.entries, b.entries[done:])]
	return nil
}

// applyOne carries one entry on. free is false while a failpoint holds it.
func (n *node) applyOne(e raft.Entry) (free bool, err error) {
	b := &n.backlog
	if b.held != nil {
		select {
		case <-b.held:
			b.held = nil
		default:
			return false, nil
		}
	}
	for b.stage != answerable {
		var point failpoint.Name
		switch b.stage {
		case committed:
			point = failpoint.CommitAdvanced
		case advanced:
			point = failpoint.ApplyBefore
		case applicable:
			if b.result, err = n.store.Apply(e); err != nil {
				return false, err
			}
			n.metrics.applies.Inc()
			n.appliedTerm = e.Term
		case applied:
			point = failpoint.ApplyAfter
		}
		b.stage++
		if point == "" {
			continue
		}
		if b.held, err = n.pass(point, e); err != nil || b.held != nil {
			return false, err
		}
	}
	return true, nil
}

func (n *node) pass(point failpoint.Name, e raft.Entry) (held <-chan struct{}, err error) {
	if !n.points.Any() {
		return nil, nil
	}
	return n.points.Begin(point, n.disk.about([]raft.Entry{e}))
}

// serveReads answers from the applied state the reads that it is new enough for. The core allows a read
// at an index that it has committed, and what is committed is applied just before unless it is held.
func (n *node) serveReads() {
	b := &n.backlog
	state := n.store.Applied()
	kept := b.reads[:0]
	for _, ready := range b.reads {
		if ready.Index > state {
			kept = append(kept, ready)
			continue
		}
		r := n.waiting.takeRead(ready.ID)
		r.reply(answer{result: n.store.Read(r.command)})
	}
	b.reads = kept
}
