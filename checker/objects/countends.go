package objects

import (
	"fmt"

	"schism/checker"
	"schism/history"
)

// endCounter compares what the nodes held at the end with all that was added. It judges counters of any
// amounts above zero; of others nothing can be said without an order.
func endCounter(k *key, found []*finding) []*finding {
	if !k.ending.known || len(k.ops) == 0 {
		return found
	}
	var least, most int64 // the sum of what was acknowledged, and of whatever may have happened
	for i := range k.ops {
		o := &k.ops[i]
		switch {
		case o.does == counterRead:
			continue
		case o.n <= 0:
			return found
		case !o.unknown():
			least += o.n
		}
		most += o.n
	}
	highest := int64(-1)
	for _, s := range k.ending.states {
		n := int64(0)
		if v := s.State[k.name]; !history.IsNil(v) {
			var err error
			if n, err = wholeNumber(v); err != nil {
				return found // the key holds something else: the reads have said so
			}
		}
		if n > most {
			return append(found, k.endsWith(s, n, most, k.surplus(n-most, never)))
		}
		highest = max(highest, n)
	}
	if highest >= least {
		return found
	}
	return append(withoutStale(found), k.short(highest, least))
}

// withoutStale leaves out reads that only missed what is gone for good: the loss says it all.
func withoutStale(found []*finding) []*finding {
	var rest []*finding
	for _, f := range found {
		if f.name != checker.StaleRead {
			rest = append(rest, f)
		}
	}
	return rest
}

func (k *key) endsWith(s checker.NodeState, n, most int64, name string) *finding {
	f := &finding{name: name, key: k, focus: s.Op, ops: []*history.Operation{s.Op}}
	for i := range k.ops {
		if o := &k.ops[i]; o.does == counterAdd {
			f.ops = append(f.ops, k.source(o))
		}
	}
	f.message = fmt.Sprintf("%s: at the end %s held %s = %d, although no more than %d had ever been asked to be added",
		k.title(name), s.Node, checker.ShowKey(k.name), n, most)
	f.proof = "a counter holds no more than what was added to it."
	return f
}

// short is the loss of adds: every node had caught up, and held less than had been acknowledged.
func (k *key) short(held, least int64) *finding {
	asked := k.ending.asked()
	f := &finding{name: checker.LostWrite, key: k, focus: asked, ops: []*history.Operation{asked}}
	var last *history.Operation
	adds := 0
	for i := range k.ops {
		if o := &k.ops[i]; o.does == counterAdd && !o.unknown() {
			adds++
			s := k.source(o)
			f.ops = append(f.ops, s)
			if last == nil || s.Return > last.Return {
				last = s
			}
		}
	}
	f.message = fmt.Sprintf("Lost write: at the end %s = %d on every node that answered, although %s that make %d had been acknowledged: the last was %s",
		checker.ShowKey(k.name), held, checker.ShowCount(adds, "add"), least, checker.ShowWrite(last)+checker.ShowPlace("at", last)+", at "+checker.ShowTime(last.ReturnTime))
	f.proof = "nothing takes from a counter what was added to it, and every node had caught up with the cluster."
	return f
}
