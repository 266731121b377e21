package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"schism/history"
)

// faultRows lays the faults of the window in as few rows as they need, and returns the lower edge.
func (sc *scene) faultRows(c chronicle, s story, y float64) float64 {
	if len(s.faults) == 0 {
		return y - 10
	}
	st := sc.style
	var rowEnd []float64
	for _, f := range s.faults {
		b := sc.faultBar(c, f)
		row := slices.IndexFunc(rowEnd, func(end float64) bool { return end+2 <= b.bar.x })
		if row < 0 {
			row, rowEnd = len(rowEnd), append(rowEnd, 0)
		}
		rowEnd[row] = b.bar.x + b.bar.w
		b.bar.y = y + float64(row)*(faultHeight+4)
		b.label.y = b.bar.y + 13
		sc.faults = append(sc.faults, b)
	}
	for i := range sc.faults {
		sc.nameFault(i)
	}
	text := "faults"
	if st.brief {
		text = "fault"
	}
	sc.rows = append(sc.rows, sc.rowName(text, y+faultHeight/2))
	return y + float64(len(rowEnd))*(faultHeight+4) - 4
}

func (sc *scene) faultBar(c chronicle, f history.FaultLife) faultBar {
	end := faultEnd(f, c.h.End)
	x0, x1 := sc.axis.x(f.Start), sc.axis.x(end)
	b := faultBar{bar: rect{x: x0, w: max(minBar, x1-x0), h: faultHeight}, refuted: refuted(f), goesOn: end > sc.axis.window().to}
	b.pattern = patternOf(f)
	b.label = label{size: sc.style.font - 0.5, text: plain(f.F), class: "fault", bold: true}
	if what := struckWords(f); what != "" {
		b.label.rest = " " + what
	}
	if b.goesOn {
		b.label.rest += ", until " + span(end.Round(100*time.Millisecond))
	}
	if b.refuted {
		b.label.rest += ", did not bite"
	}
	b.title = b.label.text + b.label.rest + fmt.Sprintf(", from %s to %s", instant(f.Start), instant(end))
	return b
}

// struckWords are the nodes or sides as the fault struck.
func struckWords(f history.FaultLife) string {
	all := f.Resolved()
	if all.What != "" {
		return ellipsis(plain(all.What), 60)
	}
	return ellipsis(strings.Join(names(all.Nodes), " "), 60)
}

func patternOf(f history.FaultLife) string {
	switch {
	case len(silenced(f.Resolved())) > 0:
		return "cut"
	case outageKind(f.F) == roleDown:
		return "kill"
	case outageKind(f.F) == rolePaused:
		return "pause"
	}
	return "other"
}

// nameFault writes a fault's name into its bar, or right of it if there is nothing, or leaves it to
// the tooltip and the steps.
func (sc *scene) nameFault(i int) {
	b := &sc.faults[i]
	free := sc.style.right + 4 - (b.bar.x + b.bar.w)
	for j, o := range sc.faults {
		if j != i && o.bar.y == b.bar.y && o.bar.x >= b.bar.x+b.bar.w {
			free = min(free, o.bar.x-b.bar.x-b.bar.w)
		}
	}
	l := b.label
	forms := []label{l, {text: l.text, rest: strings.SplitN(l.rest, ",", 2)[0]}, {text: l.text}}
	for _, f := range forms {
		l.text, l.rest = f.text, f.rest
		w := l.width()
		if x, ok := sc.clear(b.bar.x+7, b.bar.x+b.bar.w-7, w, b.bar.y); ok {
			l.x = x
		} else if w+14 <= free {
			l.x = b.bar.x + b.bar.w + 6
		} else {
			continue
		}
		b.label = l
		return
	}
	b.label.text, b.label.rest = "", ""
}

// nodeStrips draws what each node was. Nodes that could talk to each other at the focus stand
// together, with a rule between the sides.
func (sc *scene) nodeStrips(c chronicle, s story, y float64) float64 {
	focus := focusOf(s.ops)
	w := sc.axis.window()
	cutFrom, cutTo := w.to, w.from
	for _, k := range c.net.cuts {
		if focus.CallTime >= k.from && focus.CallTime <= k.to {
			cutFrom, cutTo = min(cutFrom, k.from), max(cutTo, k.to)
		}
	}
	for i, side := range c.net.sides(focus.CallTime) {
		if i > 0 {
			if cutFrom < cutTo {
				sc.splits = append(sc.splits, line{sc.axis.x(cutFrom), y, sc.axis.x(cutTo), y})
			}
			y += stripGap + 1
		}
		for _, node := range side {
			row := stripRow{y: y + stripHeight/2, name: sc.rowName(name(node), y+stripHeight/2)}
			for _, st := range c.strips {
				if st.node == node {
					row.pieces = sc.stripPieces(st)
				}
			}
			sc.dotsOn(s, node, row.y)
			sc.nameStrip(&row)
			sc.strips = append(sc.strips, row)
			y += stripHeight + stripGap
		}
	}
	return y
}

func (sc *scene) stripPieces(s strip) []stripPiece {
	w := sc.axis.window()
	var out []stripPiece
	for _, x := range s.stretches {
		if x.to <= w.from || x.from >= w.to {
			continue
		}
		p := stripPiece{x0: sc.axis.x(x.from), x1: sc.axis.x(x.to), stretch: x}
		if x.role != roleFollower && x.role != "" {
			p.x1 = max(p.x1, min(p.x0+2, sc.style.right)) // an election of a millisecond is still seen
		}
		out = append(out, p)
	}
	return out
}

// dotsOn marks what the node answered: the focus and what it contradicts.
func (sc *scene) dotsOn(s story, node string, y float64) {
	for _, o := range s.ops {
		if o.Node != node || !o.focus && !o.rival {
			continue
		}
		d := dot{x: sc.axis.x(o.ReturnTime), y: y, class: "rival " + string(o.Outcome)}
		if o.focus {
			d.x, d.class = (sc.axis.x(o.CallTime)+sc.axis.x(o.ReturnTime))/2, "focus"
		}
		sc.dots = append(sc.dots, d)
	}
}

// nameStrip writes into each stretch that has room what the node was, clear of the dots.
func (sc *scene) nameStrip(row *stripRow) {
	for i := range row.pieces {
		p := &row.pieces[i]
		for _, text := range roleWords(p.stretch, sc.style.brief) {
			l := label{size: sc.style.small, text: text, y: row.y + 4, class: "role " + p.role}
			if p.alone {
				l.class += " alone"
			}
			if x, ok := sc.clear(p.x0+6, p.x1-4, l.width(), row.y); ok {
				l.x = x
				p.label = l
				break
			}
		}
	}
}

// clear is the first place from lo to hi where a text of that width covers no dot and no tear.
func (sc *scene) clear(lo, hi, width, y float64) (float64, bool) {
	x := lo
	for moved := true; moved; {
		moved = false
		for _, d := range sc.dots {
			if d.y == y && d.x > x-8 && d.x < x+width+8 {
				x, moved = d.x+9, true
			}
		}
		for _, f := range sc.folds {
			if f.x-5 < x+width && x < f.x+f.width+5 {
				x, moved = f.x+f.width+6, true
			}
		}
	}
	return x, x+width <= hi
}

func roleWords(s stretch, brief bool) []string {
	switch s.role {
	case roleLeader:
		term := fmt.Sprintf("term %d", s.term)
		if s.alone && !brief {
			return []string{"believes it leads " + term + ", cut off from the majority", "leads " + term + ", no majority", term + ", no majority", term}
		}
		if s.alone {
			return []string{"leader, " + term + ", cut off", term + ", cut off", term}
		}
		return []string{"leader, " + term, term}
	case roleCandidate, rolePreCandidate:
		return []string{"candidate"}
	case roleDown:
		return []string{"down"}
	case rolePaused:
		return []string{"paused"}
	}
	return nil
}

// faultBands put a pale ground behind everything while a fault was on.
func (sc *scene) faultBands(c chronicle, s story) {
	for _, f := range s.faults {
		if refuted(f) {
			continue
		}
		x0, x1 := sc.axis.x(f.Start), sc.axis.x(faultEnd(f, c.h.End))
		sc.bands = append(sc.bands, rect{x0, sc.plot.y - 6, x1 - x0, sc.plot.h + 6})
	}
}

// dropLine leads from the focus to the node that answered it.
func (sc *scene) dropLine(s story) {
	i := slices.IndexFunc(sc.dots, func(d dot) bool { return d.class == "focus" })
	if i < 0 {
		return
	}
	for _, row := range sc.lanes {
		for _, o := range row.ops {
			if o.op.focus {
				sc.drop = &line{sc.dots[i].x, o.bar.y + barHeight + 3, sc.dots[i].x, sc.dots[i].y}
			}
		}
	}
}

// minimap draws the whole run under the story and returns the drawing's height.
func (sc *scene) minimap(c chronicle, s story, y float64) float64 {
	const height, gap = 16.0, 20.0
	st := sc.style
	m := &sc.mini
	m.frame = rect{st.left, y + gap, st.right - st.left, height}
	m.leadY = [2]float64{y, y + gap - 4}
	text := "whole run"
	if st.brief {
		text = "all"
	}
	m.name = sc.rowName(text, y+gap+height/2+4)
	end := max(c.h.End, time.Nanosecond)
	at := func(t time.Duration) float64 {
		return st.left + m.frame.w*clamp(float64(t)/float64(end), 0, 1)
	}
	m.bars = c.density(90)
	for _, f := range c.h.Struck() {
		x0 := at(f.Start)
		m.faults = append(m.faults, rect{x0, m.frame.y + height + 2, max(2, at(faultEnd(f, c.h.End))-x0), 4})
	}
	x0 := at(s.window.from)
	m.window = rect{x0, m.frame.y - 4, max(4, at(s.window.to)-x0), height + 12}
	step := axisStep(end, 6)
	last := -100.0
	for t := time.Duration(0); t <= end; t += step {
		l := label{size: st.small, y: m.frame.y + height + 21, class: "axis", text: axisText(t, step) + " s"}
		l.x = clamp(at(t)-l.width()/2, st.left-10, st.width-l.width())
		if l.x > last+8 {
			m.marks = append(m.marks, l)
			last = l.x + l.width()
		}
	}
	return m.frame.y + height + 28
}

// density is how many operations began in each of n parts of the run, as shares of the most.
func (c chronicle) density(n int) []float64 {
	bars := make([]float64, n)
	end := max(c.h.End, time.Nanosecond)
	for _, o := range c.h.Operations {
		bars[min(n-1, int(int64(o.CallTime)*int64(n)/int64(end)))]++
	}
	most := max(1, slices.Max(bars))
	for i := range bars {
		bars[i] /= most
	}
	return bars
}
