package checker

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"schism/history"
)

// Require states what makes a run worth anything. Below it the run is vacuous, whatever was found
// to be valid.
type Require struct {
	// OKRate is the least number of successful operations a second, over the time that clients ran.
	OKRate float64
	// Retried is the least number of operations that succeeded after an attempt that did not.
	Retried int
	During  []During
	// Holders is how many nodes held the entries of operations of the schedule on their disks when they
	// were counted, by the operations' names.
	Holders map[string]int
	Fired   []string // failpoints that must have announced themselves
	Refused []string // nodes that must have refused to start from damaged logs; no other may
	// Answers are those that operations of the schedule must have had, by their names.
	Answers map[string]history.Kind
}

// During is what must have happened while a fault was on: from the moment that it was in place until
// it began to be undone.
type During struct {
	Fault string `yaml:"fault"`        // its kind; the first of that kind in the run
	At    string `yaml:"at,omitempty"` // only operations asked of the node that this selector of the fault became, or of this node
	F     string `yaml:"f,omitempty"`  // only operations of this kind
	// From and To narrow the time, counted from when the fault was in place. To 0: to its end.
	From time.Duration `yaml:"from,omitempty"`
	To   time.Duration `yaml:"to,omitempty"`

	Asked    int  `yaml:"asked,omitempty"`      // at least so many were invoked
	OK       int  `yaml:"ok,omitempty"`         // at least so many were invoked and ok within the time
	OKAtMost *int `yaml:"ok-at-most,omitempty"` // at most so many were
}

// Worth measures every requirement.
func (r Require) Worth(h *history.History) []Worth {
	var worth []Worth
	if r.OKRate > 0 {
		worth = append(worth, okRate(r.OKRate, h))
	}
	if r.Retried > 0 {
		worth = append(worth, retried(r.Retried, h))
	}
	for _, d := range r.During {
		worth = append(worth, d.worth(h)...)
	}
	for _, name := range r.Fired {
		worth = append(worth, hasFired(name, h))
	}
	worth = append(worth, refused(r.Refused, h)...)
	for _, name := range sortedKeys(r.Holders) {
		worth = append(worth, holders(name, r.Holders[name], h))
	}
	for _, name := range sortedKeys(r.Answers) {
		worth = append(worth, answered(name, r.Answers[name], h))
	}
	return worth
}

func hasFired(name string, h *history.History) Worth {
	var nodes []string
	for _, a := range h.Announced {
		if a.Failpoint == name {
			nodes = append(nodes, a.Node)
		}
	}
	slices.Sort(nodes)
	w := Worth{What: "the failpoint " + name + " fired", Holds: len(nodes) > 0, Seen: "it did not"}
	if w.Holds {
		w.Seen = fmt.Sprintf("%d times, at %s", len(nodes), ShowList(slices.Compact(nodes)))
	}
	return w
}

// refused wants just these nodes to have refused: a run in which another one stayed away is not the one that
// was meant.
func refused(want []string, h *history.History) []Worth {
	said := make(map[string]string)
	for _, r := range h.Refusals {
		said[r.Node] = r.Said
	}
	var worth []Worth
	for _, node := range want {
		w := Worth{What: node + " refused to start from its damaged log", Holds: said[node] != "", Seen: said[node]}
		if !w.Holds {
			w.Seen = "it did not"
		}
		worth = append(worth, w)
	}
	for _, node := range sortedKeys(said) {
		if !slices.Contains(want, node) {
			worth = append(worth, Worth{What: node + " started from its damaged log", Seen: "it refused: " + said[node]})
		}
	}
	return worth
}

// holders looks at the last count: the schedule makes it when all is as it should be.
func holders(name string, want int, h *history.History) Worth {
	w := Worth{What: fmt.Sprintf("%d nodes held the entry of %s on their disks", want, name), Seen: "nobody counted them"}
	for _, counted := range h.Holders {
		if counted.Name == name {
			w.Holds = len(counted.Nodes) == want
			w.Seen = strings.TrimSuffix(fmt.Sprintf("%d: %s", len(counted.Nodes), strings.Join(counted.Nodes, " ")), ": ")
		}
	}
	return w
}

func answered(name string, want history.Kind, h *history.History) Worth {
	w := Worth{What: fmt.Sprintf("the answer to %s was %s", name, want), Seen: "it was never asked"}
	if op := named(h, name); op != nil {
		w.Holds, w.Seen = op.Outcome == want, strings.TrimSpace(string(op.Outcome)+" "+op.Error)
	}
	return w
}

func retried(want int, h *history.History) Worth {
	n := 0
	for i := range h.Operations {
		if o := &h.Operations[i]; o.Attempts() > 1 && o.Outcome == history.OK {
			n++
		}
	}
	return Worth{What: fmt.Sprintf("at least %d operations succeeded after an attempt that did not", want), Holds: n >= want, Seen: fmt.Sprint(n)}
}

func okRate(want float64, h *history.History) Worth {
	var ok int
	var from, to time.Duration = -1, 0
	for _, op := range h.Operations {
		if from < 0 {
			from = op.CallTime
		}
		to = max(to, op.CallTime)
		if op.Outcome == history.OK {
			ok++
		}
	}
	w := Worth{What: fmt.Sprintf("at least %g successful operations a second", want)}
	if to <= from {
		w.Seen = fmt.Sprintf("%d in all", ok)
		return w
	}
	rate := float64(ok) / (to - from).Seconds()
	w.Holds, w.Seen = rate >= want, fmt.Sprintf("%.1f", rate)
	return w
}

func (d During) worth(h *history.History) []Worth {
	life, found := d.life(h)
	if !found || life.Active < 0 {
		return []Worth{{What: d.describe("operations"), Seen: "there was no such fault in place"}}
	}
	from, to := d.window(life, h.End)
	node := d.node(life)
	if d.At != "" && node == "" {
		return []Worth{{What: d.describe("operations"), Seen: fmt.Sprintf("the fault chose no single node as %s", d.At)}}
	}
	asked, ok := d.count(h, node, from, to)
	var worth []Worth
	if d.Asked > 0 {
		worth = append(worth, Worth{What: fmt.Sprintf("at least %d %s", d.Asked, d.describe("asked")), Holds: asked >= d.Asked, Seen: fmt.Sprint(asked)})
	}
	if d.OK > 0 {
		worth = append(worth, Worth{What: fmt.Sprintf("at least %d %s", d.OK, d.describe("ok")), Holds: ok >= d.OK, Seen: fmt.Sprint(ok)})
	}
	if d.OKAtMost != nil {
		worth = append(worth, Worth{What: fmt.Sprintf("at most %d %s", *d.OKAtMost, d.describe("ok")), Holds: ok <= *d.OKAtMost, Seen: fmt.Sprint(ok)})
	}
	return worth
}

func (d During) life(h *history.History) (history.FaultLife, bool) {
	for _, life := range h.Faults {
		if life.F == d.Fault {
			return life, true
		}
	}
	return history.FaultLife{}, false
}

func (d During) window(life history.FaultLife, end time.Duration) (from, to time.Duration) {
	to = life.End
	if to < 0 {
		to = end
	}
	if d.To > 0 {
		to = min(to, life.Active+d.To)
	}
	return life.Active + d.From, to
}

// node is the one that At means; empty if At is empty, or means none or several.
func (d During) node(life history.FaultLife) string {
	if chosen := life.Resolved().Targets[d.At]; len(chosen) == 1 {
		return chosen[0]
	}
	return ""
}

func (d During) count(h *history.History, node string, from, to time.Duration) (asked, ok int) {
	for _, op := range h.Operations {
		if op.CallTime < from || op.CallTime > to || node != "" && op.Node != node || d.F != "" && op.F != d.F {
			continue
		}
		asked++
		if op.Outcome == history.OK && op.ReturnTime <= to {
			ok++
		}
	}
	return asked, ok
}

// describe is "reads ok at the leader during the partition, from 600ms after it was in place".
func (d During) describe(what string) string {
	var b strings.Builder
	if d.F != "" {
		b.WriteString(d.F + "s ")
	}
	b.WriteString(what)
	if d.At != "" {
		b.WriteString(" at " + d.At)
	}
	b.WriteString(" during the " + d.Fault)
	if d.From > 0 {
		fmt.Fprintf(&b, ", from %v after it was in place", d.From)
	}
	if d.To > 0 {
		fmt.Fprintf(&b, ", up to %v after it was in place", d.To)
	}
	return b.String()
}
