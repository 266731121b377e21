package nemesis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// CorruptTail flips a bit in the last record of stopped nodes' logs: what was written whole, and may have been
// promised to somebody, cannot be read any more. It is proved by reading it back. The damage stays, whoever
// undoes what; nobody starts the node before it is done.
type CorruptTail struct{ OfNodes }

func decodeCorruptTail(n *yaml.Node, d *strictyaml.Document) Fault {
	return &CorruptTail{ofNodes("corrupt-tail", n, d)}
}

// Supported wants a way to the nodes' disks.
func (c *CorruptTail) Supported(e *Env) error {
	if e.Disks == nil {
		return errors.New("nobody reaches the logs of the nodes here, or knows where they end")
	}
	return nil
}

// Aim chooses the nodes.
func (c *CorruptTail) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	nodes, err := pick.Nodes(ctx, c.Nodes)
	if err != nil {
		return nil, err
	}
	return &corruptLogs{nodes: nodes, targets: pick.Targets(), flips: make([]flip, len(nodes))}, nil
}

// corruptLogs is the strike of CorruptTail.
type corruptLogs struct {
	nodes   []string
	targets map[string][]string
	held    bool
	flips   []flip // of each node
}

// flip is one bit that is other than it was written.
type flip struct {
	Record
	was, now []byte // the file
}

// flippedBit is the lowest one of a byte.
const flippedBit = 1

func (c *corruptLogs) Describe() history.Fault {
	return history.Fault{Nodes: c.nodes, Targets: c.targets, What: strings.Join(c.nodes, " ")}
}

// Before wants the nodes stopped: one that runs may write over the damage, and has read its log already.
func (c *corruptLogs) Before(ctx context.Context, e *Env) error {
	for _, node := range c.nodes {
		if up, err := e.Processes.Running(ctx, node); err != nil {
			return err
		} else if up {
			return fmt.Errorf("%s runs: only the log of a node that is stopped can be damaged", node)
		}
	}
	return nil
}

// Apply keeps the nodes down from before the first look at their logs on: what it writes back must be what
// it has read.
func (c *corruptLogs) Apply(ctx context.Context, e *Env) error {
	if err := c.Before(ctx, e); err != nil {
		return err
	}
	c.held = true
	return e.down.change(c.nodes, +1, func(_, _ []string) error {
		return together(c.nodes, func(node string) (err error) {
			i := slices.Index(c.nodes, node)
			if c.flips[i], err = flipLast(ctx, e, node); err == nil {
				e.damaged.add(node, c.flips[i].Record)
			}
			return err
		})
	})
}

func flipLast(ctx context.Context, e *Env, node string) (f flip, err error) {
	if f.Record, err = e.Disks.LastRecord(ctx, node); err != nil {
		return f, fmt.Errorf("there is nothing to damage: %w", err)
	}
	if f.was, err = e.Disks.ReadFile(ctx, node, f.File); err != nil {
		return f, err
	}
	if f.Byte < f.Offset || f.Byte >= int64(len(f.was)) {
		return f, fmt.Errorf("there is nothing to damage: byte %d lies outside of %s", f.Byte, f.File)
	}
	f.now = bytes.Clone(f.was)
	f.now[f.Byte] ^= flippedBit
	return f, e.Disks.WriteFile(ctx, node, f.File, f.now)
}

// Bites reads the logs back.
func (c *corruptLogs) Bites(ctx context.Context, e *Env) (bool, string, error) {
	var words []string
	for i, node := range c.nodes {
		f := c.flips[i]
		content, err := e.Disks.ReadFile(ctx, node, f.File)
		switch {
		case err != nil:
			return false, "", err
		case bytes.Equal(content, f.was):
			return false, fmt.Sprintf("%s of %s reads as it did before", f.File, node), nil
		case !bytes.Equal(content, f.now):
			return false, fmt.Sprintf("%s of %s differs in more than the bit that was flipped", f.File, node), nil
		}
		words = append(words, fmt.Sprintf("%s of %s reads %#02x at offset %d, which was %#02x, in the record at offset %d",
			f.File, node, f.now[f.Byte], f.Byte, f.was[f.Byte], f.Offset))
	}
	return true, strings.Join(words, "; "), nil
}

// Undo lets the nodes go. One that no other fault keeps down starts, or refuses to.
func (c *corruptLogs) Undo(ctx context.Context, e *Env) error {
	if !c.held {
		return nil
	}
	return e.down.change(c.nodes, -1, func(_, changed []string) error {
		return together(changed, func(node string) error { return e.start(ctx, node) })
	})
}

// Gone wants running who can. What was damaged nobody mends.
func (c *corruptLogs) Gone(ctx context.Context, e *Env) (bool, string, error) {
	if !c.held {
		return true, "nothing was damaged", nil
	}
	gone, seen, err := (&killNodes{nodes: c.nodes}).Gone(ctx, e)
	return gone, "the damage stays; " + seen, err
}
