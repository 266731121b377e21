package schism

import (
	"context"
	"fmt"
	"sync"
	"time"

	"schism/cluster"
)

// leftOn is a fault that was still on when all of them were to be over. It is an incident: whatever should have
// undone it has failed, or has measured amiss.
const leftOn cluster.IncidentKind = "fault-left-on"

// restore is a net under the nemesis, which has undone its faults already: a fault whose undoing failed, or was
// broken off, ends here at the latest. What it finds goes into the history.
func (r *run) restore(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.bounds.remove)
	defer cancel()
	if err := r.cluster.SetCuts(ctx, nil); err != nil {
		r.found("", "links may still be cut: "+err.Error())
	}
	if i, ok := r.cluster.(cluster.Impairer); ok {
		if err := i.Impair(ctx, nil); err != nil {
			r.found("", "links may still be impaired: "+err.Error())
		}
	}
	var nodes sync.WaitGroup // one that does not answer takes no other's time
	for _, node := range r.present() {
		nodes.Go(func() {
			if err := r.free(ctx, node); err != nil {
				r.found(node, "could not be freed of every fault: "+err.Error())
			}
		})
	}
	nodes.Wait()
}

func (r *run) found(node, what string) {
	r.incident(cluster.Incident{Node: node, Kind: leftOn, What: what})
}

// free lets a node run, and undoes what was set within it. A trap may end it meanwhile: it is started once more
// then, and not again.
func (r *run) free(ctx context.Context, node string) error {
	started := false
	for {
		was, err := r.cluster.State(ctx, node)
		switch {
		case err != nil:
		case was == cluster.Stopped && started:
			return fmt.Errorf("it was started, and does not run")
		default:
			started = started || was == cluster.Stopped
			err = r.revive(ctx, node, was)
		}
		if err == nil {
			err = r.release(ctx, node)
		}
		if err == nil || !pause(ctx, startPoll) {
			return err
		}
	}
}

// startPoll is how often a node that starts is asked whether it listens.
const startPoll = 10 * time.Millisecond

// revive starts a node that is down, and lets one that is frozen go on.
func (r *run) revive(ctx context.Context, node string, was cluster.State) error {
	switch pauser, pauses := r.cluster.(cluster.Pauser); {
	case was == cluster.Stopped:
		r.found(node, "was still down; it is started")
		return r.cluster.StartNode(ctx, node)
	case was == cluster.Paused && pauses:
		r.found(node, "was still frozen; it goes on")
		return pauser.ResumeNode(ctx, node)
	}
	return nil
}

// release undoes what was set within a node, where that can be.
func (r *run) release(ctx context.Context, node string) error {
	target, can := r.s.Cluster.Options.(Controllable)
	if !can || !target.Controlled() {
		return nil
	}
	left, err := target.Release(ctx, r.cluster.Address(node, ControlPort))
	for _, what := range left {
		r.found(node, what)
	}
	return err
}
