package objects

import (
	"context"
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
