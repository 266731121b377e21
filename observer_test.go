package schism

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"schism/history"
)

// slowNode is a target of which only Status is ever asked: it answers after some time what it is told to.
type slowNode struct {
	Target
	mu   sync.Mutex
	wait time.Duration
	role map[string]history.Role // by address
}

func (s *slowNode) Status(ctx context.Context, addr string) (Status, error) {
	s.mu.Lock()
	wait, role := s.wait, s.role[addr]
	s.mu.Unlock()
	select {
	case <-time.After(wait):
		return Status{Role: role}, nil
	case <-ctx.Done():
		return Status{}, ctx.Err()
	}
}

func (s *slowNode) set(wait time.Duration, roles map[string]history.Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wait, s.role = wait, roles
}

// observed runs an observer over n1 and n2 in a bubble of virtual time, and gives what it wrote.
func observed(t *testing.T, script func(node *slowNode)) (events []history.Event) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		node := &slowNode{}
		o := newObserver(node, []string{"n1", "n2"}, func(n string) string { return n }, 250*time.Millisecond)
		var mu sync.Mutex
		o.recordTo(func(e history.Event) error {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, e)
			return nil
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- o.watch(ctx) }()
		script(node)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return events
}

func ofKind(events []history.Event, f string) []history.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e history.Event) bool { return e.F != f })
}

// A node that answers late, or not at all for a while, is written down as a stall when it answers again.
func TestObserverTellsStalls(t *testing.T) {
	for _, c := range []struct {
		name string
		wait time.Duration
		for_ time.Duration
		want time.Duration // 0: no stall
	}{
		{"in time", 100 * time.Millisecond, time.Second, 0},
		{"late", 300 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond},
		{"no answer for some polls", time.Hour, time.Second, 1200 * time.Millisecond}, // three answers time out
	} {
		t.Run(c.name, func(t *testing.T) {
			stalls := ofKind(observed(t, func(node *slowNode) {
				time.Sleep(time.Second)
				node.set(c.wait, nil)
				time.Sleep(c.for_)
				node.set(0, nil)
				time.Sleep(time.Second)
			}), history.StallSeen)
			if c.want == 0 {
				if len(stalls) > 0 {
					t.Errorf("stalls out of nothing: %+v", stalls)
				}
				return
			}
			if len(stalls) != 2 || stalls[0].Node == stalls[1].Node {
				t.Fatalf("want a stall of either node, found %+v", stalls)
			}
			for _, e := range stalls {
				var s history.Stall
				if err := json.Unmarshal(e.Value, &s); err != nil || s.For < c.want || s.For > c.want+100*time.Millisecond {
					t.Errorf("%s stood still for %v, want %v: %v", e.Node, s.For, c.want, err)
				}
			}
		})
	}
}

// Roles are written when they change; but while two nodes claim one term, with every answer.
func TestObserverWatchesRivals(t *testing.T) {
	leader := func(term uint64) history.Role { return history.Role{Role: leads, Term: term} }
	roles := func(first, second uint64) []history.Event {
		return ofKind(observed(t, func(node *slowNode) {
			node.set(0, map[string]history.Role{"n1": leader(first), "n2": leader(second)})
			time.Sleep(time.Second)
		}), history.RoleChange)
	}
	if told := roles(5, 6); len(told) > 4 { // two changes each: before, and after the roles were set
		t.Errorf("two leaders of two terms were written %d times: %s", len(told), describe(told))
	}
	if told := roles(5, 5); len(told) < 20 {
		t.Errorf("two leaders of one term were written only %d times: %s", len(told), describe(told))
	}
}

func describe(events []history.Event) string {
	var words []string
	for _, e := range events {
		words = append(words, e.Node+" "+string(e.Value))
	}
	return fmt.Sprint(words)
}

// restarted is a target of two nodes that were both killed: n1 leads the term after, and has learnt nothing yet.
type restarted struct {
	Target
	mu              sync.Mutex
	leader, follows Status
}

func (r *restarted) Status(_ context.Context, addr string) (Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if addr == "n1" {
		return r.leader, nil
	}
	return r.follows, nil
}

// After a restart all nodes stand at 0, the leader too: that is no state to be read for what was lost.
func TestALeaderThatKnowsNothingYetIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		role := func(name string) history.Role { return history.Role{Role: name, Term: 2, Leader: "n1"} }
		node := &restarted{leader: Status{Role: role("leader")}, follows: Status{Role: role("follower")}}
		o := newObserver(node, []string{"n1", "n2"}, func(n string) string { return n }, 250*time.Millisecond)
		o.recordTo(func(history.Event) error { return nil })
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- o.watch(ctx) }()
		soon, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if commit, err := o.caughtUp(soon); err == nil {
			t.Errorf("caught up at %d, with a leader that has committed nothing in its term", commit)
		}
		node.mu.Lock()
		node.leader.Applied, node.leader.AppliedTerm = 9, 2 // Commit was read before
		node.mu.Unlock()
		later, cancelled := context.WithTimeout(ctx, 5*time.Second)
		defer cancelled()
		if commit, err := o.caughtUp(later); err == nil {
			t.Errorf("caught up at %d, with a follower at 0", commit)
		}
		node.mu.Lock()
		node.follows.Applied, node.follows.AppliedTerm = 9, 2
		node.mu.Unlock()
		if commit, err := o.caughtUp(ctx); err != nil || commit != 9 {
			t.Errorf("caught up at %d, %v; want 9", commit, err)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// gone is a target whose n2 never answers.
type gone struct{ Target }

func (gone) Status(_ context.Context, addr string) (Status, error) {
	if addr == "n2" {
		return Status{}, errors.New("connection refused")
	}
	return Status{Role: history.Role{Role: "leader", Term: 2, Leader: "n1"}, Commit: 9, Applied: 9, AppliedTerm: 2}, nil
}

// Nobody waits for a node that has refused to start; for one that is down for no such reason they do.
func TestWhoRefusedToStartIsNotWaitedFor(t *testing.T) {
	for _, absent := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			o := newObserver(gone{}, []string{"n1", "n2"}, func(n string) string { return n }, 250*time.Millisecond)
			o.absent = func(node string) bool { return absent && node == "n2" }
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- o.watch(ctx) }()
			bound, cancel := context.WithTimeout(ctx, 5*time.Second)
			defer cancel()
			if commit, err := o.caughtUp(bound); (err == nil) != absent || absent && commit != 9 {
				t.Errorf("n2 absent %v: caught up at %d, %v", absent, commit, err)
			}
			if !o.answered("n1", time.Now().Add(-time.Second)) || o.answered("n2", time.Now().Add(-time.Second)) || o.answered("n1", time.Now()) {
				t.Error("n1 answers, and n2 does not")
			}
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}
