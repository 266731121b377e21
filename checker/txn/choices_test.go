package txn

import (
	"math/rand/v2"
	"testing"

	"schism/checker"
)

// closes says by the definition whether some arcs close a circle: any, or one without two rw in a row.
func closes(n int, arcs []arc, apart bool) bool {
	var leads [12][12]bool // a node twice: reached by rw, and not
	for _, a := range arcs {
		to, k := target(a.to)
		if k == rw {
			leads[2*a.from][2*to+1] = true
			leads[2*a.from+1][2*to+1] = !apart
			continue
		}
		leads[2*a.from][2*to], leads[2*a.from+1][2*to] = true, true
	}
	for b := range 2 * n {
		for a := range 2 * n {
			for c := range 2 * n {
				leads[a][c] = leads[a][c] || leads[a][b] && leads[b][c]
			}
		}
	}
	for a := range 2 * n {
		if leads[a][a] {
			return true
		}
	}
	return false
}

// possible tries all orders of the choices.
func possible(n int, arcs []arc, open []choice, apart bool) bool {
	if len(open) == 0 {
		return !closes(n, arcs, apart)
	}
	for order := range 2 {
		if possible(n, append(arcs[:len(arcs):len(arcs)], open[0].arcs[order]...), open[1:], apart) {
			return true
		}
	}
	return false
}

// TestChoicesAgreeWithBruteForce makes choices in random graphs that have no circle without them.
func TestChoicesAgreeWithBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	made := map[checker.Verdict]int{}
	for made[checker.Valid]+made[checker.Invalid] < 20_000 {
		level := []Isolation{SnapshotIsolation, Serializable}[r.IntN(2)].Level()
		apart := level.Isolation == SnapshotIsolation
		n := 3 + r.IntN(4)
		any := func() arc {
			from := r.IntN(n)
			return edge(int32(from), int32((from+1+r.IntN(n-1))%n), []kind{ww, wr, rw, rw}[r.IntN(4)])
		}
		var arcs []arc
		for range r.IntN(2 * n) {
			arcs = append(arcs, any())
		}
		if closes(n, arcs, apart) {
			continue
		}
		var open []choice
		for range 1 + r.IntN(5) {
			a := any()
			to, _ := target(a.to)
			c := choice{0, [2]int32{a.from, to}, [2][]arc{{edge(a.from, to, ww)}, {edge(to, a.from, ww)}}}
			if r.IntN(2) == 0 {
				c.arcs[r.IntN(2)] = append(c.arcs[r.IntN(2)], any())
			}
			open = append(open, c)
		}
		work := choiceWork
		got := newChooser(level, newGraph(n, n, arcs), open, &work).settle()
		want := checker.Invalid
		if possible(n, arcs, open, apart) {
			want = checker.Valid
		}
		if got != want {
			t.Fatalf("%v, want %v: %s, %v, %v", got, want, level.Isolation, arcs, open)
		}
		made[got]++
	}
	t.Log(made)
	if made[checker.Valid] < 5000 || made[checker.Invalid] < 2000 {
		t.Errorf("%v: want both kinds", made)
	}
}

// What takes too long is unknown.
func TestChoicesHaveAnEnd(t *testing.T) {
	open := []choice{{0, [2]int32{0, 1}, [2][]arc{{edge(0, 1, ww)}, {edge(1, 0, ww)}}}}
	for _, work := range []int{0, 1} {
		left := work
		want := checker.Unknown
		if work > 0 {
			want = checker.Valid
		}
		if got := newChooser(Serializable.Level(), newGraph(2, 2), open, &left).settle(); got != want {
			t.Errorf("with work %d: %v", work, got)
		}
	}
}
