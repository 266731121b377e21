package checker

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"schism/history"
)

// notes is a KeyWatch that writes down what it is given. It calls a write of 6 Unwatched and one of 7, once it is
// over, Broken.
type notes struct{ lines []string }

func (n *notes) Call(e *history.Event) (string, Sight) {
	n.lines = append(n.lines, fmt.Sprintf("call %d", e.Index))
	if string(e.Value) == "6" {
		return "", Unwatched
	}
	return string(e.Value), Fine
}

func (n *notes) Complete(call int64, asked string, e *history.Event) Sight {
	n.lines = append(n.lines, fmt.Sprintf("%d-%d %s", call, e.Index, asked))
	if asked == "7" {
		return Broken
	}
	return Fine
}

func (n *notes) Sweep(now int64) int {
	n.lines = append(n.lines, fmt.Sprintf("sweep %d", now))
	return 2
}

// An event is what it asks for (or ok), its process and its key, and what is to be said of it unless that is Fine.
func TestKeyedWatch(t *testing.T) {
	for name, c := range map[string]struct{ events, x string }{
		"two processes on one key":       {"0 1 x; 1 2 x; ok 1 x; ok 2 x", "call 0, call 1, 0-2 0, 1-3 1"},
		"keys apart":                     {"0 1 x; 1 2 y; ok 1 x; ok 2 y", "call 0, 0-2 0"},
		"not of clients":                 {"0 nemesis x; 0 observer x; 0 1 x", "call 2"},
		"what the nodes hold at the end": {"final 1 x; 0 1 x", "call 1"},
		"no call":                        {"ok 1 x; 0 1 x; ok 1 x; ok 1 x", "call 1, 1-2 0"},
		"the call of another key":        {"0 1 y; ok 1 x; 1 1 x; ok 1 x", "call 2, 2-3 1"},
		"nothing after it broke":         {"7 1 x; 0 2 x; ok 1 x broken; ok 2 x; 1 2 x; 1 1 y; ok 1 y", "call 0, call 1, 0-2 7"},
		"nothing of what is unwatched":   {"0 1 x; 6 2 x unwatched; ok 1 x; 1 1 x", ""},
		"swept before what is open":      {"0 1 x; 1 2 x; soon; ok 2 x; 1 2 x; ok 2 x; ok 1 x", "call 0, call 1, 1-2 1, sweep 0, call 3, 3-4 1, 0-5 0, sweep 5"},
		"swept behind the last":          {"0 1 x; soon; ok 1 x", "call 0, 0-1 0, sweep 1"},
		"not swept when it broke":        {"7 1 x; soon; ok 1 x broken", "call 0, 0-1 7"},
	} {
		t.Run(name, func(t *testing.T) {
			w := NewKeyedWatch(func() KeyWatch[string] { return new(notes) })
			index := int64(0)
			for line := range strings.SplitSeq(c.events, "; ") {
				if line == "soon" {
					w.SweepSoon("x")
					continue
				}
				got := w.Add(keyedEvent(t, line, index))
				want := map[bool]Sight{strings.HasSuffix(line, "broken"): Broken, strings.HasSuffix(line, "unwatched"): Unwatched}[true]
				if got != want {
					t.Errorf("%q: %v, want %v", line, got, want)
				}
				index++
			}
			x := ""
			if n, is := w.Key("x").(*notes); is {
				x = strings.Join(n.lines, ", ")
			}
			if x != c.x {
				t.Errorf("x was given %q, want %q", x, c.x)
			}
		})
	}
}

func keyedEvent(t *testing.T, line string, index int64) *history.Event {
	t.Helper()
	w := strings.Fields(line)
	e := &history.Event{Index: index, Kind: history.Invoke, F: history.Write, Key: w[2], Value: history.Value(w[0])}
	switch w[0] {
	case "ok":
		e.Kind = history.OK
	case "final":
		e.F = history.FinalRead
	}
	switch w[1] {
	case "nemesis":
		e.Process = history.Nemesis
	case "observer":
		e.Process = history.Observer
	default:
		if _, err := fmt.Sscan(w[1], (*int64)(&e.Process)); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

// A watch sweeps by itself, first after LeastSweep completions.
func TestKeyedWatchSweeps(t *testing.T) {
	w := NewKeyedWatch(func() KeyWatch[string] { return new(notes) })
	for i := range int64(2 * LeastSweep) {
		w.Add(keyedEvent(t, map[bool]string{true: "0 1 x", false: "ok 1 x"}[i%2 == 0], i))
		swept := strings.Contains(strings.Join(w.Key("x").(*notes).lines, ","), "sweep")
		if swept != (i >= 2*LeastSweep-1) {
			t.Fatalf("event %d: swept %v", i, swept)
		}
	}
}

// What came on a key after the event that broke it is not known of it.
func TestKeyedWatchSoFar(t *testing.T) {
	w := NewKeyedWatch(func() KeyWatch[string] { return new(notes) })
	for i, line := range []string{"7 1 x", "0 2 x", "ok 1 x", "ok 2 x", "1 1 x", "1 3 y", "ok 3 y", "ok 1 x"} {
		w.Add(keyedEvent(t, line, int64(i)))
	}
	op := func(key string, call, ret int64) history.Operation {
		return history.Operation{Key: key, Outcome: history.OK, Output: history.Int(1), Call: call, Return: ret}
	}
	open := op("x", 1, 3)
	open.Outcome, open.Output = history.Info, nil
	got := w.SoFar([]history.Operation{op("x", 0, 2), op("x", 1, 3), op("x", 4, 7), op("y", 5, 6), op("z", 8, 9)})
	if want := []history.Operation{op("x", 0, 2), open, op("y", 5, 6)}; !reflect.DeepEqual(got, want) {
		t.Errorf("known is %+v, want %+v", got, want)
	}
}
