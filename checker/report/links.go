package report

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// linkState is who could talk to whom from a time on, until the next linkState.
type linkState struct {
	From    time.Duration
	Cut     [][2]int // from → to, as places in the list of nodes
	Stopped []int
	Text    string
}

// linkStates are all of them in the window: the matrix beside the story shows the one at the cursor.
func (c chronicle) linkStates(w interval) []linkState {
	at := append([]time.Duration{w.from}, c.net.edges()...)
	for _, s := range c.strips {
		for _, x := range s.stretches {
			at = append(at, x.from)
		}
	}
	at = slices.DeleteFunc(at, func(t time.Duration) bool { return !w.contains(t) })
	slices.Sort(at)
	var all []linkState
	for _, t := range slices.Compact(at) {
		s := c.links(t)
		if k := len(all) - 1; k >= 0 && all[k].Text == s.Text && slices.Equal(all[k].Cut, s.Cut) && slices.Equal(all[k].Stopped, s.Stopped) {
			continue
		}
		all = append(all, s)
	}
	return all
}

func (c chronicle) links(t time.Duration) linkState {
	s := linkState{From: t}
	for i, a := range c.net.nodes {
		if c.net.stopped(a, t) {
			s.Stopped = append(s.Stopped, i)
		}
		for j, b := range c.net.nodes {
			if i != j && c.net.cut(a, b, t) {
				s.Cut = append(s.Cut, [2]int{i, j})
			}
		}
	}
	s.Text = c.net.sentence(t, "could not") + c.stoppedWords(s.Stopped) + c.leaderWords(t)
	return s
}

func (c chronicle) stoppedWords(stopped []int) string {
	if len(stopped) == 0 {
		return ""
	}
	var who []string
	for _, i := range stopped {
		who = append(who, name(c.net.nodes[i]))
	}
	if len(who) == 1 {
		return " " + who[0] + " was not running."
	}
	return " " + list(who) + " were not running."
}

func (c chronicle) leaderWords(t time.Duration) string {
	var who []string
	for _, s := range c.strips {
		if r := s.at(t); r.role == roleLeader {
			w := fmt.Sprintf("%s (term %d", name(s.node), r.term)
			if r.alone {
				w += ", without a majority"
			}
			who = append(who, w+")")
		}
	}
	switch len(who) {
	case 0:
		return " No leader was seen."
	case 1:
		return " Leader: " + who[0] + "."
	}
	return " Leaders: " + list(who) + "."
}

// sentence says who could not reach whom at t; not is "could not" or "can no longer".
func (n network) sentence(t time.Duration, not string) string {
	if !n.anyCut(t) {
		return "All links were open."
	}
	sides := n.sides(t)
	if len(sides) > 1 && n.split(sides, t) {
		if len(sides) == 2 {
			return list(names(sides[0])) + " " + not + " reach " + list(names(sides[1])) + ", nor the other way round."
		}
		var parts []string
		for _, s := range sides {
			parts = append(parts, strings.Join(names(s), " "))
		}
		return strings.Join(parts, " | ") + " " + not + " reach each other."
	}
	return n.oneWay(t, not)
}

// split says whether every link between two sides was cut, both ways.
func (n network) split(sides [][]string, t time.Duration) bool {
	for i, a := range sides {
		for j, b := range sides {
			if i == j {
				continue
			}
			for _, x := range a {
				for _, y := range b {
					if !n.cut(x, y, t) {
						return false
					}
				}
			}
		}
	}
	return true
}

// oneWay tells cuts that are no clean split: for each sender, whom it cannot reach.
func (n network) oneWay(t time.Duration, not string) string {
	var parts []string
	for _, a := range n.nodes {
		var to []string
		for _, b := range n.nodes {
			if a != b && n.cut(a, b, t) {
				to = append(to, name(b))
			}
		}
		if len(to) > 0 {
			parts = append(parts, name(a)+" "+not+" reach "+list(to))
		}
	}
	return strings.Join(parts, "; ") + "."
}
