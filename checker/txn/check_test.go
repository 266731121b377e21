package txn

import (
	"context"
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
