package nemesis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"schism/history"
)

// puppets is a cluster in memory whose nodes are worked from within. Its defects are those that a
// nemesis must notice.
type puppets struct {
	*world
	board *Board
	began time.Time

	mu     sync.Mutex
	armed  map[string]Trap // by node and name
	logs   map[string][]LogEntry
	held   map[string]bool
	rate   map[string]float64
	shown  map[string]time.Duration // by the clock, when its rate was set
	since  map[string]time.Time
	wall   map[string]time.Duration // how far it is set
	leader string
	term   map[string]uint64
	calls  []string

	deaf, stubborn, noVotes, rigged bool // no failpoint fires, no clock bends, no campaign is won, each is
	hasty                           bool // a failpoint is passed before its arming is answered
	forgets                         bool // who goes down forgets that its timer is held
	splits                          bool // a handover unseats the leader, and the votes split

	boot    time.Duration // how long a node that starts refuses connections
	started map[string]time.Time
}

func newPuppets() *puppets {
	p := &puppets{
		world: newWorld(), board: new(Board), began: time.Now(), leader: "n1",
		armed: map[string]Trap{}, logs: map[string][]LogEntry{}, held: map[string]bool{}, rate: map[string]float64{},
		shown: map[string]time.Duration{}, since: map[string]time.Time{}, wall: map[string]time.Duration{}, term: map[string]uint64{},
		started: map[string]time.Time{},
	}
	for _, node := range five {
		p.rate[node], p.since[node], p.term[node] = 1, p.began, 1
	}
	return p
}

func (p *puppets) alive(node string) error {
	if up, _ := p.Running(context.Background(), node); !up || time.Since(p.started[node]) < p.boot {
		return errors.New("connection refused")
	}
	return nil
}

func (p *puppets) Arm(_ context.Context, node string, t Trap) error {
	p.mu.Lock()
	p.armed[node+t.Name] = t
	p.mu.Unlock()
	if p.hasty {
		p.pass(node, t.Name, t.Key, true)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alive(node)
}

func (p *puppets) Disarm(_ context.Context, node, name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.armed, node+name)
	return p.alive(node)
}

func (p *puppets) Armed(_ context.Context, node, name string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.armed[node+name]
	return ok, p.alive(node)
}

// pass is a passage at a failpoint.
func (p *puppets) pass(node, name, key string, durable bool) {
	p.mu.Lock()
	trap, ok := p.armed[node+name]
	p.mu.Unlock()
	if !ok || p.deaf {
		return
	}
	p.board.Post(history.Announcement{Failpoint: name, Node: node, Action: trap.Action, Key: key, Index: 7, Durable: durable})
	if trap.Action == ActionCrash {
		_ = p.KillNode(context.Background(), node)
		p.mu.Lock()
		delete(p.armed, node+name)
		p.mu.Unlock()
	}
}

func (p *puppets) Durable(_ context.Context, node, _ string) ([]LogEntry, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logs[node], p.alive(node)
}

func (p *puppets) Transfer(_ context.Context, node, to string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, "transfer "+node+" "+to)
	p.win(to)
	if p.splits {
		p.leader = ""
	}
	return nil
}

func (p *puppets) win(node string) {
	p.leader = node
	for _, n := range five {
		p.term[n]++
	}
}

func (p *puppets) HoldElection(_ context.Context, node string, hold bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.alive(node); err != nil {
		return err
	}
	p.calls = append(p.calls, fmt.Sprintf("hold %s %v", node, hold))
	p.held[node] = hold
	return nil
}

func (p *puppets) ElectionHeld(_ context.Context, node string) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held[node], p.alive(node)
}

// StartNode is that of a node that remembers whether its timer is held, unless it forgets.
func (p *puppets) StartNode(ctx context.Context, node string) error {
	p.mu.Lock()
	p.held[node], p.started[node] = p.held[node] && !p.forgets, time.Now()
	maps.DeleteFunc(p.armed, func(at string, _ Trap) bool { return strings.HasPrefix(at, node) })
	p.mu.Unlock()
	return p.world.StartNode(ctx, node)
}

func (p *puppets) Campaign(_ context.Context, node string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, "campaign "+node)
	if p.rigged || !p.noVotes {
		p.win(node)
		return nil
	}
	for _, n := range five {
		p.term[n]++
	}
	return nil
}

func (p *puppets) Role(_ context.Context, node string) (history.Role, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := history.Role{Role: "follower", Term: p.term[node], Leader: p.leader}
	if p.leader == node {
		r.Role = "leader"
	}
	return r, p.alive(node)
}

func (p *puppets) SetRate(_ context.Context, node string, rate float64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.alive(node); err != nil || p.stubborn {
		return err
	}
	p.shown[node] += time.Duration(float64(time.Since(p.since[node])) * p.rate[node])
	p.since[node], p.rate[node] = time.Now(), rate
	return nil
}

func (p *puppets) Clock(_ context.Context, node string) (time.Duration, error) {
	time.Sleep(3 * time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown[node] + time.Duration(float64(time.Since(p.since[node]))*p.rate[node]), p.alive(node)
}

func (p *puppets) SetWall(_ context.Context, node string, by time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stubborn {
		p.wall[node] = by
	}
	return p.alive(node)
}

func (p *puppets) Wall(_ context.Context, node string) (time.Time, error) {
	time.Sleep(3 * time.Millisecond)
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Add(p.wall[node] + 5*time.Minute), p.alive(node) // it was never right
}

// Leader waits for an election where nobody leads: n2 wins it, as soon as its timer runs.
func (p *puppets) Leader(ctx context.Context) (string, error) {
	for {
		p.mu.Lock()
		leader, held := p.leader, p.held["n2"]
		p.mu.Unlock()
		if leader != "" {
			return leader, nil
		}
		if sleep(ctx, 150*time.Millisecond); ctx.Err() != nil {
			return "", errors.New("waited for a leader")
		}
		if !held {
			p.mu.Lock()
			p.win("n2")
			p.mu.Unlock()
		}
	}
}

func (p *puppets) RegionLeader(ctx context.Context) (string, error) { return p.Leader(ctx) }

// pull plays one entry with the puppets; an operation that is asked passes append.after-fsync at the node
// that is asked, and is held by so many nodes afterwards.
func pull(t *testing.T, p *puppets, holders int, entry string) *timedTape {
	t.Helper()
	s, err := parse(t, "nemesis: ["+entry+"]")
	if err != nil {
		t.Fatal(err)
	}
	rec := &timedTape{}
	o := &oracle{began: p.began, answer: func(q Question, _ time.Duration) Reply {
		p.mu.Lock()
		for i := range holders {
			p.logs[five[i]] = append(p.logs[five[i]], LogEntry{Index: 7, Value: q.Value})
		}
		p.mu.Unlock()
		p.pass(q.Node, "append.after-fsync", q.Key, true)
		return Reply{Kind: history.Info, Error: "reset"}
	}}
	n := &Nemesis{
		Schedule: s, Seed: 1, Length: 10 * time.Second, Leaders: p, Recorder: rec,
		Env: &Env{Nodes: five, Network: p, Processes: p, Pauser: p, Health: p, Asker: o, Control: p, Board: p.board},
	}
	if err := n.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return rec
}

// proofs are what was measured of each fault, and whether it was so.
func proofs(rec *timedTape) []string {
	var all []string
	for _, e := range rec.events {
		if f, ok := history.FaultOf(e); ok && f.Bit != nil {
			all = append(all, fmt.Sprintf("%s %v: %s", e.F, *f.Bit, f.Proof))
		}
	}
	return all
}
