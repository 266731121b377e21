package report

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// curveOf is one quantile over the run.
type curveOf struct {
	class, text string
	q           float64
}

func quantiles() []curveOf {
	return []curveOf{{"p99", "p99", 0.99}, {"p95", "p95", 0.95}, {"p50", "p50", 0.5}}
}

// latency draws how long ok operations took, on a log scale.
func (r *runChart) latency(top, height float64) {
	title := "latency of ok operations, log scale"
	if r.brief {
		title = "latency of ok, log"
	}
	r.header(title, top+4)
	if r.brief {
		r.legend([]struct{ class, text string }{{"p50", "p50"}, {"p95", "p95"}, {"p99", "p99"}}, top+4)
	}
	top += 18
	bottom := top + height
	lo, hi, any := r.decades()
	r.y = bottom
	if !any {
		r.c.label(label{x: r.left + 8, y: bottom - 8, size: r.font, text: "no operation succeeded", class: "row"})
		return
	}
	place := func(d time.Duration) float64 {
		return bottom - height*clamp((math.Log10(float64(d))-lo)/(hi-lo), 0, 1)
	}
	for e := lo; e <= hi+0.01; e++ {
		d := time.Duration(math.Round(math.Pow(10, e)))
		r.c.path("grid", new(pen).step("M", r.left, place(d)).step("H", r.right).String())
		r.tick(span(d), place(d))
	}
	var ends []float64
	for _, q := range quantiles() {
		d, end := r.quantileLine(q.q, place)
		r.c.path("quantile "+q.class, d)
		ends = append(ends, end)
	}
	if !r.brief {
		r.nameCurves(ends, bottom)
	}
}

// decades are the powers of ten, in nanoseconds, between which all latencies lie.
func (r *runChart) decades() (lo, hi float64, any bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, b := range r.data.bins {
		low, ok := b.quantile(0.5)
		if !ok {
			continue
		}
		high, _ := b.quantile(0.99)
		lo, hi, any = min(lo, math.Log10(float64(low))), max(hi, math.Log10(float64(high))), true
	}
	lo, hi = math.Floor(lo), math.Ceil(hi)
	if hi <= lo {
		hi = lo + 1
	}
	return lo, hi, any
}

// quantileLine runs through the middles of the bins; it breaks where nothing succeeded, and is a dash
// over a bin that stands alone.
func (r *runChart) quantileLine(q float64, place func(time.Duration) float64) (d string, end float64) {
	p := &pen{}
	for i, b := range r.data.bins {
		l, ok := b.quantile(q)
		if !ok {
			continue
		}
		end = place(l)
		from, to := r.data.stretch(i)
		before := i > 0 && r.data.bins[i-1].ok > 0
		after := i+1 < len(r.data.bins) && r.data.bins[i+1].ok > 0
		switch x := r.axis.x((from + to) / 2); {
		case before:
			p.step("L", x, end)
		case after:
			p.step("M", x, end)
		default:
			p.step("M", r.axis.x(from), end).step("H", r.axis.x(to))
		}
	}
	return p.String(), end
}

// nameCurves writes each curve's name at its end, the names clear of each other.
func (r *runChart) nameCurves(ends []float64, bottom float64) {
	order := []int{0, 1, 2}
	slices.SortStableFunc(order, func(a, b int) int { return int(ends[a]*10) - int(ends[b]*10) })
	want := make([]float64, len(order))
	for i, k := range order {
		want[i] = ends[k]
	}
	for i, y := range spread(want, 14, bottom-106, bottom) {
		q := quantiles()[order[i]]
		r.c.label(label{x: r.right + 10, y: y + 4, size: r.font, text: q.text, class: "name " + q.class, bold: true})
	}
}

// nodes are the strips of the whole run, without words.
func (r *runChart) nodes(top float64) {
	const height, gap = 10.0, 6.0
	sc := &scene{style: r.style, axis: r.axis}
	y := top
	for _, s := range r.all.strips {
		middle := y + height/2
		r.c.label(sc.rowName(name(s.node), middle))
		for _, p := range sc.stripPieces(s) {
			drawStretch(r.c, p, middle, height)
		}
		y += height + gap
	}
	r.y = y
}

func (r *runChart) timeAxis() {
	at, step := r.axis.marks(r.axisMarks)
	last := -100.0
	for _, t := range at {
		l := label{size: r.small, text: axisText(t, step) + " s", y: r.y + 14, class: "axis"}
		l.x = clamp(r.axis.x(t)-l.width()/2, 0, r.width-l.width())
		if l.x > last+8 {
			r.c.label(l)
			last = l.x + l.width()
		}
	}
	r.y += 22
}

// anomalies mark each story's focus, and outline the part of the run that the first story draws.
func (r *runChart) anomalies(bottom float64) {
	taken := []rect{}
	for i, s := range r.stories {
		x := r.axis.x(focusOf(s.ops).CallTime)
		if i == 0 {
			x0, x1 := r.axis.x(s.window.from), r.axis.x(s.window.to)
			r.c.rect("outline", rect{x0, r.top + 2, max(3, x1-x0), bottom - r.top})
		}
		y := r.top + 14
		r.c.path("anomaly", new(pen).step("M", x, y+2).step("V", bottom).String())
		r.c.path("anomalyhead", new(pen).step("M", x-5, y-6).step("h", 10).step("l", -5, 7).step("Z").String())
		l := label{size: r.font - 0.5, text: kindWords(s.anomaly.Name), y: y, bold: true, class: "anomalyname"}
		if !r.brief {
			l.text += fmt.Sprintf(" %.1f s", focusOf(s.ops).CallTime.Seconds())
		}
		l.x = x + 9
		if l.x+l.width() > r.width {
			l.x = x - 9 - l.width()
		}
		box := l.box()
		if !slices.ContainsFunc(taken, box.overlaps) {
			taken = append(taken, box)
			r.c.label(l)
		}
	}
}
