package objects

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// setFullTwin is the promise word by word, for small histories: what no read may show, and of each element
// whether some read without it came when it was known, and none with it was called after that one.
func setFullTwin(ops []history.Operation) (verdict checker.Verdict, stale int) {
	var reads, adds []history.Operation
	for _, o := range ops {
		switch {
		case o.F == history.Read && o.Outcome == history.OK:
			reads = append(reads, o)
		case o.F == history.Add && o.Outcome != history.Fail:
			adds = append(adds, o)
		}
	}
	shows := func(r history.Operation, v string) (times int) {
		for _, w := range parsed(r) {
			if w == v {
				times++
			}
		}
		return times
	}
	for _, r := range reads {
		for _, v := range parsed(r) {
			if shows(r, v) > 1 || !slices.ContainsFunc(adds, func(a history.Operation) bool { return string(a.Input) == v }) {
				return checker.Invalid, 0
			}
		}
	}
	lost, toBeSeen, asked := false, false, false
	for _, v := range everyElement(adds) {
		known := int64(-1)
		learn := func(at int64) {
			if known < 0 || at < known {
				known = at
			}
		}
		for _, a := range adds {
			if string(a.Input) == v && a.Outcome == history.OK {
				learn(a.Return)
				asked = asked || slices.ContainsFunc(reads, func(r history.Operation) bool { return r.Call > a.Return })
				toBeSeen = true
			}
		}
		for _, r := range reads {
			if shows(r, v) > 0 {
				learn(r.Return)
			}
		}
		if known < 0 {
			continue
		}
		missing, back := false, true
		for _, r := range reads { // in the order of their calls
			if shows(r, v) > 0 {
				back = true
			} else if r.Call > known {
				missing, back = true, false
			}
		}
		lost = lost || missing && !back
		if missing && back {
			stale++
		}
	}
	switch {
	case lost:
		return checker.Invalid, 0
	case toBeSeen && !asked:
		return checker.Unknown, 0
	}
	return checker.Valid, stale
}

// vacuous says that no element was ever to be seen.
func vacuous(ops []history.Operation) bool {
	return !slices.ContainsFunc(ops, func(o history.Operation) bool {
		return o.Outcome == history.OK && (o.F == history.Add && slices.ContainsFunc(ops, func(r history.Operation) bool {
			return r.F == history.Read && r.Outcome == history.OK && (r.Call > o.Return || slices.Contains(parsed(r), string(o.Input)))
		}) || o.F == history.Read && len(parsed(o)) > 0)
	})
}

// TestSetFullAgrees holds the check of sets to the promise, word by word, on random small histories.
func TestSetFullAgrees(t *testing.T) {
	rounds := checkertest.Rounds(4_000)
	r := rand.New(rand.NewPCG(checkertest.Seed(), 11))
	verdicts, names := make(map[checker.Verdict]int), make(map[string]int)
	for range rounds {
		s := checkertest.RandomShape(r)
		ops := s.Play(r, &generator{twin: setTwin(), Rand: r, Shape: s, holds: make(map[history.Process]string)})
		check := SetFull{}.Check(context.Background(), &history.History{Operations: ops})
		want, stale := setFullTwin(ops)
		if want == checker.Valid && vacuous(ops) {
			want = checker.Vacuous
		}
		if check.Verdict != want || want == checker.Valid && check.Figures["stale_elements"] != float64(stale) {
			t.Fatalf("by the definition %v with %d stale elements, by the check %+v\n%s", want, stale, check, checkertest.Dump(ops))
		}
		verdicts[want]++
		for _, a := range check.Anomalies {
			names[a.Name]++
		}
	}
	t.Logf("%d histories: %v; findings: %v", rounds, verdicts, names)
	for _, v := range []checker.Verdict{checker.Valid, checker.Invalid} {
		if p := 100 * verdicts[v] / rounds; p < 20 { // a fifth promises nothing
			t.Errorf("%d%% of the histories are %v: want both kinds", p, v)
		}
	}
	for _, name := range []string{checker.DirtyRead, checker.DuplicateApply, checker.LostWrite} {
		if names[name] == 0 {
			t.Errorf("no history shows a %s", name)
		}
	}
}

// TestManyReadsOfNothing cost each element once, not once a read: else this test does not end.
func TestManyReadsOfNothing(t *testing.T) {
	const elements = 50_000
	var ops []history.Operation
	add := func(f, in, out string) {
		at := int64(2 * len(ops))
		ops = append(ops, history.Operation{Process: 1, Key: "x", F: f, Outcome: history.OK, Input: history.Value(in), Output: history.Value(out), Call: at, Return: at + 1})
	}
	for v := range elements {
		add(history.Add, fmt.Sprint(v), "")
	}
	for range elements {
		add(history.Read, "", "[]")
	}
	check := SetFull{}.Check(context.Background(), &history.History{Operations: ops})
	if check.Verdict != checker.Invalid || check.Figures["lost_elements"] != elements {
		t.Errorf("%v with %v lost elements, want all of %d", check.Verdict, check.Figures["lost_elements"], elements)
	}
}

func parsed(r history.Operation) []string {
	return strings.FieldsFunc(string(r.Output), func(c rune) bool { return strings.ContainsRune("[], ", c) })
}

func everyElement(adds []history.Operation) (all []string) {
	for _, a := range adds {
		if !slices.Contains(all, string(a.Input)) {
			all = append(all, string(a.Input))
		}
	}
	return all
}
