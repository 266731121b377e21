package session

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"schism/checker"
	"schism/checker/checkertest"
	"schism/history"
)

// bruteRegisters tries every order of the versions, and reads Terry's four sentences out to it.
func bruteRegisters(h *history.History) bool {
	var versions []string
	for i := range h.Operations {
		o := &h.Operations[i]
		if v, writes := checkertest.Wants(o); writes && o.Outcome != history.Fail {
			versions = append(versions, string(v))
		}
	}
	for i := range h.Operations { // nothing is seen before it was asked for
		v, saw := checkertest.Told(&h.Operations[i])
		if saw && !history.IsNil(v) && !slices.ContainsFunc(h.Operations, func(w history.Operation) bool {
			value, writes := checkertest.Wants(&w)
			return writes && w.Outcome != history.Fail && string(value) == string(v) && w.Call < h.Operations[i].Return
		}) {
			return false
		}
	}
	return permute(versions, 0, func(order []string) bool { return keeps(h, append([]string{"null"}, order...)) })
}

func permute(all []string, from int, fits func([]string) bool) bool {
	if from == len(all) {
		return fits(all)
	}
	for i := from; i < len(all); i++ {
		all[from], all[i] = all[i], all[from]
		ok := permute(all, from+1, fits)
		all[from], all[i] = all[i], all[from]
		if ok {
			return true
		}
	}
	return false
}

// keeps says whether the guarantees hold if the versions came in this order.
func keeps(h *history.History, order []string) bool {
	place := func(v history.Value) int { return slices.Index(order, history.Text(v)) }
	for j := range h.Operations {
		b := &h.Operations[j]
		if from, to, cas := casOf(b); cas && place(from) >= place(to) {
			return false
		}
		for i := range h.Operations[:j] {
			a := &h.Operations[i]
			if a.Process != b.Process {
				continue
			}
			read, saw := checkertest.Told(a)
			wrote, writes := checkertest.Wants(a)
			writes = writes && a.Outcome == history.OK
			again, seesNow := checkertest.Told(b)
			writing, writesNow := checkertest.Wants(b)
			writesNow = writesNow && b.Outcome != history.Fail
			switch {
			case saw && seesNow && place(read) > place(again), // monotonic reads
				writes && seesNow && place(wrote) > place(again),      // read your writes
				writes && writesNow && place(wrote) >= place(writing), // monotonic writes
				saw && writesNow && place(read) >= place(writing):     // writes follow reads
				return false
			}
		}
	}
	return true
}

// casOf is what a cas changed if it took effect. If it did not, nobody saw what it wrote, and its place is free.
func casOf(o *history.Operation) (from, to history.Value, ok bool) {
	if o.F != history.CAS || o.Outcome == history.Fail {
		return nil, nil, false
	}
	from, to, _ = history.SplitPair(o.Input)
	return from, to, string(from) != string(to)
}

// bruteLists is which of the four sentences a read of a list breaks.
func bruteLists(h *history.History) map[string]bool {
	broken := make(map[string]bool)
	list := func(o *history.Operation) (all []string) {
		var parts []json.RawMessage
		if json.Unmarshal(o.Output, &parts) != nil {
			panic(string(o.Output))
		}
		for _, p := range parts {
			all = append(all, string(p))
		}
		return all
	}
	isRead := func(o *history.Operation) bool { return o.F == history.Read && o.Outcome == history.OK }
	for i := range h.Operations {
		r := &h.Operations[i]
		if !isRead(r) {
			continue
		}
		l := list(r)
		place := func(v string) int {
			if at := slices.Index(l, v); at >= 0 {
				return at
			}
			return len(l) + 1
		}
		for _, v := range l {
			if !slices.ContainsFunc(h.Operations, func(w history.Operation) bool {
				return w.F == history.Append && w.Outcome != history.Fail && string(w.Input) == v && w.Call < r.Return
			}) {
				broken[checker.DirtyRead] = true
			}
		}
		for j := range h.Operations {
			b := &h.Operations[j]
			for k := range h.Operations[:j] {
				a := &h.Operations[k]
				if a.Process != b.Process {
					continue
				}
				acked := a.F == history.Append && a.Outcome == history.OK
				inIt := b.F == history.Append && b.Outcome != history.Fail && slices.Contains(l, string(b.Input))
				switch {
				case b == r && acked && place(string(a.Input)) > len(l):
					broken[checker.ReadYourWrites] = true
				case b == r && isRead(a) && slices.ContainsFunc(list(a), func(v string) bool { return place(v) > len(l) }):
					broken[checker.MonotonicReads] = true
				case inIt && acked && place(string(a.Input)) > place(string(b.Input)):
					broken[checker.MonotonicWrites] = true
				case inIt && isRead(a) && slices.ContainsFunc(list(a), func(v string) bool { return place(v) >= place(string(b.Input)) }):
					broken[checker.WritesFollowReads] = true
				}
			}
		}
	}
	return broken
}

// Both ways agree on random histories, of which a good part is valid, and every name is found.
func TestAgreesWithBruteForce(t *testing.T) {
	histories := checkertest.Rounds(40_000)
	names := make(map[string]int)
	valid, unanswered := 0, 0
	for seed := range uint64(histories) {
		r := rand.New(rand.NewPCG(seed, checkertest.Seed()))
		lists := seed%2 == 1
		h := randomHistory(r, lists)
		check := Sessions{Lists: lists}.Check(context.Background(), h)
		got := make(map[string]bool)
		for _, a := range check.Anomalies {
			got[a.Name] = true
			names[a.Name]++
		}
		if check.Verdict == checker.Unknown {
			t.Fatalf("seed %d: %+v", seed, check)
		}
		if check.Verdict == checker.Valid {
			valid++
		}
		if slices.ContainsFunc(h.Operations, func(o history.Operation) bool { return o.Outcome == history.Info }) {
			unanswered++
		}
		if !lists {
			if want := bruteRegisters(h); want != (check.Verdict == checker.Valid) {
				t.Fatalf("seed %d: brute force says %v, the check %v\n%s", seed, want, check.Verdict, dump(h))
			}
			continue
		}
		if want := bruteLists(h); fmt.Sprint(want) != fmt.Sprint(got) {
			t.Fatalf("seed %d: brute force finds %v, the check %v\n%s", seed, want, got, dump(h))
		}
	}
	t.Logf("%d histories, %d valid, %d with unknown operations, found: %v", histories, valid, unanswered, names)
	if valid < histories*3/10 || valid > histories*7/10 || len(names) != 5 {
		t.Errorf("%d of %d histories are valid, and found were %v: too little of one kind", valid, histories, names)
	}
}

// TestOrder states random things about a few versions, and asks of each by every path whether it contradicts.
func TestOrder(t *testing.T) {
	const versions = 12
	contradictions := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		var o order
		o.grow(versions)
		var older [versions][versions]bool // by every path
		for range 40 {
			a, b := r.IntN(versions), r.IntN(versions)
			want := a == b || older[b][a]
			path, got := o.add(int32(a), int32(b), nil)
			if got != want {
				t.Fatalf("seed %d: %d is older than %d: a contradiction: %v, want %v", seed, a, b, got, want)
			}
			if got {
				contradictions++
				checkPath(t, &o, int32(b), int32(a), path)
				continue
			}
			for i := range versions {
				for j := range versions {
					older[i][j] = older[i][j] || (i == a || older[i][a]) && (j == b || older[b][j])
				}
			}
		}
	}
	if contradictions < 1000 {
		t.Errorf("only %d contradictions", contradictions)
	}
}

// checkPath sees that a proof leads from one version to the other, by what was stated.
func checkPath(t *testing.T, o *order, from, to int32, path []edge) {
	t.Helper()
	if from == to {
		return
	}
	for _, e := range path {
		if !slices.ContainsFunc(o.newer[from], func(n edge) bool { return n.version == e.version }) {
			t.Fatalf("%d is older than %d in a proof, which nobody stated", from, e.version)
		}
		from = e.version
	}
	if from != to {
		t.Fatalf("a proof ends with %d, want %d", from, to)
	}
}

// The operations that prove a finding break a guarantee by themselves, together with nothing but the writes of
// the values that they saw.
func TestProofsStandAlone(t *testing.T) {
	proofs := 0
	for seed := range uint64(20_000) {
		h := randomHistory(rand.New(rand.NewPCG(seed, 2)), false)
		for _, a := range (Sessions{}).Check(context.Background(), h).Anomalies {
			alone := new(history.History)
			for _, o := range h.Operations {
				_, writes := checkertest.Wants(&o)
				if slices.Contains(a.Ops, o.Call) {
					alone.Operations = append(alone.Operations, o)
				} else if writes && o.Outcome != history.Fail {
					o.Process += 100 + history.Process(o.Call) // the value was asked for, by a session of its own
					o.Outcome, o.F = history.Info, history.Write
					if from, to, err := history.SplitPair(o.Input); err == nil {
						_, o.Input = from, to
					}
					alone.Operations = append(alone.Operations, o)
				}
			}
			if proofs++; bruteRegisters(alone) {
				t.Fatalf("seed %d: %v %s\n%s", seed, a.Ops, a.Message, dump(h))
			}
		}
	}
	if proofs < 1000 {
		t.Errorf("only %d proofs", proofs)
	}
}

func dump(h *history.History) (text string) {
	for _, o := range h.Operations {
		text += fmt.Sprintf("%d c%d %s %s -> %s %s %s\n", o.Call, o.Process, o.F, o.Input, o.Output, o.Outcome, o.Found())
	}
	return text
}
