package txn

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"schism/checker"
	"schism/history"
)

// raw is a history of answered transactions, one after the other.
func raw(pairs ...string) *history.History {
	h := &history.History{}
	for i := 0; i < len(pairs); i += 2 {
		at := int64(i)
		h.Operations = append(h.Operations, history.Operation{F: history.Txn, Input: history.Value(pairs[i]), Output: history.Value(pairs[i+1]), Outcome: history.OK, Call: at, Return: at + 1})
	}
	return h
}

func TestCannotBeJudged(t *testing.T) {
	lists, registers := ListAppend{}, RWRegister{}
	twice := raw(`[["append","x",1]]`, `[["append","x",1]]`, `[["append","x",1]]`, `[["append","x",1]]`)
	other := raw(`[["r","x",null]]`, `[["r","x",[]]]`)
	other.Operations[0].F = "read"
	for _, c := range []struct {
		name string
		by   checker.Checker
		h    *history.History
		why  string
	}{
		{"another answer", lists, raw(`[["append","x",1]]`, `[["append","x",2]]`), "event 0: the answer"},
		{"another key", lists, raw(`[["append","x",1]]`, `[["append","y",1]]`), "event 0: the answer"},
		{"another length", lists, raw(`[["append","x",1]]`, `[["append","x",1],["r","x",[1]]]`), "event 0: the answer"},
		{"another step", lists, raw(`[["r","x",1]]`, `[["append","x",1]]`), "event 0: the answer"},
		{"no answer", lists, raw(`[["r","x",null]]`, `null`), "event 0: the answer"},
		{"no list", lists, raw(`[["r","x",null]]`, `[["r","x",5]]`), "of x 5 is no list"},
		{"no list beside one", lists, raw(`[["r","x",null]]`, `[["r","x",[]]]`, `[["r","x",null]]`, `[["r","x",{"a":1}]]`), `of x {"a":1} is no list`},
		{"a write to a list", lists, raw(`[["w","x",1]]`, `[["w","x",1]]`), `["append", key, element]`},
		{"an append to a register", registers, raw(`[["append","x",1]]`, `[["append","x",1]]`), `["w", key, value]`},
		{"nil is written", registers, raw(`[["w","x",null]]`, `[["w","x",null]]`), "writes nil"},
		{"no transaction", lists, raw(`5`, `5`), "5 is no transaction"},
		{"another operation", lists, other, `it invokes "read"`},
		{"twice by two", lists, twice, "1 was appended to x twice (events 0 and 2)"},
		{"twice by one", lists, raw(`[["append","x",1],["append","x",1]]`, `[["append","x",1],["append","x",1]]`), "1 was appended to x twice"},
		{"written twice", registers, raw(`[["w","x",1]]`, `null`, `[["w","x",1]]`, `null`), "1 was written to x twice (events 0 and 2)"},
	} {
		check := c.by.Check(t.Context(), c.h)
		if check.Verdict != checker.Unknown || !strings.Contains(check.Message, c.why) || len(check.Anomalies) > 0 {
			t.Errorf("%s: %v, %s", c.name, check.Verdict, check.Message)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, by := range []checker.Checker{lists, registers} {
		if check := by.Check(gone, raw(`[]`, `[]`)); check.Verdict != checker.Unknown {
			t.Errorf("without time: %v, %s", check.Verdict, check.Message)
		}
	}
}

// What is certain on the other keys is found.
func TestInvalidBesideWhatCannotBeTold(t *testing.T) {
	check := ListAppend{}.Check(t.Context(), raw(
		`[["append","x",1]]`, `null`, `[["append","x",1]]`, `null`, `[["append","y",1]]`, `null`, `[["r","x",null],["r","y",null]]`, `[["r","x",[1]],["r","y",[7]]]`))
	if check.Verdict != checker.Invalid || len(check.Anomalies) != 1 || check.Anomalies[0].Name != checker.DirtyRead || check.Anomalies[0].Key != "y" {
		t.Errorf("%v %+v", check.Verdict, check.Anomalies)
	}
	check = RWRegister{}.Check(t.Context(), raw(
		`[["w","x",1]]`, `null`, `[["w","x",1]]`, `null`, `[["w","y",1]]`, `null`, `[["r","x",null],["r","y",null]]`, `[["r","x",1],["r","y",7]]`))
	if check.Verdict != checker.Invalid || len(check.Anomalies) != 1 || check.Anomalies[0].Name != checker.DirtyRead || check.Anomalies[0].Key != "y" {
		t.Errorf("%v %+v", check.Verdict, check.Anomalies)
	}
}

// Where values recur too, what nobody wrote is told, and what only those that failed wrote; nothing else is.
func TestJudgedThoughValuesRecur(t *testing.T) {
	twice := []string{`[["w","x",1]]`, `null`, `[["w","x",1]]`, `null`, `[["w","x",2]]`, `null`}
	appended := []string{`[["append","x",1]]`, `null`, `[["append","x",1]]`, `null`, `[["append","x",2]]`, `null`}
	for _, c := range []struct {
		by    func(Isolation) checker.Checker
		pairs []string
		level Isolation
		want  string // what is found by what; empty: nothing is certain
	}{
		{registersBy, append(twice, `[["r","x",null]]`, `[["r","x",1]]`), StrictSerializable, ""},
		{registersBy, append(twice, `[["r","x",null]]`, `[["r","x",null]]`), StrictSerializable, ""},
		{registersBy, append(twice, `[["r","x",null]]`, `[["r","x",7]]`), StrictSerializable, "dirty-read [6]"},
		{registersBy, append(twice, `[["r","x",null]]`, `[["r","x",7]]`), ReadUncommitted, "dirty-read [6]"},
		{registersBy, append(twice, `[["r","x",null]]`, `[["r","x",2]]`), StrictSerializable, "G1a [4 6]"},
		{registersBy, append(twice, `[["r","x",null]]`, `[["r","x",2]]`), ReadUncommitted, ""},
		{listsBy, appended[:4], StrictSerializable, ""},
		{listsBy, append(appended, `[["r","x",null]]`, `[["r","x",[1,1]]]`), StrictSerializable, ""},
		{listsBy, append(appended, `[["r","x",null]]`, `[["r","x",[1,7]]]`), ReadUncommitted, "dirty-read [6]"},
		{listsBy, append(appended, `[["r","x",null]]`, `[["r","x",[1,2]]]`), StrictSerializable, "G1a [4 6]"},
		{listsBy, append(appended, `[["r","x",null]]`, `[["r","x",[1,2]]]`), ReadUncommitted, ""},
		{listsBy, append(appended, `[["r","x",null]]`, `[["r","x",[1,1]]]`, `[["r","x",null]]`, `[["r","x",[7]]]`), StrictSerializable, "dirty-read [8]"},
		{listsBy, append(appended, `[["r","x",null]]`, `[["r","x",[1,7,1]]]`, `[["r","x",null]]`, `[["r","x",[1,7]]]`), StrictSerializable, "dirty-read [6]"},
		{listsBy, append(appended, `[["r","x",null]]`, `[["r","x",[1,11]]]`, `[["r","x",null]]`, `[["r","x",[1]]]`), StrictSerializable, "dirty-read [6]"},
		{listsBy, append(appended, `[["r","x",null]]`, `[["r","x",5]]`), StrictSerializable, ""},
	} {
		h := raw(c.pairs...)
		if len(h.Operations) > 2 {
			h.Operations[2].Outcome = history.Fail
		}
		check, got := c.by(c.level).Check(t.Context(), h), ""
		for _, a := range check.Anomalies {
			got += fmt.Sprintf("%s %d", a.Name, a.Ops)
		}
		verdict := checker.Unknown
		if c.want != "" {
			verdict = checker.Invalid
		}
		if got != c.want || check.Verdict != verdict {
			t.Errorf("%s %s: %v, %s, want %s: %s", c.level, c.pairs[len(c.pairs)-1], check.Verdict, got, c.want, check.Message)
		}
	}
}

func registersBy(i Isolation) checker.Checker { return RWRegister{Isolation: i} }

func listsBy(i Isolation) checker.Checker { return ListAppend{Isolation: i} }

func TestBegins(t *testing.T) {
	for list, want := range map[string]bool{"[1]": true, "[1,2]": false, "[1,23]": true, "[1,23,4]": true, "[]": false, "[2]": false, "[1,23,4,5]": false, "5": false} {
		if got := begins(history.Value(list), history.Value("[1,23,4]")); got != want {
			t.Errorf("%s: %v", list, got)
		}
	}
}

// A failed write certainly did not happen, so that the same value by another transaction is that one's.
func TestFailedWritesMayBeRepeated(t *testing.T) {
	for _, failed := range []int{0, 1} {
		h := raw(`[["append","x",1]]`, `null`, `[["append","x",1]]`, `null`, `[["r","x",null]]`, `[["r","x",[1]]]`)
		h.Operations[failed].Outcome = history.Fail
		if check := (ListAppend{}).Check(t.Context(), h); check.Verdict != checker.Valid {
			t.Errorf("%v: %s", check.Verdict, check.Message)
		}
		h = raw(`[["w","x",1]]`, `null`, `[["w","x",1]]`, `null`, `[["r","x",null]]`, `[["r","x",1]]`)
		h.Operations[failed].Outcome = history.Fail
		if check := (RWRegister{}).Check(t.Context(), h); check.Verdict != checker.Valid {
			t.Errorf("%v: %s", check.Verdict, check.Message)
		}
	}
}

// However the work is shared out, the same is found.
func TestAnyNumberOfProcessorsFindsTheSame(t *testing.T) {
	for _, register := range []bool{false, true} {
		for _, lies := range []bool{false, true} {
			h := workload(5000, register, lies)
			want := checker.Valid
			if lies {
				want = checker.Invalid
			}
			var first checker.Check
			for jobs := 1; jobs <= 4; jobs++ {
				l := checker.Limits{Jobs: jobs}
				var by checker.Checker = ListAppend{Limits: l}
				if register {
					by = RWRegister{Limits: l}
				}
				check := by.Check(t.Context(), h)
				delete(check.Figures, "seconds")
				if check.Verdict != want {
					t.Errorf("register %v, lies %v: %v, %s", register, lies, check.Verdict, check.Message)
				}
				if first.Name == "" {
					first = check
				}
				if !reflect.DeepEqual(first, check) {
					t.Errorf("register %v: by one: %+v\nby %d: %+v", register, first, jobs, check)
				}
			}
		}
	}
}
