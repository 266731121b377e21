package nemesis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// probeWait is how long a probe waits before it calls a link silent. An answer takes well under a
// millisecond on one machine; a stalled one needs more.
const probeWait = 300 * time.Millisecond

// Partition splits the nodes into groups that cannot reach each other.
type Partition struct{ Groups []Group }

// decodePartition reads groups, a shape, or one selector: that one against the rest.
func decodePartition(n *yaml.Node, d *strictyaml.Document) Fault {
	word := n.Kind == yaml.ScalarNode && n.Tag == "!!str"
	if word && slices.Contains(shapes(), n.Value) {
		p := &ShapedPartition{Shape: Shape(n.Value)}
		d.Place(p, n)
		return p
	}
	p := &Partition{}
	d.Place(p, n)
	switch {
	case !word:
		d.Value(n, &p.Groups)
	case isSelector(n.Value):
		p.Groups = make([]Group, 2)
		d.Value(n, &p.Groups[0])
		p.Groups[1] = Group{Rest}
	default:
		d.Unknown(n, "way to split the nodes", append(shapes(), selectorWords()...))
	}
	return p
}

// isSelector says whether a word may be one before the nodes are known.
func isSelector(word string) bool {
	return slices.Contains(selectorWords(), word) || randomK.MatchString(word) || nodeLike.MatchString(word)
}

func (p *Partition) Kind() string { return "partition" }

func (p *Partition) String() string {
	words := make([]string, len(p.Groups))
	for i, g := range p.Groups {
		words[i] = g.String()
	}
	return "partition: [" + strings.Join(words, ", ") + "]"
}

// MarshalYAML writes the groups.
func (p *Partition) MarshalYAML() (any, error) { return flow(p.Groups), nil }

// Check wants at least two groups which together hold every node once.
func (p *Partition) Check(nodes []string, d *strictyaml.Document) {
	if len(p.Groups) < 2 {
		d.Errorf("write [[n1, n2], [n3, n4, n5]] or [leader, rest]", []any{p}, "a partition needs two groups or more")
		return
	}
	checkDisjoint(p, p.Groups, nodes, d)
	if total, rest := sizes(p.Groups, len(nodes)); !rest && total < len(nodes) {
		d.Errorf("add a group `rest`", []any{p}, "the groups hold %d of %d nodes", total, len(nodes))
	}
}

// checkDisjoint reports selectors that cannot be, and nodes that stand in two groups.
func checkDisjoint(at any, groups []Group, nodes []string, d *strictyaml.Document) {
	seen := make(map[Selector]bool)
	for _, g := range groups {
		g.check(nodes, d)
		for i := range g {
			if s := g[i]; s != One && seen[s] {
				d.Errorf("each node belongs to one group", []any{&g[i]}, "%s stands twice", s)
			}
			seen[g[i]] = true
		}
	}
	if total, rest := sizes(groups, len(nodes)); total > len(nodes) || rest && total == len(nodes) {
		d.Errorf("", []any{at}, "the groups want more nodes than the %d there are", len(nodes))
	}
}

// sizes adds up what the groups hold without `rest`, and says whether there is one.
func sizes(groups []Group, n int) (total int, rest bool) {
	for _, g := range groups {
		for _, s := range g {
			if s == Rest {
				rest = true
			} else {
				total += s.size(n)
			}
		}
	}
	return total, rest
}

// Aim cuts every link between two groups, both ways.
func (p *Partition) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	groups, err := pick.Groups(ctx, p.Groups)
	if err != nil {
		return nil, err
	}
	return split(groups, pick.Targets()), nil
}

func sidesText(groups [][]string) string {
	sides := make([]string, len(groups))
	for i, g := range groups {
		sides[i] = strings.Join(g, " ")
	}
	return strings.Join(sides, " | ")
}

func between(from, to []string) []Link {
	var links []Link
	for _, f := range from {
		for _, t := range to {
			links = append(links, Link{From: f, To: t})
		}
	}
	return links
}

// cutLinks is the strike of all faults that silence links.
type cutLinks struct {
	fault history.Fault
	links []Link
	fresh []Link // those that no other fault held when this one struck
}

func (c *cutLinks) Describe() history.Fault {
	f := c.fault
	for _, l := range c.links {
		f.Cut = append(f.Cut, [2]string{l.From, l.To})
	}
	return f
}

// Before wants an answer over every link that is about to be cut: a link that was silent already
// would prove the cut all the same.
func (c *cutLinks) Before(ctx context.Context, e *Env) error {
	c.fresh = e.cuts.free(c.links)
	silent := c.fresh
	for range beforeTries {
		answered, err := e.Network.Probe(ctx, silent, probeWait)
		if err != nil {
			return err
		}
		if silent = pick(silent, answered, false); len(silent) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%s silent before the cut", linksText(silent))
}

// beforeTries is how often a link that seems silent before the cut is asked again: on a loaded machine
// one answer may come late. A link that is cut answers none.
const beforeTries = 4

func (c *cutLinks) Apply(ctx context.Context, e *Env) error { return e.cut(ctx, c.links) }

func (c *cutLinks) Bites(ctx context.Context, e *Env) (bool, string, error) {
	answered, err := e.Network.Probe(ctx, c.links, probeWait)
	if err != nil {
		return false, "", err
	}
	if open := pick(c.links, answered, true); len(open) > 0 {
		return false, fmt.Sprintf("%d of %d links silent; %s still open", len(c.links)-len(open), len(c.links), linksText(open)), nil
	}
	return true, fmt.Sprintf("%d of %d links silent", len(c.links), len(c.links)), nil
}

func (c *cutLinks) Undo(ctx context.Context, e *Env) error { return e.restore(ctx, c.links) }

func (c *cutLinks) Gone(ctx context.Context, e *Env) (bool, string, error) {
	free := e.cuts.free(c.links)
	answered, err := e.Network.Probe(ctx, free, probeWait)
	if err != nil {
		return false, "", err
	}
	if silent := pick(free, answered, false); len(silent) > 0 {
		return false, linksText(silent) + " still silent", nil
	}
	return true, fmt.Sprintf("%d of %d links answer again", len(free), len(c.links)), nil
}

func pick(links []Link, answered map[Link]bool, want bool) []Link {
	var picked []Link
	for _, l := range links {
		if answered[l] == want {
			picked = append(picked, l)
		}
	}
	return picked
}

func linksText(links []Link) string {
	var words []string
	for i, l := range links {
		if i == 3 {
			words = append(words, fmt.Sprintf("and %d more", len(links)-i))
			break
		}
		words = append(words, l.From+"→"+l.To)
	}
	verb := " is"
	if len(links) > 1 {
		verb = " are"
	}
	return strings.Join(words, ", ") + verb
}
