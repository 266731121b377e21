package nemesis

import (
	"context"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// CampaignInVain makes nodes campaign, one after the other, that must not win: what the others hold is
// newer than their logs. A node that wins is a fault that did not go as arranged.
type CampaignInVain struct{ OfNodes }

func decodeCampaignInVain(n *yaml.Node, d *strictyaml.Document) Fault {
	return &CampaignInVain{ofNodes("campaign-in-vain", n, d)}
}

// FromWithin says that it acts through Control.
func (c *CampaignInVain) FromWithin() {}

// Aim chooses the nodes.
func (c *CampaignInVain) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	nodes, err := pick.Nodes(ctx, c.Nodes)
	if err != nil {
		return nil, err
	}
	return &vain{nodes: nodes, targets: pick.Targets()}, nil
}

// vain is the strike of CampaignInVain.
type vain struct {
	nodes   []string
	targets map[string][]string
	won     []string
}

func (v *vain) Describe() history.Fault {
	return history.Fault{Targets: v.targets, What: strings.Join(v.nodes, " ")}
}

// Before wants none of them in the lead.
func (v *vain) Before(ctx context.Context, e *Env) error {
	for _, node := range v.nodes {
		if role, err := e.Control.Role(ctx, node); err != nil {
			return fmt.Errorf("%s: %w", node, err)
		} else if role.Role == "leader" {
			return fmt.Errorf("%s leads already", node)
		}
	}
	return nil
}

// Apply gives each its campaign, which is decided when every living node has answered it.
func (v *vain) Apply(ctx context.Context, e *Env) error {
	for _, node := range v.nodes {
		won, err := v.campaign(ctx, e, node)
		if err != nil {
			return fmt.Errorf("%s: %w", node, err)
		}
		if won {
			v.won = append(v.won, node)
		}
	}
	return nil
}

func (v *vain) campaign(ctx context.Context, e *Env, node string) (won bool, err error) {
	before, err := e.Control.Role(ctx, node)
	if err != nil {
		return false, err
	}
	for {
		if err := e.Control.Campaign(ctx, node); err != nil {
			return false, err
		}
		for range attemptPolls {
			if won, decided := v.decided(ctx, e, node, before.Term); decided {
				return won, nil
			}
			if sleep(ctx, conditionPoll); ctx.Err() != nil {
				return false, fmt.Errorf("not every node has taken notice of its campaign")
			}
		}
	}
}

// decided wants every living node in a term that began with the campaign: it has voted then, one way or
// the other. (With PreVote a campaign that cannot be won begins no term.)
func (v *vain) decided(ctx context.Context, e *Env, node string, before uint64) (won, decided bool) {
	own, err := e.Control.Role(ctx, node)
	if err != nil || own.Term <= before {
		return false, false
	}
	for _, other := range e.Nodes {
		if up, err := e.Processes.Running(ctx, other); err != nil {
			return false, false
		} else if !up {
			continue
		}
		if role, err := e.Control.Role(ctx, other); err != nil || role.Term < own.Term {
			return false, false
		}
	}
	// The answers were sent before the terms could be read; the last may still be on its way.
	sleep(ctx, conditionPoll)
	own, err = e.Control.Role(ctx, node)
	return own.Role == "leader", err == nil
}

// Bites wants that none has won, then or since.
func (v *vain) Bites(ctx context.Context, e *Env) (bool, string, error) {
	if len(v.won) > 0 {
		return false, strings.Join(v.won, ", ") + " won", nil
	}
	for _, node := range v.nodes {
		if role, err := e.Control.Role(ctx, node); err != nil || role.Role == "leader" {
			return false, node + " leads", err
		}
	}
	return true, fmt.Sprintf("%d of %d campaigned, and none won", len(v.nodes), len(v.nodes)), nil
}

func (v *vain) Undo(context.Context, *Env) error { return nil }

// Gone has nothing to measure.
func (v *vain) Gone(context.Context, *Env) (bool, string, error) { return true, "nothing to undo", nil }
