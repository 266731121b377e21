package report

import (
	"slices"
	"time"

	"schism/history"
)

const (
	axisBaseline = 12.0
	markerY      = 31.0
	plotTop      = 52.0
	barHeight    = 13.0
	labelHeight  = 17.0 // one line of operation labels
	laneGap      = 9.0
	faultHeight  = 18.0
	stripHeight  = 14.0
	stripGap     = 6.0
	minBar       = 4.0
)

// layout decides where everything of a story goes. It is a pure function of its arguments.
func (c chronicle) layout(s story, st style) *scene {
	sc := &scene{style: st, axis: newAxis(s.window, s.folds, st.left, st.right, st.fold)}
	sc.timeAxis()
	sc.stepMarkers(s.steps)
	sc.foldSigns()
	y := sc.clientLanes(s, plotTop)
	y = sc.faultRows(c, s, y+10)
	y = sc.nodeStrips(c, s, y+12)
	sc.plot = rect{st.left, plotTop, st.right - st.left, y - plotTop}
	sc.faultBands(c, s)
	sc.dropLine(s)
	sc.height = sc.minimap(c, s, y)
	return sc
}

func (sc *scene) timeAxis() {
	st := sc.style
	at, step := sc.axis.marks(st.axisMarks)
	var taken []rect
	for _, p := range sc.axis.pieces {
		if p.folded {
			l := sc.foldLabel(p)
			sc.foldLabels = append(sc.foldLabels, l)
			taken = append(taken, l.box())
		}
	}
	for _, t := range at {
		l := label{y: axisBaseline, size: st.small, text: axisText(t, step), class: "axis"}
		if !st.brief {
			l.text += " s"
		}
		x := sc.axis.x(t)
		l.x = clamp(x-l.width()/2, 0, st.width-l.width())
		box := rect{l.x - 5, l.y - 5, l.width() + 10, 5}
		if slices.ContainsFunc(taken, box.overlaps) {
			continue
		}
		taken = append(taken, l.box())
		sc.marks = append(sc.marks, axisMark{x, l})
	}
	if st.brief && (len(sc.marks) == 0 || sc.marks[0].label.x > 30) {
		sc.unit = label{x: 0, y: axisBaseline, size: st.small, text: "sec", class: "axis"}
	}
}

// stepMarkers puts the numbers side by side where their times are too close for them to stand apart.
func (sc *scene) stepMarkers(steps []step) {
	st := sc.style
	width := 2*st.marker + 3
	want := make([]float64, len(steps))
	for i, s := range steps {
		want[i] = sc.axis.x(s.at)
	}
	for i, x := range spread(want, width, st.marker+1, st.width-st.marker-1) {
		sc.markers = append(sc.markers, marker{x: x, at: want[i], n: i + 1, time: steps[i].at, focus: steps[i].focus})
	}
}

// spread moves sorted places apart to at least width, as little as possible, between lo and hi: those
// that touch become one group, which stands around the mean of what its members want.
func spread(want []float64, width, lo, hi float64) []float64 {
	type group struct {
		sum float64
		n   int
	}
	left := func(g group) float64 {
		x := g.sum/float64(g.n) - width*float64(g.n-1)/2
		return clamp(x, lo, hi-width*float64(g.n-1))
	}
	var groups []group
	for _, w := range want {
		groups = append(groups, group{w, 1})
		for k := len(groups) - 1; k > 0; k-- {
			a, b := groups[k-1], groups[k]
			if left(a)+width*float64(a.n) <= left(b) {
				break
			}
			groups = append(groups[:k-1], group{a.sum + b.sum, a.n + b.n})
		}
	}
	out := make([]float64, 0, len(want))
	for _, g := range groups {
		for i := range g.n {
			out = append(out, left(g)+width*float64(i))
		}
	}
	return out
}

func clamp(x, lo, hi float64) float64 { return max(lo, min(x, hi)) }

// clientLanes stacks the lanes and returns the lower edge of the last.
func (sc *scene) clientLanes(s story, y float64) float64 {
	st := sc.style
	for i, l := range s.lanes {
		below := l.focus
		row := laneRow{}
		for _, o := range l.ops {
			row.ops = append(row.ops, sc.opBar(s, o))
		}
		levels := sc.placeLabels(row.ops)
		if below {
			if i > 0 && s.lens != nil {
				y += st.gap - laneGap
			} else {
				y += 6
			}
			row.y = y + barHeight/2 + 3
			y = row.y + barHeight/2 + labelHeight*float64(levels.count) + 2
		} else {
			row.y = y + labelHeight*float64(levels.count) + barHeight/2 + 5
			y = row.y + barHeight/2 + laneGap
		}
		for k := range row.ops {
			o := &row.ops[k]
			o.bar.y = row.y - barHeight/2
			o.stem = levels.of[k] > 0 && !below && o.label.x >= o.bar.x-2 && o.label.x < o.bar.x+o.bar.w
			if below {
				o.label.y = row.y + barHeight/2 + labelHeight*float64(levels.of[k]+1) - 2
			} else {
				o.label.y = row.y - barHeight/2 - 5 - labelHeight*float64(levels.of[k])
			}
		}
		row.name = sc.rowName(laneName(l.who, st.brief), row.y)
		row.ticks = sc.ticks(l.ticks, row.ops)
		sc.lanes = append(sc.lanes, row)
	}
	if s.lens != nil {
		sc.placeLens(s)
	}
	return y
}

func laneName(who string, brief bool) string {
	if !brief {
		return who
	}
	if who == "final read" {
		return "final"
	}
	if after, ok := cutPrefix(who, "client "); ok {
		return "c" + after
	}
	return who
}

func cutPrefix(s, prefix string) (string, bool) {
	if len(s) > len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return s, false
}

func (sc *scene) rowName(text string, middle float64) label {
	st := sc.style
	return label{x: 0, y: middle + 4, size: st.font, text: fit(text, st.font, st.left-6, false), class: "row"}
}

// opBar places an operation by its times. A bar too short to be seen is widened around its middle.
func (sc *scene) opBar(s story, o proofOp) opBar {
	x0, x1 := sc.axis.x(o.CallTime), sc.axis.x(o.ReturnTime)
	if wider := minBar - (x1 - x0); wider > 0 {
		x0 -= wider / 2
		x1 += wider / 2
	}
	b := opBar{op: o, bar: rect{x: x0, w: x1 - x0, h: barHeight}, open: o.noAnswer()}
	b.label = label{size: sc.style.font, text: o.words(), class: "opname", bold: o.focus || o.rival}
	return b
}

// ticks are the places of the other operations, one a pixel at most, none under a bar.
func (sc *scene) ticks(others []interval, bars []opBar) []float64 {
	var xs []float64
	for _, o := range others {
		if sc.axis.hides(o.from) {
			continue
		}
		x := float64(int(sc.axis.x(o.from)))
		if len(xs) > 0 && x-xs[len(xs)-1] < 3 {
			continue
		}
		if !slices.ContainsFunc(bars, func(b opBar) bool { return x > b.bar.x-4 && x < b.bar.x+b.bar.w+4 }) {
			xs = append(xs, x)
		}
	}
	return xs
}

// levels tell on which line the labels of a lane go.
type levels struct {
	of    []int
	count int
}

// placeLabels gives each operation of a lane the longest of its texts that fits, and a line on which
// it overlaps no other. Under or over a bar, it starts at the bar or ends there.
func (sc *scene) placeLabels(ops []opBar) levels {
	st := sc.style
	lv := levels{of: make([]int, len(ops)), count: 1}
	var placed []rect // y is the line
	for i := range ops {
		o := &ops[i]
		o.label.text, o.label.rest = sc.opText(o.op, st.right-st.left)
		w := o.label.width()
		start, end := o.bar.x-1, o.bar.x+o.bar.w+1-w
		if o.op.focus { // the line down to the node runs below the bar
			start, end = o.bar.x+o.bar.w+4, o.bar.x-4-w
		}
		candidates := []float64{start, end}
		if o.op.focus || start+w > st.right {
			candidates = []float64{end, start}
		}
		if !o.op.focus {
			candidates = append(candidates, clamp(start, st.left, st.right-w))
		}
		x, level := firstFree(candidates, w, placed, st)
		o.label.x, lv.of[i] = x, level
		placed = append(placed, rect{x, float64(level), w, 0.5})
		lv.count = max(lv.count, level+1)
	}
	return lv
}

func firstFree(candidates []float64, w float64, placed []rect, st style) (x float64, level int) {
	for level := 0; ; level++ {
		for _, x := range candidates {
			r := rect{x - 8, float64(level), w + 16, 0.5}
			inside := x >= st.left-40 && x >= 0 && x+w <= st.width
			if inside && !slices.ContainsFunc(placed, r.overlaps) {
				return x, level
			}
		}
		if level > len(placed) {
			return clamp(candidates[0], 0, st.width-w), level
		}
	}
}

// opText is what stands beside the bar: the most that width has room for.
func (sc *scene) opText(o proofOp, width float64) (text, rest string) {
	size := sc.style.font
	node := ""
	if o.Node != "" {
		node = "  " + name(o.Node)
		if o.focus && !sc.style.brief && o.F != history.FinalRead {
			node = ", answered by " + name(o.Node)
		}
	}
	tail := ""
	if o.noAnswer() {
		tail = ", no answer after " + span(o.ReturnTime-o.CallTime) + ": may or may not have happened"
	}
	type form struct{ text, rest string }
	forms := []form{{o.words(), node + tail}, {o.words(), node}, {o.brief(), node}, {o.brief(), ""}}
	if sc.style.brief {
		forms = []form{{o.brief(), node}, {o.brief(), ""}}
		if o.noAnswer() {
			forms = []form{{o.brief(), ", no answer"}, {o.brief(), ""}}
		}
	}
	for _, f := range forms {
		if textWidth(f.text, size, true)+textWidth(f.rest, size, false) <= width {
			return f.text, f.rest
		}
	}
	return fit(o.brief(), size, width, true), ""
}

// foldSigns mark the stretches that are left out, with their length.
func (sc *scene) foldSigns() {
	for _, p := range sc.axis.pieces {
		if p.folded {
			width := p.x1 - p.x0
			sc.folds = append(sc.folds, foldSign{x: p.x0 + 0.3*width, width: 0.4 * width})
		}
	}
}

// foldLabel is the length of a folded piece, in the row of the axis.
func (sc *scene) foldLabel(p piece) label {
	st := sc.style
	l := label{y: axisBaseline, size: st.small, text: "↔ " + span((p.to - p.from).Round(100*time.Millisecond)), class: "axis"}
	if p.to-p.from < time.Second {
		l.text = "↔ " + span((p.to - p.from).Round(time.Millisecond))
	}
	l.x = clamp((p.x0+p.x1-l.width())/2, 0, st.width-l.width())
	return l
}
