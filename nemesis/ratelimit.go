package nemesis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// RateLimit lets links carry no more than so many bytes a second.
type RateLimit struct {
	To    Bandwidth `yaml:"to"`
	Links Arrows    `yaml:"links"`
}

// Bandwidth is in bytes a second, written as 16KB/s.
type Bandwidth int

// Bounds on a bandwidth: one that a proof can exceed without being the load that it measures.
const (
	leastRate = 4 << 10
	mostRate  = 64 << 10
)

var errBandwidth = errors.New("a rate is written as 16KB/s, from 4KB/s to 64KB/s")

// UnmarshalText reads a rate.
func (b *Bandwidth) UnmarshalText(text []byte) error {
	digits, ok := strings.CutSuffix(string(text), "KB/s")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < leastRate>>10 || n > mostRate>>10 {
		return fmt.Errorf("%q: %w", text, errBandwidth)
	}
	*b = Bandwidth(n << 10)
	return nil
}

func (b Bandwidth) String() string { return strconv.Itoa(int(b)>>10) + "KB/s" }

// MarshalText writes what UnmarshalText reads.
func (b Bandwidth) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

func decodeRateLimit(n *yaml.Node, d *strictyaml.Document) Fault {
	r := &RateLimit{}
	d.Value(n, r)
	return r
}

func (r *RateLimit) Kind() string { return "rate-limit" }

func (r *RateLimit) String() string {
	return fmt.Sprintf("rate-limit: {to: %s, links: %s}", r.To, r.Links)
}

// MarshalYAML writes both on one line.
func (r *RateLimit) MarshalYAML() (any, error) {
	type plain RateLimit
	return flowFields((*plain)(r))
}

// Check wants a rate, and links between nodes that exist.
func (r *RateLimit) Check(nodes []string, d *strictyaml.Document) {
	if r.To == 0 || len(r.Links) == 0 {
		d.Errorf("write rate-limit: {to: 16KB/s, links: leader<->rest}", []any{r}, "rate-limit needs both to and links")
		return
	}
	r.Links.check(nodes, d)
}

func (r *RateLimit) how() Impairment { return Impairment{Rate: int(r.To)} }

// Supported wants a runtime that can.
func (r *RateLimit) Supported(e *Env) error { return canImpair(e, r.how()) }

// Aim chooses the nodes at the ends of the links.
func (r *RateLimit) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	links, what, err := r.Links.links(ctx, pick, "→", "↔")
	if err != nil {
		return nil, err
	}
	// Eight times what a second carries, in less than one. Half of it is more than a limit lets
	// through that lends two seconds' worth at once.
	const size, excess = 1000, 8
	n := excess * int(r.To) / size
	return &impairLinks{
		fault: history.Fault{Targets: pick.Targets(), What: fmt.Sprintf("to %s on %s", r.To, what)},
		links: links, how: r.how(),
		load:  Load{Messages: n, Size: size, Over: 400 * time.Millisecond, Wait: 600 * time.Millisecond},
		bites: func(came int) bool { return came <= n/2 },
	}, nil
}
