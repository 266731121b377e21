package linear

import (
	"context"
	"math/rand/v2"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// watched has zones say what the Watch is to say of a beginning.
func watched() *checkertest.Watched {
	key := func(ops []history.Operation) *key { return split(&history.History{Operations: ops})[0] }
	return &checkertest.Watched{
		Watch: Register{}.Watch,
		Play: func(r *rand.Rand, round int) []history.Operation {
			s := checkertest.RandomShape(r)
			s.Lies /= 2 // else they break too early
			s.Operations *= 1 + round%3
			return play(r, s)
		},
		Says: func(known []history.Operation) checker.Sight {
			switch k := key(known); {
			case !k.unique || !k.exact:
				return checker.Unwatched
			case newSuccession(k).zones() != nil:
				return checker.Broken
			}
			return checker.Fine
		},
		Part: func(w checker.Watch, part []history.Operation) (bool, error) {
			k := key(part)
			k.cut(&w.(*Watch).asked)
			return newSuccession(k).zones() != nil, nil
		},
		Whole: func([]history.Operation) bool { return true },
	}
}

// TestWatchAgrees compares the Watch, after every event of random small histories, with what zones say of
// their beginning, whether it forgets late or early; and no last part of a linearizable beginning is anything else.
func TestWatchAgrees(t *testing.T) {
	rounds := 6_000
	if testing.Short() || raceDetector {
		rounds = 1_000
	}
	count, err := watched().Agree(rounds, 5, 6)
	if t.Logf("%+v", count); err == nil {
		err = count.Enough(rounds/4, rounds/20)
	}
	if err != nil {
		t.Error(err)
	}
}

// FuzzWatchAgrees is the same without an end.
func FuzzWatchAgrees(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		if _, err := watched().Agree(20, a, b); err != nil {
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
				k := w.Key("x").(*watchedKey)
				most = max(most, len(k.versions)+k.zones.Len()+len(k.passed))
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
