package nemesis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// backBound is how long a restarted node may take to be back before the next one goes.
const backBound = 15 * time.Second

// RollingRestart restarts nodes one after the other, in the order of the selectors: of [followers,
// leader] the leader comes last. Its `for` is the time over which the restarts are spread; they take
// longer if the nodes do.
type RollingRestart struct{ OfNodes }

func decodeRolling(n *yaml.Node, d *strictyaml.Document) Fault {
	return &RollingRestart{ofNodes("rolling-restart", n, d)}
}

// Aim chooses the nodes, in their order.
func (r *RollingRestart) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	inTurn := make([]Group, len(r.Nodes))
	for i, s := range r.Nodes {
		inTurn[i] = Group{s}
	}
	groups, err := pick.Groups(ctx, inTurn)
	if err != nil {
		return nil, err
	}
	s := &rolling{targets: pick.Targets()}
	for _, nodes := range groups {
		for _, node := range nodes {
			s.turns = append(s.turns, &killNodes{nodes: []string{node}})
		}
	}
	return s, nil
}

// rolling is the strike of RollingRestart: a kill for each node in turn.
type rolling struct {
	targets map[string][]string
	turns   []*killNodes
	began   time.Time
	done    int  // how many went down and came back
	held    bool // the next one is down, or was ordered to be
	longest time.Duration
	trouble error // why it did not go on
}

// Describe names no Nodes: they are not all down while it lasts.
func (r *rolling) Describe() history.Fault {
	names := make([]string, len(r.turns))
	for i, k := range r.turns {
		names[i] = k.nodes[0]
	}
	return history.Fault{Targets: r.targets, What: strings.Join(names, ", ") + " in turn"}
}

// Before looks at the first node. Each of the others is looked at when its turn has come.
func (r *rolling) Before(ctx context.Context, e *Env) error { return r.turns[0].Before(ctx, e) }

// Apply ends the first node.
func (r *rolling) Apply(ctx context.Context, e *Env) error {
	r.began = time.Now()
	r.held = true
	return r.turns[0].Apply(ctx, e)
}

// Go brings the first node back and gives each of the others its turn.
func (r *rolling) Go(ctx context.Context, e *Env, span time.Duration) error {
	r.trouble = r.all(ctx, e, span)
	return r.trouble
}

func (r *rolling) all(ctx context.Context, e *Env, span time.Duration) error {
	slot := span / time.Duration(len(r.turns))
	for i, k := range r.turns {
		if i > 0 {
			if err := r.down(ctx, e, k); err != nil {
				return err
			}
		}
		if err := r.back(ctx, e, k); err != nil {
			return err
		}
		sleep(ctx, slot*time.Duration(i+1)-time.Since(r.began))
		if ctx.Err() != nil && r.done < len(r.turns) {
			return fmt.Errorf("the run ended after %s", k.nodes[0])
		}
	}
	return nil
}

// down ends a node and measures that it is gone.
func (r *rolling) down(ctx context.Context, e *Env, k *killNodes) error {
	if err := k.Before(ctx, e); err != nil {
		return err
	}
	r.held = true
	if err := k.Apply(ctx, e); err != nil {
		return err
	}
	gone, seen, err := k.Bites(ctx, e)
	if err == nil && !gone {
		err = errors.New(seen)
	}
	return err
}

// back starts a node and waits until it takes part again, the end of the run notwithstanding.
func (r *rolling) back(ctx context.Context, e *Env, k *killNodes) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), backBound)
	defer cancel()
	began := time.Now()
	r.held = false
	if err := k.Undo(ctx, e); err != nil {
		return err
	}
	if free := e.down.free(k.nodes); len(free) == 0 {
		return fmt.Errorf("another fault keeps %s down", k.nodes[0])
	}
	if up, seen, err := k.Gone(ctx, e); err != nil {
		return err
	} else if !up {
		return errors.New(seen)
	}
	if e.Health != nil {
		if err := e.Health.Back(ctx, k.nodes[0]); err != nil {
			return fmt.Errorf("%s did not come back: %w", k.nodes[0], err)
		}
	}
	r.done++
	r.longest = max(r.longest, time.Since(began))
	return nil
}

// Bites looks at the first node while it is down, and at the whole course afterwards.
func (r *rolling) Bites(ctx context.Context, e *Env) (bool, string, error) {
	if r.held && r.trouble == nil {
		return r.turns[r.done].Bites(ctx, e)
	}
	seen := fmt.Sprintf("%d of %d nodes went down and came back", r.done, len(r.turns))
	if r.trouble != nil {
		return false, seen + ": " + r.trouble.Error(), nil
	}
	return r.done == len(r.turns), fmt.Sprintf("%s, each within %v", seen, r.longest.Round(time.Millisecond)), nil
}

// Undo starts the node that is down, if the course broke off.
func (r *rolling) Undo(ctx context.Context, e *Env) error {
	if !r.held {
		return nil
	}
	r.held = false
	return r.turns[r.done].Undo(ctx, e)
}

// Gone wants every node running.
func (r *rolling) Gone(ctx context.Context, e *Env) (bool, string, error) {
	for _, k := range r.turns {
		if gone, seen, err := k.Gone(ctx, e); err != nil || !gone {
			return false, seen, err
		}
	}
	return true, fmt.Sprintf("%d of %d processes run", len(r.turns), len(r.turns)), nil
}
