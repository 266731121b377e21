package report

import (
	"fmt"
	"html/template"
	"math"
	"time"
)

// runChart is the whole run on one time axis: faults, rate, latency, nodes.
type runChart struct {
	style
	c       *canvas
	all     chronicle
	data    binned
	axis    axis
	stories []story
	top     float64 // of what the bands and the anomalies' lines cross
	y       float64 // where the next panel goes
}

// drawRun draws it.
func (c chronicle) drawRun(stories []story, data binned, st style, id, description string) template.HTML {
	r := &runChart{style: st, c: &canvas{}, all: c, data: data, stories: stories}
	if !st.brief {
		r.right = 930 // the names of the curves stand right of them
	}
	r.axis = newAxis(interval{0, max(c.h.End, time.Millisecond)}, nil, r.left, r.right, 0)
	body := r.body()
	out := &canvas{}
	out.open("svg", "class", "fig "+st.id, "viewBox", fmt.Sprintf("0 0 %s %s", num(st.width), num(r.y)), "role", "img", "aria-labelledby", id+"-t "+id+"-d")
	out.open("title", "id", id+"-t")
	out.b.WriteString("The whole run: faults, rate, latency and nodes over time")
	out.close("title")
	out.open("desc", "id", id+"-d")
	out.b.WriteString(template.HTMLEscapeString(description))
	out.close("desc")
	out.b.WriteString(body)
	out.close("svg")
	return out.html()
}

func (r *runChart) body() string {
	front := r.c
	r.y = 4
	r.faults()
	r.top = r.y
	if len(r.stories) > 0 {
		r.y += 18
	}
	r.rate(r.y+10, 96)
	r.latency(r.y+26, 92)
	r.nodes(r.y + 20)
	bottom := r.y
	r.timeAxis()
	back := &canvas{}
	r.c = back
	r.ground(bottom)
	r.c = &canvas{}
	r.anomalies(bottom)
	return back.b.String() + front.b.String() + r.c.b.String()
}

// ground is what lies behind the panels: the bands of the faults and the grid.
func (r *runChart) ground(bottom float64) {
	for _, f := range r.all.h.Struck() {
		if refuted(f) {
			continue
		}
		x0, x1 := r.axis.x(f.Start), r.axis.x(faultEnd(f, r.all.h.End))
		r.c.rect("band", rect{x0, r.top, max(1, x1-x0), bottom - r.top})
	}
	at, _ := r.axis.marks(r.axisMarks)
	grid := &pen{}
	for _, t := range at {
		grid.step("M", r.axis.x(t), r.top).step("V", bottom)
	}
	r.c.path("grid", grid.String())
}

// faults use the bars of the story, on this axis.
func (r *runChart) faults() {
	sc := &scene{style: r.style, axis: r.axis}
	r.y = sc.faultRows(r.all, story{faults: r.all.h.Struck()}, r.y)
	if len(r.all.h.Struck()) > 0 {
		r.y += 8
	}
	sc.drawFaults(r.c)
	sc.drawNames(r.c)
}

// header is the title of a panel, over it.
func (r *runChart) header(text string, y float64) {
	r.c.label(label{x: 0, y: y, size: r.font, text: text, class: "row"})
}

func (r *runChart) rate(top, height float64) {
	r.header("operations per second", top+4)
	names := []struct{ class, text string }{{"ok", "ok"}, {"info", "info"}, {"fail", "fail"}}
	top += 18
	if r.brief {
		r.legend(names, top-10)
	}
	bottom := top + height
	most := max(r.data.most, 1e-9)
	step := niceStep(most / 3)
	scale := height / (math.Ceil(most/step) * step)
	for v := 0.0; v*scale <= height+0.5; v += step {
		y := bottom - v*scale
		r.c.path("grid", new(pen).step("M", r.left, y).step("H", r.right).String())
		r.tick(fmt.Sprintf("%g", math.Round(v*1000)/1000), y)
	}
	at := func(i int) float64 { // where bin i begins
		_, to := r.data.stretch(i - 1)
		return r.axis.x(max(0, to))
	}
	var below [][]float64 // heights reached so far, for each bin
	heights := make([]float64, len(r.data.bins))
	below = append(below, heights)
	for k, n := range names {
		next := make([]float64, len(heights))
		for i, b := range r.data.bins {
			next[i] = below[k][i] + float64([]int{b.ok, b.info, b.fail}[k])/b.seconds*scale
		}
		below = append(below, next)
		r.c.path("rate "+n.class, r.stack(below[k], next, bottom, at))
	}
	if !r.brief {
		r.legendRight(names, bottom)
	}
	r.y = bottom
}

// stack is the area between two series of heights, in steps; bins where they are equal are left out.
func (r *runChart) stack(low, high []float64, bottom float64, at func(int) float64) string {
	p := &pen{}
	for i := 0; i < len(high); i++ {
		if high[i]-low[i] < 0.05 {
			continue
		}
		j := i
		for j < len(high) && high[j]-low[j] >= 0.05 {
			j++
		}
		p.step("M", at(i), bottom-low[i])
		for k := i; k < j; k++ {
			p.step("V", bottom-high[k]).step("H", at(k+1))
		}
		for k := j - 1; k >= i; k-- {
			p.step("V", bottom-low[k]).step("H", at(k))
		}
		p.step("Z")
		i = j
	}
	return p.String()
}

// niceStep is the smallest of 1, 2 and 5 times a power of ten that is at least v.
func niceStep(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(max(v, 1e-9))))
	for _, k := range []float64{1, 2, 5} {
		if k*p >= v-1e-9 {
			return k * p
		}
	}
	return 10 * p
}

func (r *runChart) tick(text string, y float64) {
	l := label{size: r.small, text: text, y: y + 4, class: "axis"}
	l.x = r.left - 8 - l.width()
	r.c.label(l)
}

func (r *runChart) legend(names []struct{ class, text string }, y float64) {
	x := r.right
	for i := len(names) - 1; i >= 0; i-- {
		l := label{size: r.small, text: names[i].text, y: y, class: "name " + names[i].class, bold: true}
		l.x = x - l.width()
		r.c.label(l)
		r.c.rect("swatch "+names[i].class, rect{l.x - 13, y - 9, 9, 9})
		x = l.x - 22
	}
}

func (r *runChart) legendRight(names []struct{ class, text string }, bottom float64) {
	for i, n := range names {
		y := bottom - 6 - float64(i)*17
		r.c.rect("swatch "+n.class, rect{r.right + 10, y - 9, 10, 10})
		r.c.label(label{x: r.right + 26, y: y, size: r.font, text: n.text, class: "name " + n.class, bold: true})
	}
}
