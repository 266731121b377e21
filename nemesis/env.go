package nemesis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"schism/history"
)

// Link is one direction of the connection between two nodes: what From sends to To.
type Link struct{ From, To string }

// Network cuts links. SetCuts is the whole desired state.
type Network interface {
	SetCuts(ctx context.Context, cut []Link) error
	// Probe says over which links a message arrived within wait.
	Probe(ctx context.Context, links []Link, wait time.Duration) (map[Link]bool, error)
}

// Processes ends and starts nodes.
type Processes interface {
	// KillNode leaves a node that does not run as it is.
	KillNode(ctx context.Context, node string) error
	StartNode(ctx context.Context, node string) error
	// Running asks the operating system whether the node's process is there, frozen or not.
	Running(ctx context.Context, node string) (bool, error)
}

// Pauser freezes nodes.
type Pauser interface {
	PauseNode(ctx context.Context, node string) error
	ResumeNode(ctx context.Context, node string) error
	// Paused asks the operating system.
	Paused(ctx context.Context, node string) (bool, error)
}

// Health knows the nodes from within.
type Health interface {
	// Back waits until a node that was started again takes part: it answers, follows or leads, and
	// has applied what was committed before it came.
	Back(ctx context.Context, node string) error
}

// Leadership knows who leads.
type Leadership interface {
	// Leader is the node that says it leads, of the highest term, as seen just now. It waits until
	// there is one, or ctx ends.
	Leader(ctx context.Context) (string, error)
	// RegionLeader is the node that says it holds the region lease, of the highest epoch, in the same way.
	RegionLeader(ctx context.Context) (string, error)
}

// Recorder is what the nemesis needs of a history.
type Recorder interface {
	Record(history.Event) (history.Event, error)
}

// Env is what faults act on. Faults that overlap share it: a link stays cut, and a node down, until
// the last fault that holds it lets go.
type Env struct {
	Nodes     []string
	Network   Network
	Processes Processes
	Pauser    Pauser   // nil: this runtime cannot
	Impairer  Impairer // nil: the same
	Health    Health   // nil: a node is back when its process is there
	Asker     Asker    // nil: the schedule asks nothing
	Control   Control  // nil: the nodes cannot be worked from within
	Board     *Board   // what their failpoints announced; nil without Control
	Disks     Disks    // nil: nobody reaches them
	Recorder  Recorder // takes what nodes do about a damaged disk; needed with Disks

	worse   worse
	cuts    ledger[Link]
	down    ledger[string]
	paused  ledger[string]
	silent  ledger[string] // whose election timer is held
	damaged damages
	asked   asked
}

// start starts a node as the faults that are on want it. Its election timer is held if it was when it went
// down; what began or ended meanwhile it is told now, under the ledger's lock: a hold that ends just now
// would else be undone before this one is ordered, which stayed.
func (e *Env) start(ctx context.Context, node string) error {
	err := e.Processes.StartNode(ctx, node)
	if hurt, is := e.damaged.find(node); is {
		var up bool
		if up, err = e.meet(ctx, node, hurt, err); !up {
			return err
		}
	}
	if err != nil || e.Control == nil {
		return err
	}
	return e.silent.change([]string{node}, 0, func(held, _ []string) error {
		want := slices.Contains(held, node)
		_, err := e.reach(ctx, node, func() error {
			if is, err := e.Control.ElectionHeld(ctx, node); err != nil || is == want {
				return err
			}
			return e.Control.HoldElection(ctx, node, want)
		})
		if err != nil {
			return fmt.Errorf("hold the election timer of %s as before: %w", node, err)
		}
		return nil
	})
}

// reach does something at a node's control port, again until it is heard: a node that starts just now
// refuses connections for a while. One that is down has nothing to hear: up is false then.
func (e *Env) reach(ctx context.Context, node string, do func() error) (up bool, err error) {
	for {
		if up, err = e.Processes.Running(ctx, node); err != nil || !up {
			return up, err
		}
		if err = do(); err == nil {
			return true, nil
		}
		if sleep(ctx, startPoll); ctx.Err() != nil {
			return true, err
		}
	}
}

// startPoll is how often a node that starts is asked whether it listens.
const startPoll = 10 * time.Millisecond

// controlled is nil if nodes can be worked from within.
func controlled(e *Env) error {
	if e.Control == nil {
		return errors.New("the nodes have no control port (control: true, under cluster.options)")
	}
	return nil
}

// cut adds links to what is silent.
func (e *Env) cut(ctx context.Context, links []Link) error {
	return e.cuts.change(links, +1, func(held []Link, _ []Link) error {
		slices.SortFunc(held, compareLinks)
		return e.Network.SetCuts(ctx, held)
	})
}

// restore takes links away from what is silent, those that no other fault holds.
func (e *Env) restore(ctx context.Context, links []Link) error {
	return e.cuts.change(links, -1, func(held []Link, _ []Link) error {
		slices.SortFunc(held, compareLinks)
		return e.Network.SetCuts(ctx, held)
	})
}

func compareLinks(a, b Link) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}

// ledger counts the faults that hold each thing.
type ledger[T comparable] struct {
	mu    sync.Mutex
	count map[T]int
}

// change adds by to the counts and calls act, under the lock, with all that is held then and with
// those whose state changed. If act fails the counts stay changed: what was ordered is still owed.
func (l *ledger[T]) change(things []T, by int, act func(held, changed []T) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count == nil {
		l.count = make(map[T]int)
	}
	var changed []T
	for _, t := range things {
		before := l.count[t] > 0
		l.count[t] += by
		if after := l.count[t] > 0; after != before {
			changed = append(changed, t)
		}
		if l.count[t] <= 0 {
			delete(l.count, t)
		}
	}
	held := make([]T, 0, len(l.count))
	for t := range l.count {
		held = append(held, t)
	}
	return act(held, changed)
}

// free are those of things that no fault holds.
func (l *ledger[T]) free(things []T) []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	var free []T
	for _, t := range things {
		if l.count[t] == 0 {
			free = append(free, t)
		}
	}
	return free
}
