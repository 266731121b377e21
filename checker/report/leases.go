package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"schism/history"
)

// tenure is a time during which one node believed it held the region lease of one epoch.
type tenure struct {
	node     string
	from, to time.Duration
	epoch    uint64
}

// tenures are all of them, in the order of their beginnings; none of a system without a region lease.
func tenures(h *history.History) []tenure {
	var all []tenure
	held := make(map[string]int) // by node, where in all its newest is
	for _, e := range h.Roles {
		var r history.Role
		if json.Unmarshal(e.Value, &r) != nil {
			continue
		}
		i, known := held[e.Node]
		if known && all[i].to == h.End {
			if r.Region.Holds && r.Region.Epoch == all[i].epoch {
				continue
			}
			all[i].to = e.At()
		}
		if r.Region.Holds {
			held[e.Node] = len(all)
			all = append(all, tenure{node: e.Node, from: e.At(), to: h.End, epoch: r.Region.Epoch})
		}
	}
	slices.SortStableFunc(all, func(a, b tenure) int { return cmp.Compare(a.from, b.from) })
	return all
}

// leaseSteps are the new region leaders in the window, and who still took himself for one then.
func (c chronicle) leaseSteps(s story) []step {
	var all []step
	for _, t := range c.tenures {
		if t.from == 0 || !s.window.contains(t.from) {
			continue
		}
		text := []run{{fmt.Sprintf("%s holds the region lease of epoch %d.", name(t.node), t.epoch), "strong"}}
		for _, o := range c.tenures {
			if o.node != t.node && o.from <= t.from && t.from < o.to {
				text = append(text, run{fmt.Sprintf(" %s still believes it holds that of epoch %d.", name(o.node), o.epoch), ""})
			}
		}
		all = append(all, step{at: t.from, text: text, rank: 3})
	}
	return all
}
