package linear

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// watching is what came of random histories that were watched.
type watching struct {
	fine, broken, unwatched int
	most                    int // values known at once
	parts                   int // of histories that were judged alone
	proved                  int // of them those that show what is broken
}

// watched compares the Watch with zones after every event.
func watched(ops []history.Operation, forgetful bool, count *watching) error {
	w := Register{}.Watch().(*Watch)
	for _, e := range checkertest.Events(ops) {
		sight := w.Add(&e)
		k := split(&history.History{Operations: checkertest.SoFar(ops, e.Index)})[0]
		if sight == checker.Unwatched {
			if k.unique && k.exact {
				return fmt.Errorf("event %d: a key whose values are unique and exact is not watched", e.Index)
			}
			count.unwatched++
			return nil
		}
		if !k.unique || !k.exact {
			return fmt.Errorf("event %d: a key is watched whose values are not unique and exact", e.Index)
		}
		valid := newSuccession(k).zones() == nil
		if valid != (sight == checker.Fine) {
			return fmt.Errorf("event %d: the zones say linearizable: %v; the watch says %v", e.Index, valid, sight)
		}
		if e.Index%8 == 7 || !valid {
			if err := partly(w, ops, e.Index, valid, count); err != nil {
				return err
			}
		}
		if sight == checker.Broken {
			count.broken++
			return nil
		}
		if key := w.keys["x"]; forgetful {
			key.until = 1 // it forgets as early as may be
			count.most = max(count.most, len(key.versions))
		}
	}
	count.fine++
	return nil
}

// partly judges every last part of what was known at an event.
func partly(w *Watch, ops []history.Operation, now int64, valid bool, count *watching) error {
	known := checkertest.SoFar(ops, now)
	for from := range known {
		k := split(&history.History{Operations: known[from:]})[0]
		k.cut(&w.asked)
		found := newSuccession(k).zones() != nil
		if found && valid || from == 0 && found == valid {
			return fmt.Errorf("event %d: linearizable %v, and the operations from the %d. on are not: %v", now, valid, from, found)
		}
		count.parts++
		if found {
			count.proved++
		}
	}
	return nil
}

// TestWatchAgrees compares the Watch, after every event of random small histories, with what zones say of
// their beginning, whether it forgets late or early; and no last part of a linearizable beginning is anything else.
func TestWatchAgrees(t *testing.T) {
	rounds := 6_000
	if testing.Short() || raceDetector {
		rounds = 1_000
	}
	var count watching
	if err := watchOften(rounds, 5, 6, &count); err != nil {
		t.Error(err)
	}
	t.Logf("%+v", count)
	if count.fine < rounds/4 || count.broken < rounds/4 || count.unwatched < rounds/20 || count.proved < rounds/4 {
		t.Errorf("of %d histories: %+v: too few of one kind", rounds, count)
	}
}

func watchOften(rounds int, a, b uint64, count *watching) error {
	r := rand.New(rand.NewPCG(a, b))
	for round := range rounds {
		s := checkertest.RandomShape(r)
		s.Lies /= 2 // else they break too early
		s.Operations *= 1 + round%3
		ops := play(r, s)
		if err := watched(ops, round%2 == 0, count); err != nil {
			return fmt.Errorf("%w\n%s", err, checkertest.Dump(ops))
		}
	}
	return nil
}

// FuzzWatchAgrees is the same without an end.
func FuzzWatchAgrees(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		if err := watchOften(20, a, b, new(watching)); err != nil {
			t.Fatal(err)
		}
	})
}

// What a Watch keeps is bounded by what is open, however long the history.
func TestWatchForgets(t *testing.T) {
	for name, s := range map[string]checkertest.Shape{
		"all answered": {Operations: 20_000, Clients: 10},
		"fails":        {Operations: 20_000, Clients: 10, Fails: 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			w := Register{}.Watch().(*Watch)
			most := 0
			for _, e := range checkertest.Events(play(rand.New(rand.NewPCG(1, 2)), s)) {
				if sight := w.Add(&e); sight != checker.Fine {
					t.Fatalf("event %d: %v", e.Index, sight)
				}
				k := w.keys["x"]
				most = max(most, len(k.versions)+len(k.zones)+len(k.passed)+len(k.open))
			}
			if most > 1000 {
				t.Errorf("it knew %d values at once", most)
			}
		})
	}
}

// A part is explained as the whole is. That nobody ever asked for a value needs no more than the read of it; that
// a value is stale needs its write too.
func TestPartIsExplained(t *testing.T) {
	write := func(at int64, value string) history.Operation {
		return history.Operation{Key: "x", F: history.Write, Input: history.Value(value), Outcome: history.OK, Call: at, Return: at + 1}
	}
	for name, c := range map[string]struct {
		value   string
		part    int
		verdict checker.Verdict
		anomaly string
	}{
		"never asked for":        {"7", 1, checker.Invalid, checker.DirtyRead},
		"stale, without a write": {"1", 2, checker.Valid, ""},
		"stale":                  {"1", 3, checker.Invalid, checker.StaleRead},
	} {
		t.Run(name, func(t *testing.T) {
			read := history.Operation{Key: "x", F: history.Read, Outcome: history.OK, Output: history.Value(c.value), Call: 4, Return: 5}
			ops := []history.Operation{write(0, "1"), write(2, "2"), read}
			w := Register{}.Watch()
			var last checker.Sight
			for _, e := range checkertest.Events(ops) {
				last = w.Add(&e)
			}
			check := w.CheckPart(context.Background(), &history.History{Operations: ops[len(ops)-c.part:]})
			var names string
			for _, a := range check.Anomalies {
				names += a.Name
			}
			if last != checker.Broken || check.Verdict != c.verdict || names != c.anomaly {
				t.Errorf("%v, then %v, %s: %+v", last, check.Verdict, check.Message, check.Anomalies)
			}
		})
	}
}
