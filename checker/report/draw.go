package report

import (
	"fmt"
	"html/template"
	"math"
)

// draw writes the scene as one SVG. id keeps the names in the page apart.
func (sc *scene) draw(id, description string) template.HTML {
	c := &canvas{}
	st := sc.style
	c.open("svg", "class", "fig "+st.id, "viewBox", fmt.Sprintf("0 0 %s %s", num(st.width), num(sc.height)), "role", "group",
		"aria-labelledby", id+"-t "+id+"-d")
	c.open("title", "id", id+"-t")
	c.b.WriteString("Timeline of the operations, the faults and the nodes")
	c.close("title")
	c.open("desc", "id", id+"-d")
	c.b.WriteString(template.HTMLEscapeString(description))
	c.close("desc")
	sc.drawGround(c)
	sc.drawNodes(c)
	sc.drawFaults(c)
	sc.drawLanes(c)
	sc.drawFolds(c)
	sc.drawNames(c)
	sc.drawLens(c)
	sc.drawMarkers(c)
	sc.drawMini(c)
	c.leaf("line", "class", "cursor", "x1", 0, "x2", 0, "y1", plotTop-8, "y2", sc.plot.y+sc.plot.h, "visibility", "hidden")
	c.close("svg")
	return c.html()
}

func (sc *scene) drawGround(c *canvas) {
	bottom := sc.plot.y + sc.plot.h
	for _, b := range sc.bands {
		c.rect("band", b)
		c.path("bandedge", new(pen).step("M", b.x, b.y).step("V", bottom).String())
	}
	grid := &pen{}
	for _, m := range sc.marks {
		grid.step("M", m.x, plotTop-6).step("V", bottom)
	}
	c.path("grid", grid.String())
	for _, m := range sc.markers {
		c.path("guide", new(pen).step("M", m.x, markerY+sc.style.marker).step("L", m.at, plotTop-6).step("V", bottom).String())
	}
	for _, m := range sc.marks {
		c.label(m.label)
	}
	for _, l := range sc.foldLabels {
		c.label(l)
	}
	c.label(sc.unit)
}

func (sc *scene) drawNodes(c *canvas) {
	for _, l := range sc.splits {
		c.leaf("line", "class", "split", "x1", l.x1, "y1", l.y1, "x2", l.x2, "y2", l.y2)
	}
	for _, row := range sc.strips {
		c.label(row.name)
		for _, p := range row.pieces {
			drawStretch(c, p, row.y, stripHeight)
		}
	}
}

// drawNames writes what stands in the strips and in the bars of the faults, over everything there.
func (sc *scene) drawNames(c *canvas) {
	for _, row := range sc.strips {
		for _, p := range row.pieces {
			c.label(p.label)
		}
	}
	for _, f := range sc.faults {
		c.label(f.label)
	}
	if d := sc.drop; d != nil {
		c.leaf("line", "class", "drop", "x1", d.x1, "y1", d.y1, "x2", d.x2, "y2", d.y2)
	}
	for _, d := range sc.dots {
		c.leaf("circle", "class", "dot "+d.class, "cx", d.x, "cy", d.y, "r", 4.5)
	}
}

// drawStretch is what a node was for a time: the fill says it, the pattern over it says it again for
// those who do not see the colour.
func drawStretch(c *canvas, p stripPiece, y, height float64) {
	box := rect{p.x0, y - height/2, p.x1 - p.x0, height}
	switch p.role {
	case roleLeader:
		c.rect("leader", box)
		if p.alone {
			c.rect("hatch", box)
		}
	case roleCandidate, rolePreCandidate:
		c.rect("candidate", box)
	case roleDown, rolePaused:
		c.rect(p.role, box)
	case roleFollower:
		c.path("follower", new(pen).step("M", p.x0, y).step("H", p.x1).String())
	default:
		c.path("unseen", new(pen).step("M", p.x0, y).step("H", p.x1).String())
	}
}

func (sc *scene) drawFaults(c *canvas) {
	for _, l := range sc.rows {
		c.label(l)
	}
	for _, f := range sc.faults {
		class := "fault " + f.pattern
		if f.refuted {
			class += " refuted"
		}
		c.open("g")
		c.title(f.title)
		c.rect(class, f.bar)
		if f.goesOn {
			x, y := f.bar.x+f.bar.w, f.bar.y+f.bar.h/2
			c.path("goeson", new(pen).step("M", x, y-5).step("l", 5, 5).step("l", -5, 5).String())
		}
		c.close("g")
	}
}

// drawFolds tears the drawing where time is left out.
func (sc *scene) drawFolds(c *canvas) {
	top, bottom := sc.plot.y-6, sc.plot.y+sc.plot.h+2
	const tooth = 6.0
	for _, f := range sc.folds {
		x0, x1 := f.x, f.x+f.width
		outline, edges := new(pen), new(pen)
		left, right := zigzag(x0, top, bottom, tooth), zigzag(x1, top, bottom, tooth)
		outline.step("M", left[0][0], left[0][1])
		for _, p := range left[1:] {
			outline.step("L", p[0], p[1])
		}
		for i := len(right) - 1; i >= 0; i-- {
			outline.step("L", right[i][0], right[i][1])
		}
		for _, side := range [][][2]float64{left, right} {
			edges.step("M", side[0][0], side[0][1])
			for _, p := range side[1:] {
				edges.step("L", p[0], p[1])
			}
		}
		c.path("tear", outline.step("Z").String())
		c.path("tearedge", edges.String())
	}
}

func zigzag(x, top, bottom, tooth float64) [][2]float64 {
	var out [][2]float64
	side := -1.0
	for y := top; y < bottom; y += 2 * tooth {
		out = append(out, [2]float64{x + side*tooth/2, y})
		side = -side
	}
	return append(out, [2]float64{x, bottom})
}

func (sc *scene) drawLanes(c *canvas) {
	for _, row := range sc.lanes {
		c.path("lane", new(pen).step("M", sc.style.left, row.y).step("H", sc.style.right).String())
		c.label(row.name)
		ticks := &pen{}
		for _, x := range row.ticks {
			ticks.step("M", x, row.y-3).step("v", 6)
		}
		if len(row.ticks) > 0 {
			c.path("tick", ticks.String())
		}
	}
}

func (sc *scene) drawOperations(c *canvas) {
	for _, row := range sc.lanes {
		for _, o := range row.ops {
			sc.drawOperation(c, o)
		}
	}
}

func (sc *scene) drawOperation(c *canvas, o opBar) {
	class := "op " + string(o.op.Outcome)
	switch {
	case o.op.focus:
		class += " focus"
	case o.op.rival:
		class += " rival"
	}
	c.open("g", "class", class, "tabindex", 0, "role", "img", "aria-label", spoken(o.op), "data-t", int64(o.op.ReturnTime), "data-op", o.op.Call)
	c.title(spoken(o.op))
	b := o.bar
	c.rect("hit", rect{b.x - 6, b.y - 6, b.w + 12, b.h + 12})
	c.rect("bar", b)
	top, end := b.y-3, b.y+b.h+3
	caps := new(pen).step("M", b.x, top).step("V", end)
	if o.open {
		x := sc.axis.right()
		y := b.y + b.h/2
		c.path("open", new(pen).step("M", b.x+b.w, y).step("H", x-2).String())
		c.path("openend", new(pen).step("M", x-6, y-4).step("l", 5, 4).step("l", -5, 4).String())
	} else {
		caps.step("M", b.x+b.w, top).step("V", end)
	}
	c.path("cap", caps.String())
	if o.stem {
		c.path("stem", new(pen).step("M", o.label.x+2, top-1).step("V", o.label.y+3).String())
	}
	c.label(o.label)
	c.close("g")
}

// spoken is an operation for those who hear the page.
func spoken(o proofOp) string {
	s := upper(o.who()) + ", " + o.words()
	if o.Node != "" {
		s += ", node " + name(o.Node)
	}
	s += ", from " + instant(o.CallTime)
	switch o.Outcome {
	case "ok":
		s += " to " + instant(o.ReturnTime) + ", acknowledged"
	case "fail":
		s += " to " + instant(o.ReturnTime) + ", refused"
	default:
		s += ", no answer by " + instant(o.ReturnTime) + ", it may or may not have happened"
	}
	if o.focus {
		s += "; this is the operation that no order explains"
	}
	return s
}

func (sc *scene) drawLens(c *canvas) {
	if l := sc.lens; l != nil {
		c.path("arrow clock", curve(l.clock))
		c.path("arrowhead clock", arrowhead(l.clock))
		c.path("arrow value", curve(l.value))
		c.path("arrowhead value", arrowhead(l.value))
	}
	sc.drawOperations(c)
	if l := sc.lens; l != nil {
		for _, text := range l.labels {
			c.label(text)
		}
	}
}

func curve(b bezier) string {
	return new(pen).step("M", b.x0, b.y0).step("C", b.x1, b.y1, b.x2, b.y2, b.x3, b.y3).String()
}

// arrowhead is the arrow's point, turned as the curve arrives.
func arrowhead(b bezier) string {
	x, y := b.at(0.96)
	dx, dy := b.x3-x, b.y3-y
	n := max(1e-9, math.Hypot(dx, dy))
	dx, dy = dx/n*8, dy/n*8
	return new(pen).step("M", b.x3+dx*0.2, b.y3+dy*0.2).
		step("L", b.x3-dx-dy*0.45, b.y3-dy+dx*0.45).step("L", b.x3-dx+dy*0.45, b.y3-dy-dx*0.45).step("Z").String()
}

func (sc *scene) drawMarkers(c *canvas) {
	st := sc.style
	for _, m := range sc.markers {
		class := "marker"
		if m.focus {
			class += " focus"
		}
		c.open("g", "class", class, "data-step", m.n)
		c.leaf("circle", "cx", m.x, "cy", markerY, "r", st.marker)
		n := fmt.Sprint(m.n)
		c.open("text", "class", "number bold", "x", m.x, "y", markerY+4, "font-size", st.small, "text-anchor", "middle")
		c.b.WriteString(n)
		c.close("text")
		c.close("g")
	}
}

func (sc *scene) drawMini(c *canvas) {
	m := sc.mini
	c.label(m.name)
	shape := new(pen).step("M", m.frame.x, m.frame.y+m.frame.h)
	step := m.frame.w / float64(len(m.bars))
	for i, v := range m.bars {
		shape.step("V", m.frame.y+m.frame.h*(1-v)).step("H", m.frame.x+step*float64(i+1))
	}
	c.path("mini", shape.step("V", m.frame.y+m.frame.h).step("Z").String())
	for _, f := range m.faults {
		c.rect("minifault", f)
	}
	w := m.window
	c.path("lead", new(pen).step("M", sc.style.left, m.leadY[0]+1).step("L", w.x, w.y).
		step("M", sc.style.right, m.leadY[0]+1).step("L", w.x+w.w, w.y).String())
	c.rect("window", w)
	for _, l := range m.marks {
		c.label(l)
	}
}
