package targetnode

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"schism/targetnode/control"
	"schism/targetnode/failpoint"
	"schism/targetnode/kv"
	"schism/targetnode/raft"
)

// Points are the node's failpoints.
func (n *node) Points() *failpoint.Set { return n.points }

// inLoop lets the loop do something, between two of its rounds, and waits for it.
func (n *node) inLoop(ctx context.Context, do func(now raft.Time)) error {
	done := make(chan struct{})
	select {
	case n.control <- func(now raft.Time) { defer close(done); do(now) }:
		<-done
		return nil
	case <-n.stopped:
		return errors.New("the node is stopping")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Log is what the node's disk holds on a key, as far as its syncs have returned.
func (n *node) Log(ctx context.Context, key string) (control.Log, error) {
	log := control.Log{Node: n.cfg.Name, Entries: []control.Entry{}}
	var entries []raft.Entry
	err := n.inLoop(ctx, func(raft.Time) {
		s := n.core.Status()
		log.Term, log.Commit, log.First = uint64(s.Term), uint64(s.Commit), uint64(s.FirstIndex)
		entries = n.core.Log()
		durable := n.disk.durable()
		for len(entries) > 0 && entries[len(entries)-1].Index > durable {
			entries = entries[:len(entries)-1]
		}
	})
	if err != nil {
		return log, err
	}
	for _, e := range entries {
		value, ok := kv.Concerns(e.Data, key)
		if e.Kind != raft.EntryCommand || !ok {
			continue
		}
		if value == nil {
			value = json.RawMessage("null")
		}
		log.Entries = append(log.Entries, control.Entry{Index: uint64(e.Index), Term: uint64(e.Term), Value: value})
	}
	return log, nil
}

// Clock is how the node's clock goes.
func (n *node) Clock() control.Clock {
	p := n.clock.pace.Load()
	return control.Clock{Rate: p.rate, Offset: failpoint.Span(p.offset), NowNS: int64(n.clock.now()), WallNS: p.wallNow()}
}

// SetClock changes how the node's clock goes. The loop does it, so that it sets its timer anew.
func (n *node) SetClock(ctx context.Context, rate float64, offset time.Duration) error {
	return n.inLoop(ctx, func(raft.Time) { n.clock.set(rate, offset) })
}

// Transfer begins to hand leadership over to the named node.
func (n *node) Transfer(ctx context.Context, to string) (err error) {
	all := *n.book.Load()
	heir := all.idOf(to)
	if heir == 0 {
		return fmt.Errorf("%q is no node of this cluster; there are %s", to, all.names())
	}
	stopping := n.inLoop(ctx, func(now raft.Time) { err = n.core.Transfer(now, heir) })
	if err != nil {
		err = fmt.Errorf("%w: %w", control.ErrNow, err)
	}
	return errors.Join(stopping, err)
}

// HoldElections makes the node's election timer stand still, or run again. A hold outlives the process: who
// holds the timer of a node that starts again would else race with it, and lose on a slow machine.
func (n *node) HoldElections(ctx context.Context, hold bool) error {
	if err := n.markHeld(hold); err != nil {
		return err
	}
	return n.inLoop(ctx, func(now raft.Time) { n.core.HoldElections(now, hold) })
}

// heldMark is the file in the data directory whose presence says that the timer is held.
const heldMark = "elections-held"

func (n *node) markHeld(hold bool) error {
	mark := filepath.Join(n.cfg.DataDir, heldMark)
	if hold {
		return os.WriteFile(mark, nil, 0o600)
	}
	if err := os.Remove(mark); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// wasHeld says whether the timer was held when the node went down. Without a control port nobody could let
// it go again.
func (c *Config) wasHeld() bool {
	_, err := os.Stat(filepath.Join(c.DataDir, heldMark))
	return err == nil && c.ListenControl != ""
}

// ElectionsHeld says whether it stands still.
func (n *node) ElectionsHeld(ctx context.Context) (held bool, err error) {
	err = n.inLoop(ctx, func(raft.Time) { held = n.core.ElectionsHeld() })
	return held, err
}

// Campaign begins an election.
func (n *node) Campaign(ctx context.Context) error {
	return n.inLoop(ctx, n.core.Campaign)
}
