package txn

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// bankOf is a bank in memory, whose reads may see half of a transfer.
type bankOf struct {
	r      *rand.Rand
	shape  checkertest.Shape
	held   []int64
	halves float64 // share of reads that see a transfer in halves
	gone   float64 // share of transfers of which half is lost
	last   []int64 // amounts by account: the last transfer
}

func (b *bankOf) Ask(history.Process) history.Operation {
	if b.r.IntN(2) == 0 {
		return history.Operation{F: history.Read, Input: history.Nil}
	}
	from := b.r.IntN(len(b.held))
	to := (from + 1 + b.r.IntN(len(b.held)-1)) % len(b.held)
	return history.Operation{F: history.Transfer, Input: history.Encode(history.TransferOf{From: fmt.Sprint(from), To: fmt.Sprint(to), Amount: 1 + b.r.Int64N(3)})}
}

func (b *bankOf) TakeEffect(o *history.Operation) {
	if o.F == history.Transfer {
		if b.shape.Outcome(b.r, o) {
			t, _ := history.SplitTransfer(o.Input)
			b.last = make([]int64, len(b.held))
			b.last[t.From[0]-'0'], b.last[t.To[0]-'0'] = -t.Amount, t.Amount
			if b.r.Float64() < b.gone {
				b.last[t.To[0]-'0'] = 0
			}
			for i, n := range b.last {
				b.held[i] += n
			}
		}
		return
	}
	o.Outcome = history.OK
	shown := slices.Clone(b.held)
	if b.last != nil && b.r.Float64() < b.halves {
		i := b.r.IntN(len(shown))
		shown[i] -= b.last[i]
	}
	o.Output = balancesOf(shown)
}

func balancesOf(amounts []int64) history.Value {
	var words []string
	for i, n := range amounts {
		words = append(words, fmt.Sprintf(`"%d":%d`, i, n))
	}
	return history.Value("{" + strings.Join(words, ",") + "}")
}

// A bank whose reads are snapshots is valid, and no set of transfers explains the reads that are called invalid: the
// twin tries every set of transfers for each read, from every state that the bank can have begun in.
func TestBankAgreesWithBruteForce(t *testing.T) {
	count := make(map[checker.Verdict]int)
	histories := checkertest.Rounds(2000)
	for seed := range uint64(histories) {
		r := rand.New(rand.NewPCG(seed, checkertest.Seed()))
		b := &bankOf{r: r, held: make([]int64, 2+r.IntN(3)), shape: checkertest.RandomShape(r)}
		for i := range b.held {
			b.held[i] = 10
		}
		if seed%2 == 0 {
			b.halves, b.gone = []float64{0, 0.8}[r.IntN(2)], []float64{0.3, 0.5}[r.IntN(2)]
		}
		begin := slices.Clone(b.held)
		h := &history.History{Operations: b.shape.Play(r, b)}
		if r.IntN(2) == 0 {
			h.Header.Balances = make(map[string]int64)
			for i, n := range begin {
				h.Header.Balances[fmt.Sprint(i)] = n
			}
		}
		got := (Bank{}).Check(t.Context(), h)
		count[got.Verdict]++
		explained := explainsBank(h.Operations, begin)
		switch {
		case got.Verdict == checker.Invalid && explained:
			t.Fatalf("seed %d: %s\n%s", seed, got.Message, checkertest.Dump(h.Operations))
		case b.halves+b.gone == 0 && got.Verdict == checker.Invalid, got.Verdict == checker.Valid && totals(h.Operations) > 1, got.Verdict == checker.Unknown:
			t.Fatalf("seed %d: %v, %s\n%s", seed, got.Verdict, got.Message, checkertest.Dump(h.Operations))
		}
		for _, a := range got.Anomalies {
			var alone []history.Operation
			for _, o := range h.Operations {
				if slices.Contains(a.Ops, o.Call) || o.F == history.Transfer {
					alone = append(alone, o)
				}
			}
			if again := (Bank{}).Check(t.Context(), &history.History{Header: h.Header, Operations: alone}); again.Verdict != checker.Invalid || !slices.Contains(a.Ops, a.Focus) {
				t.Fatalf("seed %d: %+v is no proof\n%s", seed, a, checkertest.Dump(h.Operations))
			}
		}
	}
	t.Log(count)
	if 3*count[checker.Valid] < histories || 4*count[checker.Invalid] < histories {
		t.Errorf("%v: want both", count)
	}
}

func totals(ops []history.Operation) int {
	all := make(map[int64]bool)
	for _, o := range ops {
		if o.F == history.Read && o.Outcome == history.OK {
			sum := int64(0)
			for i := range strings.SplitSeq(strings.Trim(string(o.Output), "{}"), ",") {
				var account string
				var n int64
				fmt.Sscanf(strings.ReplaceAll(i, ":", " "), "%q %d", &account, &n)
				sum += n
			}
			all[sum] = true
		}
	}
	return len(all)
}

// explainsBank says whether each read is the state at the beginning and some of the transfers.
func explainsBank(ops []history.Operation, begin []int64) bool {
	var transfers []history.TransferOf
	for _, o := range ops {
		if o.F == history.Transfer && o.Outcome != history.Fail {
			one, _ := history.SplitTransfer(o.Input)
			transfers = append(transfers, one)
		}
	}
	possible := make(map[string]bool)
	for set := range 1 << len(transfers) {
		held := slices.Clone(begin)
		for i, one := range transfers {
			if set>>i&1 == 1 {
				held[one.From[0]-'0'] -= one.Amount
				held[one.To[0]-'0'] += one.Amount
			}
		}
		possible[string(balancesOf(held))] = true
	}
	for _, o := range ops {
		if o.F == history.Read && o.Outcome == history.OK && !possible[string(o.Output)] {
			return false
		}
	}
	return true
}

// bankReads is a history of reads, one after the other, and nothing else.
func bankReads(balances map[string]int64, reads ...string) *history.History {
	h := &history.History{Header: history.Header{Balances: balances}}
	for i, text := range reads {
		h.Operations = append(h.Operations, history.Operation{Process: history.Process(i), F: history.Read, Input: history.Nil, Output: history.Value(text), Outcome: history.OK, Call: int64(2 * i), Return: int64(2*i + 1)})
	}
	return h
}

func TestBankGolden(t *testing.T) {
	known := map[string]int64{"a": 5, "b": 5}
	for _, c := range []struct {
		name     string
		balances map[string]int64
		reads    []string
		verdict  checker.Verdict
		anomaly  string
	}{
		{"one total", nil, []string{`{"a":5,"b":5}`, `{"b":12,"a":-2}`}, checker.Valid, ""},
		{"two totals", nil, []string{`{"a":5,"b":5}`, `{"a":5,"b":4}`}, checker.Invalid, checker.GSingle},
		{"one read, and nobody knows the total", nil, []string{`{"a":5,"b":4}`}, checker.Valid, ""},
		{"one read of another total", known, []string{`{"a":5,"b":4}`}, checker.Invalid, checker.GSingle},
		{"an account less", nil, []string{`{"a":5,"b":5}`, `{"a":5}`}, checker.Unknown, ""},
		{"an account less, that was there", known, []string{`{"a":5,"b":5}`, `{"a":10}`}, checker.Invalid, checker.GSingle},
		{"an account that is nil is not there", known, []string{`{"a":10,"b":null}`}, checker.Invalid, checker.GSingle},
		{"an account more, that was not there", known, []string{`{"a":5,"b":5,"c":0}`}, checker.Invalid, checker.DirtyRead},
		{"other accounts, and two totals of the same", nil, []string{`{"a":5}`, `{"a":5,"b":5}`, `{"a":5,"b":6}`}, checker.Invalid, checker.GSingle},
		{"no number", nil, []string{`{"a":5.5}`}, checker.Unknown, ""},
		{"no number, and two totals", nil, []string{`{"a":5.5}`, `{"a":1}`, `{"a":2}`}, checker.Invalid, checker.GSingle},
		{"beyond all numbers", nil, []string{`{"a":9223372036854775807,"b":1}`}, checker.Unknown, ""},
		{"below all numbers", nil, []string{`{"a":-9223372036854775807,"b":-2}`}, checker.Unknown, ""},
		{"nobody read", nil, nil, checker.Vacuous, ""},
	} {
		got := (Bank{}).Check(t.Context(), bankReads(c.balances, c.reads...))
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

// The read that most others contradict is the one that is told of, with what was under way.
func TestBankTellsWho(t *testing.T) {
	h := bankReads(nil, `{"a":5,"b":5}`, `{"a":2,"b":5}`, `{"a":2,"b":8}`)
	h.Operations = append(h.Operations, history.Operation{Process: 7, F: history.Transfer, Input: history.Value(`{"from":"a","to":"b","amount":3}`), Outcome: history.Info, Call: 1, Return: -1})
	slices.SortFunc(h.Operations, func(a, b history.Operation) int { return int(a.Call - b.Call) })
	got := (Bank{}).Check(t.Context(), h)
	a := got.Anomalies[0]
	if want := "Read skew (G-single): client 1's read at 0.000 s shows a total of 7, although client 0's read at 0.000 s shows one of 10: money is moved, and never made or lost."; a.Message != want {
		t.Errorf("%q\nwant %q", a.Message, want)
	}
	if want := "The difference, -3, is that of client 7's transfer of 3 from a to b, which was under way."; !strings.HasSuffix(a.Proof, want) {
		t.Errorf("%q lacks %q", a.Proof, want)
	}
	if !slices.Equal(a.Ops, []int64{0, 2}) || a.Focus != 2 {
		t.Errorf("%v, focus %d", a.Ops, a.Focus)
	}
}

// Two totals may be further apart than 64 bits hold: then no transfer is the difference.
func TestBankTotalsFarApart(t *testing.T) {
	h := bankReads(nil, `{"a":9223372036854775807,"b":0}`, `{"a":-5,"b":0}`)
	h.Operations = append(h.Operations, history.Operation{Process: 7, F: history.Transfer, Input: history.Value(`{"from":"a","to":"b","amount":9223372036854775804}`), Outcome: history.Info, Call: 1, Return: -1})
	slices.SortFunc(h.Operations, func(a, b history.Operation) int { return int(a.Call - b.Call) })
	got := (Bank{}).Check(t.Context(), h).Anomalies
	if len(got) != 1 || strings.Contains(got[0].Proof, "The difference") {
		t.Errorf("%+v", got)
	}
}
