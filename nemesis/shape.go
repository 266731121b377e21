package nemesis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"schism/configs/strictyaml"
	"schism/history"
)

// Shape is a way to split all nodes, random ones on each side, that groups of selectors do not tell.
type Shape string

// The shapes of a partition.
const (
	Halves Shape = "halves" // two groups; of an odd number of nodes one more in the second
	Ring   Shape = "ring"   // every node sees a majority, and no two see the same
	Bridge Shape = "bridge" // two halves that do not see each other, and one node that sees both
)

func shapes() []string { return []string{string(Halves), string(Ring), string(Bridge)} }

// ShapedPartition splits the nodes into a shape.
type ShapedPartition struct{ Shape Shape }

// Kind is that of Partition: a scenario names both so.
func (p *ShapedPartition) Kind() string              { return "partition" }
func (p *ShapedPartition) String() string            { return "partition: " + string(p.Shape) }
func (p *ShapedPartition) MarshalYAML() (any, error) { return string(p.Shape), nil }

// Check wants as many nodes as the shape needs to be one.
func (p *ShapedPartition) Check(nodes []string, d *strictyaml.Document) {
	// With three nodes a ring that leaves each a majority cuts nothing.
	least := map[Shape]int{Halves: 2, Ring: 4, Bridge: 3}[p.Shape]
	if len(nodes) < least {
		d.Errorf("", []any{p}, "%s needs %d nodes or more, and there are %d", p.Shape, least, len(nodes))
	}
}

// Aim puts the nodes into a random order and splits that.
func (p *ShapedPartition) Aim(_ context.Context, pick *Picker) (Strike, error) {
	nodes := pick.shuffled()
	half := len(nodes) / 2
	switch p.Shape {
	case Ring:
		return ring(nodes), nil
	case Bridge:
		half = (len(nodes) - 1) / 2
		return bridge(pick.sorted(nodes[:half]), nodes[half], pick.sorted(nodes[half+1:])), nil
	}
	return split([][]string{pick.sorted(nodes[:half]), pick.sorted(nodes[half:])}, nil), nil
}

// split cuts every link between two groups, both ways.
func split(groups [][]string, targets map[string][]string) *cutLinks {
	c := &cutLinks{fault: history.Fault{Groups: groups, Targets: targets, What: sidesText(groups)}}
	for i, from := range groups {
		for j, to := range groups {
			if i != j {
				c.links = append(c.links, between(from, to)...)
			}
		}
	}
	return c
}

// bridge is told without groups: they say who can talk to whom, and here the node in the middle can
// to all.
func bridge(left []string, middle string, right []string) *cutLinks {
	c := split([][]string{left, right}, map[string][]string{string(Bridge): {middle}})
	c.fault.Groups = nil
	c.fault.What += ", " + middle + " sees both"
	return c
}

// ring lets each node see as many neighbours on both sides as make a majority with itself, and no
// more than that: links are whole or silent both ways.
func ring(nodes []string) *cutLinks {
	n := len(nodes)
	reach := 0
	for 2*reach+1 < n/2+1 {
		reach++
	}
	c := &cutLinks{fault: history.Fault{
		Targets: map[string][]string{string(Ring): slices.Clone(nodes)},
		What:    fmt.Sprintf("ring %s, each sees %d", strings.Join(nodes, " "), 2*reach+1),
	}}
	for i, from := range nodes {
		for j, to := range nodes {
			if apart := (j - i + n) % n; min(apart, n-apart) > reach {
				c.links = append(c.links, Link{From: from, To: to})
			}
		}
	}
	return c
}
