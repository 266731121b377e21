package nemesis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"schism/history"
)

// asked is every operation with a name that the schedule has asked for.
type asked struct {
	mu   sync.Mutex
	last map[string]Question // by name
}

func (a *asked) add(q Question) {
	if q.Name == "" {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == nil {
		a.last = make(map[string]Question)
	}
	a.last[q.Name] = q
}

func (a *asked) find(name string) (Question, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	q, ok := a.last[name]
	if !ok {
		return q, fmt.Errorf("%s has not been asked yet", name)
	}
	return q, nil
}

// indexOf is where an operation's entry stands in a node's log.
func (e *Env) indexOf(ctx context.Context, node, name string) (uint64, error) {
	q, err := e.asked.find(name)
	if err != nil {
		return 0, err
	}
	entries, err := e.Control.Durable(ctx, node, q.Key)
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		if history.Text(entry.Value) == history.Text(q.Value) {
			return entry.Index, nil
		}
	}
	return 0, fmt.Errorf("%s holds no entry of %s", node, name)
}

// holders are the nodes whose disks hold the entry of an operation: of those that live their logs say
// so, of the others what they announced last about its key, which was just before they went down.
func (e *Env) holders(ctx context.Context, name string) (history.Holders, error) {
	h := history.Holders{Name: name, Nodes: []string{}}
	q, err := e.asked.find(name)
	if err != nil {
		return h, err
	}
	holds := make([]bool, len(e.Nodes))
	err = together(e.Nodes, func(node string) error {
		i := slices.Index(e.Nodes, node)
		up, err := e.Processes.Running(ctx, node)
		if err != nil {
			return err
		}
		if !up {
			holds[i] = e.heldAtLast(node, q.Key)
			return nil
		}
		entries, err := e.Control.Durable(ctx, node, q.Key)
		holds[i] = slices.ContainsFunc(entries, func(entry LogEntry) bool { return history.Text(entry.Value) == history.Text(q.Value) })
		return err
	})
	for i, node := range e.Nodes {
		if holds[i] {
			h.Nodes = append(h.Nodes, node)
		}
	}
	return h, err
}

func (e *Env) heldAtLast(node, key string) bool {
	told := e.Board.since(0, func(a history.Announcement) bool { return a.Node == node && a.Key == key })
	if len(told) == 0 {
		return false
	}
	last := told[len(told)-1]
	return last.Index > 0 && last.Durable // without an index it spoke of no entry
}

// count waits until so many nodes hold an operation's entry, and writes down who they are.
func (n *Nemesis) count(ctx context.Context, c Condition) (seen string, holds bool, err error) {
	h, err := n.Env.holders(ctx, c.name)
	if err != nil {
		return err.Error(), false, nil
	}
	seen = fmt.Sprintf("held by %d nodes: %s", len(h.Nodes), strings.Join(h.Nodes, " "))
	if len(h.Nodes) != c.count {
		return seen, false, nil
	}
	_, err = n.Recorder.Record(history.Event{
		Process: history.Nemesis, Kind: history.Info, F: history.HoldersCounted, Value: history.Encode(h),
	})
	return seen, true, err
}
