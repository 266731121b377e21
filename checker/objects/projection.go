package objects

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"schism/checker"
	"schism/checker/linear"
	"schism/checker/search"
	"schism/history"
)

// projectTime bounds the look at single registers: what it does not decide by then is decided together.
const projectTime = 2 * time.Second

// refuteByRegister looks at each register of a group alone, as if there were no others.
//
// Theorem: if the group is linearizable, so is each of its registers: leave all but what was done to the one
// out of the order of the whole. Source: Herlihy and Wing, Linearizability (TOPLAS 1990), section 3, whose
// theorem on objects needs the other half as well.
//
// It is not complete: two registers may be right, each alone, and wrong together. A register to which a
// value was written twice, or twice by one transaction, is left out: it cannot be decided near-linearly.
func refuteByRegister(ctx context.Context, k *key) []*finding {
	alone := *k.h // with the faults and what nodes said of themselves, for the words
	alone.Operations = nil
	p := projected{alone: &alone, hard: make(map[string]bool), written: make(map[[2]string]bool)}
	all := k.transactions()
	for i := range all {
		p.add(&all[i])
	}
	p.alone.Operations = slices.DeleteFunc(p.alone.Operations, func(o history.Operation) bool { return p.hard[o.Key] })
	limits := checker.Limits{Time: min(projectTime, max(search.UntilEnd(ctx), time.Millisecond)), Jobs: 1, Once: true}
	var found []*finding
	for _, a := range (linear.Register{Limits: limits}).Check(ctx, p.alone).Anomalies {
		if !slices.ContainsFunc(found, func(f *finding) bool { return f.name == a.Name }) {
			found = append(found, k.retold(a))
		}
	}
	return found
}

// projected are transactions, taken apart into what each did to single registers.
type projected struct {
	alone   *history.History
	hard    map[string]bool
	written map[[2]string]bool // registers with the values that were written there
}

// add takes a transaction apart. What it reads after a write of its own says nothing of others.
func (p *projected) add(from *history.Operation) {
	all, _ := from.Accesses() // normalize has looked
	for i, a := range all {
		of := func(b history.Access) bool { return b.Register == a.Register }
		if slices.ContainsFunc(all[:i], of) {
			continue
		}
		one := *from
		one.Key, one.F, one.Input, one.Output, one.Error, one.Rare = a.Register, history.Read, nil, a.Value, "", nil
		shown := a.Kind == history.Reads && from.Outcome == history.OK
		if to := slices.IndexFunc(all, func(b history.Access) bool { return of(b) && b.Kind == history.Writes }); to >= 0 {
			one.F, one.Input, one.Output = history.Write, all[to].Value, all[to].Value
			if shown {
				one.F, one.Input = history.CAS, history.Pair(a.Value, all[to].Value)
			}
			id := [2]string{a.Register, history.Text(all[to].Value)}
			again := slices.ContainsFunc(all[to+1:], func(b history.Access) bool { return of(b) && b.Kind == history.Writes })
			p.hard[a.Register] = p.hard[a.Register] || again || p.written[id]
			p.written[id] = true
		} else if !shown {
			continue
		}
		p.alone.Operations = append(p.alone.Operations, one)
	}
}

// retold is an anomaly of a single register as one of the whole group: the same operations prove it.
func (k *key) retold(a checker.Anomaly) *finding {
	f := &finding{name: a.Name, key: k, message: strings.TrimSuffix(a.Message, "."), proof: "register " + checker.ShowKey(a.Key) + " alone, without the others, allows no order of these operations."}
	for _, call := range a.Ops {
		o := operationAt(k.h.Operations, call)
		if o == nil {
			o = operationAt(k.h.FinalReads, call)
		}
		if f.ops = append(f.ops, o); call == a.Focus {
			f.focus = o
		}
	}
	return f
}

// operationAt is the operation with the call at an event's index; nil if there is none.
func operationAt(ops []history.Operation, call int64) *history.Operation {
	at, there := slices.BinarySearchFunc(ops, call, func(o history.Operation, call int64) int { return cmp.Compare(o.Call, call) })
	if !there {
		return nil
	}
	return &ops[at]
}
