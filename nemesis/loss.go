package nemesis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// Loss makes links lose a share of the packets they carry. TCP sends them again: the nodes see a slow
// and uneven link. The acknowledgements of what goes one way go the other.
type Loss struct {
	Of    Percent `yaml:"of"`
	Links Arrows  `yaml:"links"`
}

// Percent is a share, written as 30%.
type Percent int

// UnmarshalText reads a share that can be measured: of less nothing may be seen to be lost, and of
// more nothing to be left.
func (p *Percent) UnmarshalText(text []byte) error {
	digits, ok := strings.CutSuffix(string(text), "%")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 5 || n > 90 {
		return fmt.Errorf("%q is no share from 5%% to 90%%", text)
	}
	*p = Percent(n)
	return nil
}

func (p Percent) String() string { return strconv.Itoa(int(p)) + "%" }

// MarshalText writes what UnmarshalText reads.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

func decodeLoss(n *yaml.Node, d *strictyaml.Document) Fault {
	l := &Loss{}
	d.Value(n, l)
	return l
}

func (l *Loss) Kind() string   { return "loss" }
func (l *Loss) String() string { return fmt.Sprintf("loss: {of: %s, links: %s}", l.Of, l.Links) }

// MarshalYAML writes both on one line.
func (l *Loss) MarshalYAML() (any, error) {
	type plain Loss
	return flowFields((*plain)(l))
}

// Check wants a share, and links between nodes that exist.
func (l *Loss) Check(nodes []string, d *strictyaml.Document) {
	if l.Of == 0 || len(l.Links) == 0 {
		d.Errorf("write loss: {of: 30%, links: leader<->rest}", []any{l}, "loss needs both of and links")
		return
	}
	l.Links.check(nodes, d)
}

func (l *Loss) how() Impairment { return Impairment{Loss: float64(l.Of) / 100} }

// Supported wants a runtime whose links carry packets.
func (l *Loss) Supported(e *Env) error { return canImpair(e, l.how()) }

// Aim chooses the nodes at the ends of the links.
func (l *Loss) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	links, what, err := l.Links.links(ctx, pick, "→", "↔")
	if err != nil {
		return nil, err
	}
	n := enoughToLose(l.how().Loss)
	return &impairLinks{
		fault: history.Fault{Targets: pick.Targets(), What: fmt.Sprintf("of %s on %s", l.Of, what)},
		links: links, how: l.how(),
		load:  Load{Messages: n, Size: 100, Over: 300 * time.Millisecond, Wait: 450 * time.Millisecond},
		bites: func(came int) bool { return came > 0 && came < n },
	}, nil
}
