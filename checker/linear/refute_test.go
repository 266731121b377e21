package linear

import (
	"fmt"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
)

// What needs no order is told at once, however many operations are open and whatever recurs: the search would have
// 40 open writes to put into every order.
func TestRefutedAtOnce(t *testing.T) {
	h := &history.History{}
	for i := range 40 {
		h.Operations = append(h.Operations, history.Operation{Process: history.Process(i), Key: "x", F: history.Write, Input: history.Int(int64(i % 4)), Outcome: history.Info, Call: int64(i), Return: -1})
	}
	for i := range 4 {
		h.Operations = append(h.Operations, history.Operation{Process: 50, Key: "x", F: history.Read, Output: history.Int(int64(3 - i)), Outcome: history.OK, Call: int64(50 + 2*i), Return: int64(51 + 2*i)})
	}
	h.Operations = append(h.Operations, history.Operation{Process: 51, Key: "x", F: history.Read, Output: history.Int(7), Outcome: history.OK, Call: 60, Return: 61})
	began := time.Now()
	check := Register{Limits: checker.Limits{Time: 30 * time.Second}}.Check(t.Context(), h)
	if got := fmt.Sprint(check.Verdict, len(check.Anomalies)); got != "invalid 1" || check.Anomalies[0].Name != checker.DirtyRead {
		t.Errorf("%v: %+v", check.Verdict, check.Anomalies)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}
