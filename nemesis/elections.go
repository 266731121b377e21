package nemesis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// HoldElections stops the election timers of nodes: none of them campaigns unless it is told to. They
// vote as always. A node that goes down meanwhile is back with its timer held.
type HoldElections struct{ OfNodes }

func decodeHoldElections(n *yaml.Node, d *strictyaml.Document) Fault {
	return &HoldElections{ofNodes("hold-elections", n, d)}
}

// FromWithin says that it acts through Control.
func (h *HoldElections) FromWithin() {}

// Aim chooses the nodes.
func (h *HoldElections) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	nodes, err := pick.Nodes(ctx, h.Nodes)
	if err != nil {
		return nil, err
	}
	return &holdTimers{nodes: nodes, targets: pick.Targets(), leaders: pick.leaders}, nil
}

// holdTimers is the strike of HoldElections.
type holdTimers struct {
	nodes   []string
	targets map[string][]string
	leaders Leadership
}

func (h *holdTimers) Describe() history.Fault {
	return history.Fault{Nodes: h.nodes, Targets: h.targets, What: "of " + strings.Join(h.nodes, " ")}
}

// Before wants every timer running.
func (h *holdTimers) Before(ctx context.Context, e *Env) error {
	held, err := h.in(ctx, e, h.nodes, true)
	if err == nil && len(held) > 0 {
		err = fmt.Errorf("the timer of %s is held already", strings.Join(held, ", "))
	}
	return err
}

// Apply stops the timers while somebody leads. An election that is under way when the last of them stops, as
// after a stall of the machine, may end in a split vote, and no other one would ever begin: it gets its time, and
// they are stopped anew.
func (h *holdTimers) Apply(ctx context.Context, e *Env) error {
	for {
		if err := h.hold(ctx, e); err != nil {
			return err
		}
		if led, err := h.led(ctx, e); err != nil || led {
			return err
		}
		if err := h.giveWay(ctx, e); err != nil {
			_ = e.silent.change(h.nodes, +1, func(_, _ []string) error { return nil }) // Undo counts it down
			return err
		}
	}
}

// giveWay lets the timers run until somebody leads.
func (h *holdTimers) giveWay(ctx context.Context, e *Env) error {
	if err := h.Undo(ctx, e); err != nil {
		return err
	}
	_, err := h.leaders.Leader(ctx)
	if sleep(ctx, conditionPoll); ctx.Err() != nil {
		err = fmt.Errorf("nobody leads after %v, and nobody would where all timers stand", applyBound)
	}
	return err
}

func (h *holdTimers) hold(ctx context.Context, e *Env) error {
	return e.silent.change(h.nodes, +1, func(_, changed []string) error {
		return h.order(ctx, e, changed, true)
	})
}

// led says whether somebody leads whom no living node has outlived by a term, or can still come to lead by
// itself. The terms were read after the timers had stopped: nobody begins another one.
func (h *holdTimers) led(ctx context.Context, e *Env) (bool, error) {
	for _, node := range e.silent.free(e.Nodes) {
		if up, err := e.Processes.Running(ctx, node); err != nil || up {
			return up, err
		}
	}
	var led, newest uint64 // terms
	for _, node := range e.Nodes {
		var role history.Role
		_, err := e.reach(ctx, node, func() (err error) { role, err = e.Control.Role(ctx, node); return err })
		if err != nil {
			return false, fmt.Errorf("%s: %w", node, err)
		}
		newest = max(newest, role.Term)
		if role.Role == "leader" {
			led = max(led, role.Term)
		}
	}
	return led > 0 && led == newest, nil
}

func (h *holdTimers) Undo(ctx context.Context, e *Env) error {
	return e.silent.change(h.nodes, -1, func(_, changed []string) error {
		return h.order(ctx, e, changed, false)
	})
}

// order tells the nodes that live. Those that do not are told when they start.
func (h *holdTimers) order(ctx context.Context, e *Env, nodes []string, hold bool) error {
	return together(nodes, func(node string) error {
		_, err := e.reach(ctx, node, func() error { return e.Control.HoldElection(ctx, node, hold) })
		return err
	})
}

func (h *holdTimers) Bites(ctx context.Context, e *Env) (bool, string, error) {
	free, err := h.in(ctx, e, h.nodes, false)
	if err != nil {
		return false, "", err
	}
	if len(free) > 0 {
		return false, "the timer of " + strings.Join(free, ", ") + " runs", nil
	}
	return true, fmt.Sprintf("%d of %d timers held", len(h.nodes), len(h.nodes)), nil
}

func (h *holdTimers) Gone(ctx context.Context, e *Env) (bool, string, error) {
	free := slices.DeleteFunc(e.silent.free(h.nodes), e.Refused)
	held, err := h.in(ctx, e, free, true)
	if err != nil {
		return false, "", err
	}
	if len(held) > 0 {
		return false, "the timer of " + strings.Join(held, ", ") + " is still held", nil
	}
	return true, fmt.Sprintf("%d of %d timers run", len(free), len(h.nodes)), nil
}

// in are those of the living nodes whose timers are held, or run.
func (h *holdTimers) in(ctx context.Context, e *Env, nodes []string, held bool) ([]string, error) {
	var found []string
	for _, node := range nodes {
		var is bool
		up, err := e.reach(ctx, node, func() (err error) { is, err = e.Control.ElectionHeld(ctx, node); return err })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", node, err)
		}
		if up && is == held {
			found = append(found, node)
		}
	}
	return found, nil
}

// Elect makes a node campaign until it leads. It is over then: there is nothing to undo.
type Elect struct{ OfOne }

func decodeElect(n *yaml.Node, d *strictyaml.Document) Fault {
	return &Elect{OfOne{ofNodes("elect", n, d)}}
}

// FromWithin says that it acts through Control.
func (f *Elect) FromWithin() {}

// Aim chooses the node.
func (f *Elect) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	nodes, err := pick.Nodes(ctx, f.Nodes)
	if err != nil {
		return nil, err
	}
	return &election{node: nodes[0], targets: pick.Targets(), leads: leads{leaders: pick.leaders}}, nil
}

// election is the strike of Elect.
type election struct {
	node    string
	targets map[string][]string
	leads
}

func (f *election) Describe() history.Fault {
	return history.Fault{Targets: f.targets, What: f.node}
}

// Before wants somebody else in the lead, or nobody.
func (f *election) Before(ctx context.Context, e *Env) error {
	f.leads.node = f.node
	leading, err := f.leads.look(ctx, e)
	if err == nil && leading {
		err = fmt.Errorf("%s leads already", f.node)
	}
	return err
}

func (f *election) Apply(ctx context.Context, e *Env) error {
	return f.leads.become(ctx, e, f.node, func() error { return e.Control.Campaign(ctx, f.node) })
}
