// Package staleness measures how late reads were: in time, and in versions.
//
// Both are what is certain, and no more. A read is stale if a write that is certainly newer than what it
// returned had been acknowledged before it was called; it is so stale as that acknowledgement is old, and so
// many versions old as there are such writes. A history is linearizable only if no read is stale. What is
// concurrent counts for the system.
//
// Source: the k and the Δ of Golab, Li and Shah, Analyzing consistency properties for fun and profit (PODC
// 2011), measured here for each read by itself.
package staleness

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"

	"schism/checker"
	"schism/history"
)

// Limits are how stale a read may be. What is 0 is not limited.
type Limits struct {
	Time     time.Duration `yaml:"time,omitempty"`
	Versions int           `yaml:"versions,omitempty"`
}

// Checker measures, and holds the limits against what it measured. Keys are registers with read, write and cas
// of unique values, or lists with append of unique values and read.
type Checker struct {
	Limits Limits
	Bounds checker.Limits
	Lists  bool
}

const defaultTime = 60 * time.Second

// Name is the checker's name in results.
func (Checker) Name() string { return "staleness" }

// Check measures every key. One that cannot be measured, or not in time, is Unknown.
func (c Checker) Check(ctx context.Context, h *history.History) checker.Check {
	started := time.Now()
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Bounds.Time, defaultTime))
	defer cancel()
	check := checker.Check{Name: c.Name(), Figures: make(map[string]float64)}
	verdicts := []checker.Verdict{checker.Valid}
	var all measured
	for _, k := range checker.Keys(h) {
		m, broken := measure(ctx, k, c.Lists)
		one := checker.KeyCheck{Key: k.Name, Operations: len(k.Ops), Verdict: checker.Valid}
		if broken != "" {
			one.Verdict, one.Message = checker.Unknown, broken
		}
		if worst := c.Limits.exceeded(m); worst != nil {
			one.Verdict = checker.Invalid
			check.Anomalies = append(check.Anomalies, c.Limits.anomaly(h, k, worst))
		}
		all.add(m)
		check.Keys = append(check.Keys, one)
		verdicts = append(verdicts, one.Verdict)
	}
	check.Verdict = checker.Compose(verdicts...)
	check.Message = c.sentence(check, all)
	check.Figures["reads"], check.Figures["stale_reads"] = float64(all.reads), float64(all.stale)
	if all.latest != nil {
		check.Figures["most_stale_seconds"] = all.latest.time.Seconds()
		check.Figures["most_versions"] = float64(all.oldest.versions)
	}
	check.Figures["seconds"] = math.Round(time.Since(started).Seconds()*1e3) / 1e3
	return check
}

// measured is what was measured of some reads.
type measured struct {
	reads, stale   int
	latest, oldest *late // the worst, in time and in versions; nil: none was stale
}

// late is one stale read.
type late struct {
	read     *history.Operation
	missed   *history.Operation // of the newer writes the one acknowledged first
	time     time.Duration
	versions int
}

func (m *measured) take(l late) {
	m.stale++
	if m.latest == nil || l.time > m.latest.time {
		m.latest = &l
	}
	if m.oldest == nil || l.versions > m.oldest.versions {
		m.oldest = &l
	}
}

func (m *measured) add(o measured) {
	m.reads, m.stale = m.reads+o.reads, m.stale+o.stale
	if o.latest != nil && (m.latest == nil || o.latest.time > m.latest.time) {
		m.latest = o.latest
	}
	if o.oldest != nil && (m.oldest == nil || o.oldest.versions > m.oldest.versions) {
		m.oldest = o.oldest
	}
}

// exceeded is a read that is staler than it may be; nil if none is.
func (l Limits) exceeded(m measured) *late {
	switch {
	case m.latest == nil:
		return nil
	case l.Time > 0 && m.latest.time > l.Time:
		return m.latest
	case l.Versions > 0 && m.oldest.versions > l.Versions:
		return m.oldest
	}
	return nil
}

func (l Limits) String() string {
	var parts []string
	if l.Time > 0 {
		parts = append(parts, checker.ShowSpan(l.Time))
	}
	if l.Versions > 0 {
		parts = append(parts, versions(l.Versions))
	}
	return checker.ShowList(parts)
}

func (l Limits) anomaly(h *history.History, k *checker.Key, worst *late) checker.Anomaly {
	r, w := worst.read, worst.missed
	return checker.Anomaly{
		Name: checker.StaleRead, Key: k.Name, Focus: r.Call, Ops: []int64{w.Call, r.Call}, Faults: checker.FaultsAt(h, r),
		Message: fmt.Sprintf("Stale read: what client %v read of %s%s at %s was %s and %s old, although the limit is %s.",
			r.Process, checker.ShowKey(k.Name), checker.ShowPlace("from", r), checker.ShowTime(r.CallTime),
			checker.ShowSpan(worst.time), versions(worst.versions), l),
		Proof: fmt.Sprintf("%s is newer than what was read, and had been acknowledged%s %s the read was called.",
			checker.ShowWrite(w), checker.ShowPlace("by", w), checker.ShowGap(r.CallTime-w.ReturnTime, "before")),
	}
}

func (c Checker) sentence(check checker.Check, m measured) string {
	unknown := 0
	for _, k := range check.Keys {
		if k.Verdict == checker.Unknown {
			unknown++
		}
	}
	text := "No read was stale."
	if m.latest != nil {
		text = fmt.Sprintf("Reads were at most %s stale and %s old; %d of %d were stale.",
			checker.ShowSpan(m.latest.time), versions(m.oldest.versions), m.stale, m.reads)
	}
	if limit := c.Limits.String(); limit != "" && m.latest != nil {
		text += " The limit is " + limit + "."
	}
	if unknown > 0 {
		text += fmt.Sprintf(" %d of %d keys could not be measured.", unknown, len(check.Keys))
	}
	return text
}

func versions(n int) string {
	if n == 1 {
		return "one version"
	}
	return fmt.Sprintf("%d versions", n)
}
