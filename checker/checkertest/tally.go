package checkertest

import (
	"fmt"
	"slices"
	"testing"

	"schism/history"
)

// tally counts what random histories were like.
type tally struct {
	all, valid, hard, quick, longest int
	names                            map[string]int
}

func (c *tally) add(ops []history.Operation, valid, quick bool) {
	c.all++
	if valid {
		c.valid++
	}
	if quick {
		c.quick++
	}
	if len(ops) >= 8 && slices.ContainsFunc(ops, func(o history.Operation) bool { return o.Outcome == history.Info }) {
		c.hard++
	}
}

func (c *tally) merge(o tally) {
	c.all, c.valid, c.hard, c.quick = c.all+o.all, c.valid+o.valid, c.hard+o.hard, c.quick+o.quick
	c.longest = max(c.longest, o.longest)
	for name, n := range o.names {
		c.names[name] += n
	}
}

func (c tally) percent(n int) float64 { return 100 * float64(n) / float64(c.all) }

func (c tally) String() string {
	return fmt.Sprintf("%d histories: %.0f%% valid, %.0f%% with at least 8 operations and unknown ones, %.0f%% by the near-linear check; findings: %v; longest proof: %d operations",
		c.all, c.percent(c.valid), c.percent(c.hard), c.percent(c.quick), c.names, c.longest)
}

// check sees that the histories tried what they are there for.
func (c tally) check(t *testing.T, k *Kind) {
	if p := c.percent(c.valid); p < 30 || p > 70 {
		t.Errorf("%.0f%% of the histories are valid: want both kinds, 30 to 70%%", p)
	}
	if p := c.percent(c.quick); p < k.Quick {
		t.Errorf("only %.0f%% of the histories fit the near-linear check, want %.0f%%", p, k.Quick)
	}
	// Half of them are made so; few histories, as under -race, are some per cent off.
	if p := c.percent(c.hard); p < 45 {
		t.Errorf("only %.0f%% of the histories have 8 operations and unknown ones, want half, or 45%% at least", p)
	}
	for _, name := range k.Anomalies {
		if c.names[name] == 0 && *explain == 1 {
			t.Errorf("no history shows a %s", name)
		}
	}
}
