package nemesis

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// WallClock sets the wall clocks of nodes forward or back, as an operator does, or a time server that is
// wrong. Their monotonic clocks go on. It is proved by reading them.
type WallClock struct {
	At      Group         `yaml:"at"`
	Forward time.Duration `yaml:"forward,omitempty"` // one of the two
	Back    time.Duration `yaml:"back,omitempty"`
}

// leastSet is the least by which a wall clock is set: less could be the time that an answer takes.
const leastSet = time.Second

func decodeWallClock(n *yaml.Node, d *strictyaml.Document) Fault {
	w := &WallClock{}
	d.Value(n, w)
	return w
}

func (w *WallClock) Kind() string   { return "wall-clock" }
func (w *WallClock) String() string { return "wall-clock: " + inOneLine(w) }

// MarshalYAML writes it on one line.
func (w *WallClock) MarshalYAML() (any, error) {
	type plain WallClock
	return flowFields((*plain)(w))
}

// Check wants nodes, and a change that can be measured.
func (w *WallClock) Check(nodes []string, d *strictyaml.Document) {
	if len(w.At) == 0 || (w.Forward == 0) == (w.Back == 0) {
		d.Errorf("write wall-clock: {at: n1, back: 20s}", []any{w}, "a wall clock needs at, and either forward or back")
		return
	}
	w.At.check(nodes, d)
	if w.by().Abs() < leastSet {
		d.Errorf(fmt.Sprintf("%v at least", leastSet), []any{&w.Forward, &w.Back}, "a wall clock that is set by %v", w.by())
	}
}

func (w *WallClock) by() time.Duration { return w.Forward - w.Back }

// FromWithin says that it acts through Control.
func (w *WallClock) FromWithin() {}

// Aim chooses the nodes.
func (w *WallClock) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	nodes, err := pick.Nodes(ctx, w.At)
	if err != nil {
		return nil, err
	}
	return &setTime{nodes: nodes, targets: pick.Targets(), by: w.by(), was: make(map[string]lead)}, nil
}

// setTime is the strike of WallClock.
type setTime struct {
	nodes   []string
	targets map[string][]string
	by      time.Duration
	was     map[string]lead // before it was set: nobody says that the clock was right
}

func (s *setTime) Describe() history.Fault {
	return history.Fault{Nodes: s.nodes, Targets: s.targets, What: fmt.Sprintf("of %s by %v", strings.Join(s.nodes, " "), s.by)}
}

// Before reads how far the clocks are from the right time.
func (s *setTime) Before(ctx context.Context, e *Env) error {
	for _, node := range s.nodes {
		l, err := readLead(ctx, e, node)
		if err != nil {
			return fmt.Errorf("%s: %w", node, err)
		}
		s.was[node] = l
	}
	return nil
}

func (s *setTime) Apply(ctx context.Context, e *Env) error { return s.set(ctx, e, s.by) }

func (s *setTime) Undo(ctx context.Context, e *Env) error { return s.set(ctx, e, 0) }

func (s *setTime) set(ctx context.Context, e *Env, by time.Duration) error {
	return together(s.nodes, func(node string) error {
		_, err := e.reach(ctx, node, func() error { return e.Control.SetWall(ctx, node, by) })
		return err // a node that is down starts with a clock that is right
	})
}

func (s *setTime) Bites(ctx context.Context, e *Env) (bool, string, error) {
	return s.all(ctx, e, s.nodes, s.by, 0)
}

// Gone has nothing to measure at a node that another fault keeps down: it starts with a clock that is right.
func (s *setTime) Gone(ctx context.Context, e *Env) (bool, string, error) {
	up := e.due(s.nodes)
	if len(up) == 0 {
		return true, fmt.Sprintf("0 of %d nodes run", len(s.nodes)), nil
	}
	return s.all(ctx, e, up, 0, s.by)
}

// all measures whether every clock has moved by so much since before, and not by the other.
func (s *setTime) all(ctx context.Context, e *Env, nodes []string, by, other time.Duration) (bool, string, error) {
	holds := true
	var words []string
	for _, node := range nodes {
		now, err := readLead(ctx, e, node)
		if err != nil {
			return false, "", fmt.Errorf("%s: %w", node, err)
		}
		moved := now.since(s.was[node])
		holds = holds && moved.holds(by) && !moved.holds(other)
		words = append(words, fmt.Sprintf("the wall clock of %s is set by %s", node, moved))
	}
	return holds, strings.Join(words, ", "), nil
}

// lead is between which spans a wall clock is ahead of this machine's: when in an answer's time it was read
// nobody knows.
type lead struct{ least, most time.Duration }

func (l lead) holds(by time.Duration) bool { return l.least <= by && by <= l.most }

// since is how far the clock has moved against what it showed before.
func (l lead) since(was lead) lead { return lead{l.least - was.most, l.most - was.least} }

func (l lead) String() string {
	return fmt.Sprintf("%v to %v", l.least.Round(time.Millisecond), l.most.Round(time.Millisecond))
}

// readLead reads a wall clock until the answer is quick enough to tell leastSet from nothing.
func readLead(ctx context.Context, e *Env, node string) (lead, error) {
	began := time.Now()
	for {
		before := time.Now()
		shown, err := e.Control.Wall(ctx, node)
		if err != nil {
			return lead{}, err
		}
		after := time.Now()
		if after.Sub(before) < leastSet/4 || time.Since(began) > paceBound {
			return lead{shown.Sub(after), shown.Sub(before)}, nil
		}
		sleep(ctx, gonePoll)
	}
}
