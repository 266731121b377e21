package nemesis

import (
	"context"
	"strings"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// OneWay silences what From sends to To. What To sends to From still arrives: connections break all
// the same, for TCP's acknowledgements die too.
type OneWay struct {
	From Group `yaml:"from"`
	To   Group `yaml:"to"`
}

func decodeOneWay(n *yaml.Node, d *strictyaml.Document) Fault {
	o := &OneWay{}
	d.Value(n, o)
	return o
}

func (o *OneWay) Kind() string { return "one-way" }

func (o *OneWay) String() string {
	return "one-way: {from: " + o.From.String() + ", to: " + o.To.String() + "}"
}

// MarshalYAML writes the two groups on one line.
func (o *OneWay) MarshalYAML() (any, error) {
	type plain OneWay
	return flowFields((*plain)(o))
}

// Check wants both groups.
func (o *OneWay) Check(nodes []string, d *strictyaml.Document) {
	if len(o.From) == 0 || len(o.To) == 0 {
		d.Errorf("write one-way: {from: leader, to: rest}", []any{o}, "one-way needs both from and to")
		return
	}
	checkDisjoint(o, []Group{o.From, o.To}, nodes, d)
}

// Aim cuts the links from the one group to the other.
func (o *OneWay) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	groups, err := pick.Groups(ctx, []Group{o.From, o.To})
	if err != nil {
		return nil, err
	}
	what := strings.Join(groups[0], " ") + " ↛ " + strings.Join(groups[1], " ")
	return &cutLinks{
		fault: history.Fault{Targets: pick.Targets(), What: what},
		links: between(groups[0], groups[1]),
	}, nil
}
