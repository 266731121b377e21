package report

import (
	"fmt"
	"html/template"
	"slices"

	"schism/checker"
)

// storyView is one story as the template shows it.
type storyView struct {
	Index      int
	ID         string
	Kind       string // "Stale read of x"; shown if there are several
	Sub        string
	Wide, Slim template.HTML
	Steps      []stepView
	Matrix     template.HTML
	MatrixAt   string
	MatrixText string
	Reason     string // a likely cause, not proven
}

type stepView struct {
	N     int
	At    string
	Nanos int64
	Text  []run
	Focus bool
}

// storyData is what the script needs to follow a cursor: every word in it was made here.
type storyData struct {
	ID    string      `json:"id"`
	Wide  [][]float64 `json:"wide"` // the axis: from, to (ns), x0, x1
	Slim  [][]float64 `json:"slim"`
	From  int64       `json:"from"`
	To    int64       `json:"to"`
	Focus int64       `json:"focus"` // where the cursor rests
	Links []linkData  `json:"links"`
}

type linkData struct {
	From    int64    `json:"from"`
	Cut     [][2]int `json:"cut"`
	Stopped []int    `json:"stopped"`
	Text    string   `json:"text"`
}

func (c chronicle) view(s story, i int) (storyView, storyData) {
	id := fmt.Sprintf("story%d", i+1)
	focus := focusOf(s.ops).CallTime
	big, small := c.layout(s, wide()), c.layout(s, slim())
	description := c.describe(s)
	links := c.links(focus)
	v := storyView{
		Index: i, ID: id, Sub: c.subtitle(s), Kind: upper(kindWords(s.anomaly.Name)) + ofKey(s),
		Wide: big.draw(id+"w", description), Slim: small.draw(id+"s", description),
		Matrix: c.matrix(links, id), MatrixAt: instant(focus), MatrixText: links.Text,
		Reason: c.reason(s),
	}
	for i, st := range s.steps {
		v.Steps = append(v.Steps, stepView{i + 1, instant(st.at), int64(st.at), st.text, st.focus})
	}
	d := storyData{ID: id, Wide: axisData(big.axis), Slim: axisData(small.axis), From: int64(s.window.from), To: int64(s.window.to), Focus: int64(focus)}
	for _, l := range c.linkStates(s.window) {
		d.Links = append(d.Links, linkData{int64(l.From), l.Cut, l.Stopped, l.Text})
	}
	return v, d
}

func axisData(a axis) [][]float64 {
	var out [][]float64
	for _, p := range a.pieces {
		out = append(out, []float64{float64(p.from), float64(p.to), p.x0, p.x1})
	}
	return out
}

func ofKey(s story) string {
	if s.anomaly.Key == "" {
		return ""
	}
	return " of " + name(s.anomaly.Key)
}

func (c chronicle) subtitle(s story) string {
	on := "Operations"
	if s.anomaly.Key != "" {
		on += " on " + name(s.anomaly.Key)
	}
	told := countWords(len(s.ops), "tells", "tell") + " the story"
	if n := len(s.all); n > len(s.ops) {
		told = fmt.Sprintf("%s, of %d that prove it", told, n)
	}
	text := fmt.Sprintf("%s from %s to %s. %s", on, instant(s.window.from), instant(s.window.to), told)
	if s.ticked() {
		text += "; the small ticks are what the same clients did besides"
	}
	text += "."
	if len(s.folds) > 0 {
		text += " Where the drawing is torn, a quiet time is left out."
	}
	return text
}

func (s story) ticked() bool {
	return slices.ContainsFunc(s.lanes, func(l lane) bool { return len(l.ticks) > 0 })
}

func countWords(n int, one, many string) string {
	small := []string{"None", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"}
	text := fmt.Sprint(n)
	if n < len(small) {
		text = small[n]
	}
	if n == 1 {
		return text + " " + one
	}
	return text + " " + many
}

// describe is the drawing in one sentence, for those who cannot see it.
func (c chronicle) describe(s story) string {
	return fmt.Sprintf("%d operations of %d lanes between %s and %s, %s, and what each of %d nodes was. The list of steps after it says the same.",
		len(s.ops), len(s.lanes), instant(s.window.from), instant(s.window.to), count(len(s.faults), "fault", "faults"), len(c.net.nodes))
}

// reason is what an engineer would look at first. The history does not prove it, and the page says so.
func (c chronicle) reason(s story) string {
	focus := focusOf(s.ops)
	switch s.anomaly.Name {
	case checker.StaleRead:
		switch r := roleOf(c.strips, focus.Node, focus.CallTime); {
		case r.role == roleLeader && r.alone:
			return fmt.Sprintf("%s answered from its own state without first asking a majority whether it still leads. Look at how a leader serves reads (read index, lease).", name(focus.Node))
		case r.role == roleFollower:
			return fmt.Sprintf("%s was a follower and answered from its own state, which may lag behind. Look at how reads reach the leader.", name(focus.Node))
		}
	case checker.LostWrite:
		if c.killedSince(s) {
			return "The write was acknowledged before it was safe on a majority of disks, or a restart did not bring it back. Look at what happens between append, fsync and acknowledgement."
		}
	}
	return ""
}

// killedSince says whether a node was killed between the lost write's call and the focus.
func (c chronicle) killedSince(s story) bool {
	rival, ok := rivalIn(s.ops)
	if !ok {
		return false
	}
	focus := focusOf(s.ops)
	for _, o := range c.net.downs {
		if o.kind == roleDown && o.to >= rival.CallTime && o.from <= focus.CallTime {
			return true
		}
	}
	return false
}

// matrix draws every link: rows send, columns receive. Every cell can be either way, so that the
// script only switches classes.
func (c chronicle) matrix(l linkState, id string) template.HTML {
	const cell, gap, left, top = 26.0, 5.0, 44.0, 24.0
	n := len(c.net.nodes)
	side := float64(n)*(cell+gap) - gap
	cut := make(map[[2]int]bool)
	for _, x := range l.Cut {
		cut[x] = true
	}
	v := &canvas{}
	v.open("svg", "class", "matrix", "viewBox", fmt.Sprintf("0 0 %s %s", num(left+side+8), num(top+side+2)), "width", left+side+8, "role", "img", "aria-labelledby", id+"-m")
	v.open("title", "id", id+"-m")
	v.b.WriteString("Links between nodes: rows send, columns receive; a cross is a cut link")
	v.close("title")
	for i, node := range c.net.nodes {
		at := float64(i) * (cell + gap)
		v.label(label{x: 0, y: top + at + cell/2 + 4, size: 12, text: fit(name(node), 12, left-6, false), class: "row"})
		head := label{y: 14, size: 12, text: fit(name(node), 12, cell+gap-2, false), class: "row"}
		head.x = left + at + (cell-head.width())/2
		v.label(head)
		for j := range c.net.nodes {
			x, y := left+float64(j)*(cell+gap), top+at
			if i == j {
				v.leaf("circle", "class", "self", "cx", x+cell/2, "cy", y+cell/2, "r", 2)
				continue
			}
			class := "link"
			if cut[[2]int{i, j}] {
				class += " cut"
			}
			v.open("g", "class", class, "data-link", fmt.Sprintf("%d-%d", i, j))
			v.title(fmt.Sprintf("%s to %s", name(node), name(c.net.nodes[j])))
			v.leaf("rect", "x", x, "y", y, "width", cell, "height", cell, "rx", 3)
			v.path("", new(pen).step("M", x+8, y+8).step("l", cell-16, cell-16).step("m", 0, -(cell-16)).step("l", -(cell-16), cell-16).String())
			v.close("g")
		}
	}
	v.close("svg")
	return v.html()
}
