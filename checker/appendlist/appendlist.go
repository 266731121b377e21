// Package appendlist decides whether lists that clients append unique tokens to are linearizable:
// whether each append and each read can be given one moment between its call and its return so that
// every read shows just the tokens appended before it, in that order.
package appendlist

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

// Lists judges every key of a history as a list with append and read (history.Append, history.Read)
// that is empty before its first append.
//
// Because tokens are unique, a read shows the whole past of its list, and the order of the tokens in
// the longest read leaves nothing to search for: the history is linearizable iff every list shows only
// tokens that may have been appended, none of them twice, every other list is the beginning of the
// longest one, and no operation that is over before another one begins stands behind it in the order
// that the lists give. Where a token recurs, of the rest of the history only that is found which needs no order: a list
// with a token that nobody ever appended. Appends of unknown outcome count if somebody saw their token, and are free.
//
// What the nodes held at the end (history.FinalRead) is looked at for tokens that are there twice, that
// cannot be there, and that are gone; it is never taken for a read.
//
// A split brain has no finding here: two leaders in one term are not visible in what clients were told,
// only their effects are, which have names of their own (lost-write, stale-read, reordered).
type Lists struct {
	Limits checker.Limits // only the time: the check needs a small multiple of the history's own memory
}

// defaultTime applies where the limits give none.
const defaultTime = time.Minute

// Name is the checker's name in results.
func (Lists) Name() string { return "linearizable" }

// Check judges all keys. Those that are not begun when the time or ctx is over are Unknown.
func (c Lists) Check(ctx context.Context, h *history.History) checker.Check {
	return c.judge(ctx, h, split(h))
}

func (c Lists) judge(ctx context.Context, h *history.History, keys []*key) checker.Check {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Limits.Time, defaultTime))
	defer cancel()
	check := checker.Check{Name: c.Name(), Figures: map[string]float64{"operations": float64(len(h.Operations))}}
	var all []*finding
	for _, k := range keys {
		one := checker.KeyCheck{Key: k.name, Operations: k.total, Verdict: checker.Valid}
		switch found := k.judge(ctx); {
		case len(found) > 0:
			one.Verdict = checker.Invalid
			all = append(all, found...)
		case k.broken != "":
			one.Verdict, one.Message = checker.Unknown, k.broken
		}
		check.Keys = append(check.Keys, one)
		check.Figures["tokens"] += float64(len(k.tokens))
		check.Figures["tokens_applied_twice"] += float64(k.repeated)
	}
	check.Anomalies = anomalies(h, all, len(keys))
	check.Verdict, check.Message = sum(check.Keys)
	check.Figures["keys"] = float64(len(keys))
	check.Figures["seconds"] = math.Round(time.Since(started).Seconds()*1e3) / 1e3
	return check
}

// judge gives the anomalies of one key, at most one of a name. There is none iff the key is
// linearizable, as far as it can be judged, and nothing speaks against what the nodes held at the end.
func (k *key) judge(ctx context.Context) []*finding {
	if ctx.Err() != nil {
		k.broken = "there was no time left to begin with this key"
		return nil
	}
	k.align()
	found := slices.Concat(k.duplicates(), k.dirty(), k.future(), k.missing())
	if !slices.ContainsFunc(found, func(f *finding) bool { return f.name == checker.LostWrite }) {
		found = append(found, k.lostAtTheEnd()...)
	}
	reordered := k.reordered()
	if len(found) == 0 && len(reordered) == 0 {
		reordered = k.incompatible() // what nothing clearer explains
	}
	found = append(found, reordered...)
	if len(found) == 0 && k.whole != nil && k.before == nil {
		k.whole.parseAll()
		return k.whole.dirty()
	}
	return found
}

func sum(keys []checker.KeyCheck) (checker.Verdict, string) {
	verdicts := []checker.Verdict{checker.Valid} // of a history without any key
	var invalid []string
	unknown := 0
	for _, k := range keys {
		verdicts = append(verdicts, k.Verdict)
		switch k.Verdict {
		case checker.Invalid:
			invalid = append(invalid, checker.ShowKey(k.Key))
		case checker.Unknown:
			unknown++
		}
	}
	text := fmt.Sprintf("Every operation on %s fits one order that a list allows.", checker.ShowCount(len(keys), "key"))
	switch {
	case len(keys) == 0:
		text = "The history has no operations on any key."
	case len(invalid) > 0:
		text = fmt.Sprintf("On %s of %d the lists are not what they should be: %s.", checker.ShowCount(len(invalid), "key"), len(keys), checker.ShowKeys(invalid))
	case unknown > 0:
		text = checker.ShowUndecided(keys, "The others are linearizable")
	}
	return checker.Compose(verdicts...), text
}
