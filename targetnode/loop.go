package targetnode

import (
	"context"
	"errors"
	"fmt"
	"time"

	"schism/targetnode/api"
	"schism/targetnode/raft"
)

// inputs are what one round of the loop takes in.
type inputs struct {
	messages  []raft.Message
	forwarded []forwarded
	requests  []*request
	durable   []durable
	saved     []saved
}

// loop owns the core. Each round takes everything that waits, so that one sync, one message to each
// follower and one round of heartbeats serve all of it, and then carries out the effects.
func (n *node) loop(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var in inputs
	for {
		timer.Reset(n.clock.until(n.deadline()))
		select {
		case <-ctx.Done():
			return nil
		case m := <-n.messages:
			in.messages = append(in.messages, m)
		case f := <-n.forwarded:
			in.forwarded = append(in.forwarded, f)
		case r := <-n.requests:
			in.requests = append(in.requests, r)
		case d := <-n.disk.done:
			in.durable = append(in.durable, d)
		case do := <-n.control:
			do(n.clock.now())
		case <-n.backlog.held:
		case s := <-n.saver.done:
			in.saved = append(in.saved, s)
		case <-timer.C:
		}
		n.drain(&in)
		if err := n.round(&in); err != nil {
			return err
		}
		in.reset()
	}
}

// deadline is when the next round has something to do, if nothing comes in before.
func (n *node) deadline() raft.Time {
	if n.region == nil {
		return n.core.Deadline()
	}
	return min(n.core.Deadline(), n.region.deadline())
}

// drain takes what else is there; nobody else receives from these channels.
func (n *node) drain(in *inputs) {
	for range len(n.messages) {
		in.messages = append(in.messages, <-n.messages)
	}
	for range len(n.forwarded) {
		in.forwarded = append(in.forwarded, <-n.forwarded)
	}
	for range len(n.requests) {
		in.requests = append(in.requests, <-n.requests)
	}
	for range len(n.disk.done) {
		in.durable = append(in.durable, <-n.disk.done)
	}
}

func (in *inputs) reset() {
	clear(in.messages)
	clear(in.forwarded)
	clear(in.requests)
	clear(in.saved)
	in.messages, in.forwarded, in.requests, in.durable, in.saved = in.messages[:0], in.forwarded[:0], in.requests[:0], in.durable[:0], in.saved[:0]
}

func (n *node) round(in *inputs) error {
	// Read only now, after everything left its queue: a read that waited there while the process
	// was stopped must find the lease run out, whatever time it was when it came.
	now := n.clock.now()
	for _, d := range in.durable {
		if d.err != nil {
			return fmt.Errorf("the disk failed, so this node must stop: %w", d.err)
		}
		n.unsynced -= d.jobs
		for _, m := range d.marks {
			n.core.Persisted(now, m.term, m.last)
		}
	}
	for _, s := range in.saved {
		if err := n.noteSaved(now, s); err != nil {
			return err
		}
	}
	for i := range in.messages {
		n.core.Step(now, in.messages[i])
	}
	n.core.Tick(now)
	if n.region == nil {
		n.ask(now, in.requests)
	} else {
		n.region.round(now, in.forwarded, in.requests)
	}
	return n.carryOut(now, n.core.Effects())
}

// ask puts the clients' operations to the core, the writes as one batch.
func (n *node) ask(now raft.Time, requests []*request) {
	n.proposals, n.proposed = n.proposals[:0], n.proposed[:0]
	for _, r := range requests {
		if r.data != nil {
			n.proposals, n.proposed = append(n.proposals, r.data), append(n.proposed, r)
			continue
		}
		if n.defects.readsLocal {
			r.reply(answer{result: n.store.Read(r.command)})
			continue
		}
		id := n.waiting.addRead(r)
		if err := n.core.Read(now, id, n.readMode); err != nil {
			n.waiting.takeRead(id)
			n.refuse(r, err)
		}
	}
	if len(n.proposals) == 0 {
		return
	}
	first, term, err := n.core.Propose(now, n.proposals)
	if err != nil {
		for _, r := range n.proposed {
			n.refuse(r, err)
		}
		return
	}
	if n.defects.ackBeforeCommit {
		n.ackTooEarly()
	}
	n.waiting.addWrites(first, term, n.proposed)
}

// ackTooEarly is a defect: only the state machine knows the answer to what opens a session.
func (n *node) ackTooEarly() {
	for _, r := range n.proposed {
		if r.command != nil && r.command.Op != "open-session" {
			r.reply(answer{})
			r.answered = func(answer) {}
		}
	}
}

// refuse answers an operation that the core did not take.
func (n *node) refuse(r *request, err error) {
	if errors.Is(err, raft.ErrNotLeader) {
		r.reply(answer{err: &api.Error{Outcome: api.NotLeader, Leader: n.nameOf(n.core.Status().Leader)}})
		return
	}
	outcome := api.NotServed
	if r.data != nil {
		outcome = api.Busy // nothing was appended
	}
	r.refuse(outcome, err.Error())
}

func (n *node) carryOut(now raft.Time, e raft.Effects) error {
	n.noteLease(n.core.Status())
	n.transport.Send(e.Send)
	n.persist(job{
		snapshot: e.Snapshot, installed: true, reset: e.Reset, hardState: e.HardState, entries: e.Entries,
		then: e.SendDurable, follower: n.core.Status().Role != raft.Leader,
	})
	if e.Snapshot != nil {
		if err := n.install(now, *e.Snapshot); err != nil {
			return err
		}
	}
	for _, id := range e.ReadsFailed {
		n.waiting.takeRead(id).refuse(api.NotServed, "the node lost leadership before a quorum confirmed it")
	}
	n.backlog.add(e.Apply, e.Reads)
	if err := n.applyBacklog(now); err != nil {
		return err
	}
	n.saveSnapshot()
	n.serveReads()
	return n.noteStatus()
}

// persist skips the disk where nothing is to be written and nothing before it is still under way.
func (n *node) persist(j job) {
	if n.points.Any() {
		n.points.Note(n.disk.about(j.entries))
	}
	writes := j.snapshot != nil || j.hardState != nil || len(j.entries) > 0
	switch {
	case !writes && len(j.then) == 0:
	case !writes && n.unsynced == 0:
		n.transport.Send(j.then)
	default:
		n.unsynced++
		n.disk.submit(j)
	}
}

// noteStatus publishes the node's view of itself, and acts on a change of role.
func (n *node) noteStatus() error {
	now := n.core.Status()
	if err := n.noteMembers(now); err != nil {
		return err
	}
	before := n.view.swap(now, n.region.view())
	n.noteLease(now)
	n.metrics.noteChange(before, now)
	if now.Role != raft.Leader || now.Term != n.waiting.term {
		n.waiting.giveUpWrites()
	}
	if now.Role != before.Role || now.Term != before.Term || now.Leader != before.Leader {
		n.log.Info("role", "role", now.Role.String(), "term", now.Term, "leader", n.nameOf(now.Leader), "last_index", now.LastIndex, "commit", now.Commit)
	}
	return nil
}
