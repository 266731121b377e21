package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"schism/checker"
	"schism/history"
)

// checkRow is one promise and whether it held.
type checkRow struct {
	Promise, Verdict, Word, Operations, Message string
}

// checkRows are the checks, and below each its keys, the broken and the undecided first.
func checkRows(r *checker.Result) []checkRow {
	var rows []checkRow
	for _, c := range r.Checks {
		row := checkRow{plain(c.Name), c.Verdict.String(), verdictWord(c.Verdict), "", ellipsis(plain(c.Message), 300)}
		if n, ok := c.Figures["operations"]; ok {
			row.Operations = thousands(int(n))
		}
		rows = append(rows, row)
		keys := slices.Clone(c.Keys)
		slices.SortStableFunc(keys, func(a, b checker.KeyCheck) int { return cmp.Compare(urgency(a.Verdict), urgency(b.Verdict)) })
		for i, k := range keys {
			if i == maxKeys {
				rows = append(rows, checkRow{Promise: fmt.Sprintf("and %s more", count(len(keys)-i, "key", "keys"))})
				break
			}
			rows = append(rows, checkRow{"key " + name(k.Key), k.Verdict.String(), verdictWord(k.Verdict), thousands(k.Operations), ellipsis(plain(k.Message), 200)})
		}
	}
	return rows
}

// maxKeys is how many keys are shown of a check.
const maxKeys = 12

func urgency(v checker.Verdict) int {
	return slices.Index([]checker.Verdict{checker.Invalid, checker.Unknown, checker.Vacuous, checker.Valid}, v)
}

func verdictWord(v checker.Verdict) string {
	switch v {
	case checker.Valid:
		return "holds"
	case checker.Invalid:
		return "broken"
	case checker.Vacuous:
		return "not tested"
	}
	return "undecided"
}

// worthRow is one condition that makes the run worth something.
type worthRow struct {
	What, Seen string
	Holds      bool
}

func worthRows(r *checker.Result) []worthRow {
	var rows []worthRow
	for _, w := range r.Worth {
		seen := plain(w.Seen)
		if seen == "" {
			seen = map[bool]string{true: "yes", false: "no"}[w.Holds]
		}
		rows = append(rows, worthRow{ellipsis(upper(plain(w.What)), 200), ellipsis(seen, 120), w.Holds})
	}
	for _, e := range r.Effects {
		what := fmt.Sprintf("Effects of %s: %s expected", plain(e.Name), e.Want)
		rows = append(rows, worthRow{ellipsis(what, 200), ellipsis(plain(e.Message), 200), e.Holds})
	}
	return rows
}

// periodRow tells how one side of the cluster was served in one part of the run.
type periodRow struct {
	When, What, Side, Asked, OK, First, Gap, Leaders, Leaderless string
}

func periodRows(r *checker.Result) []periodRow {
	inSeconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	orNone := func(s float64) string {
		if s == 0 {
			return "–"
		}
		return span(inSeconds(s))
	}
	var rows []periodRow
	for _, c := range r.Checks {
		for _, p := range c.Periods {
			row := periodRow{
				When: instant(inSeconds(p.From)) + " to " + instant(inSeconds(p.To)), What: upper(ellipsis(plain(p.What), 120)), Side: ellipsis(plain(p.Side), 120),
				Asked: thousands(p.Asked), OK: thousands(p.OK), First: "never", Gap: orNone(p.LongestGap), Leaders: thousands(p.LeaderChanges), Leaderless: orNone(p.Leaderless),
			}
			if p.FirstOK >= 0 {
				row.First = span(inSeconds(p.FirstOK))
			}
			rows = append(rows, row)
		}
	}
	return rows[:min(len(rows), maxRows)]
}

// brokenRow is a fault or an operation that the run needed and did not have.
type brokenRow struct{ What, Seen, Proof string }

// broken tells, for a vacuous run, what did not happen: the conditions that do not hold, and the
// faults that did not bite, with how that was measured.
func (c chronicle) broken(r *checker.Result) []brokenRow {
	var rows []brokenRow
	for _, w := range r.Worth {
		if !w.Holds {
			rows = append(rows, brokenRow{What: upper(plain(w.What)), Seen: orNothing(plain(w.Seen))})
		}
	}
	for _, f := range c.h.Struck() { // the others are among those conditions
		if refuted(f) {
			row := brokenRow{What: fmt.Sprintf("%s (%s) at %s", upper(plain(f.F)), struckWords(f), instant(f.Start)), Seen: "did not bite"}
			if len(f.Proof) > 0 {
				row.Proof = ellipsis(plain(f.Proof[0]), 300)
			}
			rows = append(rows, row)
		}
	}
	return rows[:min(len(rows), maxRows)]
}

// opTable is the operations that matter for the verdict.
type opTable struct {
	Title, Sub string
	Rows       []opRow
}

type opRow struct {
	Index, Who, Words, Node, Began, Ended, Took, Outcome, Class string
}

const listed = 20

// mostRows are those of one proof.
const mostRows = 40

func (c chronicle) table(r *checker.Result, stories []story) opTable {
	times := "Times in seconds since the start of the run. "
	all := fmt.Sprintf("All %s are in history.jsonl.", thousands(len(c.h.Operations)))
	if len(stories) > 0 {
		t := opTable{Title: "The operations of the proof", Sub: times + all}
		for _, s := range stories {
			for _, o := range s.all[:min(len(s.all), mostRows)] {
				t.Rows = append(t.Rows, newOpRow(o))
			}
			if n := len(s.all) - mostRows; n > 0 {
				t.Sub = fmt.Sprintf("%d more of a proof are in result.json. ", n) + t.Sub
			}
		}
		return t
	}
	t := opTable{Sub: times + all}
	var ops []history.Operation
	switch r.Verdict {
	case checker.Valid:
		t.Title = "The slowest operations"
		ops = slowest(c.h.Operations)
	case checker.Vacuous:
		t.Title = "The first operations that failed"
		ops = first(c.h.Operations, func(o history.Operation) bool { return o.Outcome != history.OK })
	default:
		t.Title = "Operations without an answer, on undecided keys"
		open := undecided(r)
		ops = first(c.h.Operations, func(o history.Operation) bool { return o.Outcome == history.Info && open[o.Key] })
	}
	for _, o := range ops {
		t.Rows = append(t.Rows, newOpRow(proofOp{Operation: o, key: o.Key}))
	}
	return t
}

func undecided(r *checker.Result) map[string]bool {
	open := make(map[string]bool)
	for _, c := range r.Checks {
		for _, k := range c.Keys {
			if k.Verdict == checker.Unknown {
				open[k.Key] = true
			}
		}
	}
	return open
}

func first(ops []history.Operation, want func(history.Operation) bool) []history.Operation {
	var out []history.Operation
	for _, o := range ops {
		if want(o) {
			if out = append(out, o); len(out) == listed {
				break
			}
		}
	}
	return out
}

// slowest are the ok operations that took longest, in one pass.
func slowest(ops []history.Operation) []history.Operation {
	took := func(o history.Operation) time.Duration { return o.ReturnTime - o.CallTime }
	var top []history.Operation
	for _, o := range ops {
		if o.Outcome != history.OK || len(top) == listed && took(o) <= took(top[listed-1]) {
			continue
		}
		i, _ := slices.BinarySearchFunc(top, o, func(a, b history.Operation) int {
			return cmp.Or(cmp.Compare(took(b), took(a)), cmp.Compare(a.Call, b.Call))
		})
		top = slices.Insert(top, i, o)
		top = top[:min(len(top), listed)]
	}
	return top
}

func newOpRow(o proofOp) opRow {
	row := opRow{
		Index: strconv.FormatInt(o.Call, 10), Who: o.who(), Words: o.words(), Node: name(o.Node),
		Began: seconds(o.CallTime), Ended: seconds(o.ReturnTime), Took: span(o.ReturnTime - o.CallTime),
		Outcome: string(o.Outcome), Class: string(o.Outcome),
	}
	if o.noAnswer() {
		row.Ended, row.Took = "no answer", "unknown"
	}
	if o.Error != "" {
		row.Outcome += ": " + ellipsis(plain(o.Error), 60)
	}
	if o.focus {
		row.Outcome, row.Class = row.Outcome+", the contradiction", "focus"
	}
	return row
}

func seconds(t time.Duration) string { return strconv.FormatFloat(t.Seconds(), 'f', 3, 64) }
