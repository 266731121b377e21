package objects

import (
	"context"
	"slices"
	"time"

	"schism/checker/search"
)

const (
	// shrinkTime bounds the search for a short proof on one key. A longer proof is not a wrong one.
	shrinkTime = 2 * time.Second
	// proveTime bounds one question to Porcupine about a proof.
	proveTime = 250 * time.Millisecond
)

// prover answers whether some of a key's operations prove alone that the key is not linearizable.
type prover struct {
	key   *key
	guard *search.Guard
}

// proves says whether no order fits the operations at ats, whatever the others did: of those, what
// changes the object may have happened at any time after its call, or never, and answers do not
// count. An order of all operations would be one of these too. That the operations are illegal on
// their own follows: what may never have happened may be left out. What Porcupine cannot decide in
// limit proves nothing.
func (p *prover) proves(ats []int32, limit time.Duration) bool {
	k := p.key
	end, next := int64(0), 0
	for _, at := range ats {
		if o := &k.ops[at]; !o.unknown() {
			end = max(end, o.ret)
		}
	}
	ops := make([]op, 0, len(ats))
	for i, o := range k.ops {
		if o.call > end {
			break
		}
		switch {
		case next < len(ats) && ats[next] == int32(i):
			next++
		case o.changes:
			o.ret = never
		default:
			continue
		}
		ops = append(ops, o)
	}
	linearizable, ok, _ := p.guard.Ask(context.Background(), k.model(), forPorcupine(k.tighten(ops)), limit)
	return ok && !linearizable
}

// shorten gives a short proof among the first n operations, which are known to be illegal: first the
// answers that it can do without, in halves, quarters, down to single ones; then what they need.
func (p *prover) shorten(n int, limit time.Duration) []int32 {
	end := time.Now().Add(limit)
	ats := make([]int32, 0, n)
	now := int64(never)
	if n < len(p.key.ops) {
		now = p.key.ops[n].call
	}
	for i := range p.key.ops[:n] {
		if o := &p.key.ops[i]; o.changes || o.ret < now {
			ats = append(ats, int32(i))
		}
	}
	for part := (len(ats) + 1) / 2; part > 0; part /= 2 {
		for i := 0; i < len(ats); {
			left := time.Until(end)
			if left <= 0 {
				return ats
			}
			less := slices.Concat(ats[:i], ats[min(i+part, len(ats)):])
			if len(less) > 0 && p.proves(less, min(left, proveTime)) {
				ats = less
			} else {
				i += part
			}
		}
	}
	return ats
}
