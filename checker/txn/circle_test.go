package txn

import (
	"slices"
	"testing"

	"schism/checker"
)

// Two transactions that miss each other's writes, of which one saw a third that missed the other's: 0 rw 1 wr 2 rw 0.
func fork() *graph {
	return newGraph(3, 3, []arc{edge(0, 1, rw), edge(1, 2, wr), edge(2, 0, rw)})
}

// Whether there is a circle does not depend on how much may be done for a short one.
func TestCirclesAreFoundWithoutABudget(t *testing.T) {
	g := fork()
	for _, allow := range []allow{noRW, oneRW, apartRW, anyRW} {
		c := classifier{StrictSerializable.Level(), 0}
		got := c.find(g, only(ww, wr, rw), allow)
		if want := allow == anyRW; (got != nil) != want {
			t.Errorf("%v: %v", allow, got)
		}
	}
	skew := newGraph(2, 2, []arc{edge(0, 1, rw), edge(1, 0, wr)})
	c := classifier{StrictSerializable.Level(), 0}
	if got := c.find(skew, only(ww, wr, rw), oneRW); got != nil {
		t.Errorf("without a budget that shape is not looked for: %v", got)
	}
	if got := c.find(skew, only(ww, wr, rw), apartRW); len(got) != 2 || nameOf(got) != checker.GSingle {
		t.Errorf("it is one of those instead: %v", got)
	}
}

// A walk that comes by a transaction twice is two circles.
func TestDetoursAreLeftOut(t *testing.T) {
	walk := []hop{{0, wr}, {1, rw}, {2, ww}, {1, wr}, {3, rw}}
	got := simple(walk)
	if name := nameOf(got); len(got) != 2 || name != checker.GSingle {
		t.Errorf("%v, a %s", got, name)
	}
}

func TestShortcuts(t *testing.T) {
	h := tiny(t, `
		1 append x 1
		1 ok
		2 append x 2
		2 ok
		3 append x 3
		3 ok
		4 r x
		4 ok x=[1]
		5 r x
		5 ok x=[1,2,3]`)
	check := ListAppend{}.Check(t.Context(), h)
	if len(check.Anomalies) != 1 || !slices.Equal(check.Anomalies[0].Ops, []int64{2, 6}) {
		t.Errorf("%+v", check.Anomalies)
	}
}
