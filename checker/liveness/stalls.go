package liveness

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"schism/history"
)

// stall is a time in which the controller, or a node, was measured to stand still and no fault had
// ordered it.
type stall struct {
	interval
	node string // empty: the controller, and with it perhaps the whole machine
}

// stallsOf are those that are long enough to count.
func (k *course) stallsOf(h *history.History) []stall {
	var all []stall
	for _, e := range h.Stalls {
		var s history.Stall
		if json.Unmarshal(e.Value, &s) != nil || s.For < k.limits.Stall {
			continue
		}
		i := interval{e.At() - s.For, e.At()}
		if !k.ordered(e.Node, i) {
			all = append(all, stall{i, e.Node})
		}
	}
	return all
}

// ordered says whether a fault kept the node from running at some time in i.
func (k *course) ordered(node string, i interval) bool {
	return slices.ContainsFunc(k.reach.in(i), func(e epoch) bool { return e.down[node] })
}

// aftermath is how long a stall, or a fault, may take to show: a heartbeat that did not come, a timeout
// of up to twice the least one, votes that are split. Stall is half of the least timeout.
func (k *course) aftermath() time.Duration { return 10 * k.limits.Stall }

// stalledBefore says whether there was a stall shortly before t.
func (k *course) stalledBefore(t time.Duration) bool {
	return k.stalledIn(interval{t - k.aftermath(), t})
}

func (k *course) stalledIn(i interval) bool {
	return slices.ContainsFunc(k.stalls, func(s stall) bool { return s.from <= i.to && s.to >= i.from })
}

// explained says whether a fault alone accounts for a change of leader: the old leader had lost its majority,
// or a node that had been cut off from it had entered higher terms. That somebody lost only the old leader
// does not: whether the others then elect him is the system's doing, unless they heard nothing either.
func (k *course) explained(c change) bool {
	w := interval{c.after.from - k.aftermath(), c.after.from}
	for _, e := range k.reach.in(w) {
		if !e.served[c.before.node] {
			return true
		}
	}
	return k.outgrown(c)
}

// outgrown says whether a node that was cut off from the old leader in its reign was seen, before the
// change, in a term above that leader's, and no stall may have brought it there: with PreVote and CheckQuorum it
// gets there only if others, too, heard nothing.
func (k *course) outgrown(c change) bool {
	for _, e := range k.reach.in(interval{c.before.from, c.after.from}) {
		for _, s := range k.seen {
			if s.at < c.after.from && s.Term > c.before.term && e.apart(s.node, c.before.node) && !k.stalledBefore(s.at) {
				return true
			}
		}
	}
	return false
}

// doubtful are the changes that no fault explains and that came right after a stall.
func (k *course) doubtful() int {
	n := 0
	for _, c := range k.changes() {
		if !k.explained(c) && k.stalledBefore(c.after.from) {
			n++
		}
	}
	return n
}

// stoodStill is how much of i was a stall.
func (k *course) stoodStill(i interval) (sum time.Duration) {
	var last time.Duration
	all := make([]interval, len(k.stalls))
	for n, s := range k.stalls {
		all[n] = s.interval
	}
	slices.SortFunc(all, func(a, b interval) int { return cmp.Compare(a.from, b.from) })
	for _, s := range within(all, i) {
		s.from = max(s.from, last) // two may overlap
		sum += s.length()
		last = max(last, s.to)
	}
	return sum
}
