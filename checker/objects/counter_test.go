package objects

import (
	"context"
	"fmt"
	"testing"

	"schism/checker"
	"schism/history"
)

// One add failed, and the counter is too great by one. Where an add was sent several times, that one took
// effect twice; else the refused one is the reason.
func TestNameOfASurplus(t *testing.T) {
	for attempts, want := range map[int]string{0: checker.DirtyRead, 3: checker.DuplicateApply} {
		add := history.Operation{Process: 1, Key: "x", F: history.Add, Input: history.Int(1), Outcome: history.OK, Call: 0, Return: 1}
		if attempts > 0 {
			add.Rare = &history.Rare{Attempts: attempts}
		}
		h := &history.History{Operations: []history.Operation{
			add,
			{Process: 2, Key: "x", F: history.Add, Input: history.Int(1), Outcome: history.Fail, Error: "refused", Call: 2, Return: 3},
			{Process: 2, Key: "x", F: history.Read, Output: history.Int(2), Outcome: history.OK, Call: 4, Return: 5},
		}}
		check := Counter(checker.Limits{}).Check(context.Background(), h)
		if len(check.Anomalies) != 1 || check.Anomalies[0].Name != want {
			t.Errorf("an add in %d attempts: %+v, want %s", attempts, check.Anomalies, want)
		}
	}
}

// A read that shows what no order can make it show is told by what had been asked for by then.
func TestWrongSum(t *testing.T) {
	for name, c := range map[string]struct{ history, want string }{
		"below nothing, and nothing was acknowledged": {`
			0 5 add 2
			1 3 read - -1`, "dirty-read [1]: Dirty read: client 1 read x = -1 at 0.000 s, although nobody had asked to take anything from it by then."},
		"below nothing, though adds were acknowledged": {`
			0 1 add 2
			2 3 read - -1`, "dirty-read [2]: Dirty read: client 1 read x = -1 at 0.000 s, although nobody had asked to take anything from it by then."},
		"below nothing, before anybody took from it": {`
			0 1 read - -1
			2 3 add -1`, "dirty-read [0]: Dirty read: client 0 read x = -1 at 0.000 s, although nobody had asked to take anything from it by then."},
		"nothing, though it was acknowledged": {`
			0 1 add 2
			2 3 read - 0`, "stale-read [0 2]: Stale read: client 1 read x = 0 at 0.000 s, although adds that make 2 had been acknowledged before: the last of them, client 0's add of 2 to x had been acknowledged 0 µs earlier."},
		"something, and nobody asked to add anything": {`
			0 1 read - 1`, "dirty-read [0]: Dirty read: client 0 read x = 1 at 0.000 s, although no add had been asked for by then."},
		"something, before anybody asked to add": {`
			0 1 read - 1
			2 3 add 1`, "dirty-read [0]: Dirty read: client 0 read x = 1 at 0.000 s, although no add had been asked for by then."},
		"much, before anybody asked to add": {`
			0 1 read - 2
			2 3 add 2`, "dirty-read [0]: Dirty read: client 0 read x = 2 at 0.000 s, although no add had been asked for by then."},
		"twice what was asked for": {`
			0 1 add 1
			2 3 read - 2`, "duplicate-apply [0 2]: Duplicate apply: client 1 read x = 2 at 0.000 s, although only 1 add of 1 had been asked for by then."},
		"somebody took from it": {`
			0 5 add -1
			1 3 read - -1`, ""},
	} {
		got := ""
		for _, a := range Counter(checker.Limits{}).Check(t.Context(), &history.History{Operations: script(t, c.history)}).Anomalies {
			got += fmt.Sprintf("%s %d: %s", a.Name, a.Ops, a.Message)
		}
		if got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, c.want)
		}
	}
}

// What no order of the adds keeps within 64 bits is unknown, and does not begin anew at the other end.
func TestCounterLeavesSixtyFourBits(t *testing.T) {
	for name, c := range map[string]struct {
		history string
		want    checker.Verdict
	}{
		"up": {`
			0 1 add 9223372036854775807
			2 3 add 1
			4 5 read - -9223372036854775808`, checker.Unknown},
		"down": {`
			0 1 add -9223372036854775808
			2 3 add -1
			4 5 read - 9223372036854775807`, checker.Unknown},
		"perhaps": {`
			0 1 add 9223372036854775807
			2 - add 1
			4 5 read - 9223372036854775807`, checker.Unknown},
		"not quite up": {`
			0 1 add 9223372036854775806
			2 3 add 1
			4 5 read - 9223372036854775807`, checker.Valid},
		"not quite down": {`
			0 1 add -9223372036854775807
			2 3 add -1
			4 5 read - -9223372036854775808`, checker.Valid},
		"up and down again": {`
			0 1 add 9223372036854775807
			2 3 add -9223372036854775808
			4 5 read - -1`, checker.Valid},
		"the greatest, though little was added": {`
			0 1 add 1
			2 3 read - 9223372036854775807`, checker.Invalid},
	} {
		check := Counter(checker.Limits{}).Check(t.Context(), &history.History{Operations: script(t, c.history)})
		if check.Verdict != c.want {
			t.Errorf("%s: %v, want %v: %s", name, check.Verdict, c.want, check.Message)
		}
	}
	h := &history.History{Operations: script(t, "0 1 add 9223372036854775807\n2 3 add 1")}
	h.Operations[1].Outcome = history.Fail
	if check := Counter(checker.Limits{}).Check(t.Context(), h); check.Verdict != checker.Valid {
		t.Errorf("one add failed: %v: %s", check.Verdict, check.Message)
	}
}
