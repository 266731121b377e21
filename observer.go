package schism

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"schism/history"
)

// Bounds of the observer's polling.
const (
	observeEvery = 50 * time.Millisecond
	statusBound  = 400 * time.Millisecond // of one answer
	staleAfter   = 500 * time.Millisecond // an older answer says nothing about now
	clockEvery   = 10 * time.Millisecond
)

// The roles that the controller knows by name.
const (
	leads = "leader"
	down  = "down" // does not answer
)

// observer asks every node what it takes itself for, and writes the changes down. What it knows
// serves selectors, words and pictures; no safety checker reads it.
type observer struct {
	target Target
	nodes  []string
	addr   func(node string) string
	stall  time.Duration          // a time without an answer, or without being scheduled, that is written down
	absent func(node string) bool // whom nobody waits for; nil: there is nobody

	mu      sync.Mutex
	record  func(history.Event) error // nil: nobody writes yet
	told    map[string]history.Role   // what was recorded last
	seen    map[string]sighting
	changed chan struct{} // closed and replaced whenever an answer came
}

type sighting struct {
	status Status
	err    error
	at     time.Time
}

func newObserver(target Target, nodes []string, addr func(string) string, stall time.Duration) *observer {
	return &observer{
		target: target, nodes: nodes, addr: addr, stall: stall,
		told:    make(map[string]history.Role),
		seen:    make(map[string]sighting),
		changed: make(chan struct{}),
	}
}

// watch polls until ctx ends. The error is that of the history.
func (o *observer) watch(ctx context.Context) error {
	errs := make([]error, len(o.nodes)+1)
	var watchers sync.WaitGroup
	for i, node := range o.nodes {
		watchers.Go(func() { errs[i] = o.watchNode(ctx, node) })
	}
	watchers.Go(func() { errs[len(o.nodes)] = o.watchClock(ctx) })
	watchers.Wait()
	return errors.Join(errs...)
}

// watchClock writes down when the controller was not scheduled for long: the nodes, on the same machine,
// may not have been either.
func (o *observer) watchClock(ctx context.Context) error {
	tick := time.NewTicker(clockEvery)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		late := time.Since(last) - clockEvery
		last = time.Now()
		if err := o.tellStall("", late); err != nil {
			return err
		}
	}
}

// tellStall writes a stall down that has just ended, if it is long enough.
func (o *observer) tellStall(node string, span time.Duration) error {
	o.mu.Lock()
	record := o.record
	o.mu.Unlock()
	if record == nil || span < o.stall {
		return nil
	}
	return record(history.Event{
		Process: history.Observer, Kind: history.Info, F: history.StallSeen, Node: node, Value: history.Encode(history.Stall{For: span}),
	})
}

func (o *observer) watchNode(ctx context.Context, node string) error {
	tick := time.NewTicker(observeEvery)
	defer tick.Stop()
	asked := time.Now() // since when there has been no answer
	for {
		role := o.look(ctx, node)
		if ctx.Err() != nil {
			return nil
		}
		if role.Role != down {
			if err := o.tellStall(node, time.Since(asked)); err != nil {
				return err
			}
		}
		if err := o.tell(node, role); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if role.Role != down {
			asked = time.Now()
		}
	}
}

// recordTo begins to write the roles down, as they are and then as they change.
func (o *observer) recordTo(record func(history.Event) error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.record = record
}

func (o *observer) tell(node string, role history.Role) error {
	o.mu.Lock()
	record := o.record
	news := record != nil && (role != o.told[node] || o.rivalled(node, role))
	if news {
		o.told[node] = role
	}
	o.mu.Unlock()
	if !news {
		return nil
	}
	return record(history.Event{
		Process: history.Observer, Kind: history.Info, F: history.RoleChange, Node: node, Value: history.Encode(role),
	})
}

// rivalled says whether another node leads the same term, as far as it was told. Every answer of the two is
// written down then: that a node led all the time between two answers is what proves a split brain.
func (o *observer) rivalled(node string, role history.Role) bool {
	if role.Role != leads {
		return false
	}
	for other, r := range o.told {
		if other != node && r.Role == leads && r.Term == role.Term {
			return true
		}
	}
	return false
}

// look asks one node once.
func (o *observer) look(ctx context.Context, node string) history.Role {
	ctx, cancel := context.WithTimeout(ctx, statusBound)
	defer cancel()
	s, err := o.target.Status(ctx, o.addr(node))
	if err != nil {
		s.Role = history.Role{Role: down}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seen[node] = sighting{status: s, err: err, at: time.Now()}
	close(o.changed)
	o.changed = make(chan struct{})
	return s.Role
}

// await waits until cond holds of what is seen; its error says what was awaited and what was seen
// last.
func (o *observer) await(ctx context.Context, what string, cond func(map[string]sighting) bool) error {
	for {
		o.mu.Lock()
		fresh := o.fresh()
		holds, changed := cond(fresh), o.changed
		o.mu.Unlock()
		if holds {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waited for %s; last seen: %s", what, o.describe())
		}
	}
}

// fresh are the sightings that speak of now.
func (o *observer) fresh() map[string]sighting {
	fresh := make(map[string]sighting)
	for node, s := range o.seen {
		if s.err == nil && time.Since(s.at) < staleAfter {
			fresh[node] = s
		}
	}
	return fresh
}

func (o *observer) describe() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var words []string
	for _, node := range o.nodes {
		s, ok := o.seen[node]
		switch {
		case !ok:
			words = append(words, node+" never answered")
		case s.err != nil:
			words = append(words, fmt.Sprintf("%s: %v", node, s.err))
		default:
			words = append(words, fmt.Sprintf("%s %s of term %d, applied %d of %d", node, s.status.Role.Role, s.status.Term, s.status.Applied, s.status.Commit))
		}
	}
	return strings.Join(words, "; ")
}

// Leader waits for a node that says it leads; of several the one of the highest term.
func (o *observer) Leader(ctx context.Context) (leader string, err error) {
	err = o.await(ctx, "a leader", func(seen map[string]sighting) bool {
		leader = leaderOf(seen)
		return leader != ""
	})
	return leader, err
}

func leaderOf(seen map[string]sighting) string {
	var leader string
	var term uint64
	for node, s := range seen {
		if s.status.Role.Role == leads && s.status.Term > term {
			leader, term = node, s.status.Term
		}
	}
	return leader
}

// RegionLeader waits for a node that says it holds the region lease; of several the one of the highest epoch.
func (o *observer) RegionLeader(ctx context.Context) (holder string, err error) {
	err = o.await(ctx, "a region leader", func(seen map[string]sighting) bool {
		holder = ""
		var epoch uint64
		for node, s := range seen {
			if r := s.status.Region; r.Holds && r.Epoch > epoch {
				holder, epoch = node, r.Epoch
			}
		}
		return holder != ""
	})
	return holder, err
}

// knowsCommitted says whether a leader has applied an entry of its own term. Before that its commit index is what
// it was when it followed, or 0 after a restart: all nodes may stand there and hold nothing of what was committed.
func (s sighting) knowsCommitted() bool { return s.status.AppliedTerm >= s.status.Term }

// committed is the newest entry that the node is known to have seen committed: the two are not read at one moment.
func (s sighting) committed() uint64 { return max(s.status.Commit, s.status.Applied) }

// caughtUp waits until one leader is followed by every node, and each has applied what the leader
// had committed. It returns that commit index.
func (o *observer) caughtUp(ctx context.Context) (commit uint64, err error) {
	err = o.await(ctx, "every node to apply what the leader has committed", func(seen map[string]sighting) bool {
		leader, ok := seen[leaderOf(seen)]
		if !ok || !leader.knowsCommitted() || !o.complete(seen) {
			return false
		}
		commit = leader.committed()
		for _, s := range seen {
			if s.status.Term != leader.status.Term || s.status.Applied < commit {
				return false
			}
		}
		return true
	})
	return commit, err
}

// complete says whether every node was seen that is waited for.
func (o *observer) complete(seen map[string]sighting) bool {
	for _, node := range o.nodes {
		if _, ok := seen[node]; !ok && (o.absent == nil || !o.absent(node)) {
			return false
		}
	}
	return true
}

// answered says whether the node has answered since then.
func (o *observer) answered(node string, since time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, ok := o.seen[node]
	return ok && s.err == nil && s.at.After(since)
}

// Back waits until a node that was started again answers, follows the leader or leads, and has applied
// what the leader had committed by then.
func (o *observer) Back(ctx context.Context, node string) error {
	began := time.Now() // an older answer may be that of the life before
	committed, known := uint64(0), false
	return o.await(ctx, node+" to answer and to apply what is committed", func(seen map[string]sighting) bool {
		s, answered := seen[node]
		leader, led := seen[leaderOf(seen)]
		if led = led && leader.knowsCommitted(); led && !known {
			committed, known = leader.committed(), true
		}
		return answered && led && s.at.After(began) && s.status.Term == leader.status.Term && s.status.Applied >= committed
	})
}

// leaders tells who leads, for the progress line: "n1 t2", or several.
func (o *observer) leaders() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var words []string
	for node, s := range o.fresh() {
		if s.status.Role.Role == leads {
			words = append(words, fmt.Sprintf("%s t%d", node, s.status.Term))
		}
	}
	if len(words) == 0 {
		return "none"
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}
