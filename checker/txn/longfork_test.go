package txn

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// forkStore is a store of registers, of which readers may see the writes of the last moments in any order.
type forkStore struct {
	r       *rand.Rand
	shape   checkertest.Shape
	keys    int
	again   float64 // share of writes of a register that was written before
	forks   float64 // share of values in reads that are of another moment
	begun   int
	values  int64
	written map[string]history.Value
	past    []map[string]history.Value
}

func (s *forkStore) Ask(history.Process) history.Operation {
	var all []history.Access
	if s.begun < s.keys && s.values < 6 && s.r.IntN(3) > 0 {
		key := s.begun
		if s.begun > 0 && s.r.Float64() < s.again {
			key = s.r.IntN(s.begun)
		} else {
			s.begun++
		}
		s.values++
		value := s.values
		if s.r.Float64() < s.again {
			value = 1
		}
		all = []history.Access{{Kind: history.Writes, Register: fmt.Sprint(key), Value: history.Int(value)}}
	} else {
		for _, key := range s.r.Perm(s.keys)[:2+s.r.IntN(min(2, s.keys-1))] {
			all = append(all, history.Access{Register: fmt.Sprint(key)})
		}
	}
	return history.Operation{F: history.Txn, Input: history.JoinTxn(all)}
}

func (s *forkStore) TakeEffect(o *history.Operation) {
	all, _ := history.SplitTxn(o.Input)
	if all[0].Kind == history.Writes {
		if happens := s.shape.Outcome(s.r, o); happens || o.Outcome == history.Fail && s.forks > 0.5 && s.r.IntN(2) == 0 {
			next := make(map[string]history.Value)
			for k, v := range s.written {
				next[k] = v
			}
			next[all[0].Register] = all[0].Value
			s.past, s.written = append(s.past, next), next
		}
		if o.Outcome == history.OK {
			o.Output = o.Input
		}
		return
	}
	o.Outcome = history.OK
	for i := range all {
		from := s.written
		if len(s.past) > 0 && s.r.Float64() < s.forks {
			from = s.past[s.r.IntN(len(s.past))]
		}
		all[i].Value = from[all[i].Register]
	}
	o.Output = history.JoinTxn(all)
}

// inOneOrder tries every order of the writes, with those left out of which nobody knows whether they took effect. No
// read shows what was asked for after it was answered.
func inOneOrder(ops []history.Operation) bool {
	type told struct {
		parts []history.Access
		by    int64
	}
	type held struct {
		value string
		since int64
	}
	var writes, reads []told
	for i := range ops {
		all, _ := ops[i].Accesses()
		switch {
		case all[0].Kind == history.Reads && ops[i].Outcome == history.OK:
			reads = append(reads, told{all, ops[i].Return})
		case all[0].Kind == history.Writes && ops[i].Outcome != history.Fail:
			writes = append(writes, told{all, ops[i].Call})
		}
	}
	fits := func(read told, state map[string]held) bool {
		return !slices.ContainsFunc(read.parts, func(a history.Access) bool {
			h := state[a.Register]
			return history.Text(a.Value) != history.Text(history.Value(h.value)) || h.since > read.by
		})
	}
	var try func(used int, state map[string]held, left []told) bool
	try = func(used int, state map[string]held, left []told) bool {
		left = slices.DeleteFunc(slices.Clone(left), func(read told) bool { return fits(read, state) })
		if len(left) == 0 {
			return true // what was not written yet comes last
		}
		for i, w := range writes {
			if used>>i&1 == 1 {
				continue
			}
			next := maps.Clone(state)
			next[w.parts[0].Register] = held{string(w.parts[0].Value), w.by}
			if try(used|1<<i, next, left) {
				return true
			}
		}
		return false
	}
	return try(0, make(map[string]held), reads)
}

// It agrees with the twin on every history whose registers are written once, and is never surer than that on others.
// Each proof holds alone.
func TestLongForkAgreesWithBruteForce(t *testing.T) {
	count, names, longest := make(map[string]int), make(map[string]int), 0
	histories := checkertest.Rounds(8000)
	for seed := range uint64(histories) {
		r := rand.New(rand.NewPCG(seed, checkertest.Seed()))
		s := &forkStore{r: r, shape: checkertest.RandomShape(r), keys: 3 + r.IntN(2), forks: []float64{0, 0.9, 0.9, 0.9}[r.IntN(4)]}
		s.shape.Operations += 4 + r.IntN(20)
		if r.IntN(4) == 0 {
			s.again = 0.3
		}
		ops := s.shape.Play(r, s)
		h := &history.History{Operations: ops}
		got := (LongFork{}).Check(t.Context(), h)
		want := inOneOrder(ops)
		once := s.again == 0
		count[fmt.Sprintf("%v, once %v, in order %v", got.Verdict, once, want)]++
		switch got.Verdict {
		case checker.Invalid:
			if want {
				t.Fatalf("seed %d: %s\n%s", seed, got.Message, checkertest.Dump(ops))
			}
		case checker.Valid:
			if !want {
				t.Fatalf("seed %d: valid\n%s", seed, checkertest.Dump(ops))
			}
		case checker.Unknown:
			if once {
				t.Fatalf("seed %d: %s\n%s", seed, got.Message, checkertest.Dump(ops))
			}
		}
		for _, a := range got.Anomalies {
			names[a.Name]++
			longest = max(longest, len(a.Ops))
			alone := slices.DeleteFunc(slices.Clone(ops), func(o history.Operation) bool { return !slices.Contains(a.Ops, o.Call) })
			if len(alone) != len(a.Ops) || !slices.Contains(a.Ops, a.Focus) || once && inOneOrder(alone) || (LongFork{}).Check(t.Context(), &history.History{Operations: alone}).Verdict != checker.Invalid {
				t.Fatalf("seed %d: %+v is no proof\n%s", seed, a, checkertest.Dump(ops))
			}
		}
		soFarAgrees(t, seed, ops, got.Verdict)
	}
	t.Log(count, names, longest)
	for _, name := range []string{checker.GNonadjacent, checker.G1a} {
		if names[name] == 0 {
			t.Errorf("nothing shows a %s: %v", name, names)
		}
	}
	if n := count[fmt.Sprintf("%v, once true, in order false", checker.Invalid)]; n < histories/4 || n > histories/2 {
		t.Errorf("%d of %d histories are invalid, of registers that are written once", n, histories)
	}
	if longest < 6 {
		t.Error("no circle is longer than that of two readers")
	}
}

// soFarAgrees: what is invalid on a beginning is invalid at the end.
func soFarAgrees(t *testing.T, seed uint64, ops []history.Operation, end checker.Verdict) {
	t.Helper()
	if end == checker.Invalid || seed%4 != 0 {
		return
	}
	for now := range int64(2 * len(ops)) {
		h := &history.History{Operations: checkertest.SoFar(ops, now)}
		if got := (LongFork{}).Check(t.Context(), h); got.Verdict == checker.Invalid {
			t.Fatalf("seed %d: by event %d %s, at the end %v\n%s", seed, now, got.Message, end, checkertest.Dump(ops))
		}
	}
}

// forkHistory is a history of transactions, one after the other: what was asked for, and what of an ok read was shown.
// A line may begin with fail or info.
func forkHistory(lines ...string) *history.History {
	h := &history.History{}
	for i, line := range lines {
		o := history.Operation{Process: history.Process(i), F: history.Txn, Outcome: history.OK, Call: int64(2 * i), Return: int64(2*i + 1)}
		for _, outcome := range []history.Kind{history.Fail, history.Info} {
			if rest, is := strings.CutPrefix(line, string(outcome)+" "); is {
				o.Outcome, line = outcome, rest
			}
		}
		asked, shown, _ := strings.Cut(line, " ")
		o.Input, o.Output = history.Value(asked), history.Value(shown)
		if shown == "" {
			o.Output = o.Input
		}
		h.Operations = append(h.Operations, o)
	}
	return h
}

func TestLongForkGolden(t *testing.T) {
	const (
		x, y, z = `[["w","x",1]]`, `[["w","y",1]]`, `[["w","z",1]]`
		xy      = `[["r","x",null],["r","y",null]] `
		yz      = `[["r","y",null],["r","z",null]] `
		zx      = `[["r","z",null],["r","x",null]] `
	)
	for _, c := range []struct {
		name    string
		lines   []string
		verdict checker.Verdict
		anomaly string
	}{
		{"one order", []string{x, y, xy + `[["r","x",1],["r","y",null]]`, xy + `[["r","x",1],["r","y",1]]`, xy}, checker.Valid, ""},
		{"two orders", []string{x, y, xy + `[["r","x",1],["r","y",null]]`, xy + `[["r","x",null],["r","y",1]]`}, checker.Invalid, checker.GNonadjacent},
		{"two orders of writes that nobody knows of", []string{"info " + x, "info " + y, xy + `[["r","x",1],["r","y",null]]`, xy + `[["r","x",null],["r","y",1]]`}, checker.Invalid, checker.GNonadjacent},
		{"three readers in a circle", []string{x, y, z, xy + `[["r","x",1],["r","y",null]]`, yz + `[["r","y",1],["r","z",null]]`, zx + `[["r","z",1],["r","x",null]]`}, checker.Invalid, checker.GNonadjacent},
		{"three readers in no circle", []string{x, y, z, xy + `[["r","x",1],["r","y",null]]`, yz + `[["r","y",1],["r","z",null]]`, zx + `[["r","z",null],["r","x",1]]`}, checker.Valid, ""},
		{"what was refused", []string{"fail " + x, xy + `[["r","x",1],["r","y",null]]`}, checker.Invalid, checker.G1a},
		{"what nobody wrote", []string{xy + `[["r","x",1],["r","y",null]]`, x}, checker.Invalid, checker.DirtyRead},
		{"refused, and written by another", []string{"fail " + x, x, xy + `[["r","x",1],["r","y",null]]`}, checker.Valid, ""},
		{"two values of one register", []string{x, `[["r","x",null],["r","x",null]] [["r","x",null],["r","x",1]]`}, checker.Invalid, checker.Internal},
		{"written twice", []string{x, `[["w","x",2]]`, xy + `[["r","x",1],["r","y",null]]`}, checker.Unknown, ""},
		{"written twice, and two orders all the same", []string{x, `[["w","x",2]]`, y, xy + `[["r","x",2],["r","y",null]]`, xy + `[["r","x",null],["r","y",1]]`}, checker.Invalid, checker.GNonadjacent},
		{"more than a write", []string{`[["w","x",1],["w","y",1]]`, xy + `[["r","x",1],["r","y",null]]`}, checker.Unknown, ""},
		{"an answer to another question", []string{x + ` [["w","x",2]]`, xy + `[["r","x",1],["r","y",null]]`}, checker.Unknown, ""},
		{"nobody reads", []string{x, y}, checker.Vacuous, ""},
	} {
		got := (LongFork{}).Check(t.Context(), forkHistory(c.lines...))
		name := ""
		for _, a := range got.Anomalies {
			name += a.Name
		}
		if got.Verdict != c.verdict || name != c.anomaly || got.Message == "" {
			t.Errorf("%s: %v %s %q, want %v %s", c.name, got.Verdict, name, got.Message, c.verdict, c.anomaly)
		}
		t.Logf("%s: %s", c.name, got.Message)
	}
}
