package objects

import (
	"math/rand/v2"
	"slices"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// A group of registers is broken to its Watch when it is to refuteByRegister; no part of one that is linearizable is anything else, and all of it, as a
// part, shows what is wrong.
func TestPartsOfGroups(t *testing.T) {
	w := twins()[len(twins())-1]
	definition := checkertest.Definition{Start: w.start, Step: w.step}
	c := w.check(checker.Limits{Once: true}).(Checker)
	refutes := func(ops []history.Operation) bool {
		return slices.ContainsFunc(c.normalize(&history.History{Operations: ops}), func(k *key) bool { return len(refuteByRegister(t.Context(), k)) > 0 })
	}
	r := rand.New(rand.NewPCG(1, 2))
	fine, proved, recur := 0, 0, 0
	rounds := checkertest.Rounds(400)
	for range rounds {
		s := checkertest.RandomShape(r)
		s.Lies /= 2
		ops := s.Play(r, &generator{twin: w, Rand: r, Shape: s, state: w.start, holds: make(map[history.Process]string)})
		watch, sight := c.Watch(), checker.Fine
		for _, e := range checkertest.Events(ops) {
			switch got := watch.Add(&e); {
			case sight == checker.Unwatched && got == checker.Fine:
			case sight == checker.Unwatched:
				t.Fatalf("event %d: %v, though it is not watched\n%s", e.Index, got, checkertest.Dump(ops))
			case got == checker.Unwatched:
				sight = got
			case sight == checker.Fine:
				if sight = got; refutes(checkertest.SoFar(ops, e.Index)) != (got == checker.Broken) {
					t.Fatalf("event %d: %v to the watch\n%s", e.Index, got, checkertest.Dump(ops))
				}
			}
		}
		whole := &history.History{Operations: ops}
		if sight == checker.Unwatched {
			if recur++; watch.CheckPart(t.Context(), whole).Verdict == checker.Invalid {
				t.Fatalf("values recur, and it was judged\n%s", checkertest.Dump(ops))
			}
			continue
		}
		linearizable := definition.BruteForce(ops)
		if linearizable {
			fine++
		}
		for from := range ops {
			found := watch.CheckPart(t.Context(), &history.History{Operations: slices.Clone(ops[from:])}).Verdict == checker.Invalid
			if found && linearizable {
				t.Fatalf("it is linearizable, and the operations from the %d. on are not\n%s", from, checkertest.Dump(ops))
			}
			if from == 0 && found == linearizable {
				t.Fatalf("all, as a part: broken %v\n%s", found, checkertest.Dump(ops))
			}
			if found {
				proved++
			}
		}
	}
	if t.Logf("%d linearizable, %d parts that are not; in %d values recur", fine, proved, recur); fine < rounds/5 || proved < rounds/5 || recur < rounds/15 {
		t.Error("too few of one kind")
	}
}

// What saw a value that was asked for before the part is left out of it.
func TestPartOfAGroupLeavesOut(t *testing.T) {
	const old = `
			0 1 txn [["w","x",1]]
			2 3 txn [["w","x",2]]
			4 5 txn [["r","x",null]] `
	for name, c := range map[string]struct {
		history string
		from    int
		want    string
	}{
		"a read of an older value":    {old + `[["r","x",1]]`, 1, ""},
		"not of one of the part":      {old + `[["r","x",1]]`, 0, checker.StaleRead},
		"not of none":                 {old + `[["r","x",null]]`, 1, checker.StaleRead},
		"not of one nobody asked for": {old + `[["r","x",7]]`, 2, checker.DirtyRead},
		"what was read before a write": {`
			0 1 txn [["w","x",1]]
			2 3 txn [["r","x",null],["w","x",2]] [["r","x",1],["w","x",2]]
			4 5 txn [["r","x",null]] [["r","x",1]]`, 1, ""},
		"not what was written then": {`
			0 1 txn [["w","x",1]]
			2 3 txn [["r","x",null],["w","x",2]] [["r","x",1],["w","x",2]]
			4 5 txn [["r","x",null]] [["r","x",null]]`, 1, checker.StaleRead},
	} {
		t.Run(name, func(t *testing.T) {
			ops := script(t, c.history)
			w := MultiRegister(checker.Limits{}).(checker.Watcher).Watch()
			for _, e := range checkertest.Events(ops) {
				w.Add(&e)
			}
			got := ""
			for _, a := range w.CheckPart(t.Context(), &history.History{Operations: ops[c.from:]}).Anomalies {
				got += a.Name
			}
			if got != c.want {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

// What a Watch of groups says when all of a history is known.
func TestGroupsAreWatched(t *testing.T) {
	for name, c := range map[string]struct {
		history string
		want    checker.Sight
	}{
		"stale":                       {"0 1 txn [[\"w\",\"x\",1]]\n2 3 txn [[\"r\",\"x\",null]] [[\"r\",\"x\",null]]", checker.Broken},
		"the other one is":            {"0 1 txn [[\"w\",\"x\",1],[\"w\",\"y\",2]]\n2 3 txn [[\"r\",\"x\",null],[\"r\",\"y\",null]] [[\"r\",\"x\",1],[\"r\",\"y\",null]]", checker.Broken},
		"two that only differ":        {"0 1 txn [[\"w\",\"x\",1],[\"w\",\"y\",2]]\n0 9 txn [[\"w\",\"x\",3],[\"w\",\"y\",4]]\n2 3 txn [[\"r\",\"x\",null],[\"r\",\"y\",null]] [[\"r\",\"x\",3],[\"r\",\"y\",2]]", checker.Fine},
		"used twice":                  {"0 1 txn [[\"w\",\"x\",1],[\"w\",\"x\",2]]\n2 3 txn [[\"r\",\"x\",null]] [[\"r\",\"x\",null]]", checker.Fine},
		"another one is used twice":   {"0 1 txn [[\"w\",\"x\",1],[\"w\",\"x\",2],[\"w\",\"y\",3]]\n2 3 txn [[\"r\",\"y\",null]] [[\"r\",\"y\",null]]", checker.Broken},
		"another register's value":    {"0 1 txn [[\"w\",\"x\",1]]\n2 3 txn [[\"r\",\"y\",null]] [[\"r\",\"y\",1]]", checker.Broken},
		"an answer without values":    {"0 1 txn [[\"w\",\"x\",1]] null\n2 3 txn [[\"r\",\"x\",null]] [[\"r\",\"x\",null]]", checker.Broken},
		"an answer to something else": {"0 1 txn [[\"r\",\"x\",null]] [[\"r\",\"x\",7],[\"r\",\"y\",7]]", checker.Fine},
		"values that recur":           {"0 1 txn [[\"w\",\"x\",1]]\n2 3 txn [[\"w\",\"x\",1]]\n4 5 txn [[\"r\",\"x\",null]] [[\"r\",\"x\",null]]", checker.Unwatched},
		"no transaction":              {"0 1 write 1", checker.Unwatched},
		"an append":                   {"0 1 txn [[\"append\",\"x\",1]]\n2 3 txn [[\"r\",\"x\",null]] [[\"r\",\"x\",null]]", checker.Fine},
	} {
		t.Run(name, func(t *testing.T) {
			w := MultiRegister(checker.Limits{}).(checker.Watcher).Watch()
			worst := checker.Fine
			for _, e := range checkertest.Events(script(t, c.history)) {
				worst = max(worst, w.Add(&e))
			}
			if worst != c.want {
				t.Errorf("%v, want %v", worst, c.want)
			}
		})
	}
	w := MultiRegister(checker.Limits{}).(checker.Watcher).Watch()
	for i, e := range []history.Event{
		{Process: 1, Kind: history.Invoke, F: history.Txn, Key: "a", Value: history.Value(`[["w","x",1]]`)},
		{Process: 1, Kind: history.OK, F: history.Txn, Key: "a", Value: history.Value(`[["w","x",1]]`)},
		{Process: 1, Kind: history.Invoke, F: history.Txn, Key: "b", Value: history.Value(`[["r","x",null]]`)},
		{Process: history.Nemesis, Kind: history.Invoke, F: "kill", Value: history.Value(`{}`)},
		{Process: 2, Kind: history.Invoke, F: history.FinalRead, Value: history.Nil},
		{Process: 1, Kind: history.OK, F: history.Txn, Key: "b", Value: history.Value(`[["r","x",null]]`)},
	} {
		e.Index = int64(i)
		if s := w.Add(&e); s != checker.Fine {
			t.Errorf("event %d: %v: the registers of two keys are two", i, s)
		}
	}
}

// A register to which one transaction writes twice is not judged alone: nobody may see the first value, and a register
// knows nothing of that.
func TestARegisterWrittenTwiceAtOnceIsNotJudgedAlone(t *testing.T) {
	for name, c := range map[string]struct {
		history string
		found   bool
	}{
		"twice": {`
			0 1 txn [["w","x",1],["w","x",2]]
			2 3 txn [["r","x",null]] [["r","x",null]]`, false},
		"once, and something else": {`
			0 1 txn [["w","x",1],["w","y",2]]
			2 3 txn [["r","x",null]] [["r","x",null]]`, true},
		"once, and read again": {`
			0 1 txn [["w","x",1],["r","x",null]] [["w","x",1],["r","x",1]]
			2 3 txn [["r","x",null]] [["r","x",null]]`, true},
	} {
		k := MultiRegister(checker.Limits{}).(Checker).normalize(&history.History{Operations: script(t, c.history)})[0]
		if found := len(refuteByRegister(t.Context(), k)) > 0; found != c.found {
			t.Errorf("%s: found %v", name, found)
		}
	}
}

// Of two groups each is judged by its own transactions.
func TestGroupsAreJudgedApart(t *testing.T) {
	h := &history.History{Operations: script(t, `
		0 9 txn [["w","a",1],["w","b",1]]
		1 8 txn [["w","x",1],["w","y",1]]
		2 3 txn [["r","a",null],["r","b",null]] [["r","a",1],["r","b",1]]
		4 5 txn [["r","x",null],["r","y",null]] [["r","x",1],["r","y",null]]`)}
	check := MultiRegister(checker.Limits{}).Check(t.Context(), h)
	got := ""
	for _, k := range check.Keys {
		got += k.Key + " " + k.Verdict.String() + "; "
	}
	if got != "a, b valid; x, y invalid; " || len(check.Anomalies) != 1 || check.Anomalies[0].Name != checker.GSingle {
		t.Errorf("%s%+v", got, check.Anomalies)
	}
}
