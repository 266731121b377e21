package report

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"schism/checker"
	"schism/history"
)

func TestFoldLeavesOutLongQuiet(t *testing.T) {
	s := time.Second
	at := []time.Duration{0, 1 * s, 2 * s, 60 * s, 61 * s}
	got := fold(at, nil, 5)
	if len(got) != 1 || got[0].from <= 2*s || got[0].to >= 60*s || got[0].to-got[0].from < 57*s {
		t.Errorf("folds are %v, want most of 2 s to 60 s", got)
	}
	if got := fold(at, []interval{{1 * s, 61 * s}}, 5); len(got) != 0 {
		t.Errorf("an operation was folded away: %v", got)
	}
	if got := fold(at, nil, 0); len(got) != 0 {
		t.Errorf("none was allowed, %v were made", got)
	}
	if got := fold([]time.Duration{5 * s}, nil, 5); len(got) != 0 {
		t.Errorf("one moment has no gaps, folded %v", got)
	}
}

func TestAxisKeepsOrderAndScale(t *testing.T) {
	s := time.Second
	a := newAxis(interval{0, 100 * s}, []interval{{10 * s, 90 * s}}, 100, 940, 40)
	for _, c := range []struct {
		t time.Duration
		x float64
	}{{-s, 100}, {0, 100}, {5 * s, 300}, {10 * s, 500}, {50 * s, 520}, {90 * s, 540}, {95 * s, 740}, {100 * s, 940}, {200 * s, 940}} {
		if got := a.x(c.t); got < c.x-0.01 || got > c.x+0.01 {
			t.Errorf("%v stands at %.2f, want %.2f", c.t, got, c.x)
		}
	}
	if !a.hides(50*s) || a.hides(10*s) || a.hides(95*s) {
		t.Error("exactly what is inside of a fold is hidden")
	}
	for _, m := range first2(a.marks(8)) {
		if a.hides(m) {
			t.Errorf("the mark at %v is in a fold", m)
		}
	}
}

func first2[A, B any](a A, _ B) A { return a }

func TestSpreadMovesNoMoreThanNeeded(t *testing.T) {
	for _, c := range []struct{ want, got []float64 }{
		{[]float64{10, 50, 90}, []float64{10, 50, 90}},
		{[]float64{50, 50}, []float64{45, 55}},
		{[]float64{99, 99, 99}, []float64{80, 90, 100}},
		{[]float64{0, 0, 50}, []float64{0, 10, 50}},
		{nil, nil},
	} {
		if got := spread(c.want, 10, 0, 100); !slices.Equal(got, c.got) {
			t.Errorf("%v became %v, want %v", c.want, got, c.got)
		}
	}
}

// TestNoSceneOverlaps lays random stories out and looks, without a browser, for texts that cover each
// other or leave the drawing.
func TestNoSceneOverlaps(t *testing.T) {
	seeds := uint64(100)
	if testing.Short() {
		seeds = 25
	}
	for seed := range seeds {
		c, s := randomStory(t, seed)
		for _, st := range []style{wide(), slim()} {
			sc := c.layout(s, st)
			labels := sc.texts()
			for i, a := range labels {
				if b := a.box(); b.x < -0.5 || b.x+b.w > st.width+0.5 || b.y < -3 || b.y+b.h > sc.height+3 {
					t.Errorf("seed %d, %s: %q leaves the drawing: %+v", seed, st.id, a.text+a.rest, b)
				}
				for _, b := range labels[i+1:] {
					if a.box().overlaps(b.box()) {
						t.Errorf("seed %d, %s: %q and %q overlap", seed, st.id, a.text+a.rest, b.text+b.rest)
					}
				}
			}
			for i := 1; i < len(sc.markers); i++ {
				if sc.markers[i].x-sc.markers[i-1].x < 2*st.marker {
					t.Errorf("seed %d, %s: markers %d and %d touch", seed, st.id, i, i+1)
				}
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

// texts are all labels of the scene that say something.
func (sc *scene) texts() []label {
	all := append([]label{sc.unit, sc.mini.name}, sc.rows...)
	all = append(all, sc.mini.marks...)
	all = append(all, sc.foldLabels...)
	for _, m := range sc.marks {
		all = append(all, m.label)
	}
	for _, l := range sc.lanes {
		all = append(all, l.name)
		for _, o := range l.ops {
			all = append(all, o.label)
		}
	}
	for _, f := range sc.faults {
		all = append(all, f.label)
	}
	for _, s := range sc.strips {
		all = append(all, s.name)
		for _, p := range s.pieces {
			all = append(all, p.label)
		}
	}
	if sc.lens != nil {
		all = append(all, sc.lens.labels...)
	}
	return slices.DeleteFunc(all, func(l label) bool { return l.text+l.rest == "" })
}

func randomStory(t *testing.T, seed uint64) (chronicle, story) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 3))
	tp := newTape(seed)
	tp.header.Nodes = tp.header.Nodes[:1+r.IntN(5)]
	nodes := tp.header.Nodes
	tp.cluster(nodes[0], 1)
	length := 0.02 * float64(uint(1)<<r.IntN(12))
	for id := range r.IntN(4) {
		at := r.Float64() * length
		end := at + r.Float64()*length/2
		if r.IntN(2) == 0 {
			tp.fault("kill", history.Fault{ID: id + 1, Text: "kill", What: nodes[0], Nodes: nodes[:1]}, at, at, end, end, r.IntN(5) > 0)
			continue
		}
		f := partitionOf(nodes[:len(nodes)/2], nodes[len(nodes)/2:])
		f.ID = id + 1
		tp.fault("partition", f, at, at, end, end, true)
	}
	for term := range uint64(r.IntN(8)) {
		tp.role(r.Float64()*length, nodes[r.IntN(len(nodes))], []string{"leader", "candidate", "follower", "down"}[r.IntN(4)], term+2)
	}
	n := 1 + r.IntN(6)
	busy := make(map[int]float64)
	for i := range n {
		p := r.IntN(4)
		from := busy[p] + r.Float64()*length/6
		to := from + r.Float64()*r.Float64()*length/8
		busy[p] = to + 1e-6
		o := op{p: p, node: nodes[r.IntN(len(nodes))], f: []string{"read", "write", "cas", "append", "add", "enqueue", "dequeue", "acquire", "txn"}[r.IntN(9)], key: "x", out: history.Int(int64(i)), from: from, to: to}
		switch o.f {
		case "write", "append", "add", "enqueue", "acquire":
			o.in = history.Int(int64(1) << (10 * r.IntN(6)))
		case "txn":
			o.in = history.Value(`[["r","account",null],["w","balance of the other",1000000],["w","z",-1]]`)
			o.out = history.Value(strings.Replace(string(o.in), "null", "7000", 1))
		case "cas":
			o.in = history.Pair(history.Int(int64(i)), history.Encode("value of twenty-four ch."))
		}
		if r.IntN(5) == 0 && i+1 < n {
			o.kind, busy[p] = history.Info, 1e9
		}
		if o.from < 1e8 {
			tp.op(o)
		}
	}
	tp.op(op{p: 9, node: nodes[0], f: "read", key: "x", out: history.Int(-1), from: length * 0.9, to: length})
	h := tp.history(t)
	a := checker.Anomaly{Name: []string{checker.StaleRead, checker.LostWrite, checker.NonLinearizable}[r.IntN(3)], Key: "x"}
	for _, o := range h.Operations {
		a.Ops = append(a.Ops, o.Call)
		if o.Process == 9 {
			a.Focus = o.Call
		}
	}
	c := newChronicle(h, nodes)
	s, ok := c.tell(a)
	if !ok {
		t.Fatal(fmt.Errorf("seed %d: no story", seed))
	}
	return c, s
}
