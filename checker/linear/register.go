// Package linear decides whether registers are linearizable: whether each operation can be given
// one moment between its call and its return so that every read and every compare-and-set fits.
package linear

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"schism/checker"
	"schism/checker/search"
	"schism/history"
)

// Register judges every key of a history as a register with read, write and cas (history.Read,
// history.Write, history.CAS) that holds nil before its first write.
//
// Keys whose written values are unique and whose results are exact are decided by zones, in near
// linear time, with Porcupine for a second opinion where that is cheap; all others, where no answer
// is wrong in every order, by Porcupine, under the limits. Every anomaly's few operations were found illegal by Porcupine on their own.
type Register struct {
	Limits checker.Limits
}

// The limits that apply where none are given.
const (
	DefaultTime   = 60 * time.Second
	DefaultMemory = 2 << 30
)

// Name is the checker's name in results.
func (Register) Name() string { return "linearizable" }

// Check judges all keys. It returns within two seconds after its time or ctx is over; keys that are
// not decided then are Unknown.
func (c Register) Check(ctx context.Context, h *history.History) checker.Check {
	return c.judge(ctx, h, split)
}

// judge judges the keys that a history is split into.
func (c Register) judge(ctx context.Context, h *history.History, split func(*history.History) []*key) checker.Check {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Limits.Time, DefaultTime))
	defer cancel()
	keys := split(h)
	slices.SortFunc(keys, func(a, b *key) int { return strings.Compare(a.name, b.name) })
	judged := make([]*judgement, len(keys))
	for i, k := range keys {
		judged[i] = newJudgement(k)
	}
	g := search.Watch(cmp.Or(c.Limits.Memory, DefaultMemory))
	defer g.Close()
	decided := context.AfterFunc(ctx, g.StopAll)
	c.decide(ctx, judged, g)
	decided() // what is known by now is explained, even if the time is over

	x := newExplainer(h, judged, g, time.Now().Add(search.UntilEnd(ctx)+explainTime))
	check := checker.Check{Name: c.Name(), Anomalies: x.anomalies()}
	for _, j := range judged {
		check.Keys = append(check.Keys, checker.KeyCheck{
			Key: j.key.name, Verdict: j.Verdict, Operations: j.key.total, Message: j.Why,
		})
	}
	check.Verdict = compose(check.Keys)
	check.Message = sentence(check)
	check.Figures = figures(h, judged, x)
	check.Figures["seconds"] = math.Round(time.Since(started).Seconds()*1e3) / 1e3
	return check
}

// judgement is what is known about one key so far.
type judgement struct {
	search.Problem
	key    *key
	values *succession
	reason *conflict // of Invalid, if it was found without a search
	second bool      // Porcupine agreed
}

func newJudgement(k *key) *judgement {
	j := &judgement{key: k}
	j.Problem = search.Problem{
		Size: len(k.ops), Bad: len(k.ops), Model: model(),
		Beginning: func(n int) []porcupine.Operation { return forPorcupine(k.only(k.beginning(n)).tighten()) },
	}
	return j
}

// compose is Valid for a history without any key: nothing was promised, and whether that is worth
// anything is for others to say.
func compose(keys []checker.KeyCheck) checker.Verdict {
	verdicts := []checker.Verdict{checker.Valid}
	for _, k := range keys {
		verdicts = append(verdicts, k.Verdict)
	}
	return checker.Compose(verdicts...)
}

func (c Register) decide(ctx context.Context, all []*judgement, g *search.Guard) {
	p := &search.Pool{Jobs: c.Limits.Jobs, Guard: g}
	search.Each(p, all, func(j *judgement) {
		switch {
		case ctx.Err() != nil:
			j.Why = cmp.Or(j.key.broken, "there was no time left to begin with this key")
		case j.key.doubt == never:
			j.byZones()
		case j.brokenBeforeDoubt():
		case j.key.broken == "" && j.refuted():
		default:
			j.Why = j.key.broken
		}
	})
	var rest []*search.Problem
	var second []*judgement
	for _, j := range all {
		switch {
		case j.values != nil, j.reason != nil:
			second = append(second, j)
		case j.Why == "":
			rest = append(rest, &j.Problem)
		}
	}
	p.Decide(ctx, rest)
	if !c.Limits.Once {
		search.Each(p, second, func(j *judgement) { j.confirm(ctx, g) })
	}
}

func (j *judgement) byZones() {
	j.values = newSuccession(j.key)
	j.reason = j.values.zones()
	j.Verdict = checker.Valid
	if j.reason != nil {
		j.Verdict = checker.Invalid
	}
}

// brokenBeforeDoubt says whether zones find what is wrong in the beginning of a key that they can judge. Only that is
// then explained. So what was certain while the history grew stays so, however hard a question the whole becomes.
func (j *judgement) brokenBeforeDoubt() bool {
	beginning := newJudgement(j.key.undoubted())
	beginning.byZones()
	if beginning.Verdict == checker.Invalid {
		*j = *beginning
	}
	return j.Verdict == checker.Invalid
}

func sentence(c checker.Check) string {
	var invalid []string
	unknown := 0
	for _, k := range c.Keys {
		switch k.Verdict {
		case checker.Invalid:
			invalid = append(invalid, k.Key)
		case checker.Unknown:
			unknown++
		}
	}
	switch {
	case len(c.Keys) == 0:
		return "The history has no operations on any key."
	case len(invalid) > 0:
		return fmt.Sprintf("%s of %d %s not linearizable: %s.", checker.ShowCount(len(invalid), "key"), len(c.Keys), isAre(len(invalid)), checker.ShowKeys(invalid))
	case unknown > 0:
		return checker.ShowUndecided(c.Keys, "The others are linearizable")
	}
	return fmt.Sprintf("Every operation on %s fits one order that a single register allows.", checker.ShowCount(len(c.Keys), "key"))
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func figures(h *history.History, all []*judgement, x *explainer) map[string]float64 {
	f := map[string]float64{"operations": float64(len(h.Operations)), "keys": float64(len(all))}
	for _, j := range all {
		f["keys_"+j.Verdict.String()]++
		if j.second {
			f["keys_confirmed_by_porcupine"]++
		}
	}
	for name, n := range x.counts {
		f[name] = float64(n)
	}
	return f
}
