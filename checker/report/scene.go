package report

import (
	"math"
	"time"
)

// scene is a finished drawing of a story: every place is decided, nothing is left to the browser but
// the letters themselves. It is plain data, so that a test can look for overlaps without a browser.
type scene struct {
	style   style
	height  float64
	plot    rect // the rows, from under the markers to the last node
	axis    axis
	marks   []axisMark
	unit    label // of the axis
	markers []marker
	bands   []rect // the faults, behind everything
	lanes   []laneRow
	lens    *lensShape
	faults  []faultBar
	strips  []stripRow
	rows    []label // names of the rows of faults and nodes
	splits  []line
	dots    []dot
	drop    *line
	folds   []foldSign
	// foldLabels tell how long what is left out lasted.
	foldLabels []label
	mini       miniature
}

// style is one of the two drawings: the wide one, and the one for phones.
type style struct {
	id          string
	width       float64
	left, right float64 // of the plot
	font        float64
	small       float64 // font of the axis and of strips
	marker      float64 // radius
	fold        float64 // width of a fold
	axisMarks   int
	gap         float64 // between the two lanes that contradict each other
	brief       bool
}

func wide() style {
	return style{id: "wide", width: 1000, left: 88, right: 990, font: 12, small: 11, marker: 9, fold: 56, axisMarks: 9, gap: 92}
}

func slim() style {
	return style{id: "slim", width: 360, left: 54, right: 354, font: 11, small: 10.5, marker: 8, fold: 42, axisMarks: 5, gap: 112, brief: true}
}

type rect struct{ x, y, w, h float64 }

func (r rect) overlaps(o rect) bool {
	return r.x < o.x+o.w && o.x < r.x+r.w && r.y < o.y+o.h && o.y < r.y+r.h
}

func (r rect) holds(x, y float64) bool {
	return x >= r.x && x <= r.x+r.w && y >= r.y && y <= r.y+r.h
}

// distance is how far p is from the nearest point of r.
func (r rect) distance(p [2]float64) float64 {
	dx := max(r.x-p[0], 0, p[0]-r.x-r.w)
	dy := max(r.y-p[1], 0, p[1]-r.y-r.h)
	return math.Hypot(dx, dy)
}

type line struct{ x1, y1, x2, y2 float64 }

// label is a text with its place: x is its left edge, y its baseline.
type label struct {
	x, y  float64
	size  float64
	bold  bool
	text  string
	rest  string // more, in a quieter colour
	class string
}

func (l label) width() float64 {
	return textWidth(l.text, l.size, l.bold) + textWidth(l.rest, l.size, false)
}

// box is what the label covers, from the tallest letter to the deepest.
func (l label) box() rect {
	return rect{l.x, l.y - 0.8*l.size, l.width(), 1.02 * l.size}
}

// axisMark is a label of the time axis with its line.
type axisMark struct {
	x float64
	label
}

// marker is the number of a step. It stands at x, and a line leads from it to the time at.
type marker struct {
	x, at float64
	n     int
	time  time.Duration
	focus bool
}

type laneRow struct {
	y     float64 // of the middle of its bars
	name  label
	ticks []float64
	ops   []opBar
}

// opBar is an operation from its call to its return; open tells that nobody knows its end.
type opBar struct {
	op    proofOp
	bar   rect
	open  bool
	label label
	stem  bool // a line leads from the bar to its label, which stands over another's
}

// lensShape is the contradiction: one arrow by the clock, one by the value.
type lensShape struct {
	clock, value bezier
	labels       []label
}

type bezier struct{ x0, y0, x1, y1, x2, y2, x3, y3 float64 }

// at is the point of the curve at u from 0 to 1.
func (b bezier) at(u float64) (x, y float64) {
	v := 1 - u
	a, c, d, e := v*v*v, 3*v*v*u, 3*v*u*u, u*u*u
	return a*b.x0 + c*b.x1 + d*b.x2 + e*b.x3, a*b.y0 + c*b.y1 + d*b.y2 + e*b.y3
}

type faultBar struct {
	bar     rect
	pattern string // cut, kill, pause, other
	refuted bool
	goesOn  bool // beyond the window
	label   label
	title   string
}

type stripRow struct {
	y      float64 // of its middle
	name   label
	pieces []stripPiece
}

type stripPiece struct {
	x0, x1 float64
	stretch
	label label
}

// dot marks, on a node's strip, an operation that it answered.
type dot struct {
	x, y  float64
	class string
}

// foldSign is where the drawing is torn: a part of the axis' fold.
type foldSign struct{ x, width float64 }

// miniature is the whole run, small, with the window marked.
type miniature struct {
	name   label
	frame  rect
	bars   []float64 // heights, 0 to 1, side by side
	faults []rect
	window rect
	marks  []label
	leadY  [2]float64 // where the lines from the plot's corners come from
}
