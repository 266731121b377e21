package targetnode

import (
	"context"

	"schism/targetnode/api"
	"schism/targetnode/kv"
	"schism/targetnode/raft"
)

// request is one client operation on its way through the node.
type request struct {
	command *kv.Command
	data    []byte // a write, as it stands in the log
	// answered takes the one answer. It returns at once: nobody may wait for a client that has gone.
	answered func(answer)
}

type answer struct {
	result kv.Result
	err    *api.Error
}

func (r *request) reply(a answer) { r.answered(a) }

func (r *request) refuse(outcome api.Outcome, why string) {
	r.reply(answer{err: &api.Error{Outcome: outcome, Why: why}})
}

// Do hands a command to the loop and waits for its answer.
func (n *node) Do(ctx context.Context, c *kv.Command) (kv.Result, error) {
	done := make(chan answer, 1)
	r := &request{command: c, answered: func(a answer) { done <- a }}
	lost := api.NotServed
	if !c.ReadOnly() {
		r.data = c.Encode()
		lost = api.Unknown
	}
	select {
	case n.requests <- r:
	case <-n.stopped:
		return kv.Result{}, &api.Error{Outcome: api.Busy, Why: "the node is stopping"}
	case <-ctx.Done():
		return kv.Result{}, &api.Error{Outcome: api.Busy, Why: "the operation waited in vain to be taken up"}
	}
	select {
	case a := <-done:
		if a.err != nil {
			return kv.Result{}, a.err
		}
		return a.result, nil
	case <-n.stopped:
		return kv.Result{}, &api.Error{Outcome: lost, Why: "the node stopped before the operation was done"}
	case <-ctx.Done():
		return kv.Result{}, &api.Error{Outcome: lost, Why: "the operation was not done in time"}
	}
}

// pendingWrite is a write that was appended and not yet applied.
type pendingWrite struct {
	index   raft.Index
	request *request
}

// waiting are the requests whose answers depend on what the cluster does.
type waiting struct {
	term   raft.Term // in which all of the writes were appended
	writes []pendingWrite
	reads  map[uint64]*request // by the id that the core knows them by
	nextID uint64
	// deposed is the outcome of writes whose leader was deposed: unknown, but for a defect.
	deposed api.Outcome
}

func (w *waiting) addRead(r *request) (id uint64) {
	w.nextID++
	w.reads[w.nextID] = r
	return w.nextID
}

// addWrites notes a batch that was appended at consecutive indexes from first on.
func (w *waiting) addWrites(first raft.Index, term raft.Term, requests []*request) {
	if term != w.term {
		w.giveUpWrites()
		w.term = term
	}
	for i, r := range requests {
		w.writes = append(w.writes, pendingWrite{first + raft.Index(i), r})
	}
}

func (w *waiting) takeRead(id uint64) *request {
	r := w.reads[id]
	delete(w.reads, id)
	return r
}

// applied answers the write at e's index, if one waits for it.
func (w *waiting) applied(e raft.Entry, result kv.Result) {
	if len(w.writes) == 0 || w.writes[0].index != e.Index {
		return
	}
	r := w.writes[0].request
	w.writes = w.writes[1:]
	if e.Term != w.term {
		r.refuse(api.Unknown, "another leader's entry took the place of this one in the log")
		return
	}
	r.reply(answer{result: result})
}

// giveUpWrites answers every write that waits when the leadership it was appended in is over. It stays
// in the log, so a later leader may commit it.
func (w *waiting) giveUpWrites() {
	for _, p := range w.writes {
		p.request.refuse(w.deposed, "the node lost leadership before the write was committed")
	}
	w.writes = nil
}
