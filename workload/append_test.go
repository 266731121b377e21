package workload

import (
	"math/rand/v2"
	"slices"
	"testing"

	"schism/history"
)

func TestAppendNeverAppendsATokenTwice(t *testing.T) {
	g := NewAppend(Options{Keys: 2, Mix: map[string]int{history.Read: 1, history.Append: 3}})
	r := rand.New(rand.NewPCG(1, 1))
	seen := make(map[string]bool)
	reads := 0
	for range 4000 {
		op := g.Next(r)
		g.Done(op, Answer{Kind: history.Fail, Error: "refused"}) // a failed token is used up too
		switch {
		case op.F == history.Read && op.Value == nil:
			reads++
		case op.F != history.Append || seen[string(op.Value)]:
			t.Fatalf("%s of %s, after %d tokens", op.F, op.Value, len(seen))
		}
		seen[string(op.Value)] = true
	}
	if reads < 900 || reads > 1100 {
		t.Errorf("%d of 4000 operations are reads, want a quarter", reads)
	}
	if kinds := NewAppend(Options{Keys: 1, Mix: map[string]int{history.Append: 1}}).Kinds(); !slices.Equal(kinds, []string{history.Append}) {
		t.Errorf("kinds %v without reads", kinds)
	}
}

func TestKindsAreSortedAndTheirMixIsTheirs(t *testing.T) {
	all := Kinds()
	for i, k := range all {
		if i > 0 && all[i-1].Name >= k.Name {
			t.Errorf("%s stands after %s", k.Name, all[i-1].Name)
		}
		made := k.New(Options{Keys: 1, Mix: k.Mix}).Kinds()
		if len(made) != len(k.Mix) {
			t.Errorf("%s makes %v, its mix is %v", k.Name, made, k.Mix)
		}
		for _, f := range made {
			if k.Mix[f] <= 0 {
				t.Errorf("%s makes %s, its mix %v does not say how many", k.Name, f, k.Mix)
			}
		}
	}
}

// TestCounterAddsOnes holds the workload counter to what makes its check near-linear.
func TestCounterAddsOnes(t *testing.T) {
	g := NewCounter(Options{Keys: 3, Mix: map[string]int{history.Read: 1, history.Add: 3}})
	r := Random(7)
	adds := 0
	for range 400 {
		op := g.Next(r)
		switch {
		case op.F == history.Add && string(op.Value) == "1":
			adds++
		case op.F != history.Read || op.Value != nil:
			t.Fatalf("%+v", op)
		}
		if !slices.Contains(g.Keys(), op.Key) {
			t.Fatalf("%q is no key of %v", op.Key, g.Keys())
		}
	}
	if adds < 250 || adds > 350 {
		t.Errorf("%d adds of 400, want about three in four", adds)
	}
	if kinds := NewCounter(Options{Keys: 1, Mix: map[string]int{history.Read: 1}}).Kinds(); !slices.Equal(kinds, []string{history.Read}) {
		t.Errorf("without a share of adds there are %v", kinds)
	}
}
