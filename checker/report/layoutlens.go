package report

import "math"

// placeLens draws the two arrows between the last two lanes and finds room for their words.
func (sc *scene) placeLens(s story) {
	n := len(sc.lanes)
	if n < 2 {
		return
	}
	rival, focus := findBar(sc.lanes[n-2], func(o proofOp) bool { return o.rival }), findBar(sc.lanes[n-1], func(o proofOp) bool { return o.focus })
	if rival == nil || focus == nil {
		return
	}
	l := sc.arrows(rival.bar, focus.bar)
	region := rect{sc.style.left, rival.bar.y + barHeight + 3, sc.style.right - sc.style.left, focus.bar.y - rival.bar.y - barHeight - 5}
	sc.lens = l
	l.labels = sc.lensLabels(s.lens, l, region)
}

func findBar(row laneRow, want func(proofOp) bool) *opBar {
	for i := range row.ops {
		if want(row.ops[i].op) {
			return &row.ops[i]
		}
	}
	return nil
}

// arrows are the two curves. If the bars stand close together, the curves bulge outward, so that there
// is always an inside.
func (sc *scene) arrows(rival, focus rect) *lensShape {
	st := sc.style
	bulge := 80.0
	if st.brief {
		bulge = 52
	}
	y1, y2 := rival.y+barHeight+3, focus.y-3
	height := y2 - y1
	x1, x2 := rival.x+rival.w, focus.x+focus.w/2
	dx := x2 - x1
	out := max(0, bulge-dx/2)
	in := func(x float64) float64 { return clamp(x, st.left-20, st.width-2) }
	clock := bezier{x1 + 2, y1 - 4, in(x1 + 0.55*dx + 1.25*out), y1 + 0.08*height, in(x2 + out), y2 - 0.55*height, x2, y2 - 1}
	head := rival.x + rival.w/2
	from := focus.x - 3
	value := bezier{from, y2 + 7, in(from - 0.5*dx - 1.25*out), y2 + 4, in(head - out), y1 + 0.55*height, head, y1 + 1}
	return &lensShape{clock: clock, value: value}
}

// lensLabels finds a place for each text: near its own arrow, over neither, inside the region.
func (sc *scene) lensLabels(w *lens, l *lensShape, region rect) []label {
	clock, value := samples(l.clock), samples(l.value)
	var middle [2]float64
	for i := range clock {
		middle[0] += (clock[i][0] + value[i][0]) / 2 / float64(len(clock))
		middle[1] += (clock[i][1] + value[i][1]) / 2 / float64(len(clock))
	}
	wanted := []struct {
		words words
		class string
		bold  bool
		near  func(box rect) float64 // how bad it is to stand there
	}{
		{w.verdict, "verdict", true, func(b rect) float64 { return b.distance(middle) }},
		{w.clock, "clock", false, func(b rect) float64 { return nearOwn(b, clock, value) + between(b, clock, value) }},
		{w.value, "value", false, func(b rect) float64 { return nearOwn(b, value, clock) + between(b, clock, value) }},
	}
	var labels []label
	var taken []rect
	obstacles := append(append([][2]float64{}, clock...), value...)
	for _, f := range sc.folds {
		for y := region.y; y < region.y+region.h; y += 6 {
			obstacles = append(obstacles, [2]float64{f.x, y}, [2]float64{f.x + f.width, y})
		}
	}
	for _, want := range wanted {
		size := sc.style.font - 0.5
		best, bestCost := label{}, math.Inf(1)
		forms := []string{want.words.long, want.words.short}
		if sc.style.brief {
			forms = forms[1:]
		}
		for i, text := range forms {
			l := label{size: size, text: text, bold: want.bold, class: "lens " + want.class}
			if got, cost := search(l, region, obstacles, taken, want.near); cost+brevity*float64(i) < bestCost {
				best, bestCost = got, cost+brevity*float64(i)
			}
		}
		if bestCost < crossing*100 {
			labels = append(labels, best)
			taken = append(taken, best.box())
		}
	}
	return labels
}

// What it costs to stand over an arrow, a sample; over another text; and to say less.
const (
	crossing = 40.0
	brevity  = 60.0
	covering = crossing * 1000
)

func search(l label, region rect, curve [][2]float64, taken []rect, near func(rect) float64) (label, float64) {
	best, bestCost := l, math.Inf(1)
	w := l.width()
	for y := region.y + l.size; y <= region.y+region.h-3; y += 4 {
		for x := region.x; x+w <= region.x+region.w; x += 9 {
			l.x, l.y = x, y
			box := l.box()
			cost := near(box)
			wide := rect{box.x - 4, box.y - 2, box.w + 8, box.h + 4}
			for _, p := range curve {
				if wide.holds(p[0], p[1]) {
					cost += crossing
				}
			}
			for _, t := range taken {
				if wide.overlaps(t) {
					cost += covering
				}
			}
			if cost < bestCost {
				best, bestCost = l, cost
			}
		}
	}
	return best, bestCost
}

// nearOwn is how far a text stands from its own arrow; worse if it is nearer to the other one, or
// stands at the arrow's ends, where the bars are.
func nearOwn(b rect, own, other [][2]float64) float64 {
	n := len(own)
	mine, theirs := nearest(b, own[n/5:n-n/5]), nearest(b, other)
	cost := mine + 0.3*b.distance(own[n/2])
	if theirs < mine {
		cost += 300
	}
	return cost
}

// between is what it costs to stand between the two arrows, which is the place of the verdict.
func between(b rect, clock, value [][2]float64) float64 {
	x, y := b.x+b.w/2, b.y+b.h/2
	loop := append(append([][2]float64{}, clock...), value...) // there by one, back by the other
	odd := false
	for i, p := range loop {
		q := loop[(i+1)%len(loop)]
		if (p[1] > y) != (q[1] > y) && x < p[0]+(q[0]-p[0])*(y-p[1])/(q[1]-p[1]) {
			odd = !odd
		}
	}
	if odd {
		return 1.5 * brevity
	}
	return 0
}

func nearest(b rect, curve [][2]float64) float64 {
	d := math.Inf(1)
	for _, p := range curve {
		d = min(d, b.distance(p))
	}
	return d
}

func samples(b bezier) [][2]float64 {
	const n = 40
	out := make([][2]float64, 0, n+1)
	for i := range n + 1 {
		x, y := b.at(float64(i) / n)
		out = append(out, [2]float64{x, y})
	}
	return out
}
