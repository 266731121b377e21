package nemesis

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
	"schism/history"
)

// Arrow is the links from some nodes to others: n1->n2, or both ways, leader<->n2. Within one fault a
// selector means the same nodes at every arrow.
type Arrow struct {
	From, To Selector
	Both     bool
}

var arrow = regexp.MustCompile(`^([^<>]+?)\s*(<?->)\s*([^<>]+)$`)

// UnmarshalText reads an arrow.
func (a *Arrow) UnmarshalText(text []byte) error {
	m := arrow.FindSubmatch(text)
	if m == nil {
		return fmt.Errorf("%q is no link (write n1->n2, or n1<->n2 for both ways)", text)
	}
	*a = Arrow{From: Selector(m[1]), To: Selector(m[3]), Both: string(m[2]) == "<->"}
	return nil
}

func (a Arrow) String() string {
	if a.Both {
		return string(a.From) + "<->" + string(a.To)
	}
	return string(a.From) + "->" + string(a.To)
}

// Arrows are some of them together. In YAML a single one needs no brackets.
type Arrows []Arrow

// DecodeYAML reads an arrow or a list of them.
func (as *Arrows) DecodeYAML(n *yaml.Node, d *strictyaml.Document) {
	var list []Arrow
	if n.Kind == yaml.ScalarNode {
		list = make([]Arrow, 1)
		d.Value(n, &list[0])
	} else {
		d.Value(n, &list)
	}
	if len(list) == 0 && n.Kind == yaml.SequenceNode {
		d.Fail(n, "write [n1->n2]", "no link is named")
	}
	*as = list
}

// MarshalYAML writes what DecodeYAML reads.
func (as Arrows) MarshalYAML() (any, error) {
	if len(as) == 1 {
		return as[0].String(), nil
	}
	return flow(as.words()), nil
}

func (as Arrows) words() []string {
	words := make([]string, len(as))
	for i, a := range as {
		words[i] = a.String()
	}
	return words
}

func (as Arrows) String() string {
	if len(as) == 1 {
		return as[0].String()
	}
	return "[" + strings.Join(as.words(), ", ") + "]"
}

func (as Arrows) check(nodes []string, d *strictyaml.Document) {
	before := d.Failures()
	for i := range as {
		a := &as[i]
		a.From.check(nodes, d, a)
		a.To.check(nodes, d, a)
		if a.From == a.To && a.From.size(len(nodes)) == 1 {
			d.Errorf("", []any{a}, "%s: a node has no link to itself", a)
		}
	}
	total := 0
	for _, s := range as.ends() {
		if s != Rest && s != Followers && s != All { // these take what is left
			total += s.size(len(nodes))
		}
	}
	if total > len(nodes) && d.Failures() == before {
		d.Errorf("", []any{&as[0]}, "the links want more nodes than the %d there are", len(nodes))
	}
}

// ends are the selectors, each once, in the order in which they choose: those that have no choice
// first.
func (as Arrows) ends() []Selector {
	var ends []Selector
	for _, a := range as {
		ends = append(ends, a.From, a.To)
	}
	rank := func(s Selector) int {
		switch {
		case s == All, s == Rest:
			return 4
		case s == Followers:
			return 3
		case s == Leader, s == RegionLeader:
			return 1
		case slices.Contains(selectorWords(), string(s)), randomK.MatchString(string(s)):
			return 2
		}
		return 0
	}
	slices.SortStableFunc(ends, func(a, b Selector) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
	return slices.Compact(ends)
}

// links chooses the nodes and tells the links, each once, and in words what they are, with signs for one
// way and for both.
func (as Arrows) links(ctx context.Context, pick *Picker, one, both string) (links []Link, what string, err error) {
	ends := as.ends()
	groups := make([]Group, len(ends))
	for i, s := range ends {
		groups[i] = Group{s}
	}
	chosen, err := pick.Groups(ctx, groups)
	if err != nil {
		return nil, "", err
	}
	nodes := func(s Selector) []string { return chosen[slices.Index(ends, s)] }
	var words []string
	for _, a := range as {
		from, to := nodes(a.From), nodes(a.To)
		links = append(links, between(from, to)...)
		sign := one
		if a.Both {
			sign = both
			links = append(links, between(to, from)...)
		}
		words = append(words, strings.Join(from, " ")+" "+sign+" "+strings.Join(to, " "))
	}
	links = slices.DeleteFunc(links, func(l Link) bool { return l.From == l.To })
	if len(links) == 0 {
		return nil, "", fmt.Errorf("%s is no link: %s has none to itself", as, strings.Join(slices.Concat(chosen...), " "))
	}
	slices.SortFunc(links, compareLinks)
	return slices.Compact(links), strings.Join(words, ", "), nil
}

// Cut silences single links.
type Cut struct{ Links Arrows }

func decodeCut(n *yaml.Node, d *strictyaml.Document) Fault {
	c := &Cut{}
	d.Value(n, &c.Links)
	return c
}

func (c *Cut) Kind() string              { return "cut" }
func (c *Cut) String() string            { return "cut: " + c.Links.String() }
func (c *Cut) MarshalYAML() (any, error) { return c.Links.MarshalYAML() }

// Check wants links between nodes that exist.
func (c *Cut) Check(nodes []string, d *strictyaml.Document) { c.Links.check(nodes, d) }

// Aim chooses the nodes at the ends of the links.
func (c *Cut) Aim(ctx context.Context, pick *Picker) (Strike, error) {
	links, what, err := c.Links.links(ctx, pick, "↛", "↮")
	if err != nil {
		return nil, err
	}
	return &cutLinks{fault: history.Fault{Targets: pick.Targets(), What: what}, links: links}, nil
}
