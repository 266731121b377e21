package nemesis

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// Clock makes the monotonic clocks of nodes run at another rate: 0.1 is a tenth of time's own. They never
// go back. It is proved by reading them.
type Clock struct {
	At   Group   `yaml:"at"`
	Rate float64 `yaml:"rate"`
}

// Bounds on a rate. Closer to 1 it could not be told from it in a short time.
const (
	slowest, fastest = 0.01, 100
	leastBend        = 0.01
)

func decodeClock(n *yaml.Node, d *strictyaml.Document) Fault {
	c := &Clock{}
	d.Value(n, c)
	return c
}

func (c *Clock) Kind() string   { return "clock" }
func (c *Clock) String() string { return "clock: " + inOneLine(c) }

// MarshalYAML writes both on one line.
func (c *Clock) MarshalYAML() (any, error) {
	type plain Clock
	return flowFields((*plain)(c))
}

// Check wants nodes, and a rate that can be measured.
func (c *Clock) Check(nodes []string, d *strictyaml.Document) {
	if len(c.At) == 0 || c.Rate == 0 {
		d.Errorf("write clock: {at: n1, rate: 0.1}", []any{c}, "a clock needs both at and rate")
		return
	}
	c.At.check(nodes, d)
	off := max(c.Rate-1, 1-c.Rate)
	if c.Rate < slowest || c.Rate > fastest || off < leastBend {
		d.Errorf(fmt.Sprintf("%g to %g, and %g off 1 at least", slowest, float64(fastest), leastBend), []any{&c.Rate}, "a rate of %g", c.Rate)
	}
}

// FromWithin says that it acts through Control.
func (c *Clock) FromWithin() {}

// Aim chooses the nodes.
func (c *Clock) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	nodes, err := pick.Nodes(ctx, c.At)
	if err != nil {
		return nil, err
	}
	return &bendTime{nodes: nodes, targets: pick.Targets(), rate: c.Rate}, nil
}

// bendTime is the strike of Clock.
type bendTime struct {
	nodes   []string
	targets map[string][]string
	rate    float64
}

func (b *bendTime) Describe() history.Fault {
	return history.Fault{Nodes: b.nodes, Targets: b.targets, What: fmt.Sprintf("of %s at rate %g", strings.Join(b.nodes, " "), b.rate)}
}

// Before wants the clocks to run with time.
func (b *bendTime) Before(ctx context.Context, e *Env) error {
	return together(b.nodes, func(node string) error {
		p, err := measurePace(ctx, e, node, 1, b.rate)
		if err == nil && !p.holds(1) {
			err = fmt.Errorf("its clock is off already, at %s", p)
		}
		return err
	})
}

func (b *bendTime) Apply(ctx context.Context, e *Env) error { return b.set(ctx, e, b.rate) }

func (b *bendTime) Undo(ctx context.Context, e *Env) error { return b.set(ctx, e, 1) }

func (b *bendTime) set(ctx context.Context, e *Env, rate float64) error {
	return together(b.nodes, func(node string) error {
		_, err := e.reach(ctx, node, func() error { return e.Control.SetRate(ctx, node, rate) })
		return err // a node that is down starts with a clock that runs with time
	})
}

func (b *bendTime) Bites(ctx context.Context, e *Env) (bool, string, error) {
	return b.all(ctx, e, b.nodes, b.rate, 1)
}

// Gone has nothing to measure at a node that another fault keeps down: it starts with a clock that runs
// with time.
func (b *bendTime) Gone(ctx context.Context, e *Env) (bool, string, error) {
	up := e.due(b.nodes)
	if len(up) == 0 {
		return true, fmt.Sprintf("0 of %d nodes run", len(b.nodes)), nil
	}
	return b.all(ctx, e, up, 1, b.rate)
}

// all measures whether every clock runs at one rate and not at the other.
func (b *bendTime) all(ctx context.Context, e *Env, nodes []string, rate, other float64) (bool, string, error) {
	paces := make([]pace, len(nodes))
	err := together(nodes, func(node string) (err error) {
		paces[slices.Index(nodes, node)], err = measurePace(ctx, e, node, rate, other)
		return err
	})
	holds := err == nil
	var words []string
	for i, p := range paces {
		holds = holds && p.holds(rate) && !p.holds(other)
		words = append(words, fmt.Sprintf("the clock of %s runs at %s", nodes[i], p))
	}
	return holds, strings.Join(words, ", "), err
}

// pace is between which rates a clock ran while it was read: an answer takes some time, and when in it the
// clock was read nobody knows.
type pace struct{ least, most float64 }

func (p pace) holds(rate float64) bool { return p.least <= rate && rate <= p.most }

func (p pace) String() string {
	if p.least > p.most {
		return "no one rate"
	}
	return fmt.Sprintf("%.3f to %.3f", p.least, p.most)
}

// paceBound is how long a clock is read until two rates can be told apart.
const paceBound = 10 * time.Second

// reading is what a clock showed at some moment between two.
type reading struct {
	after, before time.Time
	shown         time.Duration
}

func readClock(ctx context.Context, e *Env, node string) (r reading, err error) {
	r.after = time.Now()
	r.shown, err = e.Control.Clock(ctx, node)
	r.before = time.Now()
	return r, err
}

// since is between which rates a clock ran from an earlier reading to this one.
func (r reading) since(earlier reading) pace {
	ran := float64(r.shown - earlier.shown)
	return pace{least: ran / float64(r.before.Sub(earlier.after)), most: ran / float64(r.after.Sub(earlier.before))}
}

// paceOf is what every two readings of a clock say together: on a busy machine two answers that came at once
// are worth more than the many that did not.
func paceOf(all []reading) pace {
	p := pace{math.Inf(-1), math.Inf(1)}
	for i, r := range all {
		for _, earlier := range all[:i] {
			two := r.since(earlier)
			p = pace{max(p.least, two.least), min(p.most, two.most)}
		}
	}
	return p
}

// measurePace reads a clock until it is clear which of two rates it has, or that it is neither.
func measurePace(ctx context.Context, e *Env, node string, a, b float64) (pace, error) {
	began := time.Now()
	var all []reading
	for {
		r, err := readClock(ctx, e, node)
		if err != nil {
			return pace{}, err
		}
		all = append(all, r)
		p := paceOf(all)
		if p.holds(a) != p.holds(b) || !p.holds(a) && p.most-p.least < leastBend || time.Since(began) > paceBound {
			return p, nil
		}
		sleep(ctx, gonePoll)
	}
}
