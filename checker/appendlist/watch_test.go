package appendlist

import (
	"context"
	"math/rand/v2"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// watched has the check say what the Watch is to say of a beginning, and brute force too once it says that a list is
// broken.
func watched() *checkertest.Watched {
	return &checkertest.Watched{
		Watch: Lists{}.Watch,
		Play:  playWatched,
		Says: func(known []history.Operation) checker.Sight {
			switch (Lists{}).Check(context.Background(), &history.History{Operations: known}).Verdict {
			case checker.Unknown:
				return checker.Unwatched
			case checker.Valid:
				return checker.Fine
			}
			if len(known) <= 12 && definition.BruteForce(known) {
				return checker.Fine
			}
			return checker.Broken
		},
		Whole: func(known []history.Operation) bool { return !checkertest.HaveTexts(known) },
	}
}

// TestWatchAgrees compares the Watch, after every event of random small histories, with the check of their
// beginning, whether it forgets late or early; and no last part of a linearizable beginning is anything else.
func TestWatchAgrees(t *testing.T) {
	rounds := 1_500
	if testing.Short() {
		rounds = 500
	}
	count, err := watched().Agree(rounds, 5, 6)
	if t.Logf("%+v", count); err == nil {
		err = count.Enough(rounds/4, rounds/50)
	}
	if err != nil {
		t.Error(err)
	}
}

func playWatched(r *rand.Rand, round int) []history.Operation {
	s := checkertest.RandomShape(r)
	s.Operations *= 1 + round%2
	object := newLiar(r, s).(*liar)
	object.Lies /= 2 // else they break too early
	ops := s.Play(r, object)
	if round%3 == 0 {
		checkertest.Respell(ops)
	}
	if round%5 == 0 {
		again(r, ops)
	}
	return ops
}

// again has one append ask for the token of another one.
func again(r *rand.Rand, ops []history.Operation) {
	one, two := &ops[r.IntN(len(ops))], &ops[r.IntN(len(ops))]
	if one.F == history.Append && two.F == history.Append {
		one.Input = two.Input
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
		"all answered": {Operations: 4_000, Clients: 10},
		"fails":        {Operations: 4_000, Clients: 10, Fails: 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			w := Lists{}.Watch().(*Watch)
			most := 0
			r := rand.New(rand.NewPCG(1, 2))
			for _, e := range checkertest.Events(s.Play(r, &liar{Shape: s, Rand: r})) {
				if sight := w.Add(&e); sight != checker.Fine {
					t.Fatalf("event %d: %v", e.Index, sight)
				}
				k := w.Key("x").(*watchedList)
				most = max(most, len(k.tokens)+len(k.due)+len(k.steps)+len(k.longest.rest)/5)
			}
			if most > 1000 {
				t.Errorf("it knew %d things at once", most)
			}
			t.Logf("it knew %d things at once, at most", most)
		})
	}
}

// A part is explained as the whole is. That nobody ever asked for a token needs no more than the read of it; that
// one is there twice, or missing, needs its append too.
func TestPartIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		list    string
		part    int
		verdict checker.Verdict
		anomaly string
	}{
		"never asked for":          {"[1,2,7]", 1, checker.Invalid, checker.DirtyRead},
		"twice, without an append": {"[1,2,1]", 2, checker.Valid, ""},
		"twice":                    {"[1,2,1]", 3, checker.Invalid, checker.DuplicateApply},
		"stale, without an append": {"[1]", 1, checker.Valid, ""},
		"stale":                    {"[1]", 2, checker.Invalid, checker.StaleRead},
	} {
		t.Run(name, func(t *testing.T) {
			ops := script(t, `
				1.000 c1 n1 append x 1
				1.001 c1 ok
				2.000 c1 n1 append x 2
				2.001 c1 ok
				3.000 c2 n1 read x
				3.001 c2 ok `+c.list).Operations
			w := Lists{}.Watch()
			var last checker.Sight
			for _, e := range checkertest.Events(ops) {
				last = w.Add(&e)
			}
			check := w.CheckPart(context.Background(), &history.History{Header: history.Header{Nodes: []string{"n1"}}, Operations: ops[len(ops)-c.part:]})
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
