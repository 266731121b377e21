package session

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"schism/history"
)

// script builds a history of one operation a line, each over before the next begins unless it says with
// 'spans' over how many lines it lasts:
//
//	c1 write 1
//	c2 read 1
//	c1 cas 1 2
//	c1 write 3 info
//	c2 append 4 spans 2
//	c2 read [4]
//
// Line n is called at n seconds. Its events are 10n and 10n+1, or the last one of the line to which it spans.
func script(t testing.TB, text string) *history.History {
	t.Helper()
	h := new(history.History)
	for n, line := range strings.Split(strings.TrimSpace(text), "\n") {
		h.Operations = append(h.Operations, operation(t, n, strings.Fields(line)))
	}
	return h
}

func operation(t testing.TB, n int, w []string) history.Operation {
	t.Helper()
	o := history.Operation{Key: "x", F: w[1], Outcome: history.OK, Call: int64(10 * n), Return: int64(10*n + 1), Node: "n1"}
	if _, err := fmt.Sscanf(w[0], "c%d", &o.Process); err != nil {
		t.Fatalf("line %d: %v", n+1, err)
	}
	rest := w[3:]
	switch o.F {
	case history.Read:
		o.Output = history.Value(w[2])
	case history.CAS:
		o.Input, rest = history.Pair(history.Value(w[2]), history.Value(w[3])), w[4:]
	default:
		o.Input = history.Value(w[2])
	}
	for i := 0; i < len(rest); i++ {
		if rest[i] == "spans" {
			var lines int
			if _, err := fmt.Sscan(rest[i+1], &lines); err != nil {
				t.Fatalf("line %d: %v", n+1, err)
			}
			o.Return, i = int64(10*(n+lines)+9), i+1
			continue
		}
		o.Outcome = history.Kind(rest[i])
	}
	o.CallTime = time.Duration(o.Call/10) * time.Second
	o.ReturnTime = time.Duration(o.Return/10)*time.Second + 5*time.Millisecond
	return o
}
