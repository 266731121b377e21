package txn

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"schism/history"
)

// The twin decides the same by trying everything. It knows the definitions of the levels and shares nothing with
// the checker, not even the reading of transactions.

// deed is one step of a transaction.
type deed struct {
	writes bool
	key    string
	value  string // that it writes
	saw    string // that it read: "1,2," of a list
}

// doer is a transaction.
type doer struct {
	*history.Operation
	deeds []deed
}

// doers are the transactions that may have taken effect, and all that were asked for.
func doers(ops []history.Operation) (all, asked []doer) {
	for i := range ops {
		o := &ops[i]
		text := o.Input
		if o.Outcome == history.OK {
			text = o.Output
		}
		var steps [][]json.RawMessage
		if err := json.Unmarshal(text, &steps); err != nil {
			panic(err)
		}
		d := doer{Operation: o}
		for _, s := range steps {
			one := deed{writes: string(s[0]) != `"r"`, key: string(s[1])}
			if one.writes {
				one.value = string(s[2])
			} else if list := strings.Trim(string(s[2]), "[]"); list != "" && list != "null" {
				one.saw = list + ","
			}
			d.deeds = append(d.deeds, one)
		}
		asked = append(asked, d)
		if o.Outcome != history.Fail {
			all = append(all, d)
		}
	}
	return all, asked
}

func (d doer) ok() bool { return d.Outcome == history.OK }

// writesTo says whether it writes a key.
func (d doer) writesTo(key string) bool {
	return slices.ContainsFunc(d.deeds, func(m deed) bool { return m.writes && m.key == key })
}

// before says whether an order demands that a comes before b.
func before(o Order, a, b doer) bool {
	return a.ok() && a.Return < b.Call && (o == RealTime || o == SessionOrder && a.Process == b.Process)
}

// world is what a store holds. write is how a value is written to it.
type world map[string]string

type datatype func(held, value string) string

// model is a kind of value: how one is written, and what a transaction that wrote own is shown where it found base.
type model struct {
	write datatype
	own   func(base, own string) string
}

var (
	ofLists     = model{func(held, value string) string { return held + value + "," }, func(base, own string) string { return base + own }}
	ofRegisters = model{func(_, value string) string { return value + "," }, func(_, own string) string { return own }}
)

// execute runs a transaction in a world, and says whether it sees what it saw there.
func (d doer) execute(w world, write datatype) (world, bool) {
	next := world{}
	for k, v := range w {
		next[k] = v
	}
	for _, m := range d.deeds {
		switch {
		case m.writes:
			next[m.key] = write(next[m.key], m.value)
		case d.ok() && next[m.key] != m.saw:
			return nil, false
		}
	}
	return next, true
}

// serializable tries all orders. An unanswered transaction may be left out.
func serializable(all []doer, o Order, write datatype) bool {
	var place func(done []bool, w world) bool
	place = func(done []bool, w world) bool {
		left := false
		for i, d := range all {
			if done[i] {
				continue
			}
			left = left || d.ok()
			if slices.ContainsFunc(all, func(e doer) bool {
				return before(o, e, d) && !done[slices.IndexFunc(all, func(f doer) bool { return f.Call == e.Call })]
			}) {
				continue
			}
			if next, fits := d.execute(w, write); fits {
				done[i] = true
				if place(done, next) {
					return true
				}
				done[i] = false
			}
		}
		return !left
	}
	return place(make([]bool, len(all)), world{})
}

// snapshots tries all orders of the commits, and for each transaction all moments of its snapshot before its own: what
// it saw is of that moment, and nobody else committed a key that it writes since then.
func snapshots(all []doer, o Order, write datatype) bool {
	var place func(order []int, worlds []world) bool
	place = func(order []int, worlds []world) bool {
		left := false
		for i, d := range all {
			if slices.Contains(order, i) {
				continue
			}
			left = left || d.ok()
			if moment(all, order, worlds, d, o, write) {
				next := world{}
				for k, v := range worlds[len(order)] {
					next[k] = v
				}
				for _, m := range d.deeds {
					if m.writes {
						next[m.key] = write(next[m.key], m.value)
					}
				}
				if place(append(slices.Clip(order), i), append(slices.Clip(worlds), next)) {
					return true
				}
			}
		}
		return !left
	}
	return place(nil, []world{{}})
}

func moment(all []doer, order []int, worlds []world, d doer, o Order, write datatype) bool {
	for s := len(order); s >= 0; s-- {
		if s < len(order) {
			for _, m := range d.deeds {
				if m.writes && all[order[s]].writesTo(m.key) {
					return false // and so at every earlier moment
				}
			}
		}
		fits := true
		for i, e := range all {
			fits = fits && !(before(o, e, d) && !slices.Contains(order[:s], i))
		}
		if !fits {
			return false
		}
		if _, sees := d.execute(worlds[s], write); sees {
			return true
		}
	}
	return false
}

// holds is what the twin says.
func (m model) holds(ops []history.Operation, i Isolation) bool {
	all, asked := doers(ops)
	switch l := i.Level(); i {
	case ReadUncommitted, ReadCommitted, RepeatableRead:
		return adya(all, asked, i, m)
	case SnapshotIsolation, StrongSessionSnapshot, StrongSnapshot:
		return snapshots(all, l.Order, m.write)
	default:
		return serializable(all, l.Order, m.write)
	}
}

func dump(ops []history.Operation) string {
	var b strings.Builder
	for _, o := range ops {
		fmt.Fprintf(&b, "%2d-%2d client %d %-4s %s → %s\n", o.Call, o.Return, o.Process, o.Outcome, o.Input, o.Output)
	}
	return b.String()
}
