package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"schism/checker"
	"schism/history"
)

// step is one thing that happened, in words.
type step struct {
	at    time.Duration
	text  []run
	focus bool
	rank  int // if there are too many, the highest ranks go first
}

// run is a piece of a sentence. Class is "", strong, old (the value that should not be there), new
// (the value that should), or both as "strong old".
type run struct{ Text, Class string }

// maxSteps is how many steps people read. The operations of the proof always stay.
const maxSteps = 11

func (c chronicle) steps(s story) []step {
	var all []step
	for _, o := range s.ops {
		all = append(all, c.operationStep(s, o))
	}
	for _, f := range s.faults {
		all = append(all, c.faultSteps(s, f)...)
	}
	all = append(append(all, c.leaderSteps(s)...), c.leaseSteps(s)...)
	focus := focusOf(s.ops).CallTime
	slices.SortStableFunc(all, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare((a.at-focus).Abs(), (b.at-focus).Abs()))
	})
	all = all[:min(len(all), max(maxSteps, len(s.ops)))]
	slices.SortStableFunc(all, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	return all
}

func (c chronicle) operationStep(s story, o proofOp) step {
	switch {
	case o.focus && s.anomaly.Name == checker.Unavailable:
		return step{at: o.CallTime, focus: true, text: []run{{possessive(o), ""}, {o.words(), "strong"}, {askedOf(o) + " waits. ", ""}, {s.conclusion(), "strong"}}}
	case o.focus:
		return c.focusStep(s, o)
	case o.F == history.FinalRead:
		return step{at: o.ReturnTime, text: []run{{"At the end ", ""}, {name(o.Node), "strong"}, {" holds ", ""}, {o.equation(), o.class()}, {".", ""}}}
	case o.Outcome == history.Info:
		return step{at: o.CallTime, text: []run{{possessive(o), ""}, {o.words(), "strong"}, {askedOf(o) + " gets no answer: it may or may not have happened.", ""}}}
	case o.Outcome == history.Fail:
		return step{at: o.ReturnTime, text: []run{{possessive(o), ""}, {o.words(), "strong"}, {c.refused(o), ""}}}
	case o.F == history.Dequeue && o.holds() == nothing:
		return step{at: o.ReturnTime, text: []run{{upper(o.who()) + " ", ""}, {"finds " + name(o.key) + " empty", o.class()}, {at(o) + ".", ""}}}
	case o.F == history.Read:
		return step{at: o.ReturnTime, text: []run{{upper(o.who()) + " ", ""}, {"reads " + o.equation(), o.class()}, {from(o) + seen(s, o), ""}}}
	}
	return step{at: o.ReturnTime, text: []run{{possessive(o), ""}, {o.words(), o.class()},
		{" is acknowledged" + by(o) + c.standing(o) + "." + demand(s, o), ""}}}
}

func (c chronicle) focusStep(s story, o proofOp) step {
	var t []run
	switch {
	case o.F == history.FinalRead:
		t = []run{{"At the end ", ""}, {name(o.Node) + " holds " + o.equation(), "strong old"}}
		if state, ok := o.state(); ok && state.Applied > 0 {
			t = append(t, run{fmt.Sprintf(" (%s applied)", count(int(state.Applied), "log entry", "log entries")), ""})
		}
	case o.F == history.Dequeue && o.holds() == nothing:
		t = []run{{upper(o.who()) + " ", ""}, {"finds " + name(o.key) + " empty", "strong old"}, {at(o), ""}}
	case o.F == history.Read:
		t = []run{{upper(o.who()) + " ", ""}, {"reads " + o.equation(), "strong old"}, {from(o), ""}}
	default:
		t = []run{{possessive(o), ""}, {o.words(), "strong old"}, {" is answered" + by(o), ""}}
	}
	if rival, ok := rivalIn(s.ops); ok && rival.Outcome == history.OK && s.anomaly.Name != checker.Fractured {
		verb := " was acknowledged"
		if rival.weight() == 0 {
			verb = " was read"
		}
		what := rival.holds()
		if rival.F == history.Add {
			what = "an add"
		}
		t = append(t, run{", " + span(o.CallTime-rival.ReturnTime) + " after " + what + verb, ""})
	}
	t = append(t, run{". ", ""}, run{s.conclusion(), "strong"})
	return step{at: o.ReturnTime, text: t, focus: true}
}

// standing tells what the node that answered was at the time.
func (c chronicle) standing(o proofOp) string {
	if r := roleOf(c.strips, o.Node, o.ReturnTime); r.role == roleLeader {
		return fmt.Sprintf(", leader of term %d", r.term)
	}
	return ""
}

func (c chronicle) refused(o proofOp) string {
	if o.Error == history.Mismatch {
		if len(o.Found()) > 0 {
			return " does not match" + at(o) + ": it found " + valueOf(o.Found()) + "."
		}
		return " does not match" + at(o) + "."
	}
	return " is refused" + by(o) + ": it certainly did not happen."
}

func seen(s story, o proofOp) string {
	if rival, ok := rivalIn(s.ops); ok && !o.rival && rival.holds() == o.holds() {
		return ": the write is visible."
	}
	return "."
}

func (o proofOp) equation() string { return name(o.key) + " = " + o.holds() }

func (o proofOp) class() string {
	if o.rival {
		return "strong new"
	}
	return "strong"
}

func possessive(o proofOp) string { return upper(o.who()) + "’s " }

func from(o proofOp) string    { return preposition(" from ", o) }
func by(o proofOp) string      { return preposition(" by ", o) }
func at(o proofOp) string      { return preposition(" on ", o) }
func askedOf(o proofOp) string { return preposition(" at ", o) }

func preposition(p string, o proofOp) string {
	if o.Node == "" {
		return ""
	}
	return p + name(o.Node)
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// faultSteps are the beginning and the end of a fault, as far as they lie in the window.
func (c chronicle) faultSteps(s story, f history.FaultLife) []step {
	var all []step
	focus := focusOf(s.ops).CallTime
	rank := 2
	if f.ActiveAt(focus) {
		rank = 1
	}
	if s.window.contains(f.Start) {
		all = append(all, step{at: f.Start, text: c.struck(f), rank: rank})
	}
	if f.Healed >= 0 && s.window.contains(f.Healed) {
		all = append(all, step{at: f.Healed, text: healed(f), rank: 4})
	}
	return all
}

func (c chronicle) struck(f history.FaultLife) []run {
	all := f.Resolved()
	t := []run{{upper(plain(f.F)) + ". ", "strong"}}
	switch {
	case refuted(f):
		t = append(t, run{"It was ordered (" + value(all.Text) + ") and did not bite.", ""})
	case len(silenced(all)) > 0:
		t = append(t, run{c.cutWords(f), ""})
	case len(all.Nodes) > 0:
		verb := map[string]string{roleDown: "killed", rolePaused: "paused"}[outageKind(f.F)]
		if verb == "" {
			verb = "struck"
		}
		t = append(t, run{list(names(all.Nodes)) + isAre(len(all.Nodes)) + verb + ".", ""})
	default:
		t = append(t, run{ellipsis(plain(all.What), 80) + ".", ""})
	}
	return t
}

// cutWords tells a partition: who cannot reach whom, and who leads at that time.
func (c chronicle) cutWords(f history.FaultLife) string {
	from, _ := inPlace(f, c.h.End)
	text := c.net.sentence(from, "can no longer")
	for _, s := range c.strips {
		if r := s.at(from); r.role == roleLeader && r.alone {
			text += fmt.Sprintf(" %s still leads term %d.", name(s.node), r.term)
		}
	}
	return text
}

func isAre(n int) string {
	if n == 1 {
		return " is "
	}
	return " are "
}

func healed(f history.FaultLife) []run {
	all := f.Resolved()
	if len(all.Nodes) > 0 && len(silenced(all)) == 0 {
		verb := " run again."
		if len(all.Nodes) == 1 {
			verb = " runs again."
		}
		return []run{{list(names(all.Nodes)), "strong"}, {verb, ""}}
	}
	return []run{{"The " + plain(f.F) + " is healed.", ""}}
}

// leaderSteps are the new leaders in the window.
func (c chronicle) leaderSteps(s story) []step {
	var all []step
	for _, r := range c.reigns {
		if r.from == 0 || !s.window.contains(r.from) {
			continue
		}
		t := []run{{fmt.Sprintf("%s leads term %d.", name(r.node), r.term), "strong"}}
		for _, other := range c.strips {
			if o := other.at(r.from); other.node != r.node && o.role == roleLeader {
				t = append(t, run{fmt.Sprintf(" %s still believes it leads term %d.", name(other.node), o.term), ""})
			}
		}
		all = append(all, step{at: r.from, text: t, rank: 3})
	}
	return all
}

func names(nodes []string) []string {
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = name(n)
	}
	return out
}
