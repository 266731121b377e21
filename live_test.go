package schism

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
	"schism/workload"
)

// randomEvents are of a few clients on two keys, whose reads show any value that there has been, the newest
// most of the time. Where they recur, it is in the second half.
func randomEvents(r *rand.Rand, list, recur bool) []history.Event {
	busy := make(map[history.Process]history.Event)
	values := map[string][]string{}
	next, written := history.Process(3), 0
	clients := []history.Process{0, 1, 2}
	var all []history.Event
	for length := 8 + r.IntN(30); len(all) < length; {
		at := r.IntN(len(clients))
		p := clients[at]
		if e, ok := busy[p]; ok {
			delete(busy, p)
			e.Kind = history.OK
			if e.F == history.Read {
				e.Value = history.Value(randomAnswer(r, values[e.Key], list))
			} else if c := r.IntN(10); c == 0 {
				e.Kind, clients[at] = history.Info, next
				next++
			} else if c == 1 {
				e.Kind = history.Fail
			}
			all = append(all, e)
			continue
		}
		e := history.Event{Process: p, Kind: history.Invoke, F: history.Read, Key: []string{"x", "y"}[r.IntN(2)], Value: history.Nil}
		if r.IntN(2) == 0 {
			if written++; recur && len(all) > length/2 {
				written = 1 + r.IntN(written)
			}
			e.F, e.Value = history.Write, history.Int(int64(written))
			if list {
				e.F = history.Append
			}
			values[e.Key] = append(values[e.Key], fmt.Sprint(written))
		}
		busy[p] = e
		all = append(all, e)
	}
	return all
}

func randomAnswer(r *rand.Rand, values []string, list bool) string {
	n := len(values)
	if n > 0 && r.IntN(3) == 0 {
		n -= r.IntN(n)
	}
	switch {
	case list:
		text := "["
		for i, v := range values[:n] {
			if i > 0 {
				text += ","
			}
			text += v
		}
		return text + "]"
	case n == 0:
		return "null"
	}
	return values[n-1]
}

// What live checking says of a beginning, the check of the whole says too, of the same key, though values recur
// later; of a history that is valid it says nothing.
func TestLiveAndFinalAgree(t *testing.T) {
	for _, c := range []struct {
		workload, check string
		recur           bool
	}{
		{"register", "linearizable", false}, {"append", "linearizable", false}, {"register", "sessions", false}, {"append", "sessions", false},
		{"register", "linearizable", true}, {"append", "linearizable", true},
		{"counter", "linearizable", false}, {"mutex", "linearizable", false}, {"queue", "linearizable", false}, {"set", "linearizable", false},
	} {
		t.Run(fmt.Sprintf("%s %s recur=%v", c.workload, c.check, c.recur), func(t *testing.T) {
			s := Defaults()
			s.Workload.Name, s.Checks = c.workload, []string{c.check}
			of := make(map[checker.Verdict]int)
			early := 0
			for seed := range uint64(80) {
				r := rand.New(rand.NewPCG(seed, 1))
				var events []history.Event
				switch c.workload {
				case "register", "append":
					events = randomEvents(r, s.model() == workload.ModelAppend, c.recur)
				default:
					events = randomObjects(r, c.workload)
				}
				path := filepath.Join(t.TempDir(), "history.jsonl")
				said, first := followed(t, s, path, events)
				h, err := history.Load(path)
				if err != nil {
					t.Fatal(err)
				}
				final := s.liveChecks()[0].Check(context.Background(), h)
				for _, key := range said {
					if !slices.ContainsFunc(final.Keys, func(k checker.KeyCheck) bool { return k.Key == key && k.Verdict == checker.Invalid }) {
						t.Fatalf("seed %d: said of %s while it ran, and not at the end: %+v", seed, key, final.Keys)
					}
				}
				if final.Verdict == checker.Invalid != (len(said) > 0) {
					t.Fatalf("seed %d: %v at the end, and said was %v", seed, final.Verdict, said)
				}
				if of[final.Verdict]++; first > 0 && first < len(events) {
					early++
				}
			}
			t.Logf("%v, %d of these told before the end", of, early)
			undecided := of[checker.Unknown] > 0
			if of[checker.Valid] < 10 || of[checker.Invalid] < 10 || early < of[checker.Invalid]/2 || undecided != (c.recur && c.workload == "append") {
				t.Errorf("%v, %d of these told before the end: too little of one kind", of, early)
			}
		})
	}
}

// followed records events, lets live checking look after each, and returns the keys of which it spoke, and after
// how many events it did first.
func followed(t *testing.T, s *Scenario, path string, events []history.Event) (keys []string, first int) {
	t.Helper()
	rec, err := history.Create(path, history.Header{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := history.Follow(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	l := newLive(s.liveChecks(), func(a checker.Anomaly) {
		if keys = append(keys, a.Key); first == 0 {
			first = n
		}
	}, nil)
	for _, e := range events {
		if _, err := rec.Record(e); err != nil {
			t.Fatal(err)
		}
		n++
		if err := l.look(context.Background(), f); err != nil {
			t.Fatal(err)
		}
		for _, c := range l.checks {
			if err := l.judgeOne(context.Background(), f.SoFar(), c); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	return keys, first
}

// It follows the file until it is told to end, and says each thing once. What cannot be watched, as registers
// whose values recur, it judges as long as it is within its bounds.
func TestLiveFollows(t *testing.T) {
	for name, unique := range map[string]bool{"watched": true, "judged again": false} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "history.jsonl")
			rec, err := history.Create(path, history.Header{})
			if err != nil {
				t.Fatal(err)
			}
			defer rec.Close()
			step := func(kind history.Kind, f, value string) {
				if _, err := rec.Record(history.Event{Process: 1, Kind: kind, F: f, Key: "x", Value: history.Value(value)}); err != nil {
					t.Fatal(err)
				}
			}
			said, over, ended := make(chan checker.Anomaly, 100), make(chan error, 1), make(chan error, 1)
			s := Defaults()
			l := newLive(s.liveChecks(), func(a checker.Anomaly) { said <- a }, func(err error) { over <- err })
			l.limits = liveBounds{pause: time.Millisecond, events: 8, part: 1}
			ctx, stop := context.WithCancel(t.Context())
			go func() { ended <- l.follow(ctx, path) }()
			write := func(value string) {
				step(history.Invoke, history.Write, value)
				step(history.OK, history.Write, value)
			}
			read := func(value string) {
				step(history.Invoke, history.Read, "null")
				step(history.OK, history.Read, value)
			}
			write("1")
			if !unique {
				write("1")
			}
			read("null")
			if a := <-said; a.Name != checker.StaleRead || a.Key != "x" {
				t.Errorf("said %+v", a)
			}
			for range 3 {
				read("null")
			}
			if !unique {
				if err := <-over; err == nil {
					t.Error("it went on beyond its bounds")
				}
			}
			stop()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if len(said) > 0 {
				t.Errorf("said twice: %+v", <-said)
			}
			if err := l.follow(t.Context(), path+".none"); !os.IsNotExist(err) {
				t.Errorf("a history that is not there: %v", err)
			}
		})
	}
}

// What cannot be watched costs a quarter of a processor, or up to half of one while that keeps its news fresh.
func TestLiveRests(t *testing.T) {
	const ms = time.Millisecond
	for took, want := range map[time.Duration]time.Duration{
		10 * ms: 30 * ms, 400 * ms: 1200 * ms, 500 * ms: 1000 * ms, 600 * ms: 800 * ms, 700 * ms: 2100 * ms, 5000 * ms: 15000 * ms,
	} {
		if got := usualLiveBounds().restAfter(took); got != want {
			t.Errorf("after %v of work it rests %v, want %v", took, got, want)
		}
	}
}
