package nemesis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// Kill ends nodes with SIGKILL, all at once. They start again, with their data, when it is over.
type Kill struct{ OfNodes }

func decodeKill(n *yaml.Node, d *strictyaml.Document) Fault {
	return &Kill{ofNodes("kill", n, d)}
}

// Aim chooses the nodes.
func (k *Kill) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	return aimKill(ctx, pick, k.Nodes)
}

func aimKill(ctx context.Context, pick *Picker, g Group) (*killNodes, error) {
	nodes, err := pick.Nodes(ctx, g)
	if err != nil {
		return nil, err
	}
	return &killNodes{nodes: nodes, targets: pick.Targets()}, nil
}

// killNodes is the strike of Kill.
type killNodes struct {
	nodes   []string
	targets map[string][]string
}

func (k *killNodes) Describe() history.Fault {
	return history.Fault{Nodes: k.nodes, Targets: k.targets, What: strings.Join(k.nodes, " ")}
}

// Before wants the nodes alive: a node that was down already would prove the kill all the same.
func (k *killNodes) Before(ctx context.Context, e *Env) error {
	down, err := k.in(ctx, e, false)
	if err == nil && len(down) > 0 {
		err = fmt.Errorf("%s down already", strings.Join(down, ", "))
	}
	return err
}

// Apply kills those too that another fault holds: a trap holds a node that lives until it snaps. To kill
// one that is down is nothing.
func (k *killNodes) Apply(ctx context.Context, e *Env) error {
	return e.down.change(k.nodes, +1, func(_, _ []string) error {
		return together(k.nodes, func(node string) error { return e.Processes.KillNode(ctx, node) })
	})
}

func (k *killNodes) Bites(ctx context.Context, e *Env) (bool, string, error) {
	alive, err := k.in(ctx, e, true)
	if err != nil {
		return false, "", err
	}
	if len(alive) > 0 {
		return false, strings.Join(alive, ", ") + " still running", nil
	}
	return true, fmt.Sprintf("%d of %d processes gone", len(k.nodes), len(k.nodes)), nil
}

func (k *killNodes) Undo(ctx context.Context, e *Env) error {
	return e.down.change(k.nodes, -1, func(_, changed []string) error {
		return together(changed, func(node string) error { return e.start(ctx, node) })
	})
}

// Gone wants those running that no other fault keeps down, and no damage.
func (k *killNodes) Gone(ctx context.Context, e *Env) (bool, string, error) {
	due := e.due(k.nodes)
	down, err := (&killNodes{nodes: due}).in(ctx, e, false)
	if err != nil {
		return false, "", err
	}
	if len(down) > 0 {
		return false, strings.Join(down, ", ") + " not running", nil
	}
	return true, fmt.Sprintf("%d of %d processes run again%s", len(due), len(k.nodes), e.refusals(k.nodes)), nil
}

// in are those of the nodes that are running, or those that are not.
func (k *killNodes) in(ctx context.Context, e *Env, running bool) ([]string, error) {
	var nodes []string
	for _, node := range k.nodes {
		up, err := e.Processes.Running(ctx, node)
		if err != nil {
			return nil, err
		}
		if up == running {
			nodes = append(nodes, node)
		}
	}
	return nodes, nil
}

// together does something to all nodes at once and gives every error.
func together(nodes []string, do func(node string) error) error {
	errs := make([]error, len(nodes))
	var group errgroup.Group
	for i, node := range nodes {
		group.Go(func() error {
			if err := do(node); err != nil {
				errs[i] = fmt.Errorf("%s: %w", node, err)
			}
			return nil
		})
	}
	_ = group.Wait() // its functions return nil: errs has all
	return errors.Join(errs...)
}

// Restart ends nodes with SIGKILL and starts them again at once.
type Restart struct{ OfNodes }

func decodeRestart(n *yaml.Node, d *strictyaml.Document) Fault {
	return &Restart{ofNodes("restart", n, d)}
}

// Aim chooses the nodes. The strike is that of a kill; Schedule lets it last no time.
func (r *Restart) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	return aimKill(ctx, pick, r.Nodes)
}
