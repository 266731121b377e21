package schism

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"schism/history"
	"schism/workload"
)

// finalPoll is how often a final read is made anew until the nodes compare.
const finalPoll = 100 * time.Millisecond

// finish heals whatever is left, waits for the nodes to catch up, and reads each node's own state and
// looks at each key once more. A system that does not recover is no failure of the harness: it is written
// down, and the checkers say what they can. The error is that of the history.
func (r *run) finish(ctx context.Context, process history.Process) error {
	r.restore(ctx)
	commit := r.recovered(ctx)
	process, err := r.finalStates(ctx, process, commit)
	if err != nil {
		return err
	}
	return r.finalLooks(ctx, process)
}

// recovered waits until the nodes have caught up, and returns the commit index that all have reached:
// the least that a final read must stand at. It is never if they have not.
func (r *run) recovered(ctx context.Context) uint64 {
	ctx, cancel := context.WithTimeout(ctx, r.bounds.recover)
	defer cancel()
	began := time.Now()
	commit, err := r.watch.caughtUp(ctx)
	if err != nil {
		r.log.Printf("the cluster did not recover within %v: %v", r.bounds.recover, err)
		return never
	}
	r.log.Event("every node has caught up after %v", time.Since(began).Round(time.Millisecond))
	return commit
}

// never is an index that no log reaches.
const never = math.MaxUint64

// finalStates reads the nodes until all answer at one applied index, under a bound: two states
// compare only then.
func (r *run) finalStates(ctx context.Context, process history.Process, commit uint64) (history.Process, error) {
	ctx, cancel := context.WithTimeout(ctx, r.bounds.final)
	defer cancel()
	for {
		applied := make(map[uint64]bool)
		answered := 0
		nodes := r.present()
		for _, node := range nodes {
			state, ok, err := r.finalState(ctx, process, node, commit)
			if err != nil {
				return process, err
			}
			process++
			if ok {
				answered++
				applied[state.Applied] = true
			}
		}
		comparable := answered == len(nodes) && len(applied) == 1
		if comparable || commit == never { // asking again does not make them catch up
			return process, nil
		}
		if !pause(ctx, finalPoll) {
			r.log.Printf("final reads: %d of %d nodes answered, at %d different indexes", answered, len(nodes), len(applied))
			return process, nil
		}
	}
}

// finalState reads one node. It is ok only if the node stands at commit at least: one that lags holds
// old values without having lost any.
func (r *run) finalState(ctx context.Context, p history.Process, node string, commit uint64) (history.FinalState, bool, error) {
	e := history.Event{Process: p, Kind: history.Invoke, F: history.FinalRead, Node: node}
	if _, err := r.rec.Record(e); err != nil {
		return history.FinalState{}, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, r.s.Workload.Timeout)
	defer cancel()
	state, err := r.s.Cluster.Options.State(ctx, r.cluster.Address(node, ClientPort))
	if err == nil && state.Applied < commit {
		err = fmt.Errorf("the node has not caught up: it has applied the log up to %d", state.Applied)
	}
	if err != nil {
		e.Kind, e.Error = history.Fail, err.Error()
	} else {
		e.Kind, e.Value = history.OK, history.Encode(state)
	}
	_, recording := r.rec.Record(e)
	return state, err == nil, recording
}

// finalLooks asks once more for all that each key holds, at the leader, as an ordinary client does.
func (r *run) finalLooks(ctx context.Context, process history.Process) error {
	ctx, cancel := context.WithTimeout(ctx, r.bounds.final)
	defer cancel()
	kind, _ := findWorkload(r.s.Workload.Name) // Parse has looked
	if kind.Look == nil {
		return nil
	}
	for _, key := range r.keys() {
		for over := false; !over; process++ {
			leader, err := r.watch.Leader(ctx)
			if err != nil {
				r.log.Printf("final look at %s: %v", key, err)
				return nil
			}
			a, err := r.finalLook(leader, process, kind.Look(key))
			if err != nil {
				return fmt.Errorf("final look at %s: %w", key, err)
			}
			over = a.Kind == history.OK && !(kind.Drains && !history.IsNil(a.Value))
			if a.Kind != history.OK && !pause(ctx, finalPoll) || !over && ctx.Err() != nil {
				r.log.Printf("final look at %s: it had no end within %v", key, r.bounds.final)
				return nil
			}
		}
	}
	return nil
}

// keys are all keys that anybody used: those of the scenario, and what the generator took to as it went.
func (r *run) keys() []string {
	keys := r.s.keys()
	if r.generator == nil {
		return keys
	}
	known := make(map[string]bool)
	for _, key := range keys {
		known[key] = true
	}
	for _, key := range r.generator.Keys() {
		if !known[key] {
			keys = append(slices.Clip(keys), key)
		}
	}
	return keys
}

func (r *run) finalLook(node string, p history.Process, op workload.Op) (workload.Answer, error) {
	client := r.dial(node)
	defer client.Close()
	return workload.Do(r.rec, client, p, node, op, r.s.Workload.Timeout)
}

func pause(ctx context.Context, span time.Duration) bool {
	timer := time.NewTimer(span)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
