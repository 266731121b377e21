package txn

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"schism/checker"
	"schism/history"
)

// defaultTime applies where the limits give none.
const defaultTime = time.Minute

// checkWithin judges a history as a whole by a level, within the limits of time. What cannot be judged is unknown.
func checkWithin(ctx context.Context, h *history.History, l checker.Limits, i Isolation, judge func(context.Context, *checker.Check) error) checker.Check {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(l.Time, defaultTime))
	defer cancel()
	c := checker.Check{Name: i.name(), Figures: map[string]float64{"operations": float64(len(h.Operations))}}
	if err := judge(ctx, &c); err != nil {
		c.Verdict, c.Message = checker.Unknown, "The transactions could not be judged: "+err.Error()+"."
	}
	c.Figures["seconds"] = math.Round(time.Since(started).Seconds()*1e3) / 1e3
	return c
}

// name is that of the check of a level, in results.
func (i Isolation) name() string { return string(i.Level().Isolation) }

// sum is the verdict, and all in one sentence: what was found, else why it is undecided, if it is.
func (r *record) sum(l Level, found []checker.Anomaly, undecided string) (checker.Verdict, string) {
	switch {
	case len(found) > 0:
		var words []string
		for _, a := range found {
			words = append(words, a.Name)
		}
		slices.Sort(words)
		return checker.Invalid, fmt.Sprintf("The transactions are not %s: %s.", l.Isolation, checker.ShowList(slices.Compact(words)))
	case undecided != "":
		return checker.Unknown, undecided
	}
	return checker.Valid, fmt.Sprintf("What %s on %s saw is %s.", checker.ShowCount(len(r.ops), "transaction"), checker.ShowCount(len(r.keys), "key"), l.Isolation)
}

// unsure says of how many keys something is not known and why of the first, in a sentence that begins with a format
// for both numbers; it is empty if all are known.
func (r *record) unsure(l Level, of string, why func(key int) string) string {
	n, first := 0, ""
	for k := range r.keys {
		if w := why(k); w != "" {
			n++
			first = cmp.Or(first, w)
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(of+", and what the others show is no violation of %s. Why: %s.", checker.ShowCount(n, "key"), len(r.keys), l.Isolation, first)
}
