package appendlist

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// watching is what came of random histories that were watched.
type watching struct {
	fine, broken, unwatched int
	parts                   int // of histories that were judged alone
	proved                  int // of them those that show what is broken
}

// watched compares the Watch with Lists after every event, and with brute force once it says that a list is broken.
func watched(ops []history.Operation, forgetful bool, count *watching) error {
	w := Lists{}.Watch().(*Watch)
	for _, e := range checkertest.Events(ops) {
		sight := w.Add(&e)
		known := checkertest.SoFar(ops, e.Index)
		check := Lists{}.Check(context.Background(), &history.History{Operations: known})
		if sight == checker.Unwatched {
			if check.Verdict != checker.Unknown {
				return fmt.Errorf("event %d: a key that can be judged is not watched: %v", e.Index, check.Verdict)
			}
			count.unwatched++
			return nil
		}
		if want := map[bool]checker.Verdict{true: checker.Valid, false: checker.Invalid}[sight == checker.Fine]; check.Verdict != want {
			return fmt.Errorf("event %d: the check says %v, and the watch %v", e.Index, check.Verdict, sight)
		}
		if e.Index%8 == 7 || sight == checker.Broken {
			if err := partly(w, known, sight == checker.Fine, count); err != nil {
				return fmt.Errorf("event %d: %w", e.Index, err)
			}
		}
		if sight == checker.Broken {
			if len(known) <= 12 && definition.BruteForce(known) {
				return fmt.Errorf("event %d: the watch says broken, and brute force that it is linearizable", e.Index)
			}
			count.broken++
			return nil
		}
		if forgetful {
			w.keys["x"].until = 1 // it forgets as early as may be
		}
	}
	count.fine++
	return nil
}

// partly judges every last part of what was known at an event. Tokens that are texts may have been asked for before
// each of them: of the whole they prove less.
func partly(w *Watch, known []history.Operation, valid bool, count *watching) error {
	texts := slices.ContainsFunc(known, func(o history.Operation) bool { return bytes.ContainsRune(slices.Concat(o.Input, o.Output), '"') })
	for from := range known {
		check := w.CheckPart(context.Background(), &history.History{Operations: known[from:]})
		found := check.Verdict == checker.Invalid
		if found && valid || from == 0 && found == valid && !texts {
			return fmt.Errorf("linearizable %v, and the operations from the %d. on are not: %v: %+v", valid, from, found, check.Anomalies)
		}
		for _, a := range check.Anomalies {
			for _, at := range a.Ops {
				if !slices.ContainsFunc(known[from:], func(o history.Operation) bool { return o.Call == at }) {
					return fmt.Errorf("a proof from the %d. operation on names event %d: %s", from, at, a.Message)
				}
			}
		}
		count.parts++
		if found {
			count.proved++
		}
	}
	return nil
}

// spelled has some of the tokens be texts, which no bit can stand for, with all that takes a list apart in them.
func spelled(ops []history.Operation) {
	for i := range ops {
		o := &ops[i]
		for _, v := range []*history.Value{&o.Input, &o.Output} {
			var list []json.RawMessage
			switch {
			case o.F == history.Append && v == &o.Input:
				*v = respelled(*v)
			case len(*v) > 2 && json.Unmarshal(*v, &list) == nil && list != nil:
				for j := range list {
					list[j] = respelled(list[j])
				}
				*v = history.Encode(list)
			}
		}
	}
}

func respelled(token history.Value) history.Value {
	if n, err := strconv.Atoi(string(token)); err == nil && n%2 == 0 {
		return history.Encode(fmt.Sprintf(`],"%d[,`, n))
	}
	return token
}

// TestWatchAgrees compares the Watch, after every event of random small histories, with the check of their
// beginning, whether it forgets late or early; and no last part of a linearizable beginning is anything else.
func TestWatchAgrees(t *testing.T) {
	rounds := 1_500
	if testing.Short() {
		rounds = 500
	}
	var count watching
	if err := watchOften(rounds, 5, 6, &count); err != nil {
		t.Error(err)
	}
	t.Logf("%+v", count)
	if count.fine < rounds/4 || count.broken < rounds/4 || count.unwatched < rounds/50 || count.proved < rounds/4 {
		t.Errorf("of %d histories: %+v: too few of one kind", rounds, count)
	}
}

func watchOften(rounds int, a, b uint64, count *watching) error {
	r := rand.New(rand.NewPCG(a, b))
	for round := range rounds {
		s := checkertest.RandomShape(r)
		s.Operations *= 1 + round%2
		object := newLiar(r, s).(*liar)
		object.Lies /= 2 // else they break too early
		ops := s.Play(r, object)
		if round%3 == 0 {
			spelled(ops)
		}
		if round%5 == 0 {
			again(r, ops)
		}
		if err := watched(ops, round%2 == 0, count); err != nil {
			return fmt.Errorf("%w\n%s", err, checkertest.Dump(ops))
		}
	}
	return nil
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
		if err := watchOften(20, a, b, new(watching)); err != nil {
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
				k := w.keys["x"]
				most = max(most, len(k.tokens)+len(k.due)+len(k.steps)+len(k.open)+len(k.longest.rest)/5)
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
