package checker

import (
	"slices"
	"strings"
	"testing"

	"schism/history"
)

// tokens is a history in which e was appended to x and the nodes held these lists at the end.
func tokens(outcome history.Kind, lists ...string) *history.History {
	op := history.Operation{F: history.Append, Rare: &history.Rare{Name: "e"}, Input: history.Value(`"e"`), Outcome: outcome, Error: "reset"}
	h := finals([]history.Operation{op})
	for i, list := range lists {
		h.FinalReads = append(h.FinalReads, holds(h.Header.Nodes[i], 9, list))
	}
	return h
}

func TestEffects(t *testing.T) {
	for name, c := range map[string]struct {
		want    Times
		lists   []string
		holds   bool
		message string
	}{
		"absent":            {Absent, []string{`[1]`, `[1]`, `null`}, true, `The append of "e" to x stood in the lists at the end never at n1, n2 and n3; expected: absent.`},
		"absent, and there": {Absent, []string{`["e"]`, `["e"]`, `["e"]`}, false, "once at n1, n2 and n3; expected: absent"},
		"once":              {Once, []string{`[1,"e"]`, `[1,"e"]`, `[1,"e"]`}, true, "once at n1, n2 and n3"},
		"once, and gone":    {Once, []string{`[1]`, `[1]`, `[1]`}, false, "never at n1, n2 and n3; expected: once"},
		"once, and twice":   {Once, []string{`["e","e"]`, `["e","e"]`, `["e","e"]`}, false, "twice at"},
		"twice":             {Twice, []string{`["e",1,"e"]`, `["e",1,"e"]`, `["e",1,"e"]`}, true, "twice at"},
		"either: absent":    {Either, []string{`[]`, `[]`, `[]`}, true, "never at"},
		"either: there":     {Either, []string{`["e"]`, `["e"]`, `["e"]`}, true, "once at"},
		"either, and they differ": {
			Either, []string{`["e"]`, `[]`, `["e"]`}, false, "never at n2 and once at n1 and n3",
		},
		"once or twice":    {OnceOrTwice, []string{`["e","e"]`, `["e","e"]`, `["e","e"]`}, true, "twice at"},
		"and thrice":       {OnceOrTwice, []string{`["e","e","e"]`, `["e","e","e"]`, `["e","e","e"]`}, false, "3 times at"},
		"a majority tells": {Once, []string{`["e"]`, `["e"]`}, true, "once at n1 and n2"},
		"and no minority":  {Once, []string{`["e"]`}, false, "No majority of the nodes told"},
		"no list":          {Once, []string{`7`, `7`, `7`}, false, "is no list"},
	} {
		e := effectOf(tokens(history.Info, c.lists...), "e", c.want)
		if e.Holds != c.holds || !strings.Contains(e.Message, c.message) {
			t.Errorf("%s: %v: %s", name, e.Holds, e.Message)
		}
	}
	if e := effectOf(tokens(history.OK, `[]`, `[]`, `[]`), "f", Absent); e.Holds || e.Message != "f was never asked." {
		t.Errorf("an operation that nobody asked for: %+v", e)
	}
}

// What took effect another number of times than expected is not as expected, whatever the verdict.
func TestEffectsCountForWhatIsExpected(t *testing.T) {
	h := tokens(history.OK, `["e"]`, `["e"]`, `["e"]`)
	for want, met := range map[Times]bool{Once: true, Twice: false} {
		r := Judge(t.Context(), h, Plan{Checkers: []Checker{FinalReads{}}, Expect: Expect{Effects: map[string]Times{"e": want}}})
		if r.Verdict != Valid || r.AsExpected != met || len(r.Effects) != 1 || r.Expected != "valid; e "+string(want) {
			t.Errorf("%s: %v, as expected %v, %s: %v", want, r.Verdict, r.AsExpected, r.Expected, r.Why)
		}
	}
}

// Who must refuse has refused, and nobody else has: a run without a node that was meant to take part is vacuous.
func TestWhoMayRefuseToStart(t *testing.T) {
	refusals := []history.Refusal{{Node: "n2", Said: "1.wal, offset 9: damaged"}}
	for name, c := range map[string]struct {
		want     []string
		refusals []history.Refusal
		worth    []Worth
	}{
		"it did":                    {[]string{"n2"}, refusals, []Worth{{"n2 refused to start from its damaged log", true, refusals[0].Said}}},
		"it did not":                {[]string{"n2"}, nil, []Worth{{"n2 refused to start from its damaged log", false, "it did not"}}},
		"nobody wanted it":          {nil, refusals, []Worth{{"n2 started from its damaged log", false, "it refused: " + refusals[0].Said}}},
		"another one was wanted to": {[]string{"n1"}, refusals, []Worth{{"n1 refused to start from its damaged log", false, "it did not"}, {"n2 started from its damaged log", false, "it refused: " + refusals[0].Said}}},
		"nothing was damaged":       {nil, nil, nil},
	} {
		h := tokens(history.OK, `["e"]`, `["e"]`, `["e"]`)
		h.Refusals = c.refusals
		require := Require{Refused: c.want}
		if got := require.Worth(h); !slices.Equal(got, c.worth) {
			t.Errorf("%s: got %+v", name, got)
		}
		want := Vacuous
		if !slices.ContainsFunc(c.worth, func(w Worth) bool { return !w.Holds }) {
			want = Valid
		}
		if r := Judge(t.Context(), h, Plan{Checkers: []Checker{FinalReads{}}, Require: require}); r.Verdict != want {
			t.Errorf("%s: %v, want %v: %v", name, r.Verdict, want, r.Why)
		}
	}
}

func TestWhatASchedulesOperationsRequire(t *testing.T) {
	h := tokens(history.Info)
	h.Holders = []history.Holders{{Name: "e", Nodes: []string{"n1", "n2", "n3"}}, {Name: "e", Nodes: []string{"n1"}}, {Name: "f"}}
	h.Announced = []history.Announcement{{Failpoint: "ack.hold", Node: "n2"}, {Failpoint: "ack.hold", Node: "n1"}, {Failpoint: "ack.hold", Node: "n1"}}
	for name, c := range map[string]struct {
		require Require
		holds   bool
		seen    string
	}{
		"the last count":  {Require{Holders: map[string]int{"e": 1}}, true, "1: n1"},
		"not the first":   {Require{Holders: map[string]int{"e": 3}}, false, "1: n1"},
		"nobody holds it": {Require{Holders: map[string]int{"f": 0}}, true, "0"},
		"not counted":     {Require{Holders: map[string]int{"g": 0}}, false, "nobody counted them"},
		"fired":           {Require{Fired: []string{"ack.hold"}}, true, "3 times, at n1 and n2"},
		"not fired":       {Require{Fired: []string{"apply.before"}}, false, "it did not"},
		"the answer":      {Require{Answers: map[string]history.Kind{"e": history.Info}}, true, "info reset"},
		"another answer":  {Require{Answers: map[string]history.Kind{"e": history.OK}}, false, "info reset"},
		"never asked":     {Require{Answers: map[string]history.Kind{"g": history.OK}}, false, "it was never asked"},
	} {
		worth := c.require.Worth(h)
		if len(worth) != 1 || worth[0].Holds != c.holds || worth[0].Seen != c.seen {
			t.Errorf("%s: %+v", name, worth)
		}
	}
}
