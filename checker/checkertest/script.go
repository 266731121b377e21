package checkertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"schism/history"
)

// Script builds a history from lines such as
//
//	1.000 c3 n4 write x 19
//	1.004 c3 ok
//	2.000 c7 n1 read x
//	2.001 c7 ok 12
//	3.000 c2 n1 cas x 12 20
//	3.001 c2 mismatch 19
//	4.000 c3 n4 append y 19
//	4.004 c3 ok 2
//
// with times in seconds; an answer is ok, fail, info or mismatch, of an append with the number of attempts.
func Script(t *testing.T, text string) *history.History {
	t.Helper()
	h := &history.History{}
	pair := history.NewPairer()
	open := make(map[history.Process]history.Event)
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		e, err := parseLine(line, open)
		if err != nil {
			t.Fatalf("line %d: %q: %v", i+1, line, err)
		}
		e.Index = int64(i)
		op, done, err := pair.Add(e)
		if err != nil {
			t.Fatal(err)
		}
		if done {
			h.Operations = append(h.Operations, op)
		}
	}
	h.Operations = append(h.Operations, pair.Open()...)
	slices.SortFunc(h.Operations, func(a, b history.Operation) int { return int(a.Call - b.Call) })
	return h
}

func parseLine(line string, open map[history.Process]history.Event) (history.Event, error) {
	w := strings.Fields(line)
	var seconds float64
	var process int64
	if _, err := fmt.Sscanf(w[0]+" "+w[1], "%f c%d", &seconds, &process); err != nil {
		return history.Event{}, err
	}
	p := history.Process(process)
	at := int64(seconds*1e6+0.5) * 1000
	if call, busy := open[p]; busy {
		delete(open, p)
		call.Time = at
		return answered(call, w[2], w[3:])
	}
	e := history.Event{Time: at, Process: p, Kind: history.Invoke, Node: w[2], F: w[3], Key: w[4]}
	switch len(w) {
	case 6:
		e.Value = history.Value(w[5])
	case 7:
		e.Value = history.Pair(history.Value(w[5]), history.Value(w[6]))
	}
	open[p] = e
	return e, nil
}

// answered makes the completion of what was called.
func answered(e history.Event, kind string, rest []string) (history.Event, error) {
	e.Kind = history.Kind(kind)
	switch {
	case kind == history.Mismatch:
		e.Kind, e.Error = history.Fail, history.Mismatch
		if len(rest) > 0 {
			e.Found = history.Value(rest[0])
		}
	case len(rest) == 0:
	case e.F == history.Append:
		_, err := fmt.Sscan(rest[0], &e.Attempts)
		return e, err
	default:
		e.Value = history.Value(rest[0])
	}
	return e, nil
}
