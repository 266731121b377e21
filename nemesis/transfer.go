package nemesis

import (
	"context"
	"fmt"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// Transfer makes the leader hand its leadership to a node. It is over when that node leads: there is
// nothing to undo.
type Transfer struct{ OfOne }

func decodeTransfer(n *yaml.Node, d *strictyaml.Document) Fault {
	return &Transfer{OfOne{ofNodes("transfer", n, d)}}
}

// FromWithin says that it acts through Control.
func (t *Transfer) FromWithin() {}

// Aim chooses the node.
func (t *Transfer) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	nodes, err := pick.Nodes(ctx, t.Nodes)
	if err != nil {
		return nil, err
	}
	return &handOver{to: nodes[0], targets: pick.Targets(), leads: leads{leaders: pick.leaders}}, nil
}

// handOver is the strike of Transfer.
type handOver struct {
	to      string
	targets map[string][]string
	leads
}

func (h *handOver) Describe() history.Fault {
	return history.Fault{Targets: h.targets, What: "to " + h.to}
}

// Before has nothing to measure: a node that leads already is what is wanted.
func (h *handOver) Before(context.Context, *Env) error { return nil }

// Apply asks whoever leads, again when that has changed or came to nothing, until the node leads. A node that
// was handed the leadership and got too few votes has unseated the leader all the same: where election timers
// stand nobody would campaign any more, so it does so again.
func (h *handOver) Apply(ctx context.Context, e *Env) error {
	handed := false
	return h.leads.become(ctx, e, h.to, func() error {
		within, cancel := context.WithTimeout(ctx, attemptPolls*conditionPoll)
		defer cancel()
		leader, err := h.leaders.Leader(within)
		switch {
		case err != nil && handed:
			return e.Control.Campaign(ctx, h.to)
		case err != nil || leader == h.to:
			return err
		}
		err = e.Control.Transfer(ctx, leader, h.to)
		handed = handed || err == nil
		return err
	})
}

// leads is the part of a strike that ends with a node in the lead.
type leads struct {
	leaders Leadership
	node    string
	term    uint64
}

// become makes attempts until the node leads.
func (l *leads) become(ctx context.Context, e *Env, node string, attempt func() error) error {
	l.node = node
	for {
		if leads, err := l.look(ctx, e); err == nil && leads {
			return nil
		}
		failed := attempt()
		for range attemptPolls {
			if leads, err := l.look(ctx, e); err == nil && leads {
				return nil
			}
			if sleep(ctx, conditionPoll); ctx.Err() != nil {
				if failed != nil {
					return fmt.Errorf("%s does not lead: %w", node, failed)
				}
				return fmt.Errorf("%s does not lead after %v", node, applyBound)
			}
		}
	}
}

// attemptPolls is how often a node is looked at before another attempt is made.
const attemptPolls = 15

func (l *leads) look(ctx context.Context, e *Env) (bool, error) {
	role, err := e.Control.Role(ctx, l.node)
	l.term = role.Term
	return role.Role == "leader", err
}

// Bites wants the node in the lead.
func (l *leads) Bites(ctx context.Context, e *Env) (bool, string, error) {
	leading, err := l.look(ctx, e)
	if err != nil {
		return false, "", err
	}
	if !leading {
		return false, l.node + " does not lead", nil
	}
	return true, fmt.Sprintf("%s leads in term %d", l.node, l.term), nil
}

func (l *leads) Undo(context.Context, *Env) error { return nil }

// Gone waits until those who watch the nodes have seen it, or it is not so any more. What the sequence
// asks of the leader next would else be asked of the one before.
func (l *leads) Gone(ctx context.Context, e *Env) (bool, string, error) {
	now, cancel := context.WithTimeout(ctx, gonePoll) // where nobody is seen in the lead it would wait for somebody
	defer cancel()
	seen, err := l.leaders.Leader(now)
	if err == nil && seen == l.node {
		return true, "nothing to undo", nil
	}
	leading, err := l.look(ctx, e)
	if err != nil || !leading {
		return true, l.node + " does not lead", nil
	}
	return false, fmt.Sprintf("%s leads, and is not yet seen to", l.node), nil
}
