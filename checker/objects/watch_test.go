package objects

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// watched has the near-linear check of a kind say what its Watch is to say of a beginning.
func watched(w twin) *checkertest.Watched {
	c := w.check(checker.Limits{Once: true}).(Checker)
	return &checkertest.Watched{
		Watch: c.Watch,
		Play: func(r *rand.Rand, round int) []history.Operation {
			s := checkertest.RandomShape(r)
			s.Lies /= 2 // else they break too early
			s.Operations *= 1 + round%3
			ops := s.Play(r, &generator{twin: w, Rand: r, Shape: s, state: w.start, holds: make(map[history.Process]string)})
			if round%3 == 0 && !strings.HasPrefix(w.name, "counter") {
				checkertest.Respell(ops)
			}
			return ops
		},
		Says: func(known []history.Operation) checker.Sight {
			k := c.normalize(&history.History{Operations: known})[0]
			fits := k.broken == "" && c.object.fits(k)
			switch {
			case fits && len(c.object.decide(k)) > 0:
				return checker.Broken
			case fits, k.broken == "" && w.name == "queue" && enqueuedOnce(k) && len(refuteQueue(context.Background(), k)) == 0:
				return checker.Fine
			case k.broken == "" && w.name == "queue" && enqueuedOnce(k):
				return checker.Broken
			}
			return checker.Unwatched
		},
		Whole: w.provedWhole,
	}
}

// provedWhole says whether all operations, as a part, prove what is wrong. Of a counter that shows too much they do
// not, nor of a lock that was asked to be released by an owner who had not asked for it.
func (w twin) provedWhole(known []history.Operation) bool {
	early := func(r history.Operation) bool {
		return r.F == history.Release && !slices.ContainsFunc(known, func(a history.Operation) bool {
			failed := a.Outcome == history.Fail && a.Return < r.Call
			return a.F == history.Acquire && string(a.Input) == string(r.Input) && a.Call < r.Call && !failed
		})
	}
	return !strings.HasPrefix(w.name, "counter") && !checkertest.HaveTexts(known) && !slices.ContainsFunc(known, early)
}

// watchedTwins are the kinds that can be watched.
func watchedTwins() []twin {
	return slices.DeleteFunc(twins(), func(w twin) bool { return w.check(checker.Limits{}).(Checker).object.eye == nil })
}

// TestWatchAgrees compares the Watch of each kind, after every event of random small histories, with the check of
// their beginning, whether it forgets late or early; and no last part of a linearizable beginning is anything else.
func TestWatchAgrees(t *testing.T) {
	rounds := checkertest.Rounds(1_000)
	for _, w := range watchedTwins() {
		t.Run(w.name, func(t *testing.T) {
			count, err := watched(w).Agree(rounds, 5, 6)
			if t.Logf("%+v", count); err != nil {
				t.Error(err)
			}
			least, unwatched := rounds/6, rounds/10
			switch {
			case w.quick == 0: // most cannot be watched
				least = 0
			case w.name == "counter": // all can
				unwatched = 0
			}
			if err := count.Enough(least, unwatched); err != nil {
				t.Error(err)
			}
		})
	}
}

// FuzzWatchAgrees is the same without an end.
func FuzzWatchAgrees(f *testing.F) {
	all := watchedTwins()
	for i := range all {
		f.Add(uint64(1), uint64(2), uint8(i))
	}
	f.Fuzz(func(t *testing.T, a, b uint64, kind uint8) {
		if _, err := watched(all[int(kind)%len(all)]).Agree(20, a, b); err != nil {
			t.Fatal(err)
		}
	})
}

// What a Watch keeps is bounded by what is open and what the object holds, however long the history.
func TestWatchForgets(t *testing.T) {
	for name, c := range map[string]struct {
		check  func(checker.Limits) checker.Checker
		object func(played) checkertest.Object
		length int
		kept   func(*Watch) int
	}{
		"counter": {Counter, func(p played) checkertest.Object { return &countedObject{played: p} }, 20_000, func(w *Watch) int {
			k := keyOf[watchedCount](w).(*watchedCounter)
			return len(k.jumps) + len(k.open)
		}},
		"lock": {Mutex, func(p played) checkertest.Object {
			return &lockedObject{played: p}
		}, 20_000, func(w *Watch) int {
			k := keyOf[lockOp](w).(*watchedLock)
			return len(k.owners) + k.zones.Len()
		}},
		"queue": {Queue, func(p played) checkertest.Object { return &queuedObject{played: p} }, 20_000, func(w *Watch) int {
			k := keyOf[queueOp](w).(*watchedQueue)
			return len(k.values) - len(k.there) + len(k.takers.open) + len(k.empty.found) + len(k.empty.covered)
		}},
		"set": {Set, func(p played) checkertest.Object { return &readSet{grownSet{played: p}} }, 5_000, func(w *Watch) int {
			k := keyOf[setOp](w).(*watchedSet)
			return len(k.layers) + len(k.due) + len(k.elements)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			s := checkertest.Shape{Operations: c.length, Clients: 10}
			w := c.check(checker.Limits{}).(Checker).Watch().(*Watch)
			most := 0
			for _, e := range checkertest.Events(s.Play(r, c.object(played{s, r}))) {
				if s := w.Add(&e); s != checker.Fine {
					t.Fatalf("event %d: %v", e.Index, s)
				}
				most = max(most, c.kept(w))
			}
			if t.Logf("it knew %d things at once, at most", most); most > 1000 {
				t.Errorf("it knew %d things at once", most)
			}
		})
	}
}

func keyOf[P any](w *Watch) checker.KeyWatch[P] { return w.keyed.(*checker.KeyedWatch[P]).Key("x") }

// readSet is read at every tenth operation.
type readSet struct{ grownSet }

func (c *readSet) Ask(p history.Process) history.Operation {
	if c.IntN(10) == 0 {
		return ask(history.Read, "")
	}
	c.asked++
	return ask(history.Add, strconv.Itoa(c.asked))
}

// lockedObject is a lock that everybody may release under the name of who has it.
type lockedObject struct {
	played
	asked int
	owner string
}

func (l *lockedObject) Ask(history.Process) history.Operation {
	l.asked++
	return l.half(ask(history.Acquire, strconv.Itoa(l.asked)), ask(history.Release, l.owner))
}

func (l *lockedObject) TakeEffect(o *history.Operation) {
	o.Outcome = history.OK
	switch {
	case o.F == history.Acquire && l.owner == "":
		l.owner = string(o.Input)
	case o.F == history.Release && l.owner == string(o.Input) && l.owner != "":
		l.owner = ""
	default:
		o.Outcome, o.Error = history.Fail, "not now"
	}
}

// What is free of what was covered is what a list of single moments says.
func TestEmptiesAreCovered(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		w := watchedEmpties{before: none}
		var covered [40]bool
		for range 8 {
			begin := r.Int64N(30)
			end := begin + r.Int64N(8)
			w.cover(begin, end)
			for i := begin; i < end; i++ {
				covered[i] = true
			}
			for at := range covered {
				want := at
				for want < len(covered) && covered[want] {
					want++
				}
				if got := w.free(int64(at)); got != int64(want) {
					t.Fatalf("%v: free from %d on is %d, want %d", w.covered, at, got, want)
				}
			}
		}
	}
}

// What was told while a history grew is found at its end, though it came to be one that only a search can decide.
func TestWhatWasToldIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		check   func(checker.Limits) checker.Checker
		history string
		anomaly string
	}{
		"told before it recurs": {Queue, `
			0 1 enqueue 1
			2 3 dequeue - 1
			4 5 dequeue - 1
			6 7 enqueue 1`, checker.DuplicateApply},
		"explained by what recurs": {Queue, `
			0 1 enqueue 1
			2 3 dequeue - 1
			4 5 enqueue 1
			6 7 dequeue - 1`, ""},
		"wrong after it recurs": {Queue, `
			0 1 enqueue 1
			2 3 enqueue 1
			4 5 dequeue - 2`, ""},
		"before an add of 2": {Counter, `
			0 1 add 1
			2 3 read - 0
			4 5 add 2`, checker.StaleRead},
		"a lock": {Mutex, `
			0 1 acquire 1
			2 3 acquire 2
			4 5 release 2
			6 7 acquire 2`, checker.SplitBrain},
		"not of a text": {KV, `
			0 1 put "a"
			2 3 get - "b"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			check := c.check(checker.Limits{}).(Checker)
			k := check.normalize(&history.History{Operations: script(t, c.history)})[0]
			got := ""
			for _, f := range check.asWatched(t.Context(), k) {
				got += f.name
			}
			if got != c.anomaly {
				t.Errorf("found %q, want %q", got, c.anomaly)
			}
		})
	}
}

// A counter that is below nothing is told by its last operations too, whatever was added to it before.
func TestWatchAgreesOnACounterBelowNothing(t *testing.T) {
	w := Counter(checker.Limits{}).(Checker).Watch().(*Watch)
	h := &history.History{Operations: script(t, "0 1 read - -1")}
	for _, e := range eventsOf(h.Operations) {
		w.Add(&e)
	}
	if got := w.CheckPart(t.Context(), h).Anomalies; len(got) != 1 || got[0].Name != checker.DirtyRead {
		t.Errorf("%+v", got)
	}
}
