package nemesis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// Pause freezes nodes as SIGSTOP does. It is no partition: the kernel goes on to accept connections
// and bytes for them, and a frozen node reads them all when it goes on.
type Pause struct{ OfNodes }

func decodePause(n *yaml.Node, d *strictyaml.Document) Fault {
	return &Pause{ofNodes("pause", n, d)}
}

// Supported wants a runtime that can.
func (p *Pause) Supported(e *Env) error {
	if e.Pauser == nil {
		return errors.New("this runtime cannot pause nodes")
	}
	return nil
}

// Aim chooses the nodes.
func (p *Pause) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	nodes, err := pick.Nodes(ctx, p.Nodes)
	if err != nil {
		return nil, err
	}
	return &pauseNodes{nodes: nodes, targets: pick.Targets()}, nil
}

// pauseNodes is the strike of Pause.
type pauseNodes struct {
	nodes   []string
	targets map[string][]string
}

func (p *pauseNodes) Describe() history.Fault {
	return history.Fault{Nodes: p.nodes, Targets: p.targets, What: strings.Join(p.nodes, " ")}
}

// Before wants every node running: one that is frozen already would prove the pause all the same.
func (p *pauseNodes) Before(ctx context.Context, e *Env) error {
	for _, node := range p.nodes {
		there, err := e.Processes.Running(ctx, node)
		if err != nil {
			return err
		}
		if !there {
			return fmt.Errorf("%s is down", node)
		}
	}
	paused, err := p.in(ctx, e, p.nodes, true)
	if err == nil && len(paused) > 0 {
		err = fmt.Errorf("%s paused already", strings.Join(paused, ", "))
	}
	return err
}

func (p *pauseNodes) Apply(ctx context.Context, e *Env) error {
	return e.paused.change(p.nodes, +1, func(_, changed []string) error {
		return together(changed, func(node string) error { return e.Pauser.PauseNode(ctx, node) })
	})
}

func (p *pauseNodes) Bites(ctx context.Context, e *Env) (bool, string, error) {
	awake, err := p.in(ctx, e, p.nodes, false)
	if err != nil {
		return false, "", err
	}
	if len(awake) > 0 {
		return false, strings.Join(awake, ", ") + " not paused", nil
	}
	return true, fmt.Sprintf("%d of %d nodes paused", len(p.nodes), len(p.nodes)), nil
}

// Undo lets go on what is frozen. A node that somebody killed meanwhile has nothing to go on with.
func (p *pauseNodes) Undo(ctx context.Context, e *Env) error {
	return e.paused.change(p.nodes, -1, func(_, changed []string) error {
		return together(changed, func(node string) error {
			paused, err := e.Pauser.Paused(ctx, node)
			if err != nil || !paused {
				return err
			}
			return e.Pauser.ResumeNode(ctx, node)
		})
	})
}

func (p *pauseNodes) Gone(ctx context.Context, e *Env) (bool, string, error) {
	free := e.paused.free(p.nodes)
	frozen, err := p.in(ctx, e, free, true)
	if err != nil {
		return false, "", err
	}
	if len(frozen) > 0 {
		return false, strings.Join(frozen, ", ") + " still paused", nil
	}
	for _, node := range e.due(free) {
		if there, err := e.Processes.Running(ctx, node); err != nil || !there {
			return false, node + " is not running", err
		}
	}
	return true, fmt.Sprintf("%d of %d nodes go on", len(free), len(p.nodes)), nil
}

// in are those of the nodes that are paused, or those that are not.
func (p *pauseNodes) in(ctx context.Context, e *Env, nodes []string, paused bool) ([]string, error) {
	var found []string
	for _, node := range nodes {
		is, err := e.Pauser.Paused(ctx, node)
		if err != nil {
			return nil, err
		}
		if is == paused {
			found = append(found, node)
		}
	}
	return found, nil
}
