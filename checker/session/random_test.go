package session

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"schism/history"
)

// randomHistory is one of a few sessions on one key. Readers see what a replica that is late now and then
// would show, and sometimes anything.
func randomHistory(r *rand.Rand, lists bool) *history.History {
	h := new(history.History)
	sessions := 1 + r.IntN(3)
	dead := make(map[int]bool)
	var values []string // in the order in which they were asked for
	for n := range 2 + r.IntN(9) {
		p := r.IntN(sessions)
		if dead[p] {
			continue
		}
		o := history.Operation{
			Process: history.Process(p), Key: "x", Outcome: history.OK, Call: int64(2 * n), Return: int64(2*n + 1),
		}
		fresh := fmt.Sprint(len(values) + 1)
		if lists {
			fresh = element(len(values))
		}
		switch c := r.IntN(10); {
		case c < 6 || len(values) >= 5:
			o.F = history.Read
			o.Output = history.Value(randomSight(r, values, lists))
		case lists:
			o.F, o.Input = history.Append, history.Value(fresh)
		case c == 6:
			o.F, o.Input = history.CAS, history.Pair(history.Value(randomSight(r, values, false)), history.Value(fresh))
			if r.IntN(2) == 0 {
				o.Outcome, o.Error = history.Fail, history.Mismatch
				o.Rare = &history.Rare{Found: history.Value(randomSight(r, values, false))}
			}
		default:
			o.F, o.Input = history.Write, history.Value(fresh)
		}
		if o.F != history.Read {
			values = append(values, fresh)
			if c := r.IntN(8); c == 0 && o.Outcome == history.OK {
				o.Outcome, dead[p] = history.Info, true
			} else if c == 1 {
				o.Outcome = history.Fail
			}
		}
		h.Operations = append(h.Operations, o)
	}
	return h
}

func randomSight(r *rand.Rand, values []string, list bool) string {
	n := len(values)
	if r.IntN(3) == 0 && n > 0 {
		n -= r.IntN(n)
	}
	if r.IntN(40) == 0 {
		n++ // not yet there
	}
	if !list {
		if n == 0 {
			return "null"
		}
		return fmt.Sprint(n)
	}
	var seen []string
	for i := range n {
		if r.IntN(15) > 0 {
			seen = append(seen, element(i))
		}
	}
	if len(seen) > 1 && r.IntN(8) == 0 {
		i := r.IntN(len(seen) - 1)
		seen[i], seen[i+1] = seen[i+1], seen[i]
	}
	if len(seen) > 0 && r.IntN(30) == 0 {
		seen = slices.Insert(seen, r.IntN(len(seen)+1), seen[r.IntN(len(seen))])
	}
	return "[" + strings.Join(seen, ",") + "]"
}

// element is the text of a list's value: each begins like the next.
func element(n int) string { return "123456789"[:n+1] }
