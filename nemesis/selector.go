package nemesis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"schism/configs/strictyaml"
)

// Selector chooses nodes when a fault strikes: a node's name, or one of the words below. Within one
// fault a node is chosen once: each selector chooses among those that the ones before it left.
type Selector string

// The words of a scenario. random(k) is a word too.
const (
	Leader       Selector = "leader"        // who says it leads, of the highest term
	RegionLeader Selector = "region-leader" // who says it holds the region lease, of the highest epoch
	Followers    Selector = "followers"     // all but the leader
	One          Selector = "one"           // a random one
	Minority     Selector = "minority"      // random ones, as many as leave a majority
	Majority     Selector = "majority"      // random ones, just a majority
	All          Selector = "all"
	Rest         Selector = "rest" // whom no other selector of the fault chose
)

var randomK = regexp.MustCompile(`^random\((\d+)\)$`)

// SelectorKind is one selector that a scenario can name.
type SelectorKind struct {
	Name  Selector
	About string // one line for people
}

// Selectors are those that are words; a node's name and random(2) are selectors too.
func Selectors() []SelectorKind {
	return []SelectorKind{
		{Leader, "the node that says it leads, of the highest term"},
		{RegionLeader, "the node that says it holds the region lease, of the highest epoch"},
		{Followers, "all but the leader"},
		{One, "a random node"},
		{Minority, "random nodes, as many as leave a majority"},
		{Majority, "random nodes, just a majority"},
		{All, "every node"},
		{Rest, "whom no other selector of the fault chose"},
	}
}

func selectorWords() []string {
	var words []string
	for _, s := range Selectors() {
		words = append(words, string(s.Name))
	}
	return words
}

// size is how many nodes s stands for among n, the leader known; -1 for rest.
func (s Selector) size(n int) int {
	switch s {
	case Leader, RegionLeader, One:
		return 1
	case Followers:
		return n - 1
	case Minority:
		return (n - 1) / 2
	case Majority:
		return n/2 + 1
	case All:
		return n
	case Rest:
		return -1
	}
	if m := randomK.FindStringSubmatch(string(s)); m != nil {
		k, err := strconv.Atoi(m[1])
		if err != nil {
			return n + 1 // more than there can be
		}
		return k
	}
	return 1 // a name
}

// check reports a selector that is neither a word nor one of the nodes; at the value around it, if it
// has no place of its own.
func (s *Selector) check(nodes []string, d *strictyaml.Document, around ...any) {
	at := append([]any{s}, around...)
	word := slices.Contains(selectorWords(), string(*s)) || randomK.MatchString(string(*s))
	if !word && !slices.Contains(nodes, string(*s)) {
		known := append(selectorWords(), nodes...)
		d.Errorf(hintFor(string(*s), nodes, known), at, "%q is none of the %d nodes and no selector", string(*s), len(nodes))
		return
	}
	if n := s.size(len(nodes)); n > len(nodes) || n == 0 {
		d.Errorf(fmt.Sprintf("there are %d nodes", len(nodes)), at, "%s chooses %d nodes", *s, n)
	}
}

var nodeLike = regexp.MustCompile(`^n\d+$`)

func hintFor(name string, nodes, known []string) string {
	if nodeLike.MatchString(name) {
		return "the nodes are " + nodes[0] + " to " + nodes[len(nodes)-1]
	}
	return strictyaml.DidYouMean(name, known)
}

// Group is some selectors together. In YAML a single one needs no brackets.
type Group []Selector

// DecodeYAML reads a selector or a list of them.
func (g *Group) DecodeYAML(n *yaml.Node, d *strictyaml.Document) {
	if n.Kind == yaml.ScalarNode {
		*g = make(Group, 1)
		text := ""
		d.Value(n, &text)
		(*g)[0] = Selector(text)
		d.Place(&(*g)[0], n)
		return
	}
	var list []Selector
	d.Value(n, &list)
	if len(list) == 0 && n.Kind == yaml.SequenceNode {
		d.Fail(n, "name nodes, or a selector such as leader", "a group without nodes")
	}
	*g = list
}

// MarshalYAML writes what DecodeYAML reads.
func (g Group) MarshalYAML() (any, error) {
	if len(g) == 1 {
		return string(g[0]), nil
	}
	return flow(g), nil
}

func (g Group) String() string {
	if len(g) == 1 {
		return string(g[0])
	}
	words := make([]string, len(g))
	for i, s := range g {
		words[i] = string(s)
	}
	return "[" + strings.Join(words, ", ") + "]"
}

func (g Group) check(nodes []string, d *strictyaml.Document) {
	for i := range g {
		g[i].check(nodes, d)
	}
}

// flow makes YAML that is written on one line.
func flow[T any](list []T) *yaml.Node {
	var n yaml.Node
	if err := n.Encode(list); err != nil {
		panic(fmt.Sprintf("nemesis: encode %v: %v", list, err))
	}
	n.Style = yaml.FlowStyle
	return &n
}

// Picker chooses the nodes of one fault.
type Picker struct {
	nodes   []string
	leaders Leadership
	random  *rand.Rand
	leader  string // asked once a fault, and so is region
	region  string
	taken   map[string]bool
	targets map[string][]string
}

// NewPicker makes a picker. The same random and the same leader make the same choices.
func NewPicker(nodes []string, leaders Leadership, random *rand.Rand) *Picker {
	return &Picker{nodes: nodes, leaders: leaders, random: random, taken: make(map[string]bool), targets: make(map[string][]string)}
}

// Targets tells what each selector became.
func (p *Picker) Targets() map[string][]string { return p.targets }

// Groups chooses for several groups, `rest` last of all, wherever it stands.
func (p *Picker) Groups(ctx context.Context, groups []Group) ([][]string, error) {
	chosen := make([][]string, len(groups))
	for _, last := range []bool{false, true} {
		for i, g := range groups {
			for _, s := range g {
				if (s == Rest) != last {
					continue
				}
				nodes, err := p.pick(ctx, s)
				if err != nil {
					return nil, err
				}
				chosen[i] = append(chosen[i], nodes...)
			}
		}
	}
	for i := range chosen {
		slices.SortFunc(chosen[i], p.order)
		if len(chosen[i]) == 0 {
			return nil, fmt.Errorf("no node is left for %s", groups[i])
		}
	}
	return chosen, nil
}

// Nodes chooses for one group.
func (p *Picker) Nodes(ctx context.Context, g Group) ([]string, error) {
	groups, err := p.Groups(ctx, []Group{g})
	if err != nil {
		return nil, err
	}
	return groups[0], nil
}

func (p *Picker) pick(ctx context.Context, s Selector) ([]string, error) {
	if err := p.findLeader(ctx, s); err != nil {
		return nil, err
	}
	free := p.free(s)
	n := s.size(len(p.nodes))
	switch {
	case s == Rest || s == Followers || s == All:
		n = len(free)
	case n > len(free) && s == Leader:
		return nil, fmt.Errorf("%s leads, and another selector chose it", p.leader)
	case n > len(free) && s == RegionLeader:
		return nil, fmt.Errorf("%s leads the region, and another selector chose it", p.region)
	case n > len(free):
		return nil, fmt.Errorf("%s finds %d of %d nodes: the others are chosen already", s, len(free), n)
	case n < len(free):
		p.random.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	}
	chosen := free[:n]
	slices.SortFunc(chosen, p.order)
	for _, node := range chosen {
		p.taken[node] = true
	}
	p.targets[string(s)] = append(p.targets[string(s)], chosen...)
	return chosen, nil
}

// free are the nodes that s may still choose from.
func (p *Picker) free(s Selector) []string {
	var free []string
	for _, node := range p.nodes {
		fits := true
		switch {
		case s == Leader:
			fits = node == p.leader
		case s == RegionLeader:
			fits = node == p.region
		case s == Followers:
			fits = node != p.leader
		case slices.Contains(p.nodes, string(s)):
			fits = node == string(s)
		}
		if fits && !p.taken[node] {
			free = append(free, node)
		}
	}
	return free
}

// findLeader asks who leads, if s wants to know.
func (p *Picker) findLeader(ctx context.Context, s Selector) (err error) {
	switch {
	case (s == Leader || s == Followers) && p.leader == "":
		p.leader, err = p.leaders.Leader(ctx)
	case s == RegionLeader && p.region == "":
		p.region, err = p.leaders.RegionLeader(ctx)
	}
	return err
}

// shuffled are all nodes in a random order, chosen by nobody.
func (p *Picker) shuffled() []string {
	nodes := slices.Clone(p.nodes)
	p.random.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	return nodes
}

// sorted puts nodes into the cluster's order.
func (p *Picker) sorted(nodes []string) []string {
	return slices.SortedFunc(slices.Values(nodes), p.order)
}

func (p *Picker) order(a, b string) int {
	return slices.Index(p.nodes, a) - slices.Index(p.nodes, b)
}
